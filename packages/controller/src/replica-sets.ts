/** Which ReplicaSet is whose, and which pods each has: a Deployment is known through them alone. */
import type { Controller } from "@seam/bandwidth";
import type { ObservedBandwidthPod, ObservedReplicaSet } from "@seam/compose";
import type { Change } from "@seam/kube";

/** ReplicaSets, and the pods that name them. */
export type ReplicaSets = {
  /** The uids of the pods whose ReplicaSet is known to be another's from now on. */
  readonly accept: (
    change: Pick<Change<ObservedReplicaSet>, "kind" | "value">,
  ) => readonly string[];
  readonly join: (pod: ObservedBandwidthPod) => void;
  readonly leave: (pod: ObservedBandwidthPod) => void;
  /** Null when it has none, or is not known. */
  readonly controllerOf: (set: Pick<Controller, "uid">) => Controller | null;
};

type Entry = { controller: Controller | null; exists: boolean; readonly pods: Set<string> };

/** No ReplicaSets. What is known of one outlives it as long as it has pods, which end after it. */
export function createReplicaSets(): ReplicaSets {
  const entries = new Map<string, Entry>();
  const entryOf = (uid: string): Entry => {
    const entry = entries.get(uid) ?? { controller: null, exists: false, pods: new Set() };
    entries.set(uid, entry);
    return entry;
  };
  const close = (uid: string, { exists, pods }: Entry): void => {
    if (!exists && pods.size === 0) entries.delete(uid);
  };
  return {
    accept: ({ kind, value: { uid, controller } }) => {
      const entry = entryOf(uid);
      entry.exists = kind === "set";
      close(uid, entry);
      if (kind === "deleted" || entry.controller?.uid === controller?.uid) return [];
      entry.controller = controller;
      return [...entry.pods];
    },
    join: ({ uid, controller }) => {
      if (controller?.kind === "ReplicaSet") entryOf(controller.uid).pods.add(uid);
    },
    leave: ({ uid, controller }) => {
      const entry = entries.get(controller?.uid ?? "");
      if (entry === undefined || controller === null) return;
      entry.pods.delete(uid);
      close(controller.uid, entry);
    },
    controllerOf: ({ uid }) => entries.get(uid)?.controller ?? null,
  };
}
