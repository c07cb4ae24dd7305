/** How often a node's report of rates is written, and what stands in it (U3). */
import { type PodRateState, readRateReport } from "@seam/api";
import { bytes, ok } from "@seam/base";
import type { KubeObject } from "@seam/kube";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";

import { createRateReport, type NodeRateReport } from "./rate-report.ts";

let written: KubeObject[] = [];
let report: NodeRateReport;
let now = 0;
const PAUSE_MS = 100;
const held: PodRateState = { limit: true, guarantee: null };
const pods = (...uids: readonly string[]): ReadonlyMap<string, PodRateState> =>
  new Map(uids.map((uid) => [uid, held]));
const traffic = (sent: number, received: number) => ({
  sent: bytes(sent),
  received: bytes(received),
});
const last = (): unknown => {
  const annotations: unknown = written.at(-1)?.metadata["annotations"];
  return readRateReport(String(Object.values(annotations ?? {})[0]));
};

beforeEach(() => {
  written = [];
  now = 0;
  report = createRateReport(
    {
      client: { apply: async (object) => (written.push(object), ok(object)) },
      node: "n1",
      namespace: "seam-system",
      log: { warn: () => undefined },
    },
    { now: () => now, pauseMs: PAUSE_MS },
  );
  report.setOwner("uid-of-n1");
});
afterEach(() => {
  report[Symbol.dispose]();
});

test("a node that never had a pod with a rate writes nothing", async () => {
  report.tell(pods(), traffic(0, 0));
  await sleep(2 * PAUSE_MS);
  expect(written).toEqual([]);
});

test("however many changes there are, no more writes than pauses, and the last one counts", async () => {
  const begin = performance.now();
  for (let at = 0; at < 100; at += 1) {
    report.tell(pods(`uid-${at}`), null);
    await sleep(1);
  }
  await sleep(2 * PAUSE_MS);
  const pauses = (performance.now() - begin) / PAUSE_MS;
  expect(written.length).toBeLessThanOrEqual(2 + pauses);
  expect(written.length).toBeLessThan(50);
  expect(last()).toEqual({ pods: pods("uid-99"), measured: null });
  expect(written.at(-1)?.metadata).toMatchObject({
    name: "seam-rates-n1",
    ownerReferences: [{ kind: "Node", name: "n1", uid: "uid-of-n1" }],
  });
});

test("what is measured is of half a minute, in whole Mbit/s; a link that was made anew counts from nothing", async () => {
  const look = async (atMs: number, sent: number, received: number): Promise<void> => {
    now = atMs;
    report.tell(pods("a"), traffic(sent, received));
    await sleep(2 * PAUSE_MS);
  };
  await look(0, 1e9, 5e9);
  for (let atMs = 10_000; atMs < 30_000; atMs += 5000) await look(atMs, 2e9, 6e9);
  expect(written).toHaveLength(1);
  await look(30_000, 1e9 + 375e6, 5e9 + 30e6);
  expect(last()).toEqual({ pods: pods("a"), measured: { ulMbps: 100, dlMbps: 8 } });
  await look(60_000, 7, 5e9 + 30e6);
  expect(last()).toEqual({ pods: pods("a"), measured: { ulMbps: 0, dlMbps: 0 } });
  expect(written).toHaveLength(3);
});

test("without pods with rates nothing is measured any more, and that is told once", async () => {
  report.tell(pods("a"), traffic(0, 0));
  await sleep(2 * PAUSE_MS);
  for (const at of [40_000, 80_000]) {
    now = at;
    report.tell(pods(), traffic(at, at));
    await sleep(2 * PAUSE_MS);
  }
  expect(written).toHaveLength(2);
  expect(last()).toEqual({ pods: pods(), measured: null });
});
