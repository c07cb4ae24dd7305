/** The extender, for measurements in one process. */
export { createBinder } from "./binder.ts";
export { createExtender } from "./extender.ts";
export { createWaitingPods } from "./waiting.ts";
export { createWorld } from "./world.ts";
