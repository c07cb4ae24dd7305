/** From an observed and a desired node to ordered steps; pure. */
export { minimalPrefixes } from "./equality.ts";
export { plan } from "./plan.ts";
export { emptyNode, simulateStep } from "./simulation.ts";
export type { Step } from "./step.ts";
