/**
 * Keeps the cluster's Events, which the cluster itself forgets after an hour or so, in the store (S13): each as often as it was counted, once,
 * whatever restarts. What comes while the store is away waits; when that is too much, all is read anew afterwards.
 */
import { type Millis, millis } from "@seam/base";
import type { Log } from "@seam/daemon";
import {
  child,
  type Json,
  type KubeClient,
  type KubeObject,
  type Reflector,
  sleep,
  startReflector,
  textAt,
} from "@seam/kube";
import type { NewEntry, Store } from "@seam/store";

/** What a collector needs. */
export type EventCollectorOptions = {
  /** In a name that may list and watch Events of all namespaces. */
  readonly kube: Pick<KubeClient, "list" | "watch">;
  readonly journal: Store["journal"];
  readonly log: Pick<Log, "warn">;
  /** Aborted when it shall end. */
  readonly signal: AbortSignal;
  /** How many may wait; 20,000 when absent. */
  readonly mostWaiting?: number;
};

const EVENTS = { apiVersion: "events.k8s.io/v1", kind: "Event" } as const;
const BATCH = 500;
const MOST_WAITING = 20_000;
/** What comes together is written together. */
const GATHER = millis(200);
const RETRY = millis(1000);
const LONGEST_WAIT = millis(60_000);

/** Collects until the signal ends it. */
export async function collectEvents(options: EventCollectorOptions): Promise<void> {
  while (!options.signal.aborted) await collectFrom(new Waiting(options), options);
}

/** From a first list on, until there was too much or the end has come. */
async function collectFrom(waiting: Waiting, options: EventCollectorOptions): Promise<void> {
  const { kube, log, signal } = options;
  await using _copy: Reflector<null> = startReflector({
    client: kube,
    ref: EVENTS,
    longestWait: LONGEST_WAIT,
    project: (event) => {
      waiting.push(entryOf(event));
      return null;
    },
    onError: (error) => log.warn({ error: error.message }, "events cannot be watched"),
  });
  while (!signal.aborted && !waiting.hasOverflown) {
    const rest: Millis = (await waiting.write()) ? GATHER : RETRY;
    await sleep(rest, signal);
  }
}

/** Entries that are not in the store yet. */
class Waiting {
  hasOverflown = false;
  #entries: NewEntry[] = [];
  readonly #options: EventCollectorOptions;

  constructor(options: EventCollectorOptions) {
    this.#options = options;
  }

  push(entry: NewEntry): void {
    this.#entries.push(entry);
    // The store was away for long; the cluster has its events still.
    if (this.#entries.length > (this.#options.mostWaiting ?? MOST_WAITING)) {
      this.hasOverflown = true;
      this.#entries = [];
    }
  }

  /** Writes all that waits; false: the store is away. */
  async write(): Promise<boolean> {
    while (this.#entries.length > 0) {
      const batch = this.#entries.slice(0, BATCH);
      const written = await this.#options.journal.append(batch);
      if (!written.ok && written.error.code === "unavailable") return false;
      // One that the store refuses would be refused for ever.
      if (!written.ok)
        this.#options.log.warn({ error: written.error.message }, "events were not kept");
      this.#entries.splice(0, batch.length);
    }
    return true;
  }
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
  const metadata: Json = event.metadata;
  const times = [
    textAt(child(event, "series"), "lastObservedTime"),
    textAt(event, "deprecatedLastTimestamp"),
    textAt(event, "eventTime"),
    textAt(metadata, "creationTimestamp"),
  ];
  return new Date(times.find((time) => time !== null) ?? Date.now());
}
