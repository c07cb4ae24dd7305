/**
 * Acting beside the holder of a Lease that another program renews, such as upstream's kube-scheduler (client-go, tools/leaderelection).
 * Clocks are not compared, as there: what counts is when this process last saw the lease change, by its own monotonic clock.
 */
import { millis, type Millis, ok, type Result } from "@seam/base";
import { sleep } from "./backoff.ts";
import type { KubeClient } from "./client.ts";
import { isNotFound, type KubeError } from "./error.ts";
import { child, type KubeObject, textAt } from "./object.ts";

/** Which lease is followed, and what to do while it is ours. */
export type FollowOptions = {
  readonly client: Pick<KubeClient, "get">;
  readonly namespace: string;
  readonly name: string;
  /** Whether this process acts beside a holder, by its `spec.holderIdentity`. */
  readonly isOurs: (holder: string) => boolean;
  /** The wait between seeing that the lease is ours and acting: what others had under way, which saw it lost, has ended then. */
  readonly settle: Millis;
  readonly signal: AbortSignal;
  /** Runs while the lease is ours. */
  readonly lead: (term: Term) => Promise<void>;
  /** Told of each look: the holder, null without one, or why that cannot be read. */
  readonly onLook?: (holder: Result<string | null, KubeError>) => void;
};

/** A time during which the lease is ours. */
export type Term = {
  /** Aborted when the lease is another's, or was not seen to change for four fifths of its duration. */
  readonly signal: AbortSignal;
  /** Says so by the clock, also in a process that was stopped and has not got to its timers yet. */
  readonly isOver: () => boolean;
};

/** How often the lease is read; that it is lost is seen so much later at most. */
export const LEASE_LOOK = millis(500);
/** client-go's default, for a lease that does not say. */
const DURATION = millis(15_000);
/** Others take a lease that did not change for its duration; this much of it is ours. */
const SURE = 0.8;
/** A holder stops by itself when it could not renew for two thirds of the duration, so a first look is good for less than the last. */
const SURE_AT_FIRST = 0.3;

/** What was seen of the lease; times are of `performance.now()`. */
type Sight = {
  version: string | null;
  holder: string | null;
  /** When the last look that succeeded began. */
  lookedAt: number;
  /** Until when the holder is sure to be the only one. */
  sureUntil: number;
};

/** Follows the lease until `signal` is aborted. */
export async function followLease(options: FollowOptions): Promise<void> {
  const sight: Sight = { version: null, holder: null, lookedAt: 0, sureUntil: 0 };
  while (!options.signal.aborted) {
    await look(options, sight);
    const { holder } = sight;
    if (holder !== null && options.isOurs(holder) && performance.now() < sight.sureUntil)
      await act(options, sight);
    else await sleep(LEASE_LOOK, options.signal);
  }
}

/** One term. A holder of another name is another term, also when it is ours: a process that was started anew. */
async function act(options: FollowOptions, sight: Sight): Promise<void> {
  const { holder } = sight;
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const isOver = (): boolean =>
    signal.aborted || sight.holder !== holder || performance.now() >= sight.sureUntil;
  const work = leadSettled(options, { signal, isOver }).finally(() => over.abort());
  while (!signal.aborted) {
    const end = setTimeout(() => over.abort(), sight.sureUntil - performance.now());
    await sleep(LEASE_LOOK, signal);
    if (!signal.aborted) await look(options, sight);
    clearTimeout(end);
    if (isOver()) over.abort();
  }
  await work;
}

async function leadSettled({ settle, lead }: FollowOptions, term: Term): Promise<void> {
  await sleep(settle, term.signal);
  if (!term.signal.aborted) await lead(term);
}

async function look(options: FollowOptions, sight: Sight): Promise<void> {
  const { client, namespace, name, onLook } = options;
  const asked = performance.now();
  const ref = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace, name };
  const found = await client.get(ref);
  if (found.ok) see(sight, found.value, asked);
  else if (isNotFound(found.error)) see(sight, null, asked);
  else return onLook?.(found);
  onLook?.(ok(sight.holder));
}

function see(sight: Sight, lease: KubeObject | null, asked: number): void {
  const spec = lease === null ? {} : child(lease, "spec");
  const version = lease?.metadata.resourceVersion ?? null;
  if (version !== sight.version) {
    const said = spec["leaseDurationSeconds"];
    const duration = typeof said === "number" ? said * 1000 : DURATION;
    // It changed after the look before this one began.
    sight.sureUntil =
      sight.version === null ? asked + duration * SURE_AT_FIRST : sight.lookedAt + duration * SURE;
  }
  sight.holder = textAt(spec, "holderIdentity");
  sight.version = version;
  sight.lookedAt = asked;
}
