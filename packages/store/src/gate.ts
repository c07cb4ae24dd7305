/** Whether the database may be asked: while it is away, one call at a time tries it, later and later, and all others fail at once. */

const FIRST_MS = 100;
const LONGEST_MS = 2000;

/** The state of one database. */
export type Gate = {
  /** True when the caller may ask the database; it must tell what came of it. */
  readonly enter: () => boolean;
  readonly succeeded: () => void;
  readonly failed: () => void;
  /** Since when the database is away, in milliseconds of the clock; null when it is not. */
  readonly awaySince: () => number | null;
};

/** An open gate; `now` is a clock in milliseconds. */
export function createGate(now: () => number): Gate {
  let away: { readonly since: number; readonly pauseMs: number; readonly nextAt: number } | null =
    null;
  return {
    enter: () => {
      if (away === null) return true;
      if (now() < away.nextAt) return false;
      away = { ...away, nextAt: now() + away.pauseMs };
      return true;
    },
    succeeded: () => {
      away = null;
    },
    failed: () => {
      const pauseMs = away === null ? FIRST_MS : Math.min(away.pauseMs * 2, LONGEST_MS);
      away = { since: away?.since ?? now(), pauseMs, nextAt: now() + pauseMs };
    },
    awaySince: () => away?.since ?? null,
  };
}
