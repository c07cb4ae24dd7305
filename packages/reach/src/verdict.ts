/**
 * Whether one end may speak to another, and which policy says so. Each end that is a pod has its side: its policies decide, tier by tier
 * (tiers.ts); what none of them decides is open. Both ends must agree.
 */
import type { Attempt, End, Pod } from "./attempt.ts";
import type { CalicoPolicy } from "./calico-policy.ts";
import type { ClusterPolicy } from "./cluster-policy.ts";
import { type Hosted, hostedSide } from "./host-side.ts";
import type { NetworkPolicy } from "./policy.ts";
import {
  type Asked,
  type Decision,
  decide,
  type Direction,
  isToOwnNode,
  type Policies,
  type Standing,
} from "./tiers.ts";

export type { Attempt, End, Pod, Policies };

/** Which rule of which policy. */
type RuleRef = { readonly policy: NetworkPolicy; readonly index: number };

/** Which rule of which policy that can also deny. */
export type ActionRef = { readonly policy: ClusterPolicy | CalicoPolicy; readonly index: number };

/** Why nothing can deny. */
export type Freedom =
  | "not a pod"
  | "host network"
  | "itself"
  | "own node"
  /** One of the ports that host endpoints leave open. */
  | "failsafe"
  /** No policy decides at a host endpoint with the profile that lets everything pass. */
  | "open profile";

/** What decided about one direction. */
export type Side =
  /** Nothing denies: not a pod of the pod network, the same pod, or the pod's own node where no policy decides about that. */
  | { readonly kind: "free"; readonly why: Freedom }
  /** No policy decides: none selects the pod for this direction, or all that do leave it to others. */
  | { readonly kind: "open" }
  | { readonly kind: "allowed"; readonly by: RuleRef }
  /** These policies select the pod, and no rule of theirs lets it pass. */
  | { readonly kind: "denied"; readonly by: readonly NetworkPolicy[] }
  /** A rule of a ClusterNetworkPolicy or of Calico's policies says so. */
  | { readonly kind: "accepted" | "rejected"; readonly by: ActionRef }
  /** Policies of this tier are about the pod, also Calico's, and no rule of theirs decides. */
  | { readonly kind: "dropped"; readonly tier: string; readonly by: readonly Standing[] }
  /** No policy decides at a host endpoint without such a profile. */
  | { readonly kind: "unprofiled"; readonly endpoint: string };

/** The answer, and what decided on either side. */
export type Verdict = { readonly allowed: boolean; readonly egress: Side; readonly ingress: Side };

/** Whether the attempt succeeds under the policies. */
export function judge(attempt: Attempt, policies: Policies): Verdict {
  const egress = sideOf("egress", attempt, policies);
  const ingress = sideOf("ingress", attempt, policies);
  return { allowed: isAllowed(egress) && isAllowed(ingress), egress, ingress };
}

/** Whether a direction lets the attempt pass. */
export const isAllowed = ({ kind }: Side): boolean =>
  kind !== "denied" && kind !== "rejected" && kind !== "dropped" && kind !== "unprofiled";

function sideOf(direction: Direction, attempt: Attempt, policies: Policies): Side {
  const [own, other] =
    direction === "egress" ? [attempt.from, attempt.to] : [attempt.to, attempt.from];
  if (own.kind === "address" || own.pod.hostNetwork) {
    const hosted = policies.calico && hostedSide(direction, attempt, policies.calico);
    const why = own.kind === "address" ? "not a pod" : "host network";
    return hosted ? sideAtHost(hosted) : { kind: "free", why };
  }
  const asked = { direction, attempt, own: own.pod, other };
  if (isSame(own.pod, other)) return { kind: "free", why: "itself" };
  if (isToOwnNode(asked)) return sideToOwnNode(asked, policies);
  const decision = decide(asked, policies);
  return decision === null ? { kind: "open" } : sideBy(decision);
}

/**
 * A pod's own node always reaches it, and is reached by it whatever NetworkPolicies say: "traffic to and from the node where a Pod is
 * running is always allowed" (kubernetes.io, network-policies). Other kinds say no such thing of egress.
 */
function sideToOwnNode(asked: Asked, policies: Policies): Side {
  const decision =
    asked.direction === "egress" ? decide(asked, { ...policies, network: [] }) : null;
  return decision === null ? { kind: "free", why: "own node" } : sideBy(decision);
}

function sideAtHost({ endpoint, side }: Hosted): Side {
  switch (side.kind) {
    case "decided":
      return sideBy(side.decision);
    case "failsafe":
      return { kind: "free", why: "failsafe" };
    case "open":
      return { kind: "free", why: "open profile" };
    case "closed":
      return { kind: "unprofiled", endpoint: endpoint.name };
  }
}

function sideBy(decision: Decision): Side {
  if (decision.kind === "end") {
    const { tier, by } = decision;
    const network = by.flatMap((each) => (each.kind === "network" ? [each.policy] : []));
    return network.length === by.length
      ? { kind: "denied", by: network }
      : { kind: "dropped", tier, by };
  }
  const { by, index } = decision;
  if (by.kind === "network") return { kind: "allowed", by: { policy: by.policy, index } };
  return { kind: decision.isAllowed ? "accepted" : "rejected", by: { policy: by.policy, index } };
}

/** A pod cannot be kept from itself. */
const isSame = (own: Pod, other: End): boolean =>
  other.kind === "pod" &&
  !other.pod.hostNetwork &&
  own.namespace === other.pod.namespace &&
  own.name === other.pod.name;
