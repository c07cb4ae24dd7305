/** Waiting longer after each failure, with jitter so that many clients do not come back at the same moment. */
import { setTimeout as sleepFor } from "node:timers/promises";
import { millis, type Millis } from "@seam/base";

/** First and longest wait, and the source of jitter in [0, 1). */
export type BackoffOptions = {
  readonly first: Millis;
  readonly longest: Millis;
  readonly random?: () => number;
};

/** The wait after the given number of failures (1 or more): doubled each time, between half and all of it. */
export function backoff(failures: number, options: BackoffOptions): Millis {
  const full = Math.min(options.longest, options.first * 2 ** Math.min(failures - 1, 30));
  return millis(full / 2 + (full / 2) * (options.random ?? Math.random)());
}

/** Waits; ends early, without an error, when `signal` is aborted. */
export async function sleep(wait: Millis, signal: AbortSignal): Promise<void> {
  try {
    await sleepFor(wait, undefined, { signal });
  } catch {
    // Aborted: the caller looks at the signal.
  }
}
