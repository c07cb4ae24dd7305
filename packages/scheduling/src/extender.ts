/** The four questions of kube-scheduler, answered from what is known of the cluster; only the process that leads answers them. */
import { explainMisfit, type Misfit } from "@seam/bandwidth";
import { err, ok, type Result } from "@seam/base";
import { child, type Json, type KubeClient, textAt } from "@seam/kube";

import type { Binder } from "./binder.ts";
import { victimsFor } from "./preemption.ts";
import {
  type BindAnswer,
  type BindQuestion,
  type FailedNodes,
  type FilterAnswer,
  type NodesQuestion,
  type PreemptAnswer,
  type PreemptQuestion,
  type PrioritizeAnswer,
  type Victims,
} from "./protocol.ts";
import type { SeenPod } from "./seen-pod.ts";
import type { WaitingPods } from "./waiting.ts";
import type { World } from "./world.ts";

/** What answering needs. */
export type ExtenderOptions = {
  readonly client: Pick<KubeClient, "get">;
  readonly world: World;
  readonly binder: Binder;
  readonly waiting: WaitingPods;
  /** How many of the nodes with the best score are left to kube-scheduler's own taste at most; 0: all nodes with room, whatever their score. */
  readonly candidates: number;
};

/** Answers kube-scheduler. */
export type Extender = {
  readonly filter: (question: NodesQuestion) => FilterAnswer;
  readonly prioritize: (question: NodesQuestion) => PrioritizeAnswer;
  readonly preempt: (question: PreemptQuestion) => PreemptAnswer;
  readonly bind: (question: BindQuestion) => Promise<BindAnswer>;
};

/** The contract's scale (extender/v1, MaxExtenderPriority). */
const TENTHS = 10;

/** An extender. */
export function createExtender(options: ExtenderOptions): Extender {
  const { world } = options;
  return {
    filter: ({ pod, nodes }) => filter(options, pod, nodes),
    prioritize: ({ pod, nodes }) => {
      const scores = tenths(world.ledger.score(world.see(pod).facts, nodes));
      return nodes.map((Host, index) => ({ Host, Score: scores[index] ?? 0 }));
    },
    preempt: ({ pod, victims }) => ({
      NodeNameToMetaVictims: preempt(world, world.see(pod), victims),
    }),
    bind: async (question) => {
      const bound = await bind(options, question);
      return { Error: bound.ok ? "" : bound.error };
    },
  };
}

function filter(options: ExtenderOptions, object: Json, nodes: readonly string[]): FilterAnswer {
  const { world, waiting } = options;
  const pod = world.see(object);
  const { refusal, facts } = pod;
  if (refusal !== null)
    return answerOf([], {}, Object.fromEntries(nodes.map((node) => [node, refusal])));
  const { candidates } = options;
  const most = candidates === 0 || hasTaste(object) ? Infinity : candidates;
  const step = candidates === 0 ? Infinity : TENTHS;
  const chosen = world.ledger.choose({ pod: facts, nodes, step, most });
  if (chosen.fitting === 0) waiting.refused(facts, nodes);
  else waiting.served(facts.uid);
  const { failed, unresolvable } =
    chosen.fitting === nodes.length
      ? NO_SENTENCES
      : explain(world, pod, { nodes, isNowhere: chosen.fitting === 0 });
  return answerOf(chosen.best, failed, unresolvable);
}

/** A pod that says itself which nodes it would rather have is left all of the best. */
function hasTaste(pod: Json): boolean {
  const spec = child(pod, "spec");
  return "topologySpreadConstraints" in spec || "affinity" in spec;
}

const tenths = (scores: readonly number[]): readonly number[] =>
  scores.map((score) => Math.round(score / TENTHS));

type Judged = { readonly nodes: readonly string[]; readonly isNowhere: boolean };
type Sentences = { readonly failed: FailedNodes; readonly unresolvable: FailedNodes };
const NO_SENTENCES: Sentences = { failed: {}, unresolvable: {} };

