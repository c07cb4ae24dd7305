/** Measurements against named peers, each printing the same kind of document. */
export { benchCni, type CniBenchOptions } from "./cni.ts";
export { type BenchDocument, benchTable } from "./document.ts";
export { benchPods, type PodsOptions } from "./pods.ts";
export type { RivalLabs } from "./rivals.ts";
export { benchThroughput, type ThroughputOptions } from "./throughput.ts";
