/** From the cluster's objects to what a node should look like; pure. */
export { CALICO_GROUP, CALICO_KINDS, type CalicoKind } from "./calico-kinds.ts";
export { calicoFaults } from "./calico-faults.ts";
export { type HostEndpoint, readHostEndpoint } from "./calico-host-endpoint.ts";
export { CLUSTER_POLICIES, readClusterPolicy } from "./cluster-policy-reading.ts";
export { type Endpoint, type HostPort, intendNode } from "./intend-node.ts";
export {
  type ClusterFacts,
  DEFAULT_NETWORK,
  type NetworkFacts,
  type NodeFacts,
  type OwnNode,
  type OwnUplink,
} from "./network.ts";
export { podMtu, podOverhead } from "./overlay.ts";
export type { IdleEndpoint, NodeInterfaces } from "./policy-hosts.ts";
export { createPolicyIntent, type PolicyIntent } from "./policy-intent.ts";
export type { PodGuarantee } from "./uplinks.ts";
export { TIERS } from "./policy-model.ts";
export type { PolicyEndpoint, PolicyPod } from "./policy-pod.ts";
