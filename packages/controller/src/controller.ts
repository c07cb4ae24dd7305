/** The loop: watches make keys, workers take them one by one and reconcile, a failure comes again later. */
import { once } from "node:events";
import { type Millis, millis } from "@seam/base";
import type { ApiCounts, Log } from "@seam/daemon";
import { createWorkQueue, type EventRecorder, type KubeClient, type WorkQueue } from "@seam/kube";
import { createAlarms } from "./alarms.ts";
import type { BandwidthSettings } from "./bandwidth-watches.ts";
import type { Meter } from "./meter.ts";
import { reconcile, type World } from "./reconcile.ts";
import { createRefusals } from "./refusals.ts";
import { restAround } from "./rest.ts";
import { startWatches } from "./watches.ts";

/** What the loop needs of its surroundings. */
export type ControllerOptions = {
  readonly client: KubeClient;
  readonly log: Log;
  readonly meter: Meter;
  readonly report: EventRecorder["report"];
  readonly counts: Pick<ApiCounts, "watchBroke">;
  /** The namespace of Seam's own objects. */
  readonly namespace: string;
  readonly bandwidth: BandwidthSettings;
  /** Aborted when the loop shall end. */
  readonly signal: AbortSignal;
  /** Called when every cache is complete and work begins. */
  readonly onSynced: () => void;
};

const WORKERS = 4;
/** Besides them, those that take only what somebody has written anew, which so never waits for the end of slower passes. */
const RESERVED = 4;
/** Accounts of nodes have workers and a queue of their own: schedulers wait for them, and never behind experiments. */
const ACCOUNTANTS = 4;
const PATIENCE = { first: millis(50), longest: millis(30_000) };

/** Runs until `signal` is aborted; then ends what it is working on and leaves no timer and no watch. */
export async function runController(options: ControllerOptions): Promise<void> {
  const { client, report, log, counts, signal } = options;
  if (signal.aborted) return;
  using queue = createWorkQueue(PATIENCE);
  using accountQueue = createWorkQueue(PATIENCE);
  const objects: Lane = { queue, kind: "object", rest: restAround(0, "object") };
  const accounts: Lane = { queue: accountQueue, kind: "account", rest: restAround(0, "account") };
  const add: WorkQueue["add"] = (key, urgency) =>
    isAccount(key) ? accountQueue.addAfter(key, accounts.rest) : queue.add(key, urgency);
  using alarms = createAlarms(add);
  await using watches = startWatches({
    client,
    namespace: options.namespace,
    bandwidth: options.bandwidth,
    report,
    onWork: add,
    onError: (kind, { code, reason, message }) => {
      counts.watchBroke(kind);
      log.warn({ kind, code, reason, error: message }, "a watch broke and is made anew");
    },
  });
  const stopped = once(signal, "abort");
  await Promise.race([watches.synced, stopped]);
  if (signal.aborted) return;
  options.onSynced();
  log.info({}, "caches are complete; reconciling");
  const { meter } = options;
  const world = { client, report, watches, meter, refusals: createRefusals(client) };
  const work = async (lane: Lane, only?: "urgent"): Promise<void> => {
    for (let key = await lane.queue.next(only); key !== null; key = await lane.queue.next(only)) {
      const start = performance.now();
      const wait = await pass(world, key, options);
      lane.rest = restAround(performance.now() - start, lane.kind);
      if (wait === "retry") lane.queue.retry(key);
      else {
        lane.queue.forget(key);
        alarms.set(key, wait);
      }
      lane.queue.done(key, lane.rest);
    }
  };
  const workers = [
    ...Array.from({ length: RESERVED }, async () => work(objects, "urgent")),
    ...Array.from({ length: WORKERS }, async () => work(objects)),
    ...Array.from({ length: ACCOUNTANTS }, async () => work(accounts)),
  ];
  await stopped;
  for (const lane of [objects, accounts]) lane.queue[Symbol.dispose]();
  await Promise.all(workers);
}

/** A queue, and how long its keys are left alone after a pass; what is gathered in that time before the next one is up to who adds. */
type Lane = { readonly queue: WorkQueue; readonly kind: "object" | "account"; rest: Millis };

const isAccount = (key: string): boolean =>
  key.startsWith("Bandwidth/") || key.startsWith("PodRates/");

/** One pass, measured; what it throws is a bug in Seam, told and tried again like a failure. */
async function pass(
  world: World,
  key: string,
  { log, meter }: ControllerOptions,
): Promise<Awaited<ReturnType<typeof waitAfter>> | "retry"> {
  const stop = meter.start(key.slice(0, key.indexOf("/")));
  try {
    const wait = await waitAfter(world, key, log);
    stop(wait === "retry" ? "failed" : "done");
    return wait;
  } catch (error) {
    log.error({ key, error: error instanceof Error ? error.stack : String(error) }, "a pass threw");
    stop("failed");
    return "retry";
  }
}

async function waitAfter(
  world: World,
  key: string,
  log: Log,
): Promise<ReturnType<typeof millis> | null | "retry"> {
  const result = await reconcile(world, key);
  if (result.ok) return result.value;
  const { code, reason, message } = result.error;
  log.warn({ key, code, reason, error: message }, "a pass failed and is tried again");
  return "retry";
}
