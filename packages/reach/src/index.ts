/** Who may speak to whom under NetworkPolicies, ClusterNetworkPolicies and Calico's, from the definitions of the API alone; pure. */
export {
  endpointFor,
  type HostAttempt,
  type HostSide,
  hostSet,
  isHostAllowed,
  judgeHost,
  readCalicoHostEndpoint,
} from "./calico-host.ts";
export {
  type CalicoHostEndpoint,
  type CalicoNetworkSet,
  type CalicoPolicies,
  type CalicoPolicy,
  type CalicoTier,
  readCalicoNetworkSet,
  readCalicoPolicy,
  readCalicoTier,
} from "./calico-policy.ts";
export { type ClusterPolicy, readClusterPolicy } from "./cluster-policy.ts";
export { decidersOf } from "./deciders.ts";
export { hostNotes } from "./host-side.ts";
export { endName, explain, type Explanation, trafficName } from "./explanation.ts";
export {
  type Cell,
  type Group,
  type Matrix,
  matrixOf,
  type MatrixSide,
  matrixSteps,
  type Port,
  portText,
  type Reach,
} from "./matrix.ts";
export { type NetworkPolicy, type Protocol, protocolOf, readPolicy } from "./policy.ts";
export type { Attempt, End, Pod, Traffic } from "./attempt.ts";
export { type Policies, withoutTier } from "./tiers.ts";
export { isAllowed, judge, type Side, type Verdict } from "./verdict.ts";
