/** Seam's door to Kubernetes: configuration, a raw JSON client, list-watch, a work queue and leader election. */
export type { BoundPod } from "./binding.ts";
export { backoff, type BackoffOptions, sleep } from "./backoff.ts";
export {
  type Answer,
  type ApplyOptions,
  createKubeClient,
  type DeleteOptions,
  type KubeClient,
  type ListQuery,
  type Page,
  type Patch,
  type WatchQuery,
} from "./client.ts";
export { apiError, isConflict, isGone, isNotFound, type KubeError } from "./error.ts";
export { type EventReporter, type EventSubject, type News } from "./event.ts";
export { createEventRecorder, type EventLoss, type EventRecorder } from "./event-recorder.ts";
export { type ContainerRef, type Exec, type ExecOptions, type Executed } from "./exec.ts";
export { type Conversation, type Interact, type TerminalShape } from "./interact.ts";
export {
  type ClusterConfig,
  type ConfigOptions,
  loadConfig,
  type Person,
  readKubeconfig,
  serverConfig,
  type ServerOptions,
  type Token,
} from "./kubeconfig.ts";
export { type ElectionOptions, takePart } from "./leader-election.ts";
export { followLease, type FollowOptions, LEASE_LOOK, type Term } from "./lease-holder.ts";
export { type LogQuery, type Logs } from "./logs.ts";
export {
  child,
  children,
  isJson,
  isKubeObject,
  type Json,
  type KindRef,
  type KubeObject,
  type Metadata,
  objectKey,
  type ObjectRef,
  refOf,
  textAt,
  withoutManagers,
} from "./object.ts";
export { quantityOf } from "./quantity.ts";
export { type Change, type Reflector, type ReflectorOptions, startReflector } from "./reflector.ts";
export { hasReached, latestVersion } from "./resource-version.ts";
export { followServedKind, type ServedKind, type ServedKindOptions } from "./served-kind.ts";
export { type Table } from "./table.ts";
export { createWorkQueue, type WorkQueue } from "./work-queue.ts";
