/** How often somebody may ask: a bucket of permits for each, filled at a steady rate; pure but for what it remembers. */
import { remember } from "./recent.ts";

/** A bucket's size and how fast it fills. */
export type RateLimit = { readonly burst: number; readonly perSecond: number };

/** Takes a permit for `who` at a time in ms; 0 when there was one, otherwise the ms until there is. */
export type RateLimiter = (who: string, nowMs: number) => number;

/** So many are remembered; who has not been seen for the longest time is forgotten first. */
const MOST = 10_000;

/** A limiter that gives each caller the same bucket. */
export function createRateLimiter({ burst, perSecond }: RateLimit): RateLimiter {
  const buckets = new Map<string, { readonly permits: number; readonly atMs: number }>();
  return (who, nowMs) => {
    const { permits, atMs } = buckets.get(who) ?? { permits: burst, atMs: nowMs };
    const filled = Math.min(burst, permits + ((nowMs - atMs) / 1000) * perSecond);
    const left = { permits: filled >= 1 ? filled - 1 : filled, atMs: nowMs };
    remember(buckets, [who, left], MOST);
    return filled >= 1 ? 0 : Math.ceil(((1 - filled) / perSecond) * 1000);
  };
}
