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

/** Whether the other end is the node that the pod runs on, or a pod that shares its network. */
export function isToOwnNode({ own, other }: Pick<Asked, "own" | "other">): boolean {
  if (other.kind === "pod" && !other.pod.hostNetwork) return false;
  const node = other.kind === "pod" ? other.pod.node : other.node;
  return node !== null && node === own.node;
}

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

/** What policies decide about a pod's side of an attempt; null when none does. */
export const decide = (asked: Asked, policies: Policies): Decision | null =>
  decideInTiers(placedFor(asked, policies), tiersOf(policies.calico?.tiers ?? []));

/** What the first tier decides that does, of policies that are all about the attempt's end and direction. */
export function decideInTiers(
  policies: readonly Placed[],
  tiers: readonly CalicoTier[],
): Decision | null {
  const standing = Map.groupBy(policies, ({ tier }) => tier);
  for (const tier of tiers) {
    const decision = decideInTier((standing.get(tier.name) ?? []).toSorted(inOrder), tier);
    if (decision !== "pass") return decision;
  }
  return null;
}

function decideInTier(placed: readonly Placed[], tier: CalicoTier): Decision | "pass" {
  for (const by of placed) {
    const found = by.find();
    if (found === null) continue;
    const { action, index } = found;
    return action === "Pass"
      ? "pass"
      : { kind: "rule", isAllowed: action === "Allow", by: by.standing, index };
  }
  return placed.length === 0 || tier.defaultAction === "Pass"
    ? "pass"
    : { kind: "end", tier: tier.name, by: placed.map(({ standing }) => standing) };
}

/** Policies that are not in force because there is no such tier. */
export function withoutTier(calico: CalicoPolicies): readonly CalicoPolicy[] {
  const names = new Set(tiersOf(calico.tiers).map(({ name }) => name));
  return calico.policies.filter(({ tier }) => !names.has(tier));
}

/** Tiers of one order come by their names. */
export const tiersOf = (made: readonly CalicoTier[]): readonly CalicoTier[] =>
  [
    ...BUILT_IN,
    ...made.filter(({ name }) => BUILT_IN.every((each) => each.name !== name)),
  ].toSorted((one, two) => compare(one.order, two.order) || compare(one.name, two.name));

/** Orders can be infinite, which subtracting would not survive. */
const compare = <T extends number | string>(one: T, two: T): number =>
  one === two ? 0 : one < two ? -1 : 1;

type Found = { readonly action: "Allow" | "Deny" | "Pass"; readonly index: number };

/** A policy and its place: `key` tells which of one order comes first, `find` is its first rule that decides. */
export type Placed = {
  readonly standing: Standing;
  readonly tier: string;
  readonly order: number;
  readonly key: string;
  readonly find: () => Found | null;
};

const inOrder = (one: Placed, two: Placed): number =>
  compare(one.order, two.order) || compare(one.key, two.key);

/** The policies that are about the pod and the direction. */
function placedFor(asked: Asked, { network, cluster, calico }: Policies): readonly Placed[] {
  const { direction, own } = asked;
  const near = network
    .filter((policy) => isIsolating(policy, direction, own))
    .map((policy): Placed => ({
      standing: { kind: "network", policy },
      tier: "default",
      order: NETWORK_POLICY_ORDER,
      key: `${policy.namespace}/${policy.name}`,
      find: () => networkRule(policy, asked),
    }));
  const wide = cluster
    .filter(({ subject }) => isSelected(subject, own))
    .map((policy): Placed => ({
      standing: { kind: "cluster", policy },
      tier: CLUSTER_TIERS[policy.tier],
      order: policy.priority,
      key: `ClusterNetworkPolicy/${policy.name}`,
      find: () => clusterRule(policy, asked),
    }));
  if (calico === undefined) return [...near, ...wide];
  const placed = calico.policies
    .filter((policy) => policy[direction] !== null && isAboutPod(policy, own))
    .map((policy) => placeCalico(policy, asked, calico));
  return [...near, ...wide, ...placed];
}

/** One of Calico's policies in its place, asked about an attempt. */
export const placeCalico = (
  policy: CalicoPolicy,
  asked: Pick<Asked, "direction" | "attempt">,
  calico: CalicoPolicies,
): Placed => ({
  standing: { kind: "calico", policy },
  tier: policy.tier,
  order: policy.order,
  key: `calico/${policy.kind}/${policy.namespace === null ? "" : `${policy.namespace}/`}${policy.name}`,
  find: () => calicoRule(policy, asked, calico),
});

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
  { direction, attempt }: Pick<Asked, "direction" | "attempt">,
  { sets }: CalicoPolicies,
): Found | null {
  const around = { direction, namespace: policy.namespace, sets };
  for (const [index, rule] of (policy[direction] ?? []).entries()) {
    if (rule.action !== "Log" && isRuleAbout(rule, attempt, around))
      return { action: rule.action, index };
  }
  return null;
}
