/** Which of the upstream specs judge a pod network, and which of those cannot run in a lab, each with its reason. */

/** A set of specs, by Ginkgo's regular expression over their full names. */
export type SpecSet = {
  readonly name: string;
  readonly focus: string;
  /** How many specs upstream has in the set: one that disappears from a list must not go unnoticed. */
  readonly count: number;
};

/** The sets, for the Kubernetes version that `tools/go-e2e/go.mod` pins. */
export const specSets = [
  { name: "conformance", focus: String.raw`\[sig-network\].*\[Conformance\]`, count: 47 },
  { name: "dual-stack", focus: String.raw`\[sig-network\].*\[Feature:IPv6DualStack\]`, count: 23 },
  { name: "node-pod", focus: String.raw`\[sig-network\].*node-pod communication`, count: 3 },
  { name: "policies", focus: String.raw`\[sig-network\] Netpol`, count: 50 },
] as const satisfies readonly SpecSet[];

/**
 * Upstream's suite of cluster-wide policies, for the version that `tools/go-policy-api/go.mod` pins: its tests, each of several parts.
 * A part is reported as a spec.
 */
export const policySuite = {
  name: "cluster-policies",
  focus: String.raw`\[cluster-policies\]`,
  count: 30,
} as const satisfies SpecSet;

/** Specs that fail on a host whatever its pod network is, because its kernel lacks a protocol. */
export type Exclusion = {
  readonly pattern: string;
  readonly reason: string;
  /** The protocol; upstream's own `agnhost connect` proves that it is lacking. */
  readonly protocol: string;
};

/** What is left out where its reason holds. */
export const exclusions: readonly Exclusion[] = [
  {
    pattern: String.raw`\[Feature:SCTPConnectivity\]`,
    reason: "the kernel has no SCTP sockets",
    protocol: "sctp",
  },
];

/** Whether the spec of that name belongs to the set; one may belong to several. */
export const isIn = (set: SpecSet, name: string): boolean => new RegExp(set.focus).test(name);
