/** What Calico's policies decide, in words, and what would have to be written instead. */
import { formatAddress, familyBits } from "@seam/base";

import type { Attempt, End } from "./attempt.ts";
import type { CalicoPolicy } from "./calico-policy.ts";
import type { Direction, Standing } from "./tiers.ts";

type RuleRef = { readonly policy: CalicoPolicy; readonly index: number };

/** A policy with its kind, which Kubernetes has one of the same name of. */
export const calicoPolicyName = ({ kind, namespace, name }: CalicoPolicy): string =>
  `Calico's ${kind} ${namespace === null ? "" : `${namespace}/`}${name}`;

/** A rule with its policy and tier. */
export const calicoRuleName = (direction: Direction, { policy, index }: RuleRef): string =>
  `${calicoPolicyName(policy)} of tier ${policy.tier}, spec.${direction}[${index}]`;

const who = ({ namespace }: CalicoPolicy): string =>
  namespace === null ? "ask who administers the cluster to " : "";

/** What to do about a rule that denies. */
export const calicoRemedy = (direction: Direction, by: RuleRef): string =>
  `${who(by.policy)}change ${calicoRuleName(direction, by)}, or allow this in a rule before it`;

/** What to do when a tier's policies leave something to its end: the last of Calico's is as good as any. */
export function droppedRemedy(
  direction: Direction,
  by: readonly Standing[],
  attempt: Attempt,
): string {
  const policies = by.flatMap((each) => (each.kind === "calico" ? [each.policy] : []));
  const policy = policies.find(({ namespace }) => namespace !== null) ?? policies[0];
  return policy === undefined
    ? "ask who administers the cluster"
    : `${who(policy)}add to spec.${direction} of ${calicoPolicyName(policy)}: ${ruleText(direction, policy, attempt)}`;
}

/** What to do where no policy is about a node's interface. */
export const unprofiledRemedy = (
  direction: Direction,
  endpoint: string,
  attempt: Attempt,
): string =>
  `ask who administers the cluster for a GlobalNetworkPolicy that selects HostEndpoint ${endpoint}, with spec.${direction}: [${ruleText(direction, { namespace: null }, attempt)}]`;

function ruleText(
  direction: Direction,
  policy: Pick<CalicoPolicy, "namespace">,
  attempt: Attempt,
): string {
  const isEgress = direction === "egress";
  const peer = peerText(isEgress ? attempt.to : attempt.from, policy);
  const ports = "port" in attempt ? `ports: [${attempt.port}]` : "";
  const destination = [isEgress ? peer : "", ports].filter((each) => each !== "").join(", ");
  const parts = [
    "action: Allow",
    `protocol: ${attempt.protocol === "ICMP" && attempt.family === "ipv6" ? "ICMPv6" : attempt.protocol}`,
    ...(isEgress ? [] : [`source: {${peer}}`]),
    ...(destination === "" ? [] : [`destination: {${destination}}`]),
  ];
  return `{${parts.join(", ")}}`;
}

/** Labels that a controller gives to single pods or revisions, which no rule should name. */
const PASSING = /pod-name$|pod-index$|-hash$/;

function peerText(end: End, { namespace }: Pick<CalicoPolicy, "namespace">): string {
  if (end.kind === "address" || end.pod.hostNetwork) {
    const address = end.kind === "address" ? end.address : end.pod.addresses[0];
    return address === undefined
      ? ""
      : `nets: [${formatAddress(address)}/${familyBits(address.family)}]`;
  }
  const { pod } = end;
  const terms = Object.entries(pod.labels)
    .filter(([key]) => !PASSING.test(key))
    .map(([key, value]) => `${key} == '${String(value)}'`);
  const selector = `selector: "${terms.length === 0 ? "all()" : terms.join(" && ")}"`;
  return pod.namespace === namespace
    ? selector
    : `${selector}, namespaceSelector: "projectcalico.org/name == '${pod.namespace}'"`;
}