/** When a pod has a node anyway, hardly anybody reads about so many others. */
const MOST_SENTENCES_BESIDE_A_NODE = 50;

/** Why nodes are no place for the pod. */
function explain(world: World, { facts }: SeenPod, { nodes, isNowhere }: Judged): Sentences {
  const failed: Record<string, string> = {};
  const unresolvable: Record<string, string> = {};
  const { ulMbps, dlMbps } = facts.rates;
  const required = `(required: ul=${ulMbps}Mbps, dl=${dlMbps}Mbps)`;
  const fits = world.ledger.fit(facts, nodes).filter(({ misfits }) => misfits.length > 0);
  const told = isNowhere ? fits : fits.slice(0, MOST_SENTENCES_BESIDE_A_NODE);
  for (const { node, misfits } of told) {
    const target = misfits.some(isHopeless) ? unresolvable : failed;
    target[node] = reason({ node, misfits, required, isNowhere });
  }
  return { failed, unresolvable };
}

const answerOf = (
  NodeNames: readonly string[],
  failed: FailedNodes,
  unresolvable: FailedNodes,
): FilterAnswer => ({
  NodeNames,
  FailedNodes: failed,
  FailedAndUnresolvableNodes: unresolvable,
  Error: "",
});

/** Nobody's eviction makes a node wider than it is, or gives it a `Bandwidth`. */
const isHopeless = (misfit: Misfit): boolean =>
  misfit.kind === "unknown-node" || misfit.requiredMbps > misfit.capacityMbps;

type Refusal = {
  readonly node: string;
  readonly misfits: readonly Misfit[];
  /** What the pod asks for. */
  readonly required: string;
  readonly isNowhere: boolean;
};

/**
 * One sentence for a node. kube-scheduler counts nodes by equal sentences, so when no node has room it is the original's sentence for
 * all of them: `0/3 nodes are available: 3 no node has sufficient bandwidth (required: …)`.
 */
function reason({ node, misfits, required, isNowhere }: Refusal): string {
  const special = misfits.find((each) => each.kind === "unknown-node" || each.node !== node);
  if (special !== undefined) return explainMisfit(special);
  return isNowhere
    ? `no node has sufficient bandwidth ${required}`
    : `node ${node} has insufficient bandwidth ${required}`;
}

function preempt(world: World, pod: SeenPod, victims: Victims): Victims {
  return Object.fromEntries(
    Object.entries(victims).flatMap(([node, { Pods, NumPDBViolations }]) => {
      const chosen = victimsFor(world, pod, { node, victims: Pods.map(({ UID }) => UID) });
      if (chosen === null) return [];
      return [[node, { Pods: chosen.map((UID) => ({ UID })), NumPDBViolations }]];
    }),
  );
}

async function bind(
  options: ExtenderOptions,
  { name, namespace, uid, node }: BindQuestion,
): Promise<Result<void, string>> {
  const found = await podOf(options, { name, namespace, uid });
  if (!found.ok) return found;
  const { refusal, facts } = found.value;
  if (refusal !== null) return err(refusal);
  if (facts.node !== null) {
    return facts.node === node ? ok(undefined) : err(`the pod is on node ${facts.node} already`);
  }
  const bound = await options.binder(found.value, node);
  if (bound.ok) options.waiting.served(uid);
  return bound;
}

/** The pod as watched, or read now when kube-scheduler's watch was faster. */
async function podOf(
  { world, client }: ExtenderOptions,
  { name, namespace, uid }: Pick<BindQuestion, "name" | "namespace" | "uid">,
): Promise<Result<SeenPod, string>> {
  const known = world.pod(uid);
  if (known !== undefined) return ok(known);
  const read = await client.get({ apiVersion: "v1", kind: "Pod", namespace, name });
  if (!read.ok) return err(`the pod cannot be read: ${read.error.message}`);
  const object: Json = read.value;
  return textAt(child(object, "metadata"), "uid") === uid
    ? ok(world.see(object))
    : err("the pod is gone; another one has its name now");
}
