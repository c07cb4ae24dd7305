/** When to reconcile: shortly after each change, and every ten seconds against changes from outside. */
import type { Cidr, Result } from "@seam/base";
import type { ClusterFacts, NetworkFacts, OwnNode } from "@seam/intent";
import type { Log } from "@seam/daemon";
import type { KernelError } from "@seam/kernel";

import type { PodFastPath } from "./fast-path.ts";
import type { AgentMetrics } from "./metrics.ts";
import { factsNews, rateNotEnforced, refusedStep, unobserved } from "./node-news.ts";
import { compareNode, type Comparison, reconcileNode } from "./reconcile.ts";
import type { Lack } from "./guarantees.ts";
import type { RatedAttachment } from "./pod-rates.ts";
import type { RatedRound } from "./pod-rate-states.ts";
import type { Reports } from "./reports.ts";
import type { Attachment, Store } from "./store.ts";

/** Runs rounds; nothing happens before `start`, because without the list of nodes routes would be deleted. */
export type Reconciler = {
  /** Asks for a round; many requests in a short time are one. */
  readonly request: () => void;
  readonly start: (facts: FactSource) => void;
  readonly stop: () => void;
  /** The node now beside what it should be, also as if the cluster had other network settings; null before `start`. */
  readonly compare: (assumed?: NetworkFacts) => Result<Comparison, KernelError> | null;
};

/** What is known when a round begins. */
export type RoundFacts = {
  readonly cluster: ClusterFacts;
  readonly own: OwnNode;
  /** The interfaces with the rates of their pods. */
  readonly rated: (attachments: readonly Attachment[]) => readonly RatedAttachment[];
  /** Why reservations are not guaranteed, or not wholly. */
  readonly lacks: readonly Lack[];
};

/** What is known now, or would be with other network settings. */
type FactSource = (assumed?: NetworkFacts) => RoundFacts;

/** What a round works on and tells. */
export type ReconcilerOptions = {
  readonly store: Pick<Store, "attachments">;
  readonly log: Log;
  readonly metrics: Pick<AgentMetrics, "startRound">;
  readonly reports: Pick<Reports, "node" | "pod">;
  readonly fastPath: Pick<PodFastPath, "follow">;
  /** Told after each round that observed the node. */
  readonly onRates: (round: RatedRound) => void;
};

const DELAY_MS = 20;
const RESYNC_MS = 10_000;

/** A reconciler that waits for its start. */
export function createReconciler(options: ReconcilerOptions): Reconciler {
  let facts: FactSource | null = null;
  let timer: NodeJS.Timeout | null = null;
  let resync: NodeJS.Timeout | null = null;
  let cause: Cause = "resync";
  const round = (): void => {
    timer = null;
    const why = cause;
    cause = "resync";
    if (facts !== null) runRound(options, facts(), why);
  };
  const ask = (why: Cause): void => {
    if (why === "change") cause = why;
    timer ??= setTimeout(round, DELAY_MS);
  };
  const request = (): void => ask("change");
  return {
    request,
    start: (source) => {
      facts = source;
      request();
      resync = setInterval(() => ask("resync"), RESYNC_MS);
    },
    compare: (assumed) => {
      if (facts === null) return null;
      const { cluster, own, rated } = facts(assumed);
      return compareNode(cluster, own, rated(options.store.attachments()));
    },
    stop: () => {
      facts = null;
      if (timer !== null) clearTimeout(timer);
      if (resync !== null) clearInterval(resync);
    },
  };
}

/** Why a round was run: steps of one that nothing asked for undo a change from outside. */
type Cause = "change" | "resync";

function runRound(options: ReconcilerOptions, facts: RoundFacts, cause: Cause): void {
  const { store, log, metrics, reports, fastPath } = options;
  const stop = metrics.startRound();
  const attachments = store.attachments();
  const rated = facts.rated(attachments);
  const round = reconcileNode(facts.cluster, facts.own, rated);
  // Shortly after a start the cluster may still be giving this node its prefixes.
  if (cause === "resync") for (const news of factsNews(facts)) reports.node(news);
  if (!round.ok) {
    log.error({ error: round.error }, "the node could not be observed");
    reports.node(unobserved(round.error));
    return stop({ applied: 0, failed: 1, drifted: 0 });
  }
  const { applied, failed } = round.value;
  fastPath.follow({
    enabled: facts.cluster.network.fastPath,
    podCidrs: podCidrsOf(facts),
    attachments,
    changed: applied.length > 0,
  });
  const isDecided = facts.own.uplinks !== undefined || facts.lacks.length > 0;
  options.onRates({ attachments: rated, failed, lacks: facts.lacks, isDecided });
  for (const { step, error } of failed) {
    log.error({ step, error }, "a step failed");
    if (step.kind !== "set-rates") reports.node(refusedStep(step, error, facts));
    else {
      const pod = attachments.find(({ device }) => device === step.shaping.device);
      if (pod !== undefined) reports.pod(pod, rateNotEnforced(step, error));
    }
  }
  if (applied.length > 0) log.info({ steps: applied.map(({ kind }) => kind) }, "node changed");
  const drifted = cause === "resync" ? applied.length : 0;
  return stop({ applied: applied.length, failed: failed.length, drifted });
}

const podCidrsOf = ({ cluster, own }: RoundFacts): readonly Cidr[] =>
  cluster.nodes.find(({ name }) => name === own.name)?.podCidrs ?? [];
