/** A verdict in words: what decided on each side, and what would have to be written to allow it. */
import { EXPERIMENT_LABEL, WORKLOAD_LABEL } from "@seam/api";
import { type Family, familyBits, formatAddress } from "@seam/base";
import { textAt } from "@seam/kube";
import type { Attempt, End, Pod } from "./attempt.ts";
import {
  calicoPolicyName,
  calicoRemedy,
  calicoRuleName,
  droppedRemedy,
  unprofiledRemedy,
} from "./calico-words.ts";
import type { ClusterPolicy } from "./cluster-policy.ts";
import type { NetworkPolicy } from "./policy.ts";
import { type Direction, isToOwnNode, type Standing } from "./tiers.ts";
import type { ActionRef, Freedom, Side, Verdict } from "./verdict.ts";

/** What one line says. */
export type Explanation = {
  readonly egress: string;
  readonly ingress: string;
  /** What to write so that it is allowed; empty when it is. */
  readonly remedies: readonly string[];
};

/** Explains the answer to an attempt. */
export const explain = (attempt: Attempt, { egress, ingress }: Verdict): Explanation => ({
  egress: sideText("egress", egress),
  ingress: sideText("ingress", ingress),
  remedies: [
    ...remediesFor({ direction: "egress", side: egress }, attempt),
    ...remediesFor({ direction: "ingress", side: ingress }, attempt),
  ].filter((text, at, all) => all.indexOf(text) === at),
});

/** An end as people name it. */
export const endName = (end: End): string =>
  end.kind === "pod" ? `${end.pod.namespace}/${end.pod.name}` : formatAddress(end.address);

/** What is sent, as people name it. */
export function trafficName(attempt: Attempt): string {
  if ("port" in attempt) return `port ${attempt.port}/${attempt.protocol}`;
  if ("type" in attempt)
    return `${icmpName(attempt.family)} type ${attempt.type} code ${attempt.code}`;
  return `protocol ${attempt.protocol}`;
}

const icmpName = (family: Family): string => (family === "ipv4" ? "ICMP" : "ICMPv6");

const FREE = {
  "not a pod": "is no pod, so no policy is about it",
  "host network": "has its node's network, which policies leave alone",
  itself: "is the same pod, which no policy keeps from itself",
  "own node": "speaks with its own node, which no policy forbids",
  failsafe: "is a node, at a port that every host endpoint leaves open",
  "open profile": "is a node, whose host endpoint lets pass what no policy decides about",
} as const satisfies Readonly<Record<Freedom, string>>;

function sideText(direction: Direction, side: Side): string {
  switch (side.kind) {
    case "free":
      return FREE[side.why];
    case "open":
      return `is open: no policy selects it for ${direction}`;
    case "allowed":
      return `is allowed by ${policyName(side.by.policy)}, spec.${direction}[${side.by.index}]`;
    case "denied":
      return `is denied: ${side.by.map(policyName).join(" and ")} ${side.by.length === 1 ? "selects" : "select"} it, and no rule lets this pass`;
    case "accepted":
      return `is allowed by ${ruleName(direction, side.by)}`;
    case "rejected":
      return `is denied by ${ruleName(direction, side.by)}`;
    case "unprofiled":
      return `is denied: no policy allows it at HostEndpoint ${side.endpoint}, which has no profile that lets it pass`;
    case "dropped":
      return `is denied at the end of tier ${side.tier}: ${side.by.map(standingName).join(" and ")} ${side.by.length === 1 ? "is" : "are"} about it, and no rule decides`;
  }
}

const ruleName = (direction: Direction, { policy, index }: ActionRef): string =>
  "kind" in policy
    ? calicoRuleName(direction, { policy, index })
    : clusterRuleName(direction, { policy, index });

function standingName(standing: Standing): string {
  switch (standing.kind) {
    case "network":
      return policyName(standing.policy);
    case "cluster":
      return `ClusterNetworkPolicy ${standing.policy.name}`;
    case "calico":
      return calicoPolicyName(standing.policy);
  }
}

type ClusterRuleRef = { readonly policy: ClusterPolicy; readonly index: number };

function clusterRuleName(direction: Direction, { policy, index }: ClusterRuleRef): string {
  const name = policy[direction][index]?.name ?? null;
  const place = `spec.${direction}[${index}]${name === null ? "" : ` ("${name}")`}`;
  return `ClusterNetworkPolicy ${policy.name} of tier ${policy.tier}, ${place}`;
}

const policyName = ({ namespace, name }: NetworkPolicy): string =>
  `NetworkPolicy ${namespace}/${name}`;

type Denial = { readonly direction: Direction; readonly side: Side };

