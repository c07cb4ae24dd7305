/** What to say about a ClusterNetworkPolicy, or an object of Calico's kinds: whether nodes understand all of it, and can enforce it. Pure. */
import { TIERS } from "@seam/intent";

import { type Finding, newsIn, settle } from "./condition.ts";
import type { Verdict } from "./experiment-status.ts";
import { conflictOf, type NamedEndpoint, namedEndpoint } from "./host-endpoint-conflict.ts";
import type { ObservedClusterPolicy } from "./observed.ts";

/** When it is judged, and which tiers and host endpoints of Calico's there are. */
type Scene = {
  readonly now: number;
  readonly hasTier: (name: string) => boolean;
  readonly endpoints: Iterable<NamedEndpoint>;
};

/** The status of such a policy; its kind has conditions and nothing else. */
export function judgeClusterPolicy(
  policy: ObservedClusterPolicy,
  { now, hasTier, endpoints }: Scene,
): Verdict {
  const findings = [inTier(policy, hasTier) ?? inPlace(policy, endpoints) ?? accepted(policy)];
  const at = { generation: policy.identity.generation, now };
  return {
    status: { conditions: settle(findings, policy.conditions, at) },
    news: newsIn(findings, policy.conditions),
    wake: null,
  };
}

const LEFT_OUT = {
  closed:
    "such a rule accepts nobody if it accepts or allows, and denies everybody if it denies or passes; with a field of spec itself the policy lets nothing pass, and denies what it denies",
  out: "such a field is left out, and the rest is in force",
  nothing: "until then nothing of it is in force on any node",
} as const satisfies Readonly<Record<ObservedClusterPolicy["leaves"], string>>;

/** What is said when there is no such tier, besides what is not understood; null: there is. */
function inTier(
  { tier, faults }: ObservedClusterPolicy,
  hasTier: Scene["hasTier"],
): Finding | null {
  if (tier === null || Object.hasOwn(TIERS, tier) || hasTier(tier)) return null;
  const always = Object.keys(TIERS).join(", ");
  const missing = `spec.tier: there is no Tier ${tier}, and until there is no node enforces this policy; make it, or name another, such as ${always}`;
  return {
    type: "Accepted",
    status: "False",
    reason: "TierNotFound",
    message: [missing, ...faults].join("; "),
  };
}

/** What is said when another endpoint counts in place of this one; null: none does. */
function inPlace(policy: ObservedClusterPolicy, endpoints: Scene["endpoints"]): Finding | null {
  const own = namedEndpoint(policy);
  const conflict = own === null ? null : conflictOf(own, endpoints);
  return conflict === null
    ? null
    : {
        type: "Accepted",
        status: "False",
        reason: "Conflicted",
        message: [conflict, ...policy.faults].join("; "),
      };
}

const accepted = ({ leaves, faults }: ObservedClusterPolicy): Finding =>
  faults.length === 0
    ? {
        type: "Accepted",
        status: "True",
        reason: "Understood",
        message: "every node enforces it as soon as it sees it",
      }
    : {
        type: "Accepted",
        status: "False",
        reason: "NotUnderstood",
        message: `${faults.join("; ")}; ${LEFT_OUT[leaves]}; correct it, or take a Seam that knows it`,
      };
