/** How long an object is left alone before and after a pass over it, so that what pods report one after another is told together. */
import { millis, type Millis } from "@seam/base";

/** From the shortest to the longest rest, in milliseconds, and how many times as long as a pass it is in between. */
type Rest = {
  readonly shortestMs: number;
  readonly longestMs: number;
  /** A pass is slow because the API server is busy, and then what is new comes before what has changed a little. */
  readonly timesAsLong: number;
};

const RESTS = {
  /** While pods become Ready one after another, an experiment is looked at five times a second; once a second when passes are slow. */
  object: { shortestMs: 200, longestMs: 1000, timesAsLong: 3 },
  /** What pods take of a node shows within a second, also when passes are slow: with such a rest before a pass, or after the last one. */
  account: { shortestMs: 100, longestMs: 400, timesAsLong: 8 },
} as const satisfies { readonly [of: string]: Rest };

/** The rest around a pass that takes so long. */
export function restAround(tookMs: number, of: keyof typeof RESTS): Millis {
  const { shortestMs, longestMs, timesAsLong } = RESTS[of];
  return millis(Math.min(longestMs, Math.max(shortestMs, timesAsLong * tookMs)));
}
