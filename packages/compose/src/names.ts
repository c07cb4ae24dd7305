/** The names that the controller writes into the cluster: labels, annotations, its field manager. */
import { GROUP } from "@seam/api";

export { EXPERIMENT_LABEL, WORKLOAD_LABEL } from "@seam/api";

/** Owner of the fields that the controller applies. */
export const FIELD_MANAGER = "seam-controller";
/** How the controller applies. */
export const APPLIER = { fieldManager: FIELD_MANAGER, force: true } as const;
/** Label: the project that a namespace belongs to. */
export const PROJECT_LABEL = `${GROUP}/project`;
/** Label of a project's namespace: its project says what bandwidth pods may have, so admission is asked about each; `limited`. */
export const BANDWIDTH_LABEL = `${GROUP}/bandwidth`;
/** Annotation by which the owner of a namespace gives it to the Project of the same name. */
export const ADOPT_ANNOTATION = `${GROUP}/adopt`;
/** Annotation of pods: the time in `restartedAt`, so that a new one makes new pods. */
export const RESTARTED_ANNOTATION = `${GROUP}/restarted-at`;
/** Annotation: digest of what was applied last, so that a field that is no longer wanted is seen too. */
export const APPLIED_ANNOTATION = `${GROUP}/applied`;
/** Annotations of a Node by which somebody sets its capacity, out of pods and into them: `10G`, or `10G/2500M`. */
export const CAPACITY_ANNOTATIONS = {
  local: `${GROUP}/local-bandwidth`,
  network: `${GROUP}/network-bandwidth`,
} as const;
/** Annotation of a Bandwidth: the parts of its capacity that the controller filled in, and so may change. */
export const FILLED_CAPACITY_ANNOTATION = `${GROUP}/filled-capacity`;
