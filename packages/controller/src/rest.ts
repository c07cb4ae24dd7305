/** How long an object is left alone after a pass over it, so that what pods report one after another is told together. */
import { millis, type Millis } from "@seam/base";

/** From the shortest to the longest rest, in milliseconds. */
const RESTS = {
  /** While pods become Ready one after another, an experiment is looked at five times a second; once a second when passes are slow. */
  object: [200, 1000],
  /** What pods take of a node shows within a second, also when passes are slow. */
  account: [100, 300],
} as const;
/** A pass is slow because the API server is busy, and then what is new comes before what has changed a little. */
const TIMES_AS_LONG = 3;

/** The rest after a pass that took so long. */
export function restAfter(tookMs: number, after: keyof typeof RESTS): Millis {
  const [shortestMs, longestMs] = RESTS[after];
  return millis(Math.min(longestMs, Math.max(shortestMs, TIMES_AS_LONG * tookMs)));
}
