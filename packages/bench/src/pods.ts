/** `seam bench pods`: seconds from the first request to the last pod Running, against the reference network in turn. */
import type { KubeClient } from "@seam/kube";
import { setTimeout as sleep } from "node:timers/promises";

import { type BenchDocument, type Case, caseOf, environmentOf } from "./document.ts";
import {
  allRunning,
  benchPod,
  interleaved,
  openLab,
  PEER,
  prepareRival,
  type RivalLabs,
} from "./rivals.ts";

/** How often, and how many pods at once. */
export type PodsOptions = RivalLabs & {
  readonly rounds: number;
  readonly counts: readonly number[];
};

const label = { app: "burst" };

/** Runs the benchmark on two labs that are up. */
export async function benchPods(options: PodsOptions): Promise<BenchDocument> {
  (await prepareRival(options.seam)).kube.close();
  (await prepareRival(options.reference)).kube.close();
  const sides = { seam: openLab(options.seam), reference: openLab(options.reference) };
  try {
    const cases: Case[] = [];
    for (const count of options.counts) {
      const rounds = await interleaved(options.rounds, async (side) => burst(sides[side], count));
      const names = { what: `${count} pods`, unit: "s", better: "lower", peer: PEER } as const;
      cases.push(caseOf(names, "p50", rounds));
    }
    return { name: "pods", environment: environmentOf({ rounds: options.rounds }), cases };
  } finally {
    for (const kube of Object.values(sides)) kube.close();
  }
}

async function burst(kube: KubeClient, count: number): Promise<number> {
  const names = Array.from({ length: count }, (_, index) => `burst-${index}`);
  const containers = [{ name: "c", image: "localhost/pause:1" }];
  const started = performance.now();
  await Promise.all(
    names.map(async (name) => {
      const created = await kube.create(benchPod(name, label, { containers }));
      if (!created.ok) throw new Error(created.error.message);
    }),
  );
  await allRunning(kube, "app=burst", count);
  const seconds = (performance.now() - started) / 1000;
  const ref = { apiVersion: "v1", kind: "Pod", namespace: "bench" };
  await Promise.all(names.map(async (name) => kube.delete({ ...ref, name })));
  for (;;) {
    const left = await kube.list(ref, { labelSelector: "app=burst" });
    if (left.ok && left.value.items.length === 0) return seconds;
    await sleep(200);
  }
}
