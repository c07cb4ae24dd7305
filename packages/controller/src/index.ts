/** The controller: one process per cluster that makes objects of objects. Other programs find what it made by its labels. */
export { EXPERIMENT_LABEL, FIELD_MANAGER, PROJECT_LABEL, WORKLOAD_LABEL } from "./names.ts";
