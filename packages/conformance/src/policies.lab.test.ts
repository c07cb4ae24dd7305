/**
 * Live traffic against the evaluator: random policies of all kinds are written to a real cluster, and as soon as its nodes report them to
 * be in force every pod asks every other: on every port, by ICMP, and through the service of each. `SEAM_POLICY_ROUNDS` (3) says how
 * often, 1,782 probes each time. Then parts of nodes are killed under load, for `SEAM_KILL_SECONDS` (15). `npm run soak` asks for more
 * of both. `SEAM_SEED` repeats a run.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { formatAddress, millis } from "@seam/base";
import { type KubeObject, objectKey, refOf } from "@seam/kube";
import { heardOf, labDown, labExec } from "@seam/lab";
import type { Pod } from "@seam/reach";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { type LiveCluster, offer, startLiveCluster, write } from "./live-cluster.fixture.ts";
import { type Answer, askAll, servicesAnswer, WAYS } from "./live-questions.fixture.ts";
import {
  changes,
  idlePolicies,
  networkPolicy,
  type PolicyChange,
  readPolicies,
} from "./random-policies.fixture.ts";

const LAB = "policies";
/** Most often the agent, which keeps the policies. */
const AGENT = ["-f", "/seam/agent.js"];
const PARTS = [AGENT, AGENT, ["-x", "kubelet"], ["-x", "containerd"], ["-x", "kube-apiserver"]];
/** What was written last, by kind, namespace and name. */
const policies = new Map<string, KubeObject>();
const killSeconds = Number(process.env["SEAM_KILL_SECONDS"] ?? 15);
const rounds = Number(process.env["SEAM_POLICY_ROUNDS"] ?? 3);
const seed = Number(process.env["SEAM_SEED"] ?? Date.now() % 100_000);
let cluster: LiveCluster;

beforeAll(async () => {
  cluster = await startLiveCluster(LAB);
  await servicesAnswer(cluster);
}, 300_000);

afterAll(async () => {
  try {
    await cluster[Symbol.asyncDispose]();
  } finally {
    // Also of a cluster that did not come up.
    await labDown(LAB);
  }
}, 200_000);

const seconds = (count: number): number => 1000 * count;

test(
  "nothing passes that should not, and nothing is kept that should pass, from when nodes report the policies (S5, I14, I15)",
  async () => {
    const answers: Answer[] = [];
    let refused = 0;
    for (const [round, all] of fc.sample(changes, { seed, numRuns: rounds }).entries()) {
      refused += await makeAll(all);
      // Whatever comes by chance, some are let through and some are not.
      if (round === 0)
        await put(networkPolicy("z/p", { podSelector: { matchLabels: { tier: "2" } } }));
      await enforced(round);
      answers.push(...(await askAll(cluster, read(), round)));
    }
    const figures = WAYS.map((way) => {
      const asked = answers.filter((each) => each.way === way);
      const passed = asked.filter(({ answered }) => answered).length;
      expect([passed, asked.length - passed]).not.toContain(0);
      return `${way} ${passed} of ${asked.length}`;
    });
    process.stdout.write(
      `policies: seed ${seed}: passed ${figures.join(", ")}; ${refused} objects refused\n`,
    );
    expect(answers.filter(({ answered, allowed }) => answered !== allowed)).toEqual([]);
  },
  seconds(60 + 20 * rounds),
);

