/** A term as leader: watches fill the world, the extender answers from it, pods that wait are woken. */
import { once } from "node:events";
import type { LedgerRules, PodFacts } from "@seam/bandwidth";
import { millis } from "@seam/base";
import type { ApiCounts, Log } from "@seam/daemon";
import { isNotFound, type KubeClient, sleep } from "@seam/kube";

import { createBinder } from "./binder.ts";
import { watchCluster } from "./cluster.ts";
import { createExtender, type Extender } from "./extender.ts";
import type { Meter } from "./meter.ts";
import { createRequestWriter } from "./request-writer.ts";
import type { PodReading } from "./seen-pod.ts";
import { createWaitingPods, type WaitingPods } from "./waiting.ts";
import { createWorld } from "./world.ts";

/** What a term needs. */
export type TermOptions = {
  readonly client: KubeClient;
  readonly reading: PodReading;
  readonly rules: LedgerRules;
  /** As `ExtenderOptions` has it. */
  readonly candidates: number;
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
/** What is bound to a node meanwhile is one write. */
const GATHERING = millis(500);
const TURN = millis(100);
/**
 * How long a binding may be under way. A leader begins none in the last third of its lease of 15 s, so the next one, which reads pods
 * when the lease has run out, finds all of them.
 */
const BINDING_LASTS = millis(4000);
/** kube-scheduler asks by itself within some milliseconds of an event that it knows. */
const PAUSE = millis(250);
/** About what it has in its queue, kube-scheduler has asked or begun to by then; what waits longer was refused earlier. */
const TAKE_UP_AFTER = millis(2000);

/** Runs until `signal` is aborted. */
export async function runTerm(options: TermOptions): Promise<void> {
  const { client, log, counts, signal, reading, rules } = options;
  // What the last leader began last may still be under way: objects are read after it.
  if (await isAnyPodUnbound(client)) await sleep(BINDING_LASTS, signal);
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
  using writer = createRequestWriter({
    client,
    known: world.bandwidth,
    onSeen: world.setBandwidth,
    isOn: (podUid, node) => world.ledger.nodeOf(podUid) === node,
    onFailed: (node, { message }) =>
      log.warn({ node, error: message }, "requests of a Bandwidth object could not be written"),
    pause: GATHERING,
    turn: TURN,
  });
  // The last leader may have ended before it wrote them.
  for (const { node, request } of world.unrecorded()) writer.add(node, request);
  const binder = createBinder({ client, world, writer, signal, within: BINDING_LASTS });
  options.onReady(
    createExtender({ client, world, binder, waiting, candidates: options.candidates }),
    waiting,
  );
  const takingUp = setTimeout(() => waiting.adopt(world.pending(), world.nodes()), TAKE_UP_AFTER);
  await stopped;
  clearTimeout(takingUp);
}

/** Whether there is a pod without a node, of any scheduler; true also when that cannot be read. */
async function isAnyPodUnbound(client: Pick<KubeClient, "list">): Promise<boolean> {
  const pods = { apiVersion: "v1", kind: "Pod" };
  const found = await client.list(pods, { fieldSelector: "spec.nodeName=", limit: 1 });
  return !found.ok || found.value.items.length > 0;
}

const wakerOf =
  ({ client, meter, log }: TermOptions) =>
  async ({ namespace, name, uid }: PodFacts, node: string): Promise<boolean> => {
    const room = `${node} ${new Date().toISOString()}`;
    const value = { metadata: { uid, annotations: { [ROOM_ANNOTATION]: room } } };
    const ref = { apiVersion: "v1", kind: "Pod", namespace, name };
    const told = await client.patch(ref, { kind: "merge", value });
    if (told.ok) meter.woke();
    // A pod that is gone needs nothing, and after the term another wakes.
    else if (!isNotFound(told.error) && told.error.kind !== "usage")
      log.warn({ namespace, name, error: told.error.message }, "a waiting pod could not be woken");
    return told.ok;
  };
