/** Measurements against named peers, each printing the same kind of document. */
export { type BandwidthOptions, benchBandwidth } from "./bandwidth.ts";
export { benchCni, type CniBenchOptions } from "./cni.ts";
export { benchController, type ControllerBenchOptions } from "./controller.ts";
export { type BenchDocument, benchTable } from "./document.ts";
export { benchEnforcement, type EnforcementOptions } from "./enforcement.ts";
export { benchExtender, type ExtenderBenchOptions } from "./extender.ts";
export { benchP4, type P4BenchOptions } from "./p4.ts";
export { MOST_POLICIES } from "./policies.ts";
export { benchPolicies, type PolicyBenchOptions } from "./policy-changes.ts";
export { benchPolicyCost, type PolicyCostOptions } from "./policy-cost.ts";
export { benchPods, type PodsOptions } from "./pods.ts";
export type { RivalLabs } from "./rivals.ts";
export { benchScheduling, type SchedulingBenchOptions } from "./scheduling.ts";
export { benchThroughput, type ThroughputOptions } from "./throughput.ts";
