/** Meters by two rates and three colours (RFC 2698, colour-blind), with time as a number of microseconds that is handed in. */
import type { MeterRate } from "../stf/switch.ts";

/** A colour as v1model numbers it; architectures with an enum name them otherwise. */
export type Color = 0 | 1 | 2;
const GREEN = 0;
const YELLOW = 1;
const RED = 2;

type Bucket = { readonly rate: MeterRate; tokens: number };

/** One meter; without rates all packets are green. */
export type MeterCell = {
  rates: readonly MeterRate[];
  committed?: Bucket;
  peak?: Bucket;
  filledAt: number;
};

/** A meter without rates. */
export const meterCell = (): MeterCell => ({ rates: [], filledAt: 0 });

const full = (rate: MeterRate): Bucket => ({ rate, tokens: rate.burst });

/** Sets the committed and the peak rate; both buckets are full then. Without a peak rate nothing is yellow. */
export function setRates(cell: MeterCell, rates: readonly MeterRate[], now: number): void {
  const [committed, peak] = rates;
  cell.rates = rates;
  delete cell.committed;
  delete cell.peak;
  if (committed !== undefined) {
    cell.committed = full(committed);
    cell.peak = full(peak ?? committed);
  }
  cell.filledAt = now;
}

function fill(bucket: Bucket, passed: number): void {
  const { perMicrosecond, burst } = bucket.rate;
  bucket.tokens = Math.min(burst, bucket.tokens + passed * perMicrosecond);
}

/** The colour of a packet of some bytes, or of 1 when packets are counted; at least as bad as it was. */
export function color(
  cell: MeterCell,
  amount: number,
  { now, before = GREEN }: { readonly now: number; readonly before?: Color },
): Color {
  const { committed, peak } = cell;
  if (committed === undefined || peak === undefined) return before;
  fill(committed, now - cell.filledAt);
  fill(peak, now - cell.filledAt);
  cell.filledAt = now;
  if (before === RED || peak.tokens < amount) return RED;
  peak.tokens -= amount;
  if (before === YELLOW || committed.tokens < amount) return YELLOW;
  committed.tokens -= amount;
  return GREEN;
}
