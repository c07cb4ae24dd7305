/** Which pods belong together (V13): the workload that made them, stable over rolling updates, or what an annotation says. */

/** A workload, as `Bandwidth.status.reservations` names it. */
export type Group = {
  /** Kind of the workload, `Pod` for a pod of its own, `Group` for one named by annotation: deploymentType. */
  readonly type: string;
  readonly name: string;
  readonly uid: string;
};

/** An object that controls another: an entry of `metadata.ownerReferences` with `controller: true`. */
export type Controller = { readonly kind: string; readonly name: string; readonly uid: string };

/** What a pod's group depends on. */
export type GroupMember = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly annotations: { readonly [key: string]: string | undefined };
  readonly controller: Controller | null;
};

/** Pods of a namespace with the same value are one group, whatever made them. */
export const GROUP_ANNOTATION = "seam.ucsd.edu/bandwidth-group";

/**
 * The group of a pod: its annotation's; else its controller, where a ReplicaSet stands for its own controller, the Deployment, since each
 * update makes another ReplicaSet; else itself. `controllerOf` answers with a ReplicaSet's controller, or null when it has none or is not known yet.
 * Jobs of a CronJob are runs of their own. Static pods are controlled by their Node, which is no workload.
 */
export function groupOf(
  pod: GroupMember,
  controllerOf: (of: Controller) => Controller | null,
): Group {
  const named = pod.annotations[GROUP_ANNOTATION];
  if (named !== undefined && named !== "") {
    return { type: "Group", name: named, uid: `group:${pod.namespace}/${named}` };
  }
  const { controller } = pod;
  if (controller === null || controller.kind === "Node") {
    return { type: "Pod", name: pod.name, uid: pod.uid };
  }
  const upper = controller.kind === "ReplicaSet" ? controllerOf(controller) : null;
  const { kind, name, uid } = upper ?? controller;
  return { type: kind, name, uid };
}
