/** Wakes a key at a later time; a key has one alarm at most, so that many passes do not leave many timers. */
import type { Millis } from "@seam/base";

/** One timer per key. */
export type Alarms = Disposable & {
  /** Sets the alarm of a key, in place of the one before; null removes it. */
  readonly set: (key: string, wait: Millis | null) => void;
};

/** Timers cannot be longer than 24 days; waking earlier than needed does no harm. */
const LONGEST_MS = 3_600_000;

/** No alarms yet. */
export function createAlarms(onAlarm: (key: string) => void): Alarms {
  const timers = new Map<string, NodeJS.Timeout>();
  return {
    set: (key, wait) => {
      clearTimeout(timers.get(key));
      timers.delete(key);
      if (wait === null) return;
      const ring = (): void => {
        timers.delete(key);
        onAlarm(key);
      };
      timers.set(key, setTimeout(ring, Math.min(wait, LONGEST_MS)));
    },
    [Symbol.dispose]: () => {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