test(
  "while parts of nodes are killed nothing denied is delivered and nothing allowed is cut",
  async () => {
    for (const object of policies.values()) await remove(object);
    const [client, stranger] = [podAt("x/a"), podAt("x/b")];
    const servers = cluster.pods.filter(({ pod }) => pod.namespace === "y");
    const addresses = servers.flatMap(({ pod }) => pod.addresses.map(formatAddress));
    const peer = {
      namespaceSelector: nameIs("x"),
      podSelector: { matchLabels: client.pod.labels },
    };
    await put(networkPolicy("y/p", { podSelector: {}, ingress: [{ from: [peer] }] }));
    await enforced(rounds);
    const before = await heardBy(servers, stranger.pod);
    const load = { durationMs: killSeconds * 1000, perSecond: 500 };
    const kills = killUntil(performance.now() + load.durationMs);
    const [allowed, denied] = await Promise.all([
      client.prober.converse(addresses, load),
      stranger.prober.press(addresses, load),
    ]);
    const delivered = (await heardBy(servers, stranger.pod)) - before;
    process.stdout.write(
      `policies: ${await kills} kills in ${killSeconds} s: ${allowed.answered} of ${allowed.sent} allowed answered, ${allowed.cut} connections cut; ${delivered} of ${denied.sent} denied delivered\n`,
    );
    // Else nothing was tried, or nobody would have told.
    const least = Math.floor(killSeconds * 100);
    expect(allowed.sent).toBeGreaterThan(least);
    expect(denied.sent).toBeGreaterThan(least);
    expect(await kills).toBeGreaterThan(Math.floor(killSeconds / 4));
    expect(await heardBy(servers, client.pod)).toBeGreaterThan(0);
    expect({ ...allowed, delivered, deniedAnswered: denied.answered }).toEqual({
      sent: allowed.sent,
      answered: allowed.sent,
      cut: 0,
      delivered: 0,
      deniedAnswered: 0,
    });
  },
  seconds(90 + killSeconds),
);

const nameIs = (namespace: string): object => ({
  matchLabels: { "kubernetes.io/metadata.name": namespace },
});

function podAt(key: string): LiveCluster["pods"][number] {
  const found = cluster.pods.find(({ pod }) => `${pod.namespace}/${pod.name}` === key);
  if (found === undefined) throw new Error(key);
  return found;
}

/** How often a pod came through to any of the others. */
const heardBy = async (others: LiveCluster["pods"], { addresses }: Pod): Promise<number> =>
  heardOf(
    addresses.map(formatAddress),
    others.map(({ prober }) => prober),
  );

/** Kills one part of one node after another, each once or twice a second; how many that were. */
async function killUntil(end: number): Promise<number> {
  const turns = fc.sample(
    fc.record({
      node: fc.constantFrom("n1", "n2", "n3"),
      part: fc.constantFrom(...PARTS),
      waitMs: fc.integer({ min: 500, max: 1000 }),
    }),
    { seed, numRuns: 2 * killSeconds },
  );
  let kills = 0;
  for (const { node, part, waitMs } of turns) {
    if (performance.now() + waitMs > end) break;
    await sleep(waitMs);
    const { code } = await labExec(LAB, node, ["pkill", "-KILL", ...part]);
    if (code === 0) kills += 1;
  }
  return kills;
}

const read = (): ReturnType<typeof readPolicies> => readPolicies([...policies.values()]);

const nameOf = (object: KubeObject): string =>
  `${object.apiVersion} ${object.kind} ${objectKey(object)}`;

async function put(object: KubeObject): Promise<void> {
  await write(cluster.seam, object);
  policies.set(nameOf(object), object);
}

async function remove(object: KubeObject): Promise<void> {
  if (!policies.delete(nameOf(object))) return;
  const gone = await cluster.seam.kube.delete(refOf(object));
  if (!gone.ok) throw new Error(gone.error.message);
}

/** How many of them the API server refuses, so that all stays as it was. */
async function makeAll(all: readonly PolicyChange[]): Promise<number> {
  let refused = 0;
  for (const { object, isDeleted } of all) {
    if (isDeleted) await remove(object);
    else if ((await offer(cluster.seam, object)) === null) refused += 1;
    else policies.set(nameOf(object), object);
  }
  return refused;
}

/** Of each kind one that is about nobody is written last: whoever has it has what came before it, deletions among that. */
async function enforced(round: number): Promise<void> {
  const last = await Promise.all(
    idlePolicies(round).map(async (object) => {
      const { metadata } = await write(cluster.seam, object);
      const { apiVersion, kind } = object;
      return { apiVersion, kind, version: metadata.resourceVersion ?? "" };
    }),
  );
  const answer = await cluster.seam.policiesEnforced({ policies: last, timeout: millis(10_000) });
  expect(answer).toMatchObject({ ok: true, value: { kind: "enforced" } });
}
