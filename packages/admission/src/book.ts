/**
 * What the pods of each namespace have reserved, so that two that are created at once cannot both take the last of a quota: what was
 * allowed counts from the answer on, before the pod is seen. Pure; the caller brings the time.
 */
import { NO_RATES, type Rates } from "@seam/bandwidth";
import { type Mbps, mbps } from "@seam/base";

/** A pod by its UID, and what it has reserved. */
type Holder = { readonly namespace: string; readonly uid: string; readonly rates: Rates };

/** Longer than the API server takes from this answer to the pod's storing; what was refused by others is given back after it. */
const PROMISE_MS = 30_000;

type Promised = Holder & { readonly untilMs: number };

/** The reservations of all namespaces. */
export type Book = {
  /** The pod is there, with these rates. */
  readonly set: (holder: Holder) => void;
  /** The pod is gone, or has ended. */
  readonly clear: (uid: string) => void;
  /** Keeps what was just allowed, until the pod is seen. */
  readonly promise: (holder: Holder, nowMs: number) => void;
  /** What all pods of a namespace have but one; whole Mbit/s. */
  readonly usedBeside: (namespace: string, uid: string, nowMs: number) => Rates;
};

/** An empty book. */
export function createBook(): Book {
  const seen = new Map<string, Holder>();
  const sums = new Map<string, Rates>();
  const promised = new Map<string, Promised>();
  const change = (namespace: string, before: Rates, after: Rates): void => {
    const { ulMbps, dlMbps } = sums.get(namespace) ?? NO_RATES;
    sums.set(namespace, {
      ulMbps: plus(ulMbps, after.ulMbps - before.ulMbps),
      dlMbps: plus(dlMbps, after.dlMbps - before.dlMbps),
    });
  };
  return {
    set: (holder) => {
      change(holder.namespace, seen.get(holder.uid)?.rates ?? NO_RATES, holder.rates);
      seen.set(holder.uid, holder);
      const promise = promised.get(holder.uid);
      if (promise !== undefined && isSame(promise.rates, holder.rates)) promised.delete(holder.uid);
    },
    clear: (uid) => {
      const holder = seen.get(uid);
      if (holder !== undefined) change(holder.namespace, holder.rates, NO_RATES);
      seen.delete(uid);
      promised.delete(uid);
    },
    promise: (holder, nowMs) => {
      promised.set(holder.uid, { ...holder, untilMs: nowMs + PROMISE_MS });
    },
    usedBeside: (namespace, uid, nowMs) => {
      for (const [key, { untilMs }] of promised) if (untilMs <= nowMs) promised.delete(key);
      const own = seen.get(uid)?.rates ?? NO_RATES;
      const sum = sums.get(namespace) ?? NO_RATES;
      const waiting = [...promised.values()].filter(
        (each) => each.namespace === namespace && each.uid !== uid,
      );
      return waiting.reduce<Rates>(
        (used, each) => larger(used, each.rates, seen.get(each.uid)?.rates ?? NO_RATES),
        {
          ulMbps: mbps(sum.ulMbps - own.ulMbps),
          dlMbps: mbps(sum.dlMbps - own.dlMbps),
        },
      );
    },
  };
}

/** A promise of a change counts by what it adds; one that gives back counts only when it is seen. */
const larger = (used: Rates, promise: Rates, now: Rates): Rates => ({
  ulMbps: plus(used.ulMbps, Math.max(0, promise.ulMbps - now.ulMbps)),
  dlMbps: plus(used.dlMbps, Math.max(0, promise.dlMbps - now.dlMbps)),
});

const plus = (one: Mbps, other: number): Mbps => mbps(one + other);

const isSame = (one: Rates, other: Rates): boolean =>
  one.ulMbps === other.ulMbps && one.dlMbps === other.dlMbps;
