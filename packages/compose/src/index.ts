/** From Seam's objects to the objects that they are made of, and what to say of both; pure: the controller writes it, `plan` shows it. */
export {
  type BandwidthRequest,
  observeBandwidth,
  observeBandwidthPod,
  type ObservedBandwidth,
  type ObservedBandwidthPod,
  type ObservedNode,
  type ObservedReplicaSet,
  observeNode,
  observeReplicaSet,
} from "./bandwidth-observed.ts";
export {
  type BandwidthScene,
  capacityOf,
  countedCapacity,
  type HeldBandwidth,
  newBandwidth,
  type OtherStanding,
  patchOf,
  releasePatchOf,
  standingOf,
} from "./bandwidth-plan.ts";
export { reservationsOf } from "./bandwidth-reserved.ts";
export {
  bandwidthNews,
  type BandwidthVerdict,
  judgeHeld,
  judgeOther,
  rateNews,
} from "./bandwidth-status.ts";
export { type Changes } from "./children.ts";
export { type Finding } from "./condition.ts";
export { driftNews, newsOf } from "./event.ts";
export {
  isLive,
  lacksPods,
  planChildren,
  type PlanScene,
  type Preview,
  previewChildren,
  type Progress,
  progressOf,
  type Scene,
} from "./experiment-plan.ts";
export { concernsAbout, judgeExperiment, type Problem, type Verdict } from "./experiment-status.ts";
export { type Identity } from "./identity.ts";
export {
  EXPERIMENT_LABEL,
  APPLIED_ANNOTATION,
  APPLIER,
  FIELD_MANAGER,
  PROJECT_LABEL,
} from "./names.ts";
export { TO_DNS } from "./network-policies.ts";
export { judgeClusterPolicy } from "./cluster-policy-status.ts";
export { type NamedEndpoint, namedEndpoint } from "./host-endpoint-conflict.ts";
export { judgeNetworkConfig } from "./network-config-status.ts";
export {
  labelOf,
  observeChild,
  type Observed,
  type ObservedChild,
  type ObservedExperiment,
  type ObservedNamespace,
  type ObservedClusterPolicy,
  type ObservedNetworkConfig,
  type ObservedPod,
  type ObservedProject,
  type ObservedTenancy,
  observeExperiment,
  observeNamespace,
  observeCalicoPolicy,
  observeClusterPolicy,
  observeNetworkConfig,
  observePod,
  observeProject,
  observeTenancy,
} from "./observed.ts";
export { PART_KINDS, TENANCY_KINDS } from "./part-kinds.ts";
export { type Enforcement, policyDemandOf } from "./policies-enforced.ts";
export {
  latestByKind,
  nodeProgress,
  type NodeProgress,
  observePolicyReport,
  type PolicyReport,
} from "./policy-report.ts";
export {
  admissionState,
  type AdmissionState,
  bandwidthUsage,
  isBandwidthLimited,
} from "./project-bandwidth.ts";
export { concernsAboutProject, hasNamespace, judgeProject, planNamespace } from "./project-plan.ts";
export { type ObservedRateReport, observeRateReport, rateStatusOf } from "./rate-conditions.ts";
export { type Mark, markOf, problemWith } from "./strangers.ts";
export { facetsOf, judgeFacet, planFacet, usageOf } from "./tenancy.ts";
