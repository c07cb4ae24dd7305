/**
 * `seam bench extender`: how long the extender takes to answer kube-scheduler in a cluster of many nodes and pods, from the text of the
 * question to that of the answer. No cluster runs: objects are made up and told to what watches tell them to.
 */
import { DEFAULT_RATES } from "@seam/bandwidth";
import { err, millis } from "@seam/base";
import type { KubeObject } from "@seam/kube";
import {
  createExtender,
  createWaitingPods,
  createWorld,
  type Extender,
  readNodesQuestion,
  type World,
} from "@seam/scheduling";

import { type BenchDocument, environmentOf, type Figure, statisticsOf } from "./document.ts";

/** How large the cluster is, and how often it is asked about. */
export type ExtenderBenchOptions = {
  readonly nodes: number;
  readonly pods: number;
  readonly questions: number;
};

/** What the extender's flag says when nobody does. */
const CANDIDATES = 4;
const WARM_UP = 200;
const ROUNDS = 10;
const GROUPS = 500;
/** A prime: pods of a group are all over the cluster. */
const STRIDE = 7919;
/** What a filter over so many nodes may take. */
const TARGET_MS = 2;
const TARGET_NODES = 1000;

/** Runs the benchmark. */
export function benchExtender(options: ExtenderBenchOptions): BenchDocument {
  const reading = { schedulers: new Set(["vaclab-scheduler"]), defaults: DEFAULT_RATES };
  const world = createWorld({ reading, rules: "fixed" });
  fill(world, options);
  using waiting = createWaitingPods({
    ledger: world.ledger,
    wake: async () => Promise.resolve(true),
    pause: millis(250),
  });
  const absent = async () => Promise.resolve(err("this measurement binds nothing"));
  const client = {
    get: async () =>
      Promise.resolve(err({ kind: "usage", code: 0, reason: "Absent", message: "" } as const)),
  };
  const extender = createExtender({
    client,
    world,
    waiting,
    binder: absent,
    candidates: CANDIDATES,
  });
  const answers = askAll(extender, options);
  return {
    name: "extender",
    environment: environmentOf({ ...options, groups: GROUPS }),
    cases: [],
    figures: [
      ...figuresOf("filter", answers.filter, options.nodes > TARGET_NODES ? null : TARGET_MS),
      ...figuresOf("prioritize", answers.prioritize, null),
    ],
  };
}

/** On a machine with other work, that work is in the 99th percentile of most rounds; the quietest round tells of the extender. */
const figuresOf = (what: string, samples: readonly number[], target: number | null): Figure[] => {
  const all = statisticsOf(samples);
  const length = Math.ceil(samples.length / ROUNDS);
  const rounds = Array.from({ length: ROUNDS }, (_, index) =>
    statisticsOf(samples.slice(index * length, (index + 1) * length)),
  ).filter(({ n }) => n > 0);
  const quietest = Math.min(...rounds.map(({ p99 }) => p99));
  return [
    { figure: `${what} p50`, unit: "ms", value: all.p50, target: null },
    { figure: `${what} p99`, unit: "ms", value: all.p99, target },
    { figure: `${what} p99, quietest of ${ROUNDS} rounds`, unit: "ms", value: quietest, target },
  ];
};

type Samples = { readonly filter: readonly number[]; readonly prioritize: readonly number[] };

function askAll(extender: Extender, { nodes, questions }: ExtenderBenchOptions): Samples {
  const names = Array.from({ length: nodes }, (_, index) => nodeName(index));
  const texts = Array.from({ length: 64 }, (_, index) =>
    JSON.stringify({ Pod: podObject(-1 - index, null), Nodes: null, NodeNames: names }),
  );
  const time = (put: Extender["filter"] | Extender["prioritize"], index: number): number => {
    const start = performance.now();
    const question = readNodesQuestion(JSON.parse(texts[index % texts.length] ?? ""));
    if (!question.ok) throw new Error(question.error);
    JSON.stringify(put(question.value));
    return performance.now() - start;
  };
  const samples = (put: Extender["filter"] | Extender["prioritize"]): readonly number[] =>
    Array.from({ length: WARM_UP + questions }, (_, index) => time(put, index)).slice(WARM_UP);
  return { filter: samples(extender.filter), prioritize: samples(extender.prioritize) };
}

function fill(world: World, { nodes, pods }: ExtenderBenchOptions): void {
  for (let index = 0; index < nodes; index += 1) {
    const labels = { "topology.kubernetes.io/zone": `z${index % 5}` };
    world.setNode(nodeName(index), labels);
    world.setBandwidth(bandwidthObject(nodeName(index)));
  }
  for (let index = 0; index < pods; index += 1) {
    world.setPod(podObject(index, nodeName((index * STRIDE) % nodes)));
  }
}

const nodeName = (index: number): string => `node-${index}.example.org`;

function bandwidthObject(name: string): KubeObject {
  const both = (mbps: number): object => ({ ulMbps: mbps, dlMbps: mbps });
  return {
    apiVersion: "networking.vaclab.org/v1",
    kind: "Bandwidth",
    metadata: { name, uid: name, resourceVersion: "1" },
    spec: { node: name, capacity: { local: both(20_000), network: both(1000) }, requests: [] },
  };
}

/** A pod of a StatefulSet; one in two nodes has no room for the pods that are asked about. */
function podObject(index: number, where: string | null): KubeObject {
  const group = `set-${Math.abs(index) % GROUPS}`;
  const rate = `${where === null ? 90 : 80 + (index % 30)}M`;
  const annotations = {
    "kubernetes.io/egress-bandwidth": rate,
    "kubernetes.io/ingress-bandwidth": rate,
  };
  const owner = { kind: "StatefulSet", name: group, uid: group, controller: true };
  const name = `pod-${index}`;
  const ownerReferences = [owner];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "bench", name, uid: name, annotations, ownerReferences },
    spec: where === null ? {} : { nodeName: where },
  };
}
