/** What authors of Calico's objects are told. */
import { readHostEndpoint } from "./calico-host-endpoint.ts";
import type { CalicoKind } from "./calico-kinds.ts";
import { readCalicoTier, readNetworkSet } from "./calico-objects.ts";
import { type CalicoReading, readCalicoPolicy } from "./calico-reading.ts";
import { isRecord } from "./policy-fields.ts";

/** What of an object is not understood, by field; and what becomes of it: it closes, is left out, or nothing of the object is in force. */
export type CalicoFaults = {
  readonly faults: readonly string[];
  readonly leaves: "closed" | "out" | "nothing";
};

/** What to tell the author of an object. */
export function calicoFaults(kind: CalicoKind, object: unknown): CalicoFaults {
  if (kind === "NetworkPolicy") return ofPolicy(readCalicoPolicy("", object));
  if (kind === "GlobalNetworkPolicy") return ofPolicy(readCalicoPolicy(null, object));
  if (kind === "HostEndpoint") {
    const { endpoint, faults } = readHostEndpoint(object);
    return { faults, leaves: endpoint === null ? "nothing" : "out" };
  }
  if (kind === "Tier") return leftOut(readCalicoTier(nameOf(object), object));
  return leftOut(readNetworkSet(null, object));
}

const ofPolicy = ({ policy, faults }: CalicoReading): CalicoFaults => ({
  faults,
  leaves: policy === null ? "nothing" : "closed",
});

const leftOut = ({ faults }: Pick<CalicoFaults, "faults">): CalicoFaults => ({
  faults,
  leaves: "out",
});

const nameOf = (object: unknown): string =>
  isRecord(object) && isRecord(object["metadata"]) ? String(object["metadata"]["name"]) : "";
