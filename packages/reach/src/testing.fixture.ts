/** Random objects of policies' kinds, as the API server takes them, for tests of other packages. */
export {
  calicoGlobalPolicySpec,
  calicoPolicySpec,
  networkSet,
  TIERS,
  tierSpec,
} from "./calico-specs.fixture.ts";
export { clusterPolicySpec, policySpec } from "./specs.fixture.ts";
