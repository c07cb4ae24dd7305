/** Calico's kinds that policies are made of (projectcalico.org/v3), and where they are served. */
export const CALICO_GROUP = "projectcalico.org";

/** Kinds with the names of their lists. */
export const CALICO_KINDS = [
  { kind: "Tier", plural: "tiers" },
  { kind: "NetworkPolicy", plural: "networkpolicies" },
  { kind: "GlobalNetworkPolicy", plural: "globalnetworkpolicies" },
  { kind: "NetworkSet", plural: "networksets" },
  { kind: "GlobalNetworkSet", plural: "globalnetworksets" },
  { kind: "HostEndpoint", plural: "hostendpoints" },
] as const;

/** The name of one of them. */
export type CalicoKind = (typeof CALICO_KINDS)[number]["kind"];
