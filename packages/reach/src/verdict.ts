/**
 * Whether one end may speak to another, and which policy says so. ClusterNetworkPolicies of the Admin tier come first, rule by rule
 * (policy.networking.k8s.io, ClusterNetworkPolicySpec). Then NetworkPolicies (networking.k8s.io/v1, NetworkPolicySpec): a pod that some
 * select for a direction takes what any rule of any of them lets pass, and nothing else. For one that none selects the Baseline tier
 * comes last; who is left is open. Both ends must agree.
 */
import { type Address, cidrContains, type Family } from "@seam/base";
import type { Json } from "@seam/kube";
import type { ClusterPeer, ClusterPolicy, ClusterRule, PodsSelected } from "./cluster-policy.ts";
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
  /** Of its node, when it shares that one's network. */
  readonly nodeLabels?: Json;
  readonly ports: readonly {
    readonly name: string;
    readonly port: number;
    readonly protocol: Protocol;
  }[];
};

/** One end of a connection: a pod, or what else has an address; `node` is set for an address of a node. */
export type End =
  | { readonly kind: "pod"; readonly pod: Pod }
  | {
      readonly kind: "address";
      readonly address: Address;
      readonly node: string | null;
      readonly nodeLabels?: Json;
    };

/** What is in force. */
export type Policies = {
  readonly network: readonly NetworkPolicy[];
  readonly cluster: readonly ClusterPolicy[];
};

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

/** Which rule of which ClusterNetworkPolicy. */
type ClusterRuleRef = { readonly policy: ClusterPolicy; readonly index: number };

/** What decided about one direction. */
export type Side =
  /** Nothing can deny: not a pod of the pod network, the same pod, or the pod's own node. */
  | { readonly kind: "free"; readonly why: "not a pod" | "host network" | "itself" | "own node" }
  /** No policy selects the pod for this direction. */
  | { readonly kind: "open" }
  | { readonly kind: "allowed"; readonly by: RuleRef }
  /** These policies select the pod, and no rule of theirs lets it pass. */
  | { readonly kind: "denied"; readonly by: readonly NetworkPolicy[] }
  /** A rule for the whole cluster says so. */
  | { readonly kind: "accepted" | "rejected"; readonly by: ClusterRuleRef };

/** The answer, and what decided on either side. */
export type Verdict = { readonly allowed: boolean; readonly egress: Side; readonly ingress: Side };

/** Whether the attempt succeeds under the policies. */
export function judge(attempt: Attempt, policies: Policies): Verdict {
  const egress = sideOf("egress", attempt, policies);
  const ingress = sideOf("ingress", attempt, policies);
  return { allowed: isAllowed(egress) && isAllowed(ingress), egress, ingress };
}

/** Whether a direction lets the attempt pass. */
export const isAllowed = ({ kind }: Side): boolean => kind !== "denied" && kind !== "rejected";

type Direction = "egress" | "ingress";

function sideOf(direction: Direction, attempt: Attempt, policies: Policies): Side {
  const [own, other] =
    direction === "egress" ? [attempt.from, attempt.to] : [attempt.to, attempt.from];
  if (own.kind === "address") return { kind: "free", why: "not a pod" };
  if (own.pod.hostNetwork) return { kind: "free", why: "host network" };
  const free = freedomOf(own.pod, other);
  if (free !== null) return { kind: "free", why: free };
  const asked = { direction, attempt, own: own.pod, other };
  return (
    clusterSide(asked, policies.cluster, "Admin") ??
    networkSide(asked, policies.network) ??
    clusterSide(asked, policies.cluster, "Baseline") ?? { kind: "open" }
  );
}

type Asked = {
  readonly direction: Direction;
  readonly attempt: Attempt;
  readonly own: Pod;
  readonly other: End;
};

/** What NetworkPolicies say; null when none selects the pod. */
function networkSide(
  { direction, attempt, own, other }: Asked,
  policies: readonly NetworkPolicy[],
): Side | null {
  const isolating = policies.filter(
    (policy) =>
      policy[direction] !== null &&
      policy.namespace === own.namespace &&
      selects(policy.selector, own.labels),
  );
  if (isolating.length === 0) return null;
  for (const policy of isolating) {
    const index = (policy[direction] ?? []).findIndex((rule) =>
      passes(rule, attempt, { other, namespace: policy.namespace }),
    );
    if (index !== -1) return { kind: "allowed", by: { policy, index } };
  }
  return { kind: "denied", by: isolating };
}

/** What a tier of ClusterNetworkPolicies says: the first rule that is about the attempt; null when that passes it on, or none is. */
function clusterSide(
  { direction, attempt, own, other }: Asked,
  policies: readonly ClusterPolicy[],
  tier: ClusterPolicy["tier"],
): Side | null {
  const concerned = policies
    .filter((each) => each.tier === tier && isSelected(each.subject, own))
    .toSorted((one, two) => one.priority - two.priority || (one.name < two.name ? -1 : 1));
  for (const policy of concerned) {
    const index = policy[direction].findIndex((rule) => isAbout(rule, attempt, other));
    const rule = policy[direction][index];
    if (rule === undefined) continue;
    if (rule.action === "Pass") return null;
    return { kind: rule.action === "Accept" ? "accepted" : "rejected", by: { policy, index } };
  }
  return null;
}

const isSelected = ({ namespaces, pods }: PodsSelected, pod: Pod): boolean =>
  !pod.hostNetwork && selects(namespaces, pod.namespaceLabels) && selects(pods, pod.labels);

const isAbout = ({ peers, ports }: ClusterRule, attempt: Attempt, other: End): boolean =>
  peers.some((peer) => isClusterPeer(peer, attempt.family, other)) &&
  (ports === null || ports.some((port) => isPort(port, attempt)));

function isClusterPeer(peer: ClusterPeer, family: Family, other: End): boolean {
  switch (peer.kind) {
    case "network":
      return addressesOf(other, family).some((address) => cidrContains(peer.cidr, address));
    case "pods":
      return other.kind === "pod" && isSelected(peer, other.pod);
    case "nodes": {
      const labels = other.kind === "pod" ? hostLabels(other.pod) : other.nodeLabels;
      return labels !== undefined && selects(peer.nodes, labels);
    }
  }
}

const hostLabels = (pod: Pod): Json | undefined => (pod.hostNetwork ? pod.nodeLabels : undefined);

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
