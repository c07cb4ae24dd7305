/** The kinds of Seam: schemas, types, validation and CustomResourceDefinitions. Pure. */
export { type Experiment, ExperimentSchema } from "./experiment.ts";
export { customResourceDefinitions } from "./kinds.ts";
export { type Project, ProjectSchema } from "./project.ts";
export { formatFieldError, parseExperiment, parseProject } from "./validate.ts";
export type { FieldError } from "./walk.ts";
export { API_VERSION, GROUP, VERSION } from "./words.ts";
