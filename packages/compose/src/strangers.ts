/** Objects that stand where an owner's own should be: server-side apply by force would take them over. Pure. */
import { refOf, type KubeObject, type ObjectRef } from "@seam/kube";
import type { Problem } from "./experiment-status.ts";
import type { Identity } from "./identity.ts";
import { EXPERIMENT_LABEL, PROJECT_LABEL } from "./names.ts";
import { controllerOf, labelOf } from "./observed.ts";

/** Whose an object is, as far as it says so. */
export type Mark = {
  readonly ref: ObjectRef;
  readonly ownerUid: string | null;
  readonly experiment: string | null;
  readonly project: string | null;
};

/** Reads whose an object is. */
export const markOf = (object: KubeObject): Mark => ({
  ref: refOf(object),
  ownerUid: controllerOf(object),
  experiment: labelOf(object, EXPERIMENT_LABEL),
  project: labelOf(object, PROJECT_LABEL),
});

/** Why `owner` may not take an object that exists under a name that it wants; null when it is its own. */
export function problemWith(owner: Identity, mark: Mark): Problem | null {
  if (isOwn(owner, mark)) return null;
  const { kind, name, namespace } = mark.ref;
  // Only one experiment can have this name, so what carries it and is not ours is left from one that was deleted.
  if (mark.experiment === owner.name)
    return {
      reason: "OlderInTheWay",
      message: `${kind} ${name} of a deleted experiment of the same name is still being removed; wait`,
    };
  const remedy = owner.kind === "Experiment" ? "rename the workload, or remove it" : "remove it";
  const where = namespace === undefined ? "" : `-n ${namespace} `;
  return {
    reason: "NameTaken",
    message: `${kind} ${name} exists and belongs to something else; ${remedy}: kubectl ${where}delete ${kind.toLowerCase()} ${name}`,
  };
}

/** Owned, or orphaned by an owner of the same name, whose mark it bears. */
function isOwn(owner: Identity, { ownerUid, project, experiment }: Mark): boolean {
  if (ownerUid !== null) return ownerUid === owner.uid;
  return (owner.kind === "Project" ? project : experiment) === owner.name;
}
