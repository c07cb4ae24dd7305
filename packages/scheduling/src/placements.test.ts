/**
 * 0 over-commitments: thousands of placements through the extender's answers, several at a time, with writers that conflict, answers that
 * are lost, watches that lag and processes that start anew; judged by sums over the cluster's objects alone, in which no code of the
 * ledger has a part. `SEAM_PLACEMENTS` (5000) says how many.
 */
import { child, type Json, textAt } from "@seam/kube";
import { expect, test } from "vitest";

import {
  type Cluster,
  createCluster,
  type Fault,
  type Running,
  startExtender,
} from "./cluster.fixture.ts";

const PLACEMENTS = Number(process.env["SEAM_PLACEMENTS"] ?? 5000);
const PATIENCE_MS = 60_000 + PLACEMENTS * 10;
const NODES = Array.from({ length: 40 }, (_, index) => `n${index}`);
const NETWORK = 1000;
const LOCAL = 1500;
const AT_A_TIME = 16;

/** mulberry32: the same numbers for the same seed. */
const randomOf = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

type Flow = { ul: number; dl: number };
type Bound = { readonly node: string; readonly group: string; readonly flow: Flow };

const DIRECTIONS = { ul: "kubernetes.io/egress-bandwidth", dl: "kubernetes.io/ingress-bandwidth" };
const annotationsOf = ({ ul, dl }: Flow): Json => ({
  [DIRECTIONS.ul]: `${ul}M`,
  [DIRECTIONS.dl]: `${dl}M`,
});

/** What pods' objects say, read in the one form that this test writes. */
function boundPods(cluster: Cluster): readonly Bound[] {
  return [...cluster.pods.values()].flatMap((pod) => {
    const node = textAt(child(pod, "spec"), "nodeName");
    if (node === null) return [];
    const annotations = child(pod.metadata, "annotations");
    const flow = {
      ul: Number.parseInt(String(annotations[DIRECTIONS.ul]), 10),
      dl: Number.parseInt(String(annotations[DIRECTIONS.dl]), 10),
    };
    const owners: unknown = pod.metadata["ownerReferences"];
    return [{ node, group: JSON.stringify(owners ?? pod.metadata.name), flow }];
  });
}

/** How far the pods of a node are over what it has, in Mbit/s; 0 or less when they are not. */
function excessOn(pods: readonly Bound[], name: string): number {
  const sums = { local: { ul: 0, dl: 0 }, network: { ul: 0, dl: 0 } };
  for (const { node, group, flow } of pods) {
    if (node !== name) continue;
    const siblings = pods.filter((each) => each.group === group);
    const isLocal = siblings.length > 1 && siblings.every((each) => each.node === name);
    for (const direction of ["ul", "dl"] as const) {
      sums.local[direction] += flow[direction];
      if (!isLocal) sums.network[direction] += flow[direction];
    }
  }
  const { local, network } = sums;
  return Math.max(local.ul - LOCAL, local.dl - LOCAL, network.ul - NETWORK, network.dl - NETWORK);
}

type Outcome = { placed: number; refused: number; failed: number };

/** One pod from its creation to its binding, as kube-scheduler takes it. */
async function schedule(
  { cluster, random, outcome }: Scene,
  running: () => Running,
  { name, owner }: { readonly name: string; readonly owner?: string },
): Promise<void> {
  const flow = { ul: 5 + Math.floor(random() * 200), dl: 5 + Math.floor(random() * 200) };
  const pod = cluster.addPod(name, annotationsOf(flow), owner);
  const { NodeNames } = running().extender.filter({ pod, nodes: NODES });
  if (NodeNames.length === 0) {
    outcome.refused += 1;
    cluster.endPod(name);
    return;
  }
  const scores = running().extender.prioritize({ pod, nodes: NodeNames });
  const best = scores.reduce((top, each) => (each.Score > top.Score ? each : top));
  // Others' scores count as well, so kube-scheduler takes another than the best at times.
  const any = NodeNames[Math.floor(random() * NodeNames.length)] ?? best.Host;
  const node = random() < 0.5 ? best.Host : any;
  const bound = await running().extender.bind({ name, namespace: "lab", uid: `uid-${name}`, node });
  if (bound.Error === "") outcome.placed += 1;
  else outcome.failed += 1;
}

