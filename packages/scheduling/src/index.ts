/** The extender without its process, for measurements. */
export { createExtender, type Extender } from "./extender.ts";
export { readNodesQuestion } from "./protocol.ts";
export { createWaitingPods } from "./waiting.ts";
export { createWorld, type World } from "./world.ts";
