/**
 * While it leads: answers the API server about pods of projects. One program answers at a time, so that what is left of a quota is counted
 * in one place; another takes over when its lease has ended, which is longer than any answer is under way.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { BANDWIDTH_ADMISSION } from "@seam/api";
import { millis } from "@seam/base";
import type { RateOptions } from "@seam/bandwidth";
import type { Log } from "@seam/daemon";
import { type KubeClient, type KubeError, startReflector } from "@seam/kube";

import { type Identity, makeIdentity } from "./certificate.ts";
import { type ClusterCopy, copyCluster } from "./cluster.ts";
import { complete, judge } from "./judge.ts";
import type { Meter } from "./meter.ts";
import type { Answer, Review } from "./review.ts";
import { type AdmissionServer, type Questions, serveAdmission } from "./serve.ts";
import { beTrusted } from "./trust.ts";

/** What leading needs. */
export type AdmissionOptions = {
  readonly client: KubeClient;
  readonly log: Log;
  readonly meter: Meter;
  readonly signal: AbortSignal;
  /** Name of this program among those that ever led. */
  readonly identity: string;
  readonly port: number;
  /** DNS names by which the API server calls. */
  readonly names: readonly string[];
  /** Of new pods with a rate; null: Kubernetes' own. */
  readonly scheduler: string | null;
  readonly reading: Required<Pick<RateOptions, "families">> & RateOptions;
  readonly onReady: () => void;
};

const HOUR_MS = 3_600_000;
const VALID_MS = 24 * HOUR_MS;
const RENEWED_BEFORE_MS = 8 * HOUR_MS;
/** API servers take a moment to read a changed configuration. */
const SETTLE_MS = 5000;
const RETRY_MS = 1000;

/** Answers until the signal ends it. */
export async function runAdmission(options: AdmissionOptions): Promise<void> {
  const { client, log, signal } = options;
  const onError = (error: KubeError): void => log.warn({ error: error.message }, "watch failed");
  await using cluster = copyCluster(client, options.reading, onError);
  await Promise.race([cluster.synced, ended(signal)]);
  if (signal.aborted) return;
  const state = { identity: await newIdentity(options) };
  await using server = await serveAdmission(
    options.port,
    state.identity,
    questionsFor(cluster, options),
  );
  await keepTrusted(state.identity, options);
  if (signal.aborted) return;
  await using _watch = watchConfigurations(state, options);
  options.onReady();
  log.info({ port: server.port }, "answering");
  await renewUntilEnded(state, server, options);
}

const ended = async (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

const newIdentity = async ({ identity, names }: AdmissionOptions): Promise<Identity> =>
  makeIdentity({ maker: identity, names, nowMs: Date.now(), validMs: VALID_MS });

function questionsFor(cluster: ClusterCopy, options: AdmissionOptions): Questions {
  const { reading, scheduler, meter } = options;
  const count = (path: string, answer: Answer): Answer => {
    meter.answered(path, answer.allowed);
    return answer;
  };
  const nothing: Answer = { allowed: true, warnings: [], patch: [] };
  return {
    "/mutate": (review) => {
      const tenant = cluster.tenantOf(review.namespace);
      return count(
        "mutate",
        tenant === null ? nothing : complete(review, { tenant, reading, scheduler }),
      );
    },
    "/validate": (review) => {
      const tenant = cluster.tenantOf(review.namespace);
      if (tenant === null) return count("validate", nothing);
      const [uid, now] = [uidOf(review), performance.now()];
      const used = cluster.book.usedBeside(review.namespace, uid, now);
      const { answer, rates } = judge(review, { tenant, used, reading });
      if (answer.allowed && !review.isDryRun)
        cluster.book.promise({ uid, namespace: review.namespace, rates }, now);
      return count("validate", answer);
    },
  };
}

/** A pod has its UID before it is validated; the question's own is as good as one that is never seen. */
function uidOf({ pod, uid }: Review): string {
  const found = pod.metadata["uid"];
  return typeof found === "string" ? found : uid;
}

/** Tries until the API server trusts this program. */
async function keepTrusted(
  { authority }: Identity,
  { client, log, signal }: AdmissionOptions,
): Promise<void> {
  while (!signal.aborted) {
    const done = await beTrusted(client, authority, Date.now());
    if (done.ok) {
      if (done.value) log.info({}, "authority added to the webhook configurations");
      return;
    }
    log.warn({ error: done.error.message }, "cannot write the webhook configurations");
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

type Current = { identity: Identity };

/** Whoever applies the configurations anew may take the authority out. */
function watchConfigurations(state: Current, options: AdmissionOptions): AsyncDisposable {
  const { client, log } = options;
  const copies = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"].map((kind) =>
    startReflector({
      client,
      ref: { apiVersion: "admissionregistration.k8s.io/v1", kind },
      selector: { fieldSelector: `metadata.name=${BANDWIDTH_ADMISSION}` },
      project: () => null,
      onChange: ({ kind: change }) => {
        if (change === "set") void keepTrusted(state.identity, options);
      },
      onError: (error) => log.warn({ error: error.message }, "watch failed"),
    }),
  );
  return {
    [Symbol.asyncDispose]: async () => {
      for (const copy of copies) await copy[Symbol.asyncDispose]();
    },
  };
}

async function renewUntilEnded(
  state: Current,
  server: AdmissionServer,
  options: AdmissionOptions,
): Promise<void> {
  const { signal, log } = options;
  while (!signal.aborted) {
    const rest = millis(Math.max(0, state.identity.endsAtMs - RENEWED_BEFORE_MS - Date.now()));
    await sleep(Math.min(rest, HOUR_MS), undefined, { signal }).catch(() => undefined);
    if (signal.aborted || state.identity.endsAtMs - RENEWED_BEFORE_MS > Date.now()) continue;
    const next = await newIdentity(options);
    await keepTrusted(next, options);
    await sleep(SETTLE_MS, undefined, { signal }).catch(() => undefined);
    server.present(next);
    state.identity = next;
    log.info({}, "certificate renewed");
  }
}