type Scene = {
  readonly cluster: Cluster;
  readonly random: () => number;
  readonly outcome: Outcome;
};

const sceneOf = (seed: number, fault?: Fault): Scene => {
  const cluster = createCluster(fault);
  for (const name of NODES) cluster.addNode(name, NETWORK, LOCAL);
  return { cluster, random: randomOf(seed), outcome: { placed: 0, refused: 0, failed: 0 } };
};

const turn = async (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test(
  `V6: in ${PLACEMENTS} placements of pods of their own, faults and restarts included, no binding takes what is not there`,
  async () => {
    const faults = randomOf(7);
    const scene = sceneOf(1, (verb) => {
      const dice = verb === "get" ? 1 : faults();
      if (dice < 0.005) return "lost";
      return dice < 0.01 ? "lost after" : null;
    });
    const { cluster, random, outcome } = scene;
    const excesses: string[] = [];
    cluster.onChange((object, isGone) => {
      const node =
        object.kind === "Pod" && !isGone ? textAt(child(object, "spec"), "nodeName") : null;
      if (node !== null && excessOn(boundPods(cluster), node) > 0) excesses.push(node);
    });
    const lag = async (): Promise<void> => (random() < 0.2 ? turn() : undefined);
    let running = startExtender(cluster, lag);
    let next = 0;
    let restarts = 0;
    let isRestarting = false;
    const work = async (): Promise<void> => {
      while (outcome.placed < PLACEMENTS) {
        next += 1;
        await schedule(scene, () => running, { name: `p${next}` });
        const names = [...cluster.pods.keys()];
        if (names.length > 300) cluster.endPod(names[Math.floor(random() * names.length)] ?? "");
        if (random() < 0.2) cluster.tidy(NODES[Math.floor(random() * NODES.length)] ?? "");
        if (random() < 0.002 && !isRestarting) {
          isRestarting = true;
          // The next process reads the objects when nothing of the last one is under way: its lease is longer than a binding lasts.
          await running.stop();
          running = startExtender(cluster, lag);
          isRestarting = false;
          restarts += 1;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    await running.stop();
    expect(excesses).toEqual([]);
    expect(outcome.placed).toBeGreaterThanOrEqual(PLACEMENTS);
    expect(Math.min(outcome.refused, outcome.failed, restarts)).toBeGreaterThan(0);
  },
  PATIENCE_MS,
);

test(
  `V14: in ${PLACEMENTS} placements of groups no node has more than it can carry, its siblings' traffic included`,
  async () => {
    const scene = sceneOf(2);
    const { cluster, random, outcome } = scene;
    const running = startExtender(cluster, async () => (random() < 0.2 ? turn() : undefined));
    let next = 0;
    const sizes = new Map<string, number>();
    const one = async (): Promise<void> => {
      next += 1;
      const owner = random() < 0.7 ? `g${Math.floor(random() * 60)}` : undefined;
      const name = `p${next}`;
      if (owner !== undefined) sizes.set(owner, (sizes.get(owner) ?? 0) + 1);
      await schedule(scene, () => running, owner === undefined ? { name } : { name, owner });
    };
    const excesses: string[] = [];
    while (outcome.placed < PLACEMENTS) {
      await Promise.all(Array.from({ length: AT_A_TIME }, one));
      await running.watched();
      const bound = boundPods(cluster);
      excesses.push(...NODES.filter((name) => excessOn(bound, name) > 0));
      // Whole groups end, since a group that shrinks to one member takes NIC bandwidth that nobody gave it.
      const ending = new Set(bound.filter(() => random() < 0.02).map(({ group }) => group));
      for (const pod of cluster.pods.values()) {
        const group = JSON.stringify(pod.metadata["ownerReferences"] ?? pod.metadata.name);
        if (ending.has(group)) cluster.endPod(pod.metadata.name);
      }
      for (const node of NODES) if (random() < 0.1) cluster.tidy(node);
      await running.watched();
    }
    await running.stop();
    expect(excesses).toEqual([]);
    expect(outcome.refused).toBeGreaterThan(0);
    expect(sizes.size).toBe(60);
  },
  PATIENCE_MS,
);
