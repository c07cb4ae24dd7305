/** The upstream end-to-end tests as judge of a lab's pod network. */
export { type PolicySuiteRun, runPolicySuite } from "./policy-suite.ts";
export { reportText, type SpecResult } from "./report.ts";
export { runSpecs, type SpecRun } from "./run.ts";
export { policySuite, type SpecSet, specSets } from "./specs.ts";
