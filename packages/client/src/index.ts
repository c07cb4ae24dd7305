/** The library of Seam: projects and experiments as typed values, documents applied, progress told; errors are values. */
export {
  type Applied,
  applyObjects,
  type ApplyEvent,
  type ApplyOptions,
  type ApplyOutcome,
  FIELD_MANAGER,
} from "./apply.ts";
export {
  type ClusterFacts,
  familyOf,
  gatherCluster,
  type NodeHealth,
  type PartState,
} from "./cluster-facts.ts";
export {
  deleteObject,
  deleteObjects,
  type DeleteEvent,
  type DeleteHow,
  type DeleteOptions,
  type Patience,
} from "./delete.ts";
export { readObjects, type Source } from "./documents.ts";
export { type ErrorCode, formatError, fromKube, nameOf, type SeamError } from "./error.ts";
export { isJson } from "@seam/kube";
export { asWritten, type FieldChange } from "./object-difference.ts";
export { type Plan, planObjects, type PlanOptions } from "./plan.ts";
export { type PlannedNode } from "./plan-nodes.ts";
export { type PodChange } from "./plan-pods.ts";
export { type PlannedObject } from "./planned-object.ts";
export { fieldOf, itemsOf, numberOf, textOf } from "./fields.ts";
export { type FieldPath, parseFieldPath, sortedBy, valueAt } from "./field-path.ts";
export { EXPERIMENT, findKind, kindNames, type KnownKind, nearest } from "./kinds.ts";
export { listObjects, type Reply } from "./list.ts";
export { type LogOptions, readLogs } from "./logs.ts";
export { type NodeView, viewNode } from "./node-view.ts";
export {
  type Collection,
  createSeam,
  type Place,
  type Seam,
  type SeamOptions,
  type WatchEvent,
} from "./seam.ts";
export { askReach, type ReachAnswer, type ReachQuestion } from "./reach.ts";
export { type ReachTable, type ReachTableOptions, tabulateReach } from "./reach-table.ts";
export {
  type EnforcementAnswer,
  type EnforcementQuestion,
  policyReportOf,
  type PolicyVersion,
} from "./policies-enforced.ts";
export { type Allowance, allowancePolicies, denialPolicy } from "./policy-objects.ts";
export {
  measureTraffic,
  type TrafficEvent,
  type TrafficOptions,
  type TrafficRow,
} from "./traffic.ts";
export type { Measurement } from "./traffic-measure.ts";
export type { Endpoint, IpFamily, Route } from "./traffic-routes.ts";
export { renderTraffic } from "./traffic-table.ts";
export type { Latency, Throughput } from "./traffic-tools.ts";
export {
  describeProgress,
  type Goal,
  type Progress,
  progressOf,
  waitFor,
  type WaitEvent,
  type WaitOptions,
  type WorkloadProgress,
} from "./wait.ts";
export { containerOf, experimentOf, findPods, runsNow } from "./targets.ts";
export { type RatePromise, readRatePromises } from "./rate-promises.ts";
export {
  followRateUsage,
  type RateReport,
  type RateUsage,
  readRateUsage,
  readReservedRates,
} from "./rate-usage.ts";
export { amountOf, readUsage, type Usage, type UsageOf, type UsageReport } from "./usage.ts";
export { type ClusterVersions, readVersions } from "./versions.ts";
export { type ObjectEvent, type Watched, watchObjects } from "./watch.ts";
export {
  type ApiInstallOptions,
  installApi,
  type InstallOptions,
  installSeam,
  uninstallSeam,
} from "./install.ts";
