/** The lifetime of an experiment: counted from its creation, so that a restart of the controller changes nothing. */
import { millis, type Millis } from "@seam/base";

/** Where an experiment is in its lifetime; `next` is the wait until that changes. */
export type Lifetime =
  | { readonly kind: "endless" }
  | { readonly kind: "running" | "ending"; readonly endsAt: number; readonly next: Millis }
  | { readonly kind: "over"; readonly endsAt: number };

const UNITS: { readonly [unit: string]: number } = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
};
const LONGEST_WARNING = 600_000;

/** A duration such as `1d12h` in milliseconds; the text is one that the schema accepts. */
export const durationOf = (text: string): Millis =>
  millis(
    [...text.matchAll(/([0-9]+)([dhms])/g)].reduce(
      (sum, [, count = "0", unit = "s"]) => sum + Number(count) * (UNITS[unit] ?? 0),
      0,
    ),
  );

/** Where the lifetime is at `now`; the end is near in its last ten minutes, or its last tenth when that is shorter. */
export function lifetimeAt(
  text: string | undefined,
  times: { readonly createdAt: number; readonly now: number },
): Lifetime {
  if (text === undefined) return { kind: "endless" };
  const length = durationOf(text);
  const endsAt = times.createdAt + length;
  const warnsAt = endsAt - Math.min(LONGEST_WARNING, length / 10);
  if (times.now >= endsAt) return { kind: "over", endsAt };
  return times.now >= warnsAt
    ? { kind: "ending", endsAt, next: millis(endsAt - times.now) }
    : { kind: "running", endsAt, next: millis(warnsAt - times.now) };
}
