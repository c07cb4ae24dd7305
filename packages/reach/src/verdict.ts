/**
 * Whether one end may speak to another, and which policy says so (networking.k8s.io/v1, NetworkPolicySpec): a pod that no policy
 * selects for a direction is open in it; one that some select takes what any rule of any of them lets pass. Both ends must agree.
 */
import { type Address, cidrContains, type Family } from "@seam/base";
import type { Json } from "@seam/kube";
import {
  type NetworkPolicy,
  type PolicyPeer,
  type PolicyPort,
  type PolicyRule,
  type Protocol,
  selects,
} from "./policy.ts";

/** A pod as policies see it. */
export type Pod = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Json;
  readonly namespaceLabels: Json;
  readonly addresses: readonly Address[];
  readonly node: string | null;
  /** Shares its node's network: it has the node's addresses, and policies neither select nor name it. */
  readonly hostNetwork: boolean;
  readonly ports: readonly {
    readonly name: string;
    readonly port: number;
    readonly protocol: Protocol;
  }[];
};

/** One end of a connection: a pod, or what else has an address; `node` is set for an address of a node. */
export type End =
  | { readonly kind: "pod"; readonly pod: Pod }
  | { readonly kind: "address"; readonly address: Address; readonly node: string | null };

/** A connection that somebody wants to make, after services have been translated. */
export type Attempt = {
  readonly from: End;
  readonly to: End;
  readonly port: number;
  readonly protocol: Protocol;
  readonly family: Family;
};

/** Which rule of which policy. */
type RuleRef = { readonly policy: NetworkPolicy; readonly index: number };

/** What decided about one direction. */
export type Side =
  /** Nothing can deny: not a pod of the pod network, the same pod, or the pod's own node. */
  | { readonly kind: "free"; readonly why: "not a pod" | "host network" | "itself" | "own node" }
  /** No policy selects the pod for this direction. */
  | { readonly kind: "open" }
  | { readonly kind: "allowed"; readonly by: RuleRef }
  /** These policies select the pod, and no rule of theirs lets it pass. */
  | { readonly kind: "denied"; readonly by: readonly NetworkPolicy[] };

/** The answer, and what decided on either side. */
export type Verdict = { readonly allowed: boolean; readonly egress: Side; readonly ingress: Side };

/** Whether the attempt succeeds under the policies. */
export function judge(attempt: Attempt, policies: readonly NetworkPolicy[]): Verdict {
  const egress = sideOf("egress", attempt, policies);
  const ingress = sideOf("ingress", attempt, policies);
  return { allowed: egress.kind !== "denied" && ingress.kind !== "denied", egress, ingress };
}

type Direction = "egress" | "ingress";

function sideOf(direction: Direction, attempt: Attempt, policies: readonly NetworkPolicy[]): Side {
  const [own, other] =
    direction === "egress" ? [attempt.from, attempt.to] : [attempt.to, attempt.from];
  if (own.kind === "address") return { kind: "free", why: "not a pod" };
  if (own.pod.hostNetwork) return { kind: "free", why: "host network" };
  const free = freedomOf(own.pod, other);
  if (free !== null) return { kind: "free", why: free };
  const isolating = policies.filter(
    (policy) =>
      policy[direction] !== null &&
      policy.namespace === own.pod.namespace &&
      selects(policy.selector, own.pod.labels),
  );
  if (isolating.length === 0) return { kind: "open" };
  for (const policy of isolating) {
    const index = (policy[direction] ?? []).findIndex((rule) =>
      passes(rule, attempt, { other, namespace: policy.namespace }),
    );
    if (index !== -1) return { kind: "allowed", by: { policy, index } };
  }
  return { kind: "denied", by: isolating };
}

/** A pod cannot be kept from itself, nor from the node that it runs on, in either direction. */
function freedomOf(own: Pod, other: End): "itself" | "own node" | null {
  if (other.kind === "pod" && !other.pod.hostNetwork) {
    return own.namespace === other.pod.namespace && own.name === other.pod.name ? "itself" : null;
  }
  const node = other.kind === "pod" ? other.pod.node : other.node;
  return node !== null && node === own.node ? "own node" : null;
}

type Beside = { readonly other: End; readonly namespace: string };

const passes = ({ peers, ports }: PolicyRule, attempt: Attempt, beside: Beside): boolean =>
  (peers === null || peers.some((peer) => isMeant(peer, attempt.family, beside))) &&
  (ports === null || ports.some((port) => isPort(port, attempt)));

function isMeant(peer: PolicyPeer, family: Family, { other, namespace }: Beside): boolean {
  if (peer.kind === "block") {
    return addressesOf(other, family).some(
      (address) =>
        cidrContains(peer.cidr, address) &&
        !peer.except.some((except) => cidrContains(except, address)),
    );
  }
  if (other.kind === "address" || other.pod.hostNetwork) return false;
  const { pod } = other;
  const isNear =
    peer.namespaces === null
      ? pod.namespace === namespace
      : selects(peer.namespaces, pod.namespaceLabels);
  return isNear && selects(peer.pods, pod.labels);
}

const addressesOf = (end: End, family: Family): readonly Address[] =>
  (end.kind === "pod" ? end.pod.addresses : [end.address]).filter(
    (address) => address.family === family,
  );

/** A name means the port that a container of the destination gives it. */
function isPort(port: PolicyPort, { to, port: wanted, protocol }: Attempt): boolean {
  if (port.protocol !== protocol) return false;
  switch (port.kind) {
    case "all":
      return true;
    case "range":
      return port.first <= wanted && wanted <= port.last;
    case "named":
      return portsOf(to).some(
        (each) => each.name === port.name && each.protocol === protocol && each.port === wanted,
      );
  }
}

const portsOf = (end: End): Pod["ports"] => (end.kind === "pod" ? end.pod.ports : []);
