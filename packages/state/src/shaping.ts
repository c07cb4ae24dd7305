/**
 * What holds traffic to its rates (issue 7 §4, decision 24), as figures. A shaper stands at one end of a pod's link and
 * decides when each frame leaves; `kernel` builds it of the kernel's queueing disciplines.
 */
import { type BitsPerSecond, bitsPerSecond, bytes, type Bytes } from "@seam/base";

/** The most that a pod may send (`ul`) and be sent (`dl`), in bits of Ethernet frames per second; null: no limit. */
export type PodRates = {
  readonly ul: BitsPerSecond | null;
  readonly dl: BitsPerSecond | null;
};

/** The two ends of a pod's link. */
export type PodEnds = {
  /** Name of the node's. */
  readonly device: string;
  /** Path of the pod's network namespace, and the name of its end there. */
  readonly podNetns: string;
  readonly podDevice: string;
};

/** The rates of one pod's link. */
export type PodShaping = PodEnds & PodRates;

/** What one shaper consists of. Times are nanoseconds. */
export type Shaper = {
  readonly rate: BitsPerSecond;
  /** Largest frame of the link. */
  readonly frame: Bytes;
  /** The largest packet that is not cut into frames first. */
  readonly burst: Bytes;
  /** What may leave at once after silence, or after the kernel's timer came late. */
  readonly catchUp: Bytes;
  /** What waits at most in one leaf; further packets are dropped. */
  readonly leafLimit: Bytes;
  /** What goes before all else may always have this rate, and may wait for `sparseWaitNs` at most. */
  readonly sparseRate: BitsPerSecond;
  readonly sparseWaitNs: bigint;
  /** Longer than this nothing waits, so a flow that was silent for as long has nothing waiting. */
  readonly longestWaitNs: bigint;
  /** How long the queue must be, and for how long, until packets that may be marked are (RFC 3168 section 5). */
  readonly markAboveNs: bigint;
  readonly markAfterNs: bigint;
};

/** Leaves among which flows that are not sparse are spread; each gets its turn. */
export const BULK_LEAVES = 8;

const ETHERNET_HEADER = 14;
const FRAMES_AT_LEAST = 2;
const BURST_S = 0.001;
const CATCH_UP_S = 0.004;
const LEAF_S = 0.02;
const LEAF_FRAMES = 8;
/** The kernel counts what waits with 32 bits. */
const MOST_BYTES = 2 ** 30;
const SPARSE_SHARE = 2;
const MARK_S = 0.005;
const MARK_AFTER_NS = 10_000_000n;

/**
 * The shaper for a rate on a link with this MTU. Packets leave in pieces of 1 ms of the rate, so that no window of 100 ms
 * is off by more than 1 %, or two frames where that is more; only the first one after silence may have 4 % more.
 */
export function shaperOf(rate: BitsPerSecond, mtu: Bytes): Shaper {
  const frame = bytes(mtu + ETHERNET_HEADER);
  const within = (seconds: number): number =>
    Math.min(MOST_BYTES, Math.floor((rate * seconds) / 8));
  const burst = bytes(Math.max(FRAMES_AT_LEAST * frame, within(BURST_S)));
  const leafLimit = bytes(Math.max(LEAF_FRAMES * frame, within(LEAF_S)));
  const sparseRate = bitsPerSecond(rate / SPARSE_SHARE);
  return {
    rate,
    frame,
    burst,
    catchUp: bytes(Math.max(burst, within(CATCH_UP_S))),
    leafLimit,
    sparseRate,
    sparseWaitNs: durationNs(burst, sparseRate),
    longestWaitNs: durationNs(bytes((BULK_LEAVES + 1) * leafLimit), sparseRate),
    markAboveNs: durationNs(bytes(Math.max(FRAMES_AT_LEAST * frame, within(MARK_S))), rate),
    markAfterNs: MARK_AFTER_NS,
  };
}

/** How long so many bytes take at a rate, in nanoseconds. */
export const durationNs = (size: Bytes, rate: BitsPerSecond): bigint =>
  BigInt(Math.round((size * 8 * 1e9) / rate));
