/**
 * Live traffic against the evaluator: random policies are written to a real cluster, and as soon as its nodes report them to be in force
 * every pod asks every other on every port. `SEAM_POLICY_ROUNDS` (4) says how often, 1,296 probes each time. Then parts of nodes are
 * killed under load, for `SEAM_KILL_SECONDS` (15). `npm run soak` asks for more of both. `SEAM_SEED` repeats a run.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { formatAddress, millis } from "@seam/base";
import type { PolicyVersion } from "@seam/client";
import type { KubeObject } from "@seam/kube";
import { labExec, type Probe, PROBED_PORTS } from "@seam/lab";
import { judge, type NetworkPolicy, type Pod, readPolicy } from "@seam/reach";
import { policySpec } from "@seam/reach/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { type LiveCluster, startLiveCluster, write } from "./live-cluster.fixture.ts";

const LAB = "policies";
/** Most often the agent, which keeps the policies. */
const AGENT = ["-f", "/seam/agent.js"];
const PARTS = [AGENT, AGENT, ["-x", "kubelet"], ["-x", "containerd"], ["-x", "kube-apiserver"]];
/** What was written last, by namespace/name. */
const policies = new Map<string, object>();
const killSeconds = Number(process.env["SEAM_KILL_SECONDS"] ?? 15);
const rounds = Number(process.env["SEAM_POLICY_ROUNDS"] ?? 4);
const seed = Number(process.env["SEAM_SEED"] ?? Date.now() % 100_000);
const CHANGES_OF_ROUND = 3;
/** Longer than any answer takes on a busy machine. */
const PATIENCE_MS = 1500;
const API = "networking.k8s.io/v1";

let cluster: LiveCluster;

beforeAll(async () => {
  cluster = await startLiveCluster(LAB);
}, 300_000);

afterAll(async () => cluster[Symbol.asyncDispose](), 60_000);

const seconds = (count: number): number => 1000 * count;

const policyObject = (key: string, spec: object): KubeObject => {
  const [namespace = "", name = ""] = key.split("/");
  return { apiVersion: API, kind: "NetworkPolicy", metadata: { namespace, name }, spec };
};

/** The policies of the cluster; null: that one is deleted. */
const spec = policySpec([
  { cidr: "0.0.0.0/0" },
  { cidr: "::/0" },
  { cidr: "0.0.0.0/0", except: ["10.244.1.0/24"] },
  { cidr: "10.244.0.0/16", except: ["10.244.2.0/24", "10.244.0.0/26"] },
  { cidr: "10.244.1.0/24" },
  { cidr: "fd00::/8", except: ["fd00:10:244:1::/64"] },
]);
const KEYS = ["x/p", "x/q", "y/p", "y/q", "z/p"] as const;
const change = fc.record({
  key: fc.constantFrom(...KEYS),
  spec: fc.option(spec, { freq: 4 }),
});

test(
  "nothing passes that should not, and nothing is kept that should pass, from when nodes report the policies (S5, I14)",
  async () => {
    const changes = fc.sample(change, { seed, numRuns: rounds * CHANGES_OF_ROUND });
    const wrong: string[] = [];
    let probes = 0;
    let passed = 0;
    for (let round = 0; round < rounds; round += 1) {
      for (const one of changes.slice(round * CHANGES_OF_ROUND, (round + 1) * CHANGES_OF_ROUND))
        await make(one.key, one.spec);
      // Whatever comes by chance, some are let through and some are not.
      if (round === 0) await make("z/p", { podSelector: { matchLabels: { tier: "2" } } });
      await enforced(round);
      const answers = await askAll([...policies].map(([key, of]) => readAs(policyObject(key, of))));
      probes += answers.length;
      passed += answers.filter(({ answered }) => answered).length;
      for (const { text, answered, allowed } of answers)
        if (answered !== allowed) wrong.push(`round ${round}: ${text} ${answered}, not ${allowed}`);
    }
    process.stdout.write(`policies: seed ${seed}: ${probes} probes, ${passed} of them passed\n`);
    expect(wrong).toEqual([]);
    expect([passed, probes - passed]).not.toContain(0);
  },
  seconds(60 + 15 * rounds),
);

