/**
 * Tells news as Events without ever making the one who reports wait: `report` only notes it. The same news again
 * raises the count of its event, at most every 30 s; what cannot be told, because the API server is away, is kept in
 * a bounded list in which the newest win.
 */
import { setTimeout as sleepFor } from "node:timers/promises";
import { millis, ok, type Millis, type Result } from "@seam/base";
import { backoff } from "./backoff.ts";
import type { KubeClient } from "./client.ts";
import { isConflict, isNotFound, type KubeError } from "./error.ts";
import {
  countOf,
  eventName,
  eventNamespace,
  eventOf,
  seriesOf,
  type EventReporter,
  type EventSubject,
  type News,
} from "./event.ts";
import type { ObjectRef } from "./object.ts";

/** Takes news. */
export type EventRecorder = AsyncDisposable & {
  /** Notes news; returns at once and never throws. */
  readonly report: (about: EventSubject, news: News) => void;
};

/** `overflow`: too much was waiting. `refused`: the API server will not have it. */
export type EventLoss = "overflow" | "refused";

/** Who tells, through which client, and what is told of that. */
export type RecorderOptions = {
  readonly client: Pick<KubeClient, "create" | "patch">;
  readonly reporter: EventReporter;
  readonly onWritten?: () => void;
  /** Called when news was given up; `why` is the API server's word, when there was one. */
  readonly onLost?: (loss: EventLoss, why: KubeError | null) => void;
  readonly limits?: Partial<RecorderLimits>;
};

/** How much is kept and how often something is written. */
type RecorderLimits = {
  /** Different news that are kept; the oldest go first. */
  readonly entries: number;
  /** Different messages of one reason about one object; further ones raise the count of the last. */
  readonly messages: number;
  /** Shortest time between two writes of one event. */
  readonly pause: Millis;
  /** Writes that may follow each other at once, and the time after which one more may. */
  readonly burst: number;
  readonly refill: Millis;
};

const LIMITS: RecorderLimits = {
  entries: 256,
  messages: 5,
  pause: millis(30_000),
  burst: 25,
  refill: millis(1000),
};
const PATIENCE = { first: millis(500), longest: millis(30_000) };
/** News that did not come again for this long is forgotten, once it is told. */
const MEMORY_MS = 600_000;
/** How long the end of a program may be held up to tell its last news. */
const FAREWELL_MS = 1000;

type Entry = {
  readonly about: EventSubject;
  readonly news: News;
  readonly group: string;
  readonly first: number;
  last: number;
  /** Of the clock that nobody sets, as are all times that decide when to write. */
  notBefore: number;
  /** What the API server's event counts; 0 when it is not known to exist. */
  told: number;
  untold: number;
};
type State = {
  /** By name of the event, the one that happened last at the end. */
  readonly entries: Map<string, Entry>;
  readonly options: RecorderOptions;
  readonly limits: RecorderLimits;
  tokens: number;
  refilledAt: number;
  failures: number;
  /** No write before this time, after a failure. */
  pausedUntil: number;
};

/** A recorder with nothing to tell. */
export function createEventRecorder(options: RecorderOptions): EventRecorder {
  const limits = { ...LIMITS, ...options.limits };
  const state: State = {
    entries: new Map(),
    options,
    limits,
    tokens: limits.burst,
    refilledAt: performance.now(),
    failures: 0,
    pausedUntil: 0,
  };
  let timer: NodeJS.Timeout | null = null;
  let working: Promise<void> | null = null;
  let ended = false;
  const work = async (): Promise<void> => {
    await writeNext(state);
    working = null;
    schedule();
  };
  const schedule = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (ended || working !== null) return;
    const at = nextWrite(state, performance.now());
    if (at === null) return;
    const begin = (): void => void (working = work());
    timer = setTimeout(begin, Math.max(0, at - performance.now()));
  };
  return {
    report: (about, news) => {
      note(state, { about, news }, Date.now());
      schedule();
    },
    [Symbol.asyncDispose]: async () => {
      ended = true;
      schedule();
      await Promise.race([sayFarewell(state, working), sleepFor(FAREWELL_MS)]);
    },
  };
}

function note(
  state: State,
  told: { readonly about: EventSubject; readonly news: News },
  now: number,
): void {
  const { entries, limits } = state;
  forgetOld(state, now);
  const group = `${told.about.uid} ${told.news.reason}`;
  const key = keyFor(state, eventName(told.about, told.news), group);
  const known = entries.get(key);
  const entry = known ?? {
    ...told,
    group,
    first: now,
    last: now,
    told: 0,
    untold: 0,
    notBefore: 0,
  };
  entry.untold += 1;
  entry.last = now;
  entries.delete(key);
  entries.set(key, entry);
  const [oldest] = entries;
  if (entries.size <= limits.entries || oldest === undefined) return;
  entries.delete(oldest[0]);
  if (oldest[1].untold > 0) state.options.onLost?.("overflow", null);
}