/** Within one experiment its own policies are to be changed, as they would be made again; else a NetworkPolicy. */
function remediesFor({ direction, side }: Denial, attempt: Attempt): readonly string[] {
  if (side.kind === "rejected") {
    const { policy, index } = side.by;
    return [
      "kind" in policy
        ? calicoRemedy(direction, { policy, index })
        : clusterRemedy(direction, { policy, index }, attempt),
    ];
  }
  if (side.kind === "unprofiled") return [unprofiledRemedy(direction, side.endpoint, attempt)];
  const [policy] = side.kind === "denied" ? side.by : networkAmong(side);
  if (policy !== undefined) return networkRemedy(direction, policy, attempt);
  return side.kind === "dropped" ? [droppedRemedy(direction, side.by, attempt)] : [];
}

/** Of what denies at the end of a tier, the policies that whoever may write in the namespace can add a rule to. */
const networkAmong = (side: Side): readonly NetworkPolicy[] =>
  side.kind === "dropped"
    ? side.by.flatMap((each) => (each.kind === "network" ? [each.policy] : []))
    : [];

/** Only who administers the cluster can change these; what comes before the Baseline tier everybody can, but for what is said to the own node. */
function clusterRemedy(direction: Direction, by: ClusterRuleRef, attempt: Attempt): string {
  const { policy } = by;
  const [own, other] =
    direction === "egress" ? [attempt.from, attempt.to] : [attempt.to, attempt.from];
  if (policy.tier === "Baseline" && own.kind === "pod" && !isToOwnNode({ own: own.pod, other }))
    return madePolicy(direction, own.pod.namespace, attempt);
  return `ask who administers the cluster to change ${clusterRuleName(direction, by)}, or to accept this in a policy of a priority below ${policy.priority}`;
}

/** A NetworkPolicy that would have to be made. */
function madePolicy(direction: Direction, namespace: string, attempt: Attempt): string {
  const own = direction === "egress" ? attempt.from : attempt.to;
  return `make a NetworkPolicy in ${namespace} that selects ${endName(own)}, with spec.${direction}: [${ruleText(direction, namespace, attempt)}]`;
}

/** The rule of a NetworkPolicy of the namespace that would let the attempt pass. */
function ruleText(direction: Direction, namespace: string, attempt: Attempt): string {
  const { from, to } = attempt;
  const [key, other] = direction === "egress" ? (["to", to] as const) : (["from", from] as const);
  // Only a rule without ports lets pass what has none.
  const ports =
    "port" in attempt ? `, ports: [{protocol: ${attempt.protocol}, port: ${attempt.port}}]` : "";
  return `{${key}: [${peerText(other, namespace)}]${ports}}`;
}

function networkRemedy(
  direction: Direction,
  policy: NetworkPolicy,
  attempt: Attempt,
): readonly string[] {
  const { from, to } = attempt;
  const experiment = textAt(policy.labels, EXPERIMENT_LABEL);
  const [source, target] = [
    workloadIn(from, policy, experiment),
    workloadIn(to, policy, experiment),
  ];
  if (experiment !== null && source !== null && target !== null) {
    const ports = "port" in attempt ? `, ports: [${attempt.port}/${attempt.protocol}]` : "";
    return [
      `add to spec.policies of experiment ${policy.namespace}/${experiment}: {from: ${source}, to: ${target}${ports}}`,
    ];
  }
  return [
    experiment === null
      ? `add to spec.${direction} of ${policyName(policy)}: ${ruleText(direction, policy.namespace, attempt)}`
      : madePolicy(direction, policy.namespace, attempt),
  ];
}

/** The workload of an end that belongs to the experiment of a policy. */
function workloadIn(end: End, policy: NetworkPolicy, experiment: string | null): string | null {
  if (end.kind !== "pod" || end.pod.namespace !== policy.namespace) return null;
  return textAt(end.pod.labels, EXPERIMENT_LABEL) === experiment
    ? textAt(end.pod.labels, WORKLOAD_LABEL)
    : null;
}

/** Labels that a controller gives to single pods or revisions, which no rule should name. */
const PASSING = /pod-name$|pod-index$|-hash$/;

function peerText(end: End, ownNamespace: string): string {
  if (end.kind === "address" || end.pod.hostNetwork) return blockText(end);
  const namespace =
    end.pod.namespace === ownNamespace
      ? ""
      : `namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ${end.pod.namespace}}}, `;
  return `{${namespace}podSelector: {matchLabels: {${labelsText(end.pod)}}}}`;
}

const labelsText = ({ labels }: Pod): string =>
  Object.entries(labels)
    .filter(([key]) => !PASSING.test(key))
    .map(([key, value]) => `${key}: ${String(value)}`)
    .join(", ");

function blockText(end: End): string {
  const address = end.kind === "address" ? end.address : end.pod.addresses[0];
  return address === undefined
    ? "{}"
    : `{ipBlock: {cidr: ${formatAddress(address)}/${familyBits(address.family)}}}`;
}
