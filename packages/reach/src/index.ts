/** Who may speak to whom under NetworkPolicies and ClusterNetworkPolicies, from the definitions of the API alone; pure. */
export { type ClusterPolicy, readClusterPolicy } from "./cluster-policy.ts";
export { endName, explain, type Explanation } from "./explanation.ts";
export {
  type Cell,
  type Group,
  type Matrix,
  matrixOf,
  type MatrixWorld,
  type Port,
  portText,
  type Reach,
} from "./matrix.ts";
export { type NetworkPolicy, type Protocol, protocolOf, readPolicy } from "./policy.ts";
export {
  type Attempt,
  type End,
  isAllowed,
  judge,
  type Pod,
  type Policies,
  type Side,
  type Verdict,
} from "./verdict.ts";
