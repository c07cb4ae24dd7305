/** A term as leader: watches fill the world, the extender answers from it, pods that wait are woken. */
import { once } from "node:events";
import type { LedgerRules, PodFacts } from "@seam/bandwidth";
import { millis } from "@seam/base";
import type { ApiCounts, Log } from "@seam/daemon";
import { isNotFound, type KubeClient } from "@seam/kube";

import { createBinder } from "./binder.ts";
import { watchCluster } from "./cluster.ts";
import { createExtender, type Extender } from "./extender.ts";
import type { Meter } from "./meter.ts";
import type { PodReading } from "./seen-pod.ts";
import { createWaitingPods, type WaitingPods } from "./waiting.ts";
import { createWorld } from "./world.ts";

/** What a term needs. */
export type TermOptions = {
  readonly client: KubeClient;
  readonly reading: PodReading;
  readonly rules: LedgerRules;
  readonly log: Log;
  readonly meter: Meter;
  readonly counts: Pick<ApiCounts, "watchBroke">;
  /** Aborted when the term ends. */
  readonly signal: AbortSignal;
  /** The world is complete: from now on the extender answers. */
  readonly onReady: (extender: Extender, waiting: WaitingPods) => void;
};

/** On a waiting pod: the node that had room, and when that was seen. It tells kube-scheduler to try again. */
const ROOM_ANNOTATION = "seam.ucsd.edu/bandwidth-room";
/** kube-scheduler asks by itself within some milliseconds of an event that it knows. */
const PAUSE = millis(250);

/** Runs until `signal` is aborted. */
export async function runTerm(options: TermOptions): Promise<void> {
  const { client, log, counts, signal, reading, rules } = options;
  if (signal.aborted) return;
  const world = createWorld({ reading, rules, onTouched: (nodes) => waiting.touched(nodes) });
  using waiting = createWaitingPods({
    ledger: world.ledger,
    wake: wakerOf(options),
    pause: PAUSE,
  });
  await using cluster = watchCluster({
    client,
    world,
    onError: (kind, { code, reason, message }) => {
      counts.watchBroke(kind);
      log.warn({ kind, code, reason, error: message }, "a watch broke and is made anew");
    },
    onPodGone: waiting.served,
  });
  const stopped = once(signal, "abort");
  await Promise.race([cluster.synced, stopped]);
  if (signal.aborted) return;
  const binder = createBinder({
    client,
    world,
    onLeft: (podUid, error) =>
      log.warn(
        { podUid, error: error?.message },
        "a reservation may have stayed in a Bandwidth object",
      ),
  });
  options.onReady(createExtender({ client, world, binder, waiting }), waiting);
  await stopped;
}

const wakerOf =
  ({ client, meter, log }: TermOptions) =>
  async ({ namespace, name, uid }: PodFacts, node: string): Promise<boolean> => {
    const room = `${node} ${new Date().toISOString()}`;
    const value = { metadata: { uid, annotations: { [ROOM_ANNOTATION]: room } } };
    const ref = { apiVersion: "v1", kind: "Pod", namespace, name };
    const told = await client.patch(ref, { kind: "merge", value });
    if (told.ok) meter.woke();
    else if (!isNotFound(told.error))
      log.warn({ namespace, name, error: told.error.message }, "a waiting pod could not be woken");
    return told.ok;
  };
