/** What NetworkPolicies are about (networking.k8s.io/v1, NetworkPolicySpec). */
import { cidrContains, type Family } from "@seam/base";

import { addressesOf, type Attempt, type End, isPort, type Pod } from "./attempt.ts";
import { type NetworkPolicy, type PolicyPeer, type PolicyRule, selects } from "./policy.ts";

/** Whether a policy selects a pod for a direction. */
export const isIsolating = (
  policy: NetworkPolicy,
  direction: "egress" | "ingress",
  own: Pod,
): boolean =>
  policy[direction] !== null &&
  policy.namespace === own.namespace &&
  selects(policy.selector, own.labels);

type Beside = { readonly other: End; readonly namespace: string };

/** Whether a rule lets an attempt pass. */
export const passes = ({ peers, ports }: PolicyRule, attempt: Attempt, beside: Beside): boolean =>
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
