/** A queue of keys: each key once, never worked on twice at the same time, and slower after each failure. */
import { millis, type Millis } from "@seam/base";
import { backoff, type BackoffOptions } from "./backoff.ts";

/** A rate-limited keyed queue. */
export type WorkQueue = Disposable & {
  /** Adds a key now; does nothing when it waits already. */
  readonly add: (key: string) => void;
  /** Adds a key later. */
  readonly addAfter: (key: string, wait: Millis) => void;
  /** Adds a key again after a failure, later each time. */
  readonly retry: (key: string) => void;
  /** Forgets the failures of a key. */
  readonly forget: (key: string) => void;
  /** The next key, or null when the queue is closed. */
  readonly next: () => Promise<string | null>;
  /** Ends work on a key; it comes again when it was added meanwhile. */
  readonly done: (key: string) => void;
};

const DEFAULTS: BackoffOptions = { first: millis(50), longest: millis(300_000) };

/** An empty queue. */
export function createWorkQueue(options: BackoffOptions = DEFAULTS): WorkQueue {
  const waiting = new Set<string>();
  const working = new Set<string>();
  const again = new Set<string>();
  const failures = new Map<string, number>();
  const timers = new Set<NodeJS.Timeout>();
  const takers: ((key: string | null) => void)[] = [];
  let closed = false;
  const take = (key: string): string => {
    waiting.delete(key);
    working.add(key);
    return key;
  };
  const add = (key: string): void => {
    if (closed) return;
    if (working.has(key)) return void again.add(key);
    waiting.add(key);
    const taker = takers.shift();
    if (taker !== undefined) taker(take(key));
  };
  const addAfter = (key: string, wait: Millis): void => {
    if (closed) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      add(key);
    }, wait);
    timers.add(timer);
  };
  return {
    add,
    addAfter,
    retry: (key) => addAfter(key, backoff(countUp(failures, key), options)),
    forget: (key) => void failures.delete(key),
    next: async () => {
      const [first] = waiting;
      if (closed) return null;
      return first === undefined ? new Promise((resolve) => takers.push(resolve)) : take(first);
    },
    done: (key) => {
      working.delete(key);
      if (again.delete(key)) add(key);
    },
    [Symbol.dispose]: () => {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      for (const taker of takers.splice(0)) taker(null);
    },
  };
}

function countUp(counts: Map<string, number>, key: string): number {
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}
