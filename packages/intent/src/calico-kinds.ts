/** Calico's kinds (projectcalico.org/v3). Stand-in: their meaning comes with the real one. */
import { isRecord } from "./policy-fields.ts";

/** Whose they are; the version is v3. */
export const CALICO_GROUP = "projectcalico.org";

/** Kinds by their names. */
export const CALICO_KINDS = [
  { kind: "Tier", plural: "tiers" },
  { kind: "NetworkPolicy", plural: "networkpolicies" },
  { kind: "GlobalNetworkPolicy", plural: "globalnetworkpolicies" },
  { kind: "NetworkSet", plural: "networksets" },
  { kind: "GlobalNetworkSet", plural: "globalnetworksets" },
] as const;

/** One of them. */
export type CalicoKind = (typeof CALICO_KINDS)[number]["kind"];

/** What of an object is not understood, by field. */
export function calicoFaults(kind: CalicoKind, object: unknown): readonly string[] {
  const spec = isRecord(object) && isRecord(object["spec"]) ? object["spec"] : {};
  return kind === "GlobalNetworkPolicy" && spec["doNotTrack"] === true
    ? ["spec.doNotTrack: not supported"]
    : [];
}
