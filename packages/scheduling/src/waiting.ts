/**
 * Pods that no node had bandwidth for, woken when one has (V21). kube-scheduler tries a pod that an extender has refused again at any event
 * that it watches (scheduler, defaultEnqueueExtension), such as the end of another pod. But its watch may be faster than the extender's, and
 * what widens a node is no such event. So a pod that fits and has not been asked about for a moment is touched: an annotation on a
 * waiting pod is an event about this pod alone.
 */
import type { PodFacts } from "@seam/bandwidth";
import type { Millis } from "@seam/base";

import type { World } from "./world.ts";

/** What waking needs. */
export type WaitingOptions = {
  readonly ledger: World["ledger"];
  /** Touches a pod for which `node` has room now; false when that failed. */
  readonly wake: (pod: PodFacts, node: string) => Promise<boolean>;
  /** How long kube-scheduler has to ask by itself. */
  readonly pause: Millis;
};

/** The pods that wait. */
export type WaitingPods = Disposable & {
  /** None of the nodes has room for the pod. */
  readonly refused: (pod: PodFacts, nodes: readonly string[]) => void;
  /** Pods that were perhaps refused before this process began; kube-scheduler would not ask about those by itself. */
  readonly adopt: (pods: readonly PodFacts[], nodes: readonly string[]) => void;
  /** The pod has a node, or may have one, or is gone. */
  readonly served: (uid: string) => void;
  /** Accounts of nodes have changed. */
  readonly touched: (nodes: readonly string[]) => void;
  readonly count: () => number;
};

/** A pod is woken once after each refusal: what keeps it then is not bandwidth, and kube-scheduler's own affair. */
type Waiting = { readonly pod: PodFacts; readonly nodes: ReadonlySet<string>; isWoken: boolean };

/** Nobody waits. */
export function createWaitingPods(options: WaitingOptions): WaitingPods {
  const pods = new Map<string, Waiting>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | null = null;
  const look = (): void => {
    timer = null;
    const nodes = [...changed];
    changed.clear();
    wakeThoseThatFit(options, [...pods.values()], nodes);
  };
  const touched = (nodes: readonly string[]): void => {
    if (pods.size === 0) return;
    for (const node of nodes) changed.add(node);
    timer ??= setTimeout(look, options.pause).unref();
  };
  return {
    refused: (pod, nodes) => {
      pods.set(pod.uid, { pod, nodes: new Set(nodes), isWoken: false });
    },
    adopt: (found, names) => {
      const nodes = new Set(names);
      for (const pod of found)
        if (!pods.has(pod.uid)) pods.set(pod.uid, { pod, nodes, isWoken: false });
      touched(names);
    },
    served: (uid) => void pods.delete(uid),
    touched,
    count: () => pods.size,
    [Symbol.dispose]: () => {
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** Who has waited longest first, each with what those before it would take, so that one free place wakes one pod. */
function wakeThoseThatFit(
  { ledger, wake }: WaitingOptions,
  pods: readonly Waiting[],
  nodes: readonly string[],
): void {
  const taken: string[] = [];
  for (const waiting of pods) {
    const { pod, nodes: asked, isWoken } = waiting;
    if (isWoken || ledger.nodeOf(pod.uid) !== null) continue;
    const candidates = nodes.filter((node) => asked.has(node));
    const fit = ledger.fit(pod, candidates).find(({ misfits }) => misfits.length === 0);
    if (fit === undefined || !ledger.reserve({ ...pod, node: fit.node }).ok) continue;
    taken.push(pod.uid);
    void wakeOnce(waiting, wake, fit.node);
  }
  for (const uid of taken) ledger.release(uid);
}

async function wakeOnce(
  waiting: Waiting,
  wake: WaitingOptions["wake"],
  node: string,
): Promise<void> {
  waiting.isWoken = true;
  waiting.isWoken = await wake(waiting.pod, node);
}
