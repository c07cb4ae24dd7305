/** The kinds of Seam: schemas, types, validation and CustomResourceDefinitions. Pure. */
export {
  type Bandwidth,
  BANDWIDTH_KIND,
  BandwidthSchema,
  CAPACITY_SOURCE_ANNOTATION,
  CAPACITY_SOURCES,
  type CapacitySource,
} from "./bandwidth.ts";
export { calicoDefinitions } from "./calico.ts";
export { type Experiment, ExperimentSchema } from "./experiment.ts";
export {
  explain,
  explainedKinds,
  type Explanation,
  type FieldSummary,
  type Unexplained,
} from "./explain.ts";
export { customResourceDefinitions } from "./kinds.ts";
export { NETWORK_CONFIG_NAME, type NetworkConfig, NetworkConfigSchema } from "./network-config.ts";
export {
  AGENT_NAME,
  BANDWIDTH_ADMISSION,
  ENFORCED_ANNOTATION,
  formatEnforced,
  LINK_SPEED_ANNOTATION,
  NETWORK_POLICY,
  NODE_LABEL,
  policyKindOf,
  policyReportName,
  readEnforced,
  REPORT_KIND,
  SYSTEM_NAMESPACE,
  type VersionsByKind,
} from "./policy-report.ts";
export { type Project, ProjectSchema } from "./project.ts";
export {
  formatRateReport,
  NO_RATE_REPORT,
  type PodRateState,
  RATE_REPORT_LABEL,
  RATES_ANNOTATION,
  type RateLack,
  type RateReport,
  rateReportName,
  type RateState,
  readRateReport,
} from "./rate-report.ts";
export { formatFieldError, parseExperiment, parseNetworkConfig, parseProject } from "./validate.ts";
export type { FieldError } from "./walk.ts";
export { API_VERSION, EXPERIMENT_LABEL, GROUP, VERSION, WORKLOAD_LABEL } from "./words.ts";
