/** A queue of keys: each key once, never worked on twice at the same time, and slower after each failure. */
import { millis, type Millis } from "@seam/base";
import { backoff, type BackoffOptions } from "./backoff.ts";

/** A rate-limited keyed queue. */
export type WorkQueue = Disposable & {
  /** Adds a key now; does nothing when it waits already, but to put it before those that are not urgent. */
  readonly add: (key: string, urgency?: "urgent") => void;
  /** Adds a key later; does nothing when that is to happen sooner. */
  readonly addAfter: (key: string, wait: Millis) => void;
  /** Adds a key again after a failure, later each time. */
  readonly retry: (key: string) => void;
  /** Forgets the failures of a key. */
  readonly forget: (key: string) => void;
  /** The next key, or the next urgent one; null when the queue is closed. */
  readonly next: (only?: "urgent") => Promise<string | null>;
  /** Ends work on a key; it comes again when it was added meanwhile or during its rest, once and after it. */
  readonly done: (key: string, rest?: Millis) => void;
};

const DEFAULTS: BackoffOptions = { first: millis(50), longest: millis(300_000) };

/** An empty queue; `options` say how long a key waits after failures. */
export function createWorkQueue(options: BackoffOptions = DEFAULTS): WorkQueue {
  const urgent = new Set<string>();
  const waiting = new Set<string>();
  const working = new Set<string>();
  const again = new Set<string>();
  const failures = new Map<string, number>();
  const timers = createTimers();
  const takers = createTakers();
  let closed = false;
  const take = (key: string): string => {
    urgent.delete(key);
    waiting.delete(key);
    working.add(key);
    return key;
  };
  const add: WorkQueue["add"] = (key, urgency) => {
    if (closed) return;
    if (working.has(key)) return void again.add(key);
    if (urgency === "urgent") urgent.add(key);
    waiting.add(key);
    takers.give(urgent.has(key), () => take(key));
  };
  const addAfter = firstOf(timers, add);
  const release = (key: string): void => {
    working.delete(key);
    if (again.delete(key)) add(key);
  };
  return {
    add,
    addAfter,
    retry: (key) => addAfter(key, backoff(countUp(failures, key), options)),
    forget: (key) => void failures.delete(key),
    next: async (only) => {
      const [first] = urgent.size > 0 || only === "urgent" ? urgent : waiting;
      if (closed) return null;
      return first === undefined ? takers.wait(only) : take(first);
    },
    done: (key, rest) => {
      if (rest === undefined) release(key);
      else timers.after(rest, () => release(key));
    },
    [Symbol.dispose]: () => {
      closed = true;
      timers.end();
      takers.end();
    },
  };
}

type Takers = {
  readonly wait: (only: "urgent" | undefined) => Promise<string | null>;
  /** Hands the key to the first who may have it. */
  readonly give: (isUrgent: boolean, take: () => string) => void;
  readonly end: () => void;
};

/** Those who wait for a key. */
function createTakers(): Takers {
  type Resolve = (key: string | null) => void;
  const takers: { readonly resolve: Resolve; readonly only: "urgent" | undefined }[] = [];
  return {
    wait: async (only) => new Promise((resolve) => takers.push({ resolve, only })),
    give: (isUrgent, take) => {
      const at = takers.findIndex(({ only }) => isUrgent || only === undefined);
      for (const { resolve } of at < 0 ? [] : takers.splice(at, 1)) resolve(take());
    },
    end: () => {
      for (const { resolve } of takers.splice(0)) resolve(null);
    },
  };
}

type Timers = {
  readonly after: (wait: Millis, act: () => void) => void;
  readonly end: () => void;
};

function createTimers(): Timers {
  const timers = new Set<NodeJS.Timeout>();
  let ended = false;
  return {
    after: (wait, act) => {
      if (ended) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        act();
      }, wait);
      timers.add(timer);
    },
    end: () => {
      ended = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** Acts on each key once when several times are asked for: at the first. */
function firstOf(timers: Timers, act: (key: string) => void): (key: string, wait: Millis) => void {
  const times = new Map<string, number>();
  return (key, wait) => {
    const at = performance.now() + wait;
    if ((times.get(key) ?? Infinity) <= at) return;
    times.set(key, at);
    timers.after(wait, () => {
      if (times.get(key) !== at) return;
      times.delete(key);
      act(key);
    });
  };
}

function countUp(counts: Map<string, number>, key: string): number {
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}
