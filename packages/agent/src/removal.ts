/**
 * Tells an agent that ends whether Seam is being uninstalled. Helm, kubectl and `seam uninstall` have in common that they
 * delete the agents' DaemonSet; a watch that is open already hears of it although the right to watch is deleted
 * right after it, and before the pods are.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { millis } from "@seam/base";
import type { ApiCounts, Log } from "@seam/daemon";
import { type KubeClient, startReflector } from "@seam/kube";

import type { Store } from "./store.ts";

/** Shorter than the grace period of the agent's pod. */
const LONGEST_WAIT = millis(25_000);

/** The namespace of `namespace/name`. */
export const namespaceOf = (name: string): string => name.split("/")[0] ?? "";

/**
 * Waits until no pod of a namespace has an interface on this node. What is uninstalled along with the agent, the
 * controller above all, needs the plug-in once more: without it Kubernetes cannot delete a pod.
 */
export async function withoutPodsOf(
  namespace: string,
  { attachments }: Pick<Store, "attachments">,
): Promise<void> {
  const limit = performance.now() + LONGEST_WAIT;
  const isThere = (): boolean => attachments().some(({ pod }) => pod.startsWith(`${namespace}/`));
  while (isThere() && performance.now() < limit) await sleep(100);
}

/** What is known of the DaemonSet, until disposed of. */
export type Installation = AsyncDisposable & {
  /** Whether the DaemonSet was seen and is deleted, or about to be. */
  readonly isRemoved: () => boolean;
};

type InstallationOptions = {
  readonly client: KubeClient;
  readonly log: Log;
  readonly counts: Pick<ApiCounts, "watchBroke">;
  /** `namespace/name`; null: the agent runs on its own and is never uninstalled. */
  readonly daemonSet: string | null;
};

/** Starts to watch. */
export function watchInstallation(options: InstallationOptions): Installation {
  const { client, log, counts, daemonSet } = options;
  if (daemonSet === null)
    return { isRemoved: () => false, [Symbol.asyncDispose]: async () => undefined };
  const [namespace, name] = [namespaceOf(daemonSet), daemonSet.split("/")[1]];
  let removed = false;
  const reflector = startReflector<boolean>({
    client,
    ref: { apiVersion: "apps/v1", kind: "DaemonSet", namespace },
    selector: { fieldSelector: `metadata.name=${name}` },
    project: ({ metadata }) => metadata["deletionTimestamp"] !== undefined,
    onChange: ({ kind, value: isEnding }) => {
      removed = kind === "deleted" || isEnding;
    },
    onError: (error) => {
      // Not after the removal, which also takes the right to watch.
      if (removed) return;
      counts.watchBroke("DaemonSet");
      log.warn({ error }, "watching the agents' DaemonSet failed; trying again");
    },
  });
  return {
    isRemoved: () => removed,
    [Symbol.asyncDispose]: async () => reflector[Symbol.asyncDispose](),
  };
}
