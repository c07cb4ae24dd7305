/** V21: who is woken when bandwidth is freed. */
import { setTimeout as sleep } from "node:timers/promises";

import { createLedger, type Ledger, type PlacedPod, type PodFacts } from "@seam/bandwidth";
import { mbps, millis } from "@seam/base";
import { expect, test } from "vitest";

import { createWaitingPods, type WaitingPods } from "./waiting.ts";

const rates = (all: number): PodFacts["rates"] => ({ ulMbps: mbps(all), dlMbps: mbps(all) });
const pod = (name: string, all: number): PodFacts => ({
  uid: name,
  namespace: "lab",
  name,
  ip: "",
  node: null,
  isTerminal: false,
  rates: rates(all),
  group: { type: "Pod", name, uid: name },
});
const on = (node: string, of: PodFacts): PlacedPod => ({ ...of, node });

type Scene = { readonly ledger: Ledger; readonly waiting: WaitingPods; readonly woken: string[] };

/** Two full nodes. */
function scene(told: (name: string) => boolean = () => true): Scene {
  const ledger = createLedger();
  const woken: string[] = [];
  for (const name of ["n1", "n2"]) {
    const place = { zone: null, region: null };
    ledger.setNode(name, { capacity: { local: rates(1000), network: rates(100) }, place });
    ledger.setPod(on(name, pod(`full-${name}`, 100)));
  }
  const wake = async ({ name }: PodFacts, node: string): Promise<boolean> => {
    woken.push(`${name} ${node}`);
    return Promise.resolve(told(name));
  };
  return { ledger, waiting: createWaitingPods({ ledger, wake, pause: millis(1) }), woken };
}

const BOTH = ["n1", "n2"];
const moment = async (): Promise<unknown> => sleep(10);

test("V21: freed bandwidth wakes who has waited longest, and no more pods than fit", async () => {
  const { ledger, waiting, woken } = scene();
  for (const name of ["a", "b", "c"]) waiting.refused(pod(name, 50), BOTH);
  waiting.touched(ledger.removePod("full-n2"));
  await moment();
  expect(woken).toEqual(["a n2", "b n2"]);
  expect(ledger.account("n2")?.used.network).toEqual(rates(0));
});

test("V21: a pod that fits nowhere yet, one that has a place, and one that is gone sleep on", async () => {
  const { ledger, waiting, woken } = scene();
  waiting.refused(pod("wide", 101), BOTH);
  waiting.refused(pod("placed", 10), BOTH);
  waiting.refused(pod("gone", 10), BOTH);
  waiting.refused(pod("elsewhere", 10), ["n1"]);
  waiting.served("gone");
  ledger.setClaim(on("n1", pod("placed", 10)));
  waiting.touched(ledger.removePod("full-n2"));
  await moment();
  expect(woken).toEqual([]);
  expect(waiting.count()).toBe(3);
});

test("V21: pods that an extender before this one refused are woken as well, those that have a place are not", async () => {
  const { ledger, waiting, woken } = scene();
  waiting.refused(pod("a", 60), BOTH);
  ledger.removePod("full-n2");
  ledger.setClaim(on("n2", pod("placed", 10)));
  waiting.adopt([pod("a", 60), pod("placed", 10), pod("before", 30), pod("wide", 90)], BOTH);
  await moment();
  expect(woken).toEqual(["a n2", "before n2"]);
});

test("V21: a pod is woken once for each refusal, and again when waking it failed", async () => {
  const state = { isTold: false };
  const { ledger, waiting, woken } = scene(() => state.isTold);
  waiting.refused(pod("a", 50), BOTH);
  ledger.removePod("full-n1");
  const touch = async (): Promise<number> => {
    waiting.touched(["n1"]);
    await moment();
    return woken.length;
  };
  expect(await touch()).toBe(1);
  state.isTold = true;
  expect(await touch()).toBe(2);
  expect(await touch()).toBe(2);
  waiting.refused(pod("a", 50), BOTH);
  expect(await touch()).toBe(3);
});
