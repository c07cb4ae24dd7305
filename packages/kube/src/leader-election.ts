/** One leader among several processes, by a Lease; clocks are not compared: a lease is stale when it did not change for its duration. */
import { millis, type Millis } from "@seam/base";
import { sleep } from "./backoff.ts";
import type { KubeClient } from "./client.ts";
import { isNotFound } from "./error.ts";
import { child, textAt, type KubeObject } from "./object.ts";

/** Which lease, who asks, and for how long it holds. */
export type ElectionOptions = {
  readonly client: Pick<KubeClient, "get" | "create" | "replace">;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly duration?: Millis;
  readonly signal: AbortSignal;
  /** Runs while this process leads; its signal is aborted when the lease is lost. */
  readonly lead: (signal: AbortSignal) => Promise<void>;
};

type Term = { seen: string | null; seenAt: number; renewedAt: number };

/** Takes part in the election until `signal` is aborted; leaves the lease free at the end. */
export async function takePart(options: ElectionOptions): Promise<void> {
  const duration = options.duration ?? millis(15_000);
  const term: Term = { seen: null, seenAt: 0, renewedAt: 0 };
  while (!options.signal.aborted) {
    if (await claim(options, term)) await leadTerm(options, term);
    else await sleep(millis(duration / 5), options.signal);
  }
}

async function leadTerm(options: ElectionOptions, term: Term): Promise<void> {
  const duration = options.duration ?? millis(15_000);
  const lost = new AbortController();
  const signal = AbortSignal.any([options.signal, lost.signal]);
  const work = options.lead(signal).finally(() => lost.abort());
  while (!signal.aborted) {
    await sleep(millis(duration / 5), signal);
    if (signal.aborted) break;
    const held = await claim(options, term);
    // Stop before another may start: two thirds of the duration after the last renewal.
    if (!held && performance.now() - term.renewedAt > (duration * 2) / 3) lost.abort();
  }
  await work;
  await release(options);
}

const leaseRef = (
  options: ElectionOptions,
): { apiVersion: string; kind: string; namespace: string; name: string } => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  namespace: options.namespace,
  name: options.name,
});

/** Takes or renews the lease; the resourceVersion makes sure that only one process can. */
async function claim(options: ElectionOptions, term: Term): Promise<boolean> {
  const asked = performance.now();
  const found = await options.client.get(leaseRef(options));
  if (!found.ok && !isNotFound(found.error)) return false;
  if (found.ok && !isFree(found.value, options, term)) return false;
  const written = found.ok
    ? await options.client.replace(
        leaseOf(options, { holder: options.identity, from: found.value }),
      )
    : await options.client.create(leaseOf(options, { holder: options.identity, from: null }));
  if (written.ok) term.renewedAt = asked;
  return written.ok;
}

function isFree(lease: KubeObject, options: ElectionOptions, term: Term): boolean {
  const holder = textAt(child(lease, "spec"), "holderIdentity");
  if (holder === null || holder === options.identity) return true;
  const version = lease.metadata.resourceVersion ?? "";
  if (term.seen !== version) {
    term.seen = version;
    term.seenAt = performance.now();
    return false;
  }
  const said = child(lease, "spec")["leaseDurationSeconds"];
  return performance.now() - term.seenAt > (typeof said === "number" ? said * 1000 : 15_000);
}

function leaseOf(
  options: ElectionOptions,
  state: { holder: string; from: KubeObject | null },
): KubeObject {
  const { apiVersion, kind, ...place } = leaseRef(options);
  const now = new Date().toISOString().replace("Z", "000Z");
  const before = state.from === null ? {} : child(state.from, "spec");
  const same = before["holderIdentity"] === state.holder;
  const changes = typeof before["leaseTransitions"] === "number" ? before["leaseTransitions"] : 0;
  const version = state.from?.metadata.resourceVersion;
  return {
    apiVersion,
    kind,
    metadata: { ...place, ...(version === undefined ? {} : { resourceVersion: version }) },
    spec: {
      holderIdentity: state.holder,
      leaseDurationSeconds: Math.max(1, Math.ceil((options.duration ?? 15_000) / 1000)),
      acquireTime: same ? before["acquireTime"] : now,
      renewTime: now,
      leaseTransitions: same || state.from === null ? changes : changes + 1,
    },
  };
}

async function release(options: ElectionOptions): Promise<void> {
  const found = await options.client.get(leaseRef(options));
  if (!found.ok || child(found.value, "spec")["holderIdentity"] !== options.identity) return;
  await options.client.replace(leaseOf(options, { holder: "", from: found.value }));
}
