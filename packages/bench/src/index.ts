/** Measurements against named peers, each printing the same kind of document. */
export { benchCni, type CniBenchOptions } from "./cni.ts";
export { type BenchDocument, benchTable } from "./document.ts";
