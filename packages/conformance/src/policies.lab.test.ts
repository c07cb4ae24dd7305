/**
 * Live traffic against the evaluator: random policies are written to a real cluster, and as soon as its nodes report them to be in force
 * every pod asks every other on every port. `SEAM_POLICY_ROUNDS` (4) says how often, 1,296 probes each time; `npm run soak` asks for
 * more. `SEAM_SEED` repeats a run.
 */
import { formatAddress, millis } from "@seam/base";
import type { PolicyVersion } from "@seam/client";
import type { KubeObject } from "@seam/kube";
import { type Probe, PROBED_PORTS } from "@seam/lab";
import { judge, type NetworkPolicy, type Pod, readPolicy } from "@seam/reach";
import { policySpec } from "@seam/reach/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { type LiveCluster, startLiveCluster, write } from "./live-cluster.fixture.ts";

const rounds = Number(process.env["SEAM_POLICY_ROUNDS"] ?? 4);
const seed = Number(process.env["SEAM_SEED"] ?? Date.now() % 100_000);
const CHANGES_OF_ROUND = 3;
/** Longer than any answer takes on a busy machine. */
const PATIENCE_MS = 1500;
const API = "networking.k8s.io/v1";

let cluster: LiveCluster;

beforeAll(async () => {
  cluster = await startLiveCluster("policies");
}, 300_000);

afterAll(async () => cluster[Symbol.asyncDispose](), 60_000);

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
const change = fc.record({
  key: fc.constantFrom("x/p", "x/q", "y/p", "y/q", "z/p"),
  spec: fc.option(spec, { freq: 4 }),
});

test("nothing passes that should not, and nothing is kept that should pass, from when nodes report the policies (S5, I14)", async () => {
  const changes = fc.sample(change, { seed, numRuns: rounds * CHANGES_OF_ROUND });
  const policies = new Map<string, object>();
  const wrong: string[] = [];
  let probes = 0;
  let passed = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const one of changes.slice(round * CHANGES_OF_ROUND, (round + 1) * CHANGES_OF_ROUND))
      await make(policies, one.key, one.spec);
    await enforced(round);
    const answers = await askAll([...policies].map(([key, of]) => readAs(policyObject(key, of))));
    probes += answers.length;
    passed += answers.filter(({ answered }) => answered).length;
    for (const { text, answered, allowed } of answers)
      if (answered !== allowed) wrong.push(`round ${round}: ${text} ${answered}, not ${allowed}`);
  }
  process.stdout.write(`policies: seed ${seed}: ${probes} probes, ${passed} of them passed\n`);
  expect(wrong).toEqual([]);
  // Policies that say nothing would prove nothing.
  expect([passed, probes - passed].every((each) => each > probes / 20)).toBe(true);
});

async function make(policies: Map<string, object>, key: string, of: object | null): Promise<void> {
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