test(
  "while parts of nodes are killed nothing denied is delivered and nothing allowed is cut",
  async () => {
    for (const key of KEYS) await make(key, null);
    const [client, stranger] = [podAt("x/a"), podAt("x/b")];
    const servers = cluster.pods.filter(({ pod }) => pod.namespace === "y");
    const addresses = servers.flatMap(({ pod }) => pod.addresses.map(formatAddress));
    await make("y/p", {
      podSelector: {},
      ingress: [
        {
          from: [
            { namespaceSelector: nameIs("x"), podSelector: { matchLabels: client.pod.labels } },
          ],
        },
      ],
    });
    await enforced(rounds);
    const before = await heardOf(servers, stranger.pod);
    const load = { durationMs: killSeconds * 1000, perSecond: 500 };
    const kills = killUntil(performance.now() + load.durationMs);
    const [allowed, denied] = await Promise.all([
      client.prober.converse(addresses, load),
      stranger.prober.press(addresses, load),
    ]);
    const delivered = (await heardOf(servers, stranger.pod)) - before;
    process.stdout.write(
      `policies: ${await kills} kills in ${killSeconds} s: ${allowed.answered} of ${allowed.sent} allowed answered, ${allowed.cut} connections cut; ${delivered} of ${denied.sent} denied delivered\n`,
    );
    // Else nothing was tried, or nobody would have told.
    const least = Math.floor(killSeconds * 100);
    expect(allowed.sent).toBeGreaterThan(least);
    expect(denied.sent).toBeGreaterThan(least);
    expect(await kills).toBeGreaterThan(Math.floor(killSeconds / 4));
    expect(await heardOf(servers, client.pod)).toBeGreaterThan(0);
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
async function heardOf(others: LiveCluster["pods"], { addresses }: Pod): Promise<number> {
  const all = await Promise.all(others.map(async ({ prober }) => prober.heard()));
  const own = addresses.map(formatAddress);
  return all.flatMap((heard) => own.map((each) => heard.get(each) ?? 0)).reduce((a, b) => a + b, 0);
}

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

async function make(key: string, of: object | null): Promise<void> {
  if (of !== null) {
    policies.set(key, of);
    await write(cluster.seam, policyObject(key, of));
  } else if (policies.delete(key)) {
    const [namespace = "", name = ""] = key.split("/");
    const ref = { apiVersion: API, kind: "NetworkPolicy", namespace, name };
    const gone = await cluster.seam.kube.delete(ref);
    if (!gone.ok) throw new Error(gone.error.message);
  }
}

/** A policy that selects nobody is written last: whoever has it has what came before it, deletions among that. */
async function enforced(round: number): Promise<void> {
  const nobody = { podSelector: { matchLabels: { nobody: String(round) } } };
  const { metadata } = await write(cluster.seam, policyObject("default/last", nobody));
  const last: PolicyVersion = {
    apiVersion: API,
    kind: "NetworkPolicy",
    version: metadata.resourceVersion ?? "",
  };
  const answer = await cluster.seam.policiesEnforced({ policies: [last], timeout: millis(10_000) });
  expect(answer).toMatchObject({ ok: true, value: { kind: "enforced" } });
}

function readAs(object: KubeObject): NetworkPolicy {
  const read = readPolicy(object);
  if (!read.ok) throw new Error(read.error.join());
  return read.value;
}

type Answer = { readonly text: string; readonly answered: boolean; readonly allowed: boolean };

/** Every pod asks every pod, itself too, by both families on every port. */
async function askAll(network: readonly NetworkPolicy[]): Promise<readonly Answer[]> {
  const asked = cluster.pods.map(async ({ pod: from, prober }) => {
    const questions = cluster.pods.flatMap(({ pod: to }) => questionsTo(to));
    const answers = await prober.ask(
      questions.map(({ probe }) => probe),
      PATIENCE_MS,
    );
    return questions.map(({ to, probe, family }, at): Answer => {
      const { protocol, port, address } = probe;
      const ends = { from: { kind: "pod", pod: from }, to: { kind: "pod", pod: to } } as const;
      const verdict = judge({ ...ends, port, protocol, family }, { network, cluster: [] });
      return {
        text: `${from.namespace}/${from.name} to ${to.namespace}/${to.name} (${address}) ${port}/${protocol}`,
        answered: answers[at] === true,
        allowed: verdict.allowed,
      };
    });
  });
  return (await Promise.all(asked)).flat();
}

type Question = { readonly to: Pod; readonly probe: Probe; readonly family: "ipv4" | "ipv6" };

const questionsTo = (to: Pod): readonly Question[] =>
  to.addresses.flatMap((address) =>
    (["TCP", "UDP"] as const).flatMap((protocol) =>
      PROBED_PORTS.map((port) => ({
        to,
        family: address.family,
        probe: { protocol, port, address: formatAddress(address) },
      })),
    ),
  );
