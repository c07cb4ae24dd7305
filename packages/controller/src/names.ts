/** The names that the controller writes into the cluster: labels, annotations, its field manager. */
import { GROUP } from "@seam/api";

/** Owner of the fields that the controller applies. */
export const FIELD_MANAGER = "seam-controller";
/** Label: the experiment that an object belongs to. */
export const EXPERIMENT_LABEL = `${GROUP}/experiment`;
/** Label: the workload that an object belongs to. */
export const WORKLOAD_LABEL = `${GROUP}/workload`;
/** Label: the project that a namespace belongs to. */
export const PROJECT_LABEL = `${GROUP}/project`;
/** Annotation by which the owner of a namespace gives it to the Project of the same name. */
export const ADOPT_ANNOTATION = `${GROUP}/adopt`;
/** Annotation: digest of what was applied last, so that a field that is no longer wanted is seen too. */
export const APPLIED_ANNOTATION = `${GROUP}/applied`;
