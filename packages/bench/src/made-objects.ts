/** What becomes of experiments, as any client sees it by watching: when their objects are there, and when they are Ready. */
import { API_VERSION, EXPERIMENT_LABEL } from "@seam/api";
import {
  child,
  type KindRef,
  type KubeClient,
  type KubeObject,
  startReflector,
  textAt,
} from "@seam/kube";

/** What was seen so far; times are ms of `performance.now()`. */
export type MadeObjects = AsyncDisposable & {
  /** When the last object of an experiment was first seen. */
  readonly madeAt: (experiment: string) => number;
  /** When the ReplicaSet of the Deployment that bears the experiment's name was first seen. */
  readonly peerAt: (experiment: string) => number;
  /** When the last object of all was first seen. */
  readonly lastMade: () => number;
  /** Experiments of which every object is there. */
  readonly complete: () => number;
  readonly ready: () => number;
};

/** Label of the Deployments beside experiments: its value is the experiment's name. */
export const PEER_LABEL = "peer";

/** Begins to watch; an experiment is complete with so many objects. */
export function watchMade(client: KubeClient, objectsOfEach: number): MadeObjects {
  const made = new Map<string, Set<string>>();
  const times = new Map<string, number>();
  const peers = new Map<string, number>();
  const ready = new Set<string>();
  const seen = (kind: string, owner: string, name: string): void => {
    const objects = made.get(owner) ?? new Set();
    made.set(owner, objects.add(`${kind} ${name}`));
    times.set(owner, performance.now());
  };
  const parts = ["apps/v1 StatefulSet", "v1 Service"].map((text) => {
    const [apiVersion = "", kind = ""] = text.split(" ");
    return labelled(
      client,
      { ref: { apiVersion, kind }, label: EXPERIMENT_LABEL },
      (owner, name) => {
        if (made.get(owner)?.has(`${kind} ${name}`) !== true) seen(kind, owner, name);
      },
    );
  });
  const replicaSets = { ref: { apiVersion: "apps/v1", kind: "ReplicaSet" }, label: PEER_LABEL };
  const copies = [
    ...parts,
    labelled(client, replicaSets, (owner) => {
      if (!peers.has(owner)) peers.set(owner, performance.now());
    }),
    watchAll(client, { apiVersion: API_VERSION, kind: "Experiment" }, (experiment) => {
      if (textAt(child(experiment, "status"), "phase") === "Ready")
        ready.add(experiment.metadata.name);
    }),
  ];
  return {
    madeAt: (experiment) => times.get(experiment) ?? Number.NaN,
    peerAt: (experiment) => peers.get(experiment) ?? Number.NaN,
    lastMade: () => Math.max(...times.values()),
    complete: () => [...made.values()].filter(({ size }) => size === objectsOfEach).length,
    ready: () => ready.size,
    [Symbol.asyncDispose]: async () => {
      for (const copy of copies) await copy[Symbol.asyncDispose]();
    },
  };
}

type Labelled = { readonly ref: KindRef; readonly label: string };

const labelled = (
  client: KubeClient,
  { ref, label }: Labelled,
  onSet: (owner: string, name: string) => void,
): AsyncDisposable =>
  startReflector({
    client,
    ref,
    selector: { labelSelector: label },
    project: ({ metadata }) => ({
      name: metadata.name,
      owner: textAt(child(metadata, "labels"), label) ?? "",
    }),
    onChange: ({ kind, value }) => {
      if (kind === "set") onSet(value.owner, value.name);
    },
  });

const watchAll = (
  client: KubeClient,
  ref: KindRef,
  onSet: (object: KubeObject) => void,
): AsyncDisposable =>
  startReflector({
    client,
    ref,
    project: (object) => object,
    onChange: ({ kind, value }) => {
      if (kind === "set") onSet(value);
    },
  });
