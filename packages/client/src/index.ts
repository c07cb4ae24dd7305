/** The library of Seam: projects and experiments as typed values, documents applied, progress told; errors are values. */
export {
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
  type DeleteOptions,
  type Patience,
} from "./delete.ts";
export { readObjects, type Source } from "./documents.ts";
export { type ErrorCode, formatError, fromKube, nameOf, type SeamError } from "./error.ts";
export { isJson } from "@seam/kube";
export { fieldOf, itemsOf, numberOf, textOf } from "./fields.ts";
export { findKind, type KnownKind } from "./kinds.ts";
export { type NodeView, viewNode } from "./node-view.ts";
export {
  type Collection,
  createSeam,
  listObjects,
  type Place,
  type Reply,
  type Seam,
  type SeamOptions,
  type WatchEvent,
} from "./seam.ts";
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
export { type InstallOptions, installSeam, uninstallSeam } from "./install.ts";
