/** What authors of Calico's objects are told. */
import { readHostEndpoint } from "./calico-host-endpoint.ts";
import type { CalicoKind } from "./calico-kinds.ts";
import { readCalicoTier, readNetworkSet } from "./calico-objects.ts";
import { readCalicoPolicy } from "./calico-reading.ts";
import { isRecord } from "./policy-fields.ts";

/** What of an object is not understood, by field, for who tells its author. */
export function calicoFaults(kind: CalicoKind, object: unknown): readonly string[] {
  if (kind === "NetworkPolicy") return readCalicoPolicy("", object).faults;
  if (kind === "GlobalNetworkPolicy") return readCalicoPolicy(null, object).faults;
  if (kind === "HostEndpoint") return readHostEndpoint(object).faults;
  if (kind === "Tier") return readCalicoTier(nameOf(object), object).faults;
  return readNetworkSet(null, object).faults;
}

const nameOf = (object: unknown): string =>
  isRecord(object) && isRecord(object["metadata"]) ? String(object["metadata"]["name"]) : "";
