/** Watches: what the API server tells goes into the world. */
import { BANDWIDTH_KIND } from "@seam/api";
import {
  child,
  type KindRef,
  type KubeClient,
  type KubeError,
  type KubeObject,
  type Reflector,
  startReflector,
  textAt,
} from "@seam/kube";

import { controllerIn } from "./seen-pod.ts";
import type { World } from "./world.ts";

/** What watching needs. */
export type ClusterOptions = {
  readonly client: Pick<KubeClient, "list" | "watch">;
  readonly world: World;
  readonly onError: (kind: string, error: KubeError) => void;
  readonly onPodGone: (uid: string) => void;
};

/** Running watches. */
export type Cluster = AsyncDisposable & {
  /** Resolves when the world has everything. */
  readonly synced: Promise<void>;
};

const core = (kind: string): KindRef => ({ apiVersion: "v1", kind });
const uidOf = ({ metadata }: KubeObject): string => textAt(metadata, "uid") ?? "";

/** Starts watching. */
export function watchCluster(options: ClusterOptions): Cluster {
  const { world, onPodGone } = options;
  const watches = [
    watch(options, core("Node"), {
      set: ({ metadata }) => world.setNode(metadata.name, child(metadata, "labels")),
      deleted: ({ metadata }) => world.setNode(metadata.name, null),
    }),
    watch(
      options,
      { apiVersion: "apps/v1", kind: "ReplicaSet" },
      {
        set: (set) => world.setReplicaSet(uidOf(set), controllerIn(set.metadata)),
        deleted: (set) => world.setReplicaSet(uidOf(set), null),
      },
    ),
    watch(options, core("Pod"), {
      set: world.setPod,
      deleted: (pod) => {
        world.removePod(uidOf(pod));
        onPodGone(uidOf(pod));
      },
    }),
    watch(options, BANDWIDTH_KIND, {
      set: world.setBandwidth,
      deleted: ({ metadata }) => world.removeBandwidth(metadata.name),
    }),
  ];
  return {
    synced: Promise.all(watches.map(({ synced }) => synced)).then(() => undefined),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(watches.map(async (each) => each[Symbol.asyncDispose]()));
    },
  };
}

type Handlers = {
  readonly set: (object: KubeObject) => void;
  readonly deleted: (object: KubeObject) => void;
};

/** A name may be a new object's before the end of the old one was told: then the old one goes first. */
function watch(
  { client, onError }: ClusterOptions,
  ref: KindRef,
  { set, deleted }: Handlers,
): Reflector<KubeObject> {
  return startReflector<KubeObject>({
    client,
    ref,
    project: (object, before) => {
      if (before !== undefined && uidOf(before) !== uidOf(object)) deleted(before);
      return slim(object);
    },
    onChange: ({ kind, value }) => (kind === "set" ? set(value) : deleted(value)),
    onError: (error) => onError(ref.kind, error),
  });
}

/** Of pods and ReplicaSets only what is read is kept in memory. */
function slim(object: KubeObject): KubeObject {
  if (object.kind !== "Pod" && object.kind !== "ReplicaSet") return object;
  const { apiVersion, kind, metadata } = object;
  const spec = child(object, "spec");
  const status = child(object, "status");
  return {
    apiVersion,
    kind,
    metadata,
    spec: {
      nodeName: spec["nodeName"],
      priority: spec["priority"],
      schedulerName: spec["schedulerName"],
    },
    status: { phase: status["phase"], podIP: status["podIP"] },
  };
}
