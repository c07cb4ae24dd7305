/**
 * `seam bench pods`: seconds from the first request to the last pod Running, all on one node, against the reference
 * network in turn; and the memory of that node's agent while it has the most pods.
 */
import type { KubeClient } from "@seam/kube";
import { setTimeout as sleep } from "node:timers/promises";

import { type BenchDocument, type Case, caseOf, environmentOf, type Figure } from "./document.ts";
import { memoryOf } from "./memory.ts";
import {
  allRunning,
  benchPod,
  interleaved,
  openLab,
  PEER,
  type RivalLabs,
  write,
} from "./rivals.ts";

/** How often, and how many pods at once. */
export type PodsOptions = RivalLabs & {
  readonly rounds: number;
  readonly counts: readonly number[];
};

const label = { app: "burst" };
const node = "n2";
const pod = { apiVersion: "v1", kind: "Pod", namespace: "bench" };

/** Runs the benchmark on two labs that are up. */
export async function benchPods(options: PodsOptions): Promise<BenchDocument> {
  const sides = {
    seam: await openLab(options.seam),
    reference: await openLab(options.reference),
  };
  let memory = 0;
  const one = async (side: keyof typeof sides, count: number): Promise<number> => {
    const seconds = await makePods(sides[side], count);
    if (side === "seam")
      memory = Math.max(memory, await memoryOf(options.seam, node, "/seam/agent.js"));
    await deletePods(sides[side], count);
    return seconds;
  };
  try {
    for (const kube of Object.values(sides)) {
      await makeNamespace(kube);
      // The first pod of a node is the one that loads what the others find loaded.
      await makePods(kube, 1);
      await deletePods(kube, 1);
    }
    const cases: Case[] = [];
    for (const count of options.counts) {
      const rounds = await interleaved(options.rounds, async (side) => one(side, count));
      const names = { what: `${count} pods`, unit: "s", better: "lower", peer: PEER } as const;
      cases.push(caseOf(names, "p50", rounds));
    }
    const environment = environmentOf({ rounds: options.rounds });
    return { name: "pods", environment, cases, figures: [memoryFigure(memory, options.counts)] };
  } finally {
    for (const kube of Object.values(sides)) kube.close();
  }
}

const memoryFigure = (value: number, counts: readonly number[]): Figure => ({
  figure: `agent, ${Math.max(...counts)} pods`,
  unit: "MiB PSS",
  value,
  target: 120,
});

const namesOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `burst-${index}`);

async function makeNamespace(kube: KubeClient): Promise<void> {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: pod.namespace } };
  await write(kube, namespace);
}

/** Seconds until all are Running. */
async function makePods(kube: KubeClient, count: number): Promise<number> {
  const containers = [{ name: "c", image: "localhost/pause:1" }];
  const spec = { containers, nodeSelector: { "kubernetes.io/hostname": node } };
  const started = performance.now();
  await Promise.all(
    namesOf(count).map(async (name) => {
      const created = await kube.create(benchPod(name, label, spec));
      if (!created.ok) throw new Error(created.error.message);
    }),
  );
  await allRunning(kube, "app=burst", count);
  return (performance.now() - started) / 1000;
}

async function deletePods(kube: KubeClient, count: number): Promise<void> {
  await Promise.all(namesOf(count).map(async (name) => kube.delete({ ...pod, name })));
  for (;;) {
    const left = await kube.list(pod, { labelSelector: "app=burst" });
    if (left.ok && left.value.items.length === 0) return;
    await sleep(200);
  }
}
