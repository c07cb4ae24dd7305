/** What ClusterNetworkPolicies are about (policy.networking.k8s.io/v1beta1, ClusterNetworkPolicySpec). */
import { cidrContains, type Family } from "@seam/base";
import type { Json } from "@seam/kube";

import { addressesOf, type Attempt, type End, isPort, type Pod } from "./attempt.ts";
import type { ClusterPeer, ClusterRule, PodsSelected } from "./cluster-policy.ts";
import { selects } from "./policy.ts";

/** Whether a pod is among those that are selected. */
export const isSelected = ({ namespaces, pods }: PodsSelected, pod: Pod): boolean =>
  !pod.hostNetwork && selects(namespaces, pod.namespaceLabels) && selects(pods, pod.labels);

/** Whether a rule is about an attempt. */
export const isClusterRuleAbout = (
  { peers, ports }: ClusterRule,
  attempt: Attempt,
  other: End,
): boolean =>
  peers.some((peer) => isPeer(peer, attempt.family, other)) &&
  (ports === null || ports.some((port) => isPort(port, attempt)));

function isPeer(peer: ClusterPeer, family: Family, other: End): boolean {
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
