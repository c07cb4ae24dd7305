/**
 * The order in which policies speak. All kinds stand in Calico's tiers (projectcalico.org/v3, Tier; network-policy/policy-tiers):
 * ClusterNetworkPolicies in those that are there for them, NetworkPolicies of Kubernetes in the tier default at order 1000.
 *
 * A tier is passed over when none of its policies is about the pod and the direction. Else its policies are gone through in their order
 * until a rule allows, denies or passes to the next tier; `Log` decides nothing. Who reaches a tier's end meets its default action.
 *
 * A policy whose tier there is no Tier for is not in force. Calico takes no such policy ("the specified tier must exist"), and removes no
 * tier that has policies; its agents report the tier as invalid.
 */
import type { Attempt, End, Pod } from "./attempt.ts";
import { isAboutPod, isRuleAbout } from "./calico-match.ts";
import type { CalicoPolicies, CalicoPolicy, CalicoTier } from "./calico-policy.ts";
import { isClusterRuleAbout, isSelected } from "./cluster-match.ts";
import type { ClusterPolicy } from "./cluster-policy.ts";
import { isIsolating, passes } from "./network-match.ts";
import type { NetworkPolicy } from "./policy.ts";

/** What is in force. */
export type Policies = {
  readonly network: readonly NetworkPolicy[];
  readonly cluster: readonly ClusterPolicy[];
  readonly calico?: CalicoPolicies;
};

/** Which way an attempt goes, seen from the pod that policies are asked about. */
export type Direction = "egress" | "ingress";

/** One pod's side of an attempt. */
export type Asked = {
  readonly direction: Direction;
  readonly attempt: Attempt;
  readonly own: Pod;
  readonly other: End;
};

/** A policy of any kind. */
export type Standing =
  | { readonly kind: "network"; readonly policy: NetworkPolicy }
  | { readonly kind: "cluster"; readonly policy: ClusterPolicy }
  | { readonly kind: "calico"; readonly policy: CalicoPolicy };

/** Which rule of which policy decides, or at the end of which tier it is denied. */
export type Decision =
  | {
      readonly kind: "rule";
      readonly isAllowed: boolean;
      readonly by: Standing;
      readonly index: number;
    }
  | { readonly kind: "end"; readonly tier: string; readonly by: readonly Standing[] };

/** Their names, orders and default actions are fixed. */
const BUILT_IN: readonly CalicoTier[] = [
  { name: "kube-admin", order: 1000, defaultAction: "Pass" },
  { name: "default", order: 1_000_000, defaultAction: "Deny" },
  { name: "kube-baseline", order: 10_000_000, defaultAction: "Pass" },
];

const CLUSTER_TIERS = { Admin: "kube-admin", Baseline: "kube-baseline" } as const;
const NETWORK_POLICY_ORDER = 1000;

/** What policies decide; null when none does. */
export function decide(asked: Asked, policies: Policies): Decision | null {
  const standing = new Map<string, Placed[]>();
  for (const each of placedFor(asked, policies)) {
    const beside = standing.get(each.tier);
    if (beside === undefined) standing.set(each.tier, [each]);
    else beside.push(each);
  }
  for (const tier of tiersOf(policies.calico?.tiers ?? [])) {
    const placed = (standing.get(tier.name) ?? []).toSorted(inOrder);
    const decision = placed.length === 0 ? "pass" : inTier(placed, { tier, asked, policies });
    if (decision !== "pass") return decision;
  }
  return null;
}

/** Tiers of one order come by their names. */
const tiersOf = (made: readonly CalicoTier[]): readonly CalicoTier[] =>
  [
    ...BUILT_IN,
    ...made.filter(({ name }) => BUILT_IN.every((each) => each.name !== name)),
  ].toSorted((one, two) => compare(one.order, two.order) || compare(one.name, two.name));

/** Orders can be infinite, which subtracting would not survive. */
const compare = <T extends number | string>(one: T, two: T): number =>
  one === two ? 0 : one < two ? -1 : 1;

/** A policy and its place: `key` tells which of one order comes first. */
type Placed = Standing & { readonly tier: string; readonly order: number; readonly key: string };

const inOrder = (one: Placed, two: Placed): number =>
  compare(one.order, two.order) || compare(one.key, two.key);

/** The policies that are about the pod and the direction. */
const placedFor = (
  { direction, own }: Asked,
  { network, cluster, calico }: Policies,
): readonly Placed[] => [
  ...network
    .filter((policy) => isIsolating(policy, direction, own))
    .map((policy): Placed => ({
      kind: "network",
      policy,
      tier: "default",
      order: NETWORK_POLICY_ORDER,
      key: `${policy.namespace}/${policy.name}`,
    })),
  ...cluster
    .filter(({ subject }) => isSelected(subject, own))
    .map((policy): Placed => ({
      kind: "cluster",
      policy,
      tier: CLUSTER_TIERS[policy.tier],
      order: policy.priority,
      key: `ClusterNetworkPolicy/${policy.name}`,
    })),
  ...(calico?.policies ?? [])
    .filter((policy) => policy[direction] !== null && isAboutPod(policy, own))
    .map((policy): Placed => ({
      kind: "calico",
      policy,
      tier: policy.tier,
      order: policy.order,
      key: `calico/${policy.kind}/${policy.namespace === null ? "" : `${policy.namespace}/`}${policy.name}`,
    })),
];

type InTier = {
  readonly tier: CalicoTier;
  readonly asked: Asked;
  readonly policies: Policies;
};

function inTier(placed: readonly Placed[], { tier, asked, policies }: InTier): Decision | "pass" {
  for (const by of placed) {
    const found = ruleFor(by, asked, policies);
    if (found === null) continue;
    const { action, index } = found;
    return action === "Pass" ? "pass" : { kind: "rule", isAllowed: action === "Allow", by, index };
  }
  return tier.defaultAction === "Pass" ? "pass" : { kind: "end", tier: tier.name, by: placed };
}

type Found = { readonly action: "Allow" | "Deny" | "Pass"; readonly index: number };

/** The first rule of a policy that decides. */
function ruleFor(standing: Standing, asked: Asked, policies: Policies): Found | null {
  switch (standing.kind) {
    case "network":
      return networkRule(standing.policy, asked);
    case "cluster":
      return clusterRule(standing.policy, asked);
    case "calico":
      return calicoRule(standing.policy, asked, policies);
  }
}

function networkRule(policy: NetworkPolicy, { direction, attempt, other }: Asked): Found | null {
  const { namespace, [direction]: rules } = policy;
  const index = (rules ?? []).findIndex((rule) => passes(rule, attempt, { other, namespace }));
  return index === -1 ? null : { action: "Allow", index };
}

const CLUSTER_ACTIONS = { Accept: "Allow", Deny: "Deny", Pass: "Pass" } as const;

function clusterRule(policy: ClusterPolicy, { direction, attempt, other }: Asked): Found | null {
  const index = policy[direction].findIndex((rule) => isClusterRuleAbout(rule, attempt, other));
  const rule = policy[direction][index];
  return rule === undefined ? null : { action: CLUSTER_ACTIONS[rule.action], index };
}

function calicoRule(
  policy: CalicoPolicy,
  { direction, attempt }: Asked,
  { calico }: Policies,
): Found | null {
  const around = { namespace: policy.namespace, sets: calico?.sets ?? [] };
  for (const [index, rule] of (policy[direction] ?? []).entries()) {
    if (rule.action !== "Log" && isRuleAbout(rule, attempt, around))
      return { action: rule.action, index };
  }
  return null;
}
