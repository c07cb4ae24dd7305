/**
 * Faults while bandwidth is given away (V6, V12, V19): what leads is killed, the API server goes away, the time of day jumps, and others
 * write into the same objects. Each ends with every pod placed that there is room for, and no megabit wrong.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { BANDWIDTH_KIND } from "@seam/api";
import { child, textAt } from "@seam/kube";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import {
  all,
  countPlaced,
  deletePods,
  type FaultyCluster,
  makePods,
  type Pair,
  ROOM,
  startFaultyCluster,
  withoutRequest,
  wrongMegabits,
} from "./faults.fixture.ts";

const LEASE = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  namespace: "default",
  name: "vaclab-scheduler",
};
const DAY = 24 * 3600;
/** A reservation of a process that died before it bound the pod counts for a minute: it errs on the safe side. */
const patience = { timeout: 60_000 + 250 * ROOM, interval: 100 };
const LIMIT_MS = 180_000 + 500 * ROOM;

let cluster: FaultyCluster;
const pairs = new Map<string, Pair>();

beforeAll(async () => {
  cluster = await startFaultyCluster();
  for (const host of ["a", "b"]) pairs.set(host, await cluster.startPair(host));
});

afterAll(async () => cluster?.[Symbol.asyncDispose]());

afterEach(nothingLeft);

const wrong = async (): Promise<readonly string[]> => wrongMegabits(cluster.client);
/** What is wrong, and pods of which their node's requests do not know. */
const wrongOrLost = async (): Promise<readonly string[]> => [
  ...(await wrong()),
  ...(await withoutRequest(cluster.client)),
];

async function nothingLeft(): Promise<void> {
  await deletePods(cluster.client);
  await expect.poll(wrong, patience).toEqual([]);
}

const placed = async (least: number): Promise<void> =>
  expect
    .poll(async () => countPlaced(cluster.client).catch(() => -1), patience)
    .toBeGreaterThanOrEqual(least);

const tell = (line: string): boolean => process.stdout.write(`faults: ${line}\n`);

/** The pair that leads. */
async function leader(): Promise<Pair> {
  const lease = await cluster.client.get(LEASE);
  const holder = lease.ok ? (textAt(child(lease.value, "spec"), "holderIdentity") ?? "") : "";
  const pair = pairs.get(holder.replace(/_.*/, ""));
  if (pair === undefined) throw new Error(`nobody leads: ${holder}`);
  return pair;
}

/** Part of the pods that there is room for. */
const part = (share: number): number => Math.round(ROOM * share);

/** The next leader, when it has placed a pod; tells how long nobody did. */
async function followed(before: Pair, what: string): Promise<Pair> {
  const since = performance.now();
  const host = async (): Promise<string> => (await leader().catch(() => before)).host;
  await expect.poll(host, patience).not.toBe(before.host);
  // It may have placed the last ones already.
  await placed(Math.min(ROOM, (await countPlaced(cluster.client)) + 1));
  tell(
    `placed again ${((performance.now() - since) / 1000).toFixed(1)} s after the leader ${what}`,
  );
  return leader();
}

test(
  "V6, V19, V21: as many pods are placed as there is room for and no more, though leaders are stopped, go on later, and are killed meanwhile",
  async () => {
    const making = makePods(cluster.client, "killed", ROOM + 20);
    await placed(part(0.2));
    const first = await leader();
    for (const process of [first.extender, first.scheduler]) process.signal("SIGSTOP");
    const second = await followed(first, "was stopped");
    // It does not know yet that it leads no more.
    for (const process of [first.extender, first.scheduler]) process.signal("SIGCONT");
    await placed(part(0.6));
    await Promise.all([second.scheduler.stop(), second.extender.stop()]);
    await followed(second, "died");
    pairs.set(second.host, await cluster.startPair(second.host));
    await making;
    await placed(ROOM);
    await sleep(1500);
    expect(await countPlaced(cluster.client)).toBe(ROOM);
    await expect.poll(wrongOrLost, patience).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "V6, V12: no megabit is wrong after the API server was away",
  async () => {
    const making = makePods(cluster.client, "restart", part(0.6));
    await placed(part(0.2));
    await cluster.plane.stopApiServer();
    await sleep(1000);
    await cluster.plane.startApiServer();
    const back = performance.now();
    await making;
    await placed(part(0.6));
    tell(
      `all placed ${((performance.now() - back) / 1000).toFixed(1)} s after the API server is back`,
    );
    await expect.poll(wrong, patience).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "V6, V12, V19: nor after the time of day jumped a day ahead and a day back, and the lease was from another century",
  async () => {
    const { client, clock } = cluster;
    const jumps = [
      [1, 1999],
      [-1, 2099],
      [0, 2025],
    ] as const;
    for (const [index, [days, year]] of jumps.entries()) {
      clock.set(days * DAY);
      const value = { spec: { renewTime: `${year}-01-01T00:00:00.000000Z` } };
      expect(await client.patch(LEASE, { kind: "merge", value })).toMatchObject({ ok: true });
      await makePods(client, `clock-${index}`, part(0.2));
      await placed(part(0.2) * (index + 1));
      // The operator has this time.
      await expect.poll(daysTold, patience).toContain(days);
    }
    await expect.poll(wrongOrLost, patience).toEqual([]);
  },
  LIMIT_MS,
);

/** How many days from today statuses were written, by themselves. */
async function daysTold(): Promise<readonly number[]> {
  const objects = await all(cluster.client, BANDWIDTH_KIND);
  const times = objects.map((object) => textAt(child(object, "status"), "updatedAt") ?? "");
  return times.map((time) => Math.round((Date.parse(time) - Date.now()) / (DAY * 1000)));
}

test(
  "V12: nor after another client rewrote requests, statuses and annotations, but for the requests that it removed",
  async () => {
    const { client } = cluster;
    const making = makePods(client, "conflict", part(0.8));
    const rounds = { writes: 0 };
    for (let round = 0; round < 3 || (await countPlaced(client)) < part(0.7); round += 1)
      rounds.writes += await interfere(round);
    await making;
    await placed(part(0.8));
    await expect.poll(wrong, patience).toEqual([]);
    expect(rounds.writes).toBeGreaterThan(10);
  },
  LIMIT_MS,
);

/** Writes nonsense into every `Bandwidth`; how many statuses were taken. */
async function interfere(round: number): Promise<number> {
  const { client } = cluster;
  const nonsense = { ulMbps: 7, dlMbps: 7 };
  const account = { local: nonsense, network: nonsense };
  const podUid = "00000000-0000-0000-0000-000000000000";
  const stranger = { podName: "x", namespace: "x", podUid, bandwidth: nonsense };
  const spec = { requests: round % 2 === 0 ? [] : [stranger] };
  const annotations = { "example.org/round": String(round) };
  const status = { used: account, remaining: account, reservations: [] };
  let writes = 0;
  for (const { metadata } of await all(client, BANDWIDTH_KIND)) {
    const { name } = metadata;
    const value = { metadata: { annotations }, spec };
    await client.patch({ ...BANDWIDTH_KIND, name }, { kind: "merge", value });
    const how = { fieldManager: "stranger", force: true };
    const object = { ...BANDWIDTH_KIND, metadata: { name }, status };
    if ((await client.applyStatus(object, how)).ok) writes += 1;
  }
  return writes;
}
