/**
 * A rate in one annotation, exact in bit/s. What a bare number counts depends on the annotation's family: bit/s for those of Kubernetes,
 * Mbit/s for those of kube-ovn. A value that Kubernetes would refuse, or that was probably meant otherwise, is read and flagged.
 */
import { type BitsPerSecond, bitsPerSecond, type Mbps, mbps } from "@seam/base";

import { ceilTimes, parseQuantity, type Quantity } from "./quantity.ts";

/** What a number without suffix counts. */
export type RateUnit = "bit/s" | "Mbit/s";

/** `kubernetes`: as said above. `vaclab`: whole numbers are Mbit/s under every key, all others are rounded down to Mbit/s. */
export type RateReading = "kubernetes" | "vaclab";

/** The words for them. */
export const RATE_READINGS: readonly RateReading[] = ["kubernetes", "vaclab"];

/** `error`: the pod cannot have this rate. `warning`: probably meant otherwise. `advice`: fine, and worth a look. */
export type Severity = "error" | "warning" | "advice";

/** What is wrong with a value; `message` ends with the right form. */
type RateFault = { readonly severity: Severity; readonly message: string };

/** A value as it was read: `rate` is null when it is no rate, or no limit. */
export type ParsedRate = { readonly rate: BitsPerSecond | null; readonly fault: RateFault | null };

/** The least and the most that Kubernetes takes (k8s.io/kubernetes, pkg/util/bandwidth): 1k and 1P. */
const LEAST_BPS = 1_000n;
const MOST_BPS = 10n ** 15n;
const TOO_MUCH = "is more than the 1P (10^15 bit/s) that Kubernetes takes";
const BPS_PER_MBPS = 1_000_000;

/** Reads the value of an annotation whose bare numbers are in `unit`. */
export function parseRate(text: string, unit: RateUnit): ParsedRate {
  const quantity = parseQuantity(text);
  if (quantity === null) return unreadable(text, unit);
  const bits = ceilTimes(quantity, quantity.isBare && unit === "Mbit/s" ? 1_000_000n : 1n);
  if (bits === 0n) return zero(unit);
  if (bits > MOST_BPS) {
    return failed(null, TOO_MUCH, text);
  }
  const rate = bitsPerSecond(Number(bits));
  if (bits < LEAST_BPS) {
    return failed(
      rate,
      `is read as ${formatRate(rate)}, less than the 1k that Kubernetes takes`,
      text,
    );
  }
  return { rate, fault: quantity.isBare ? doubt(rate, text, unit) : null };
}

/** Reads a value as the original does: rounded down to Mbit/s, where less than one is no request. */
export function parseRateAsVaclab(text: string): ParsedRate {
  const unit = /^\+?\d+$/.test(text) ? "Mbit/s" : "bit/s";
  const quantity = parseQuantity(text);
  if (quantity === null) return unreadable(text, unit);
  const whole = unit === "Mbit/s" ? ceilTimes(quantity, 1n) : floorMbps(quantity);
  if (whole === 0n) {
    const message = `is rounded down to 0 Mbit/s, no request, as units are vaclab's; write "1M" or more`;
    return { rate: null, fault: { severity: "warning", message } };
  }
  const bits = whole * BigInt(BPS_PER_MBPS);
  return bits > MOST_BPS
    ? failed(null, TOO_MUCH, text)
    : { rate: bitsPerSecond(Number(bits)), fault: null };
}

/** What is reserved for a rate: whole Mbit/s, rounded up, so that never less is reserved than may be sent. */
export const wholeMbps = (rate: BitsPerSecond): Mbps => mbps(Math.ceil(rate / BPS_PER_MBPS));

/** A rate for people, exact: `500 kbit/s`, `1073.741824 Mbit/s`. */
export function formatRate(rate: BitsPerSecond): string {
  if (rate < 1000) return `${rate} bit/s`;
  return rate < BPS_PER_MBPS ? `${rate / 1000} kbit/s` : `${rate / BPS_PER_MBPS} Mbit/s`;
}

const floorMbps = ({ numerator, denominator }: Quantity): bigint =>
  numerator / (denominator * BigInt(BPS_PER_MBPS));

const failed = (rate: BitsPerSecond | null, problem: string, text: string): ParsedRate => ({
  rate,
  fault: { severity: "error", message: `${problem}; write ${rightForm(text)}` },
});

function unreadable(text: string, unit: RateUnit): ParsedRate {
  const bare = unit === "bit/s" ? "bit/s" : "Mbit/s, or bit/s";
  return failed(null, `expected a number of ${bare} with a suffix such as k, M, G or Mi`, text);
}

const zero = (unit: RateUnit): ParsedRate =>
  unit === "Mbit/s"
    ? { rate: null, fault: null }
    : failed(null, "is no rate; leave the annotation out for no limit", "");

/** A bare number that is small for bit/s, or large for Mbit/s. */
function doubt(rate: BitsPerSecond, text: string, unit: RateUnit): RateFault | null {
  const isSmall = unit === "bit/s" && rate < BPS_PER_MBPS;
  const isLarge = unit === "Mbit/s" && rate >= BPS_PER_MBPS * BPS_PER_MBPS;
  if (!isSmall && !isLarge) return null;
  const meant = isSmall ? "Mbit/s" : "bit/s";
  const other = isSmall ? `${text}M` : `${Math.max(1, Math.round(rate / 1e12))}M`;
  return {
    severity: "warning",
    message: `is read as ${formatRate(rate)}, and probably meant in ${meant}; write "${other}" if so, else "${suffixed(rate)}"`,
  };
}

/** A rate with a suffix, which is beyond doubt. */
const suffixed = (rate: BitsPerSecond): string =>
  rate < BPS_PER_MBPS ? `${rate / 1000}k` : `${rate / BPS_PER_MBPS}M`;

/** What was probably meant, in the one form that is beyond doubt under every key; an example when nobody can know. */
function rightForm(text: string): string {
  const found = /^\s*(?<number>\d+(?:\.\d+)?)\s*(?<scale>[kmgt])?(?:i?b.*)?\s*$/i.exec(
    text,
  )?.groups;
  const { number = "", scale = "M" } = found ?? {};
  const suffix = scale.toLowerCase() === "k" ? "k" : scale.toUpperCase();
  const meant = parseQuantity(`${number}${suffix}`);
  const bits = meant === null ? 0n : ceilTimes(meant, 1n);
  return bits < LEAST_BPS || bits > MOST_BPS
    ? 'a number with a suffix, such as "100M"'
    : `"${number}${suffix}" for ${number} ${suffix}bit/s`;
}
