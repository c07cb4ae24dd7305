/**
 * Keeps the cluster's Events, which the cluster itself forgets after an hour or so, in the store (S13): each as often as it was counted, once,
 * whatever restarts. What comes while the store is away waits.
 */
import { millis } from "@seam/base";
import type { Log } from "@seam/daemon";
import { child, type KubeClient, type KubeObject, sleep, startReflector, textAt } from "@seam/kube";
import type { NewEntry, Store } from "@seam/store";

/** What a collector needs. */
export type EventCollectorOptions = {
  /** In a name that may list and watch Events of all namespaces. */
  readonly kube: Pick<KubeClient, "list" | "watch">;
  readonly journal: Pick<Store["journal"], "append">;
  readonly log: Pick<Log, "warn">;
  /** Aborted when it shall end. */
  readonly signal: AbortSignal;
};

const EVENTS = { apiVersion: "events.k8s.io/v1", kind: "Event" } as const;
const BATCH = 500;
/** Of more that wait, the oldest are given up: some tens of megabytes. */
const MOST_WAITING = 50_000;
/** What comes together is written together. */
const GATHER = millis(200);
const RETRY = millis(1000);
const LONGEST_WAIT = millis(60_000);

/** Collects until the signal ends it. */
export async function collectEvents(options: EventCollectorOptions): Promise<void> {
  const { kube, log, signal } = options;
  const waiting: NewEntry[] = [];
  await using _copy = startReflector({
    client: kube,
    ref: EVENTS,
    longestWait: LONGEST_WAIT,
    project: entryOf,
    onChange: ({ kind, value }) => {
      if (kind === "set") waiting.push(value);
      if (waiting.length <= MOST_WAITING) return;
      log.warn(
        { count: waiting.splice(0, BATCH).length },
        "events are lost: the store takes them too slowly, or not at all",
      );
    },
    onError: (error) => log.warn({ error: error.message }, "events cannot be watched"),
  });
  while (!signal.aborted) await sleep((await write(waiting, options)) ? GATHER : RETRY, signal);
}

/** Writes all that waits, and takes it out; false: the store is away. */
async function write(
  waiting: NewEntry[],
  { journal, log }: EventCollectorOptions,
): Promise<boolean> {
  while (waiting.length > 0) {
    const batch = waiting.splice(0, BATCH);
    const written = await journal.append(batch);
    if (!written.ok && written.error.code === "unavailable") {
      waiting.unshift(...batch);
      return false;
    }
    // One that the store refuses would be refused for ever.
    if (!written.ok) log.warn({ error: written.error.message }, "events were not kept");
  }
  return true;
}

/** An Event as it is kept; those that the core API wrote have their figures in fields that begin with `deprecated`. */
function entryOf(event: KubeObject): NewEntry {
  const regarding = child(event, "regarding");
  const count = countIn(event);
  const uid = textAt(event.metadata, "uid") ?? event.metadata.name;
  return {
    stream: "event",
    key: `${uid}/${count}`,
    at: timeOf(event),
    level: event["type"] === "Warning" ? "warning" : "info",
    project: textAt(regarding, "namespace") ?? "",
    source: sourceOf(event),
    subject: ["kind", "namespace", "name"].flatMap((key) => textAt(regarding, key) ?? []).join("/"),
    reason: textAt(event, "reason") ?? "",
    message: textAt(event, "note") ?? "",
    fields: { count, uid: textAt(regarding, "uid") ?? null },
  };
}

function countIn(event: KubeObject): number {
  const counts = [child(event, "series")["count"], event["deprecatedCount"]];
  return counts.find((count) => typeof count === "number") ?? 1;
}

const sourceOf = (event: KubeObject): string =>
  [
    textAt(event, "reportingController"),
    textAt(child(event, "deprecatedSource"), "component"),
  ].find((name) => name !== null && name !== "") ?? "unknown";

function timeOf(event: KubeObject): Date {
  const times = [
    textAt(child(event, "series"), "lastObservedTime"),
    textAt(event, "deprecatedLastTimestamp"),
    textAt(event, "eventTime"),
    textAt(event.metadata, "creationTimestamp"),
  ];
  return new Date(times.find((time) => time !== null) ?? Date.now());
}