/** Its own event, or the last of its group when that has as many as it may. */
function keyFor({ entries, limits }: State, name: string, group: string): string {
  if (entries.has(name)) return name;
  const others = [...entries].filter(([, entry]) => entry.group === group);
  const last = others.at(-1);
  return last === undefined || others.length < limits.messages ? name : last[0];
}

function forgetOld({ entries }: State, now: number): void {
  for (const [key, entry] of entries) {
    if (now - entry.last < MEMORY_MS) return;
    if (entry.untold === 0) entries.delete(key);
  }
}

/** When something may be written next; null when there is nothing to tell. */
function nextWrite(state: State, now: number): number | null {
  const waiting = [...state.entries.values()].filter(({ untold }) => untold > 0);
  if (waiting.length === 0) return null;
  refill(state, now);
  const token = state.tokens > 0 ? now : state.refilledAt + state.limits.refill;
  const due = Math.min(...waiting.map(({ notBefore }) => notBefore));
  return Math.max(due, token, state.pausedUntil);
}

function refill(state: State, now: number): void {
  const more = Math.floor((now - state.refilledAt) / state.limits.refill);
  if (more < 1) return;
  state.tokens = Math.min(state.limits.burst, state.tokens + more);
  state.refilledAt += more * state.limits.refill;
}

async function writeNext(state: State): Promise<void> {
  const now = performance.now();
  const due = [...state.entries].find(([, entry]) => entry.untold > 0 && entry.notBefore <= now);
  if (due === undefined) return;
  state.tokens -= 1;
  await write(state, due[0], due[1]);
}

/** Writes one event and notes how that went; whether it is worth to go on. */
async function write(state: State, key: string, entry: Entry): Promise<boolean> {
  const { untold } = entry;
  const written = await tell(state.options, entry);
  if (written.ok) {
    entry.told = written.value;
    entry.untold -= untold;
    entry.notBefore = performance.now() + state.limits.pause;
    state.failures = 0;
    state.options.onWritten?.();
    return true;
  }
  if (!isPassing(written.error)) {
    state.entries.delete(key);
    state.options.onLost?.("refused", written.error);
    return true;
  }
  state.failures += 1;
  state.pausedUntil = performance.now() + backoff(state.failures, PATIENCE);
  return false;
}

/** Whether the same write may work later: the server is away, busy, or does not know us yet. */
const isPassing = ({ kind, code }: KubeError): boolean =>
  kind === "transport" || code === 401 || code === 429 || code >= 500;

/** Makes the event or raises its count; the count that it has then. */
async function tell(options: RecorderOptions, entry: Entry): Promise<Result<number, KubeError>> {
  const { client, reporter } = options;
  const { untold, first, last } = entry;
  const ref = refTo(entry);
  if (entry.told === 0) {
    const made = await client.create(eventOf(entry, reporter, { count: untold, first, last }));
    if (made.ok) return ok(untold);
    if (!isConflict(made.error)) return made;
  }
  // An empty patch reads the event, and needs no right that writing it does not need.
  const before =
    entry.told > 0
      ? ok(entry.told)
      : countIn(await client.patch(ref, { kind: "merge", value: {} }));
  if (!before.ok) return before;
  const count = before.value + untold;
  const raised = await client.patch(ref, { kind: "merge", value: seriesOf({ count, last }) });
  if (raised.ok) return ok(count);
  if (!isNotFound(raised.error)) return raised;
  // The server forgets events after an hour.
  const anew = { count: untold, first: last, last };
  const made = await client.create(eventOf(entry, reporter, anew));
  return made.ok ? ok(untold) : made;
}

const countIn = (read: Awaited<ReturnType<KubeClient["patch"]>>): Result<number, KubeError> =>
  read.ok ? ok(countOf(read.value)) : read;

const refTo = ({ about, news }: Entry): ObjectRef => ({
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  namespace: eventNamespace(about),
  name: eventName(about, news),
});

/** Tells all that is untold, once, as long as that works. */
async function sayFarewell(state: State, working: Promise<void> | null): Promise<void> {
  await working;
  for (const [key, entry] of state.entries) {
    if (entry.untold > 0 && !(await write(state, key, entry))) return;
  }
}
