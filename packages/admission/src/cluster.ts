/** What the cluster's projects and pods say, kept up by watching. */
import { API_VERSION } from "@seam/api";
import type { RateOptions } from "@seam/bandwidth";
import { type KubeClient, type KubeError, startReflector, textAt } from "@seam/kube";

import { type Book, createBook } from "./book.ts";
import { holdsNothing, ratesOf } from "./judge.ts";
import { type Tenant, tenantOf } from "./tenant.ts";

/** A copy of the cluster. */
export type ClusterCopy = AsyncDisposable & {
  readonly book: Book;
  /** The rules of the project whose namespace this is; null when it is no project's. */
  readonly tenantOf: (namespace: string) => Tenant | null;
  /** Resolves when everything was read once. */
  readonly synced: Promise<void>;
};

/** Begins to watch. */
export function copyCluster(
  client: KubeClient,
  reading: RateOptions,
  onError: (error: KubeError) => void,
): ClusterCopy {
  const book = createBook();
  const projects = startReflector({
    client,
    ref: { apiVersion: API_VERSION, kind: "Project" },
    project: tenantOf,
    onError,
  });
  const pods = startReflector({
    client,
    ref: { apiVersion: "v1", kind: "Pod" },
    project: (pod) => ({
      uid: textAt(pod.metadata, "uid") ?? "",
      namespace: pod.metadata.namespace ?? "",
      rates: holdsNothing(pod) ? null : ratesOf(pod, reading),
    }),
    onChange: ({ kind, value: { uid, namespace, rates } }) => {
      if (kind === "deleted" || rates === null) book.clear(uid);
      else book.set({ uid, namespace, rates });
    },
    onError,
  });
  return {
    book,
    tenantOf: (namespace) => projects.get(namespace) ?? null,
    synced: Promise.all([projects.synced, pods.synced]).then(() => undefined),
    [Symbol.asyncDispose]: async () => {
      await projects[Symbol.asyncDispose]();
      await pods[Symbol.asyncDispose]();
    },
  };
}
