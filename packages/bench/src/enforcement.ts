/**
 * `seam bench enforcement`: how long a policy takes from its writing to the packets of pods on every node. A pod asks one on each
 * node every millisecond, while a policy that lets it is written and deleted; the slowest node counts. Peer: in the same changes, the time
 * until a watch of the API server tells a client of the change, before which nobody can act.
 */
import { setTimeout as sleep } from "node:timers/promises";

import {
  child,
  children,
  type KubeClient,
  type KubeObject,
  startReflector,
  textAt,
} from "@seam/kube";
import { monotonicMs, type Prober, startProber } from "@seam/lab";

import { type BenchDocument, casesOf, environmentOf, statisticsOf } from "./document.ts";
import { openLab, write } from "./rivals.ts";

/** A lab that is up, with Seam, and how often the policy is written. */
export type EnforcementOptions = { readonly lab: string; readonly changes: number };

const NAMESPACE = "enforcement";
const PEER = "a watch of the API server";
const NODES = ["n1", "n2", "n3"] as const;
/** So long each change is followed; a change that takes longer is an error. */
const FOLLOW_MS = 600;
/** Between the start of following and the change. */
const LEAD_MS = 60;

/** Runs the benchmark. */
export async function benchEnforcement({
  lab,
  changes,
}: EnforcementOptions): Promise<BenchDocument> {
  const kube = await openLab(lab);
  try {
    const addresses = await makePods(kube);
    const [client = "", ...servers] = addresses;
    await using prober = await startProber(lab, client);
    await using _answering = await startAll(lab, servers);
    await using told = watchPolicy(kube);
    const rounds = { allow: [] as Timed[], deny: [] as Timed[] };
    for (let change = 0; change < changes; change += 1) {
      rounds.allow.push(await timed({ kube, prober, servers, told }, "allow"));
      rounds.deny.push(await timed({ kube, prober, servers, told }, "deny"));
    }
    return documentOf(rounds, changes);
  } finally {
    kube.close();
  }
}

type Timed = { readonly seam: number; readonly peer: number };

function documentOf(
  rounds: { readonly allow: readonly Timed[]; readonly deny: readonly Timed[] },
  changes: number,
): BenchDocument {
  const names = { unit: "ms", better: "lower", peer: PEER } as const;
  const sides = (all: readonly Timed[]): { seam: readonly number[]; peer: readonly number[] } => ({
    seam: all.map(({ seam }) => seam),
    peer: all.map(({ peer }) => peer),
  });
  const both = sides([...rounds.allow, ...rounds.deny]);
  return {
    name: "enforcement",
    environment: environmentOf({ nodes: NODES.length, changes }),
    cases: [
      ...casesOf({ ...names, what: "policy written, packets pass" }, [sides(rounds.allow)]),
      ...casesOf({ ...names, what: "policy deleted, packets stop" }, [sides(rounds.deny)]),
    ],
    figures: [
      {
        figure: "written to enforced on all nodes p99",
        unit: "ms",
        value: statisticsOf(both.seam).p99,
        target: 100,
      },
    ],
  };
}

/** Several probers, which answer; they end together. */
async function startAll(lab: string, addresses: readonly string[]): Promise<AsyncDisposable> {
  const all: Prober[] = [];
  for (const address of addresses) all.push(await startProber(lab, address));
  return {
    [Symbol.asyncDispose]: async () => {
      for (const each of all.splice(0)) await each[Symbol.asyncDispose]();
    },
  };
}

type Told = { readonly at: () => number };

/** When a watch last told of the policy. */
function watchPolicy(kube: KubeClient): Told & AsyncDisposable {
  let last = 0;
  const reflector = startReflector<null>({
    client: kube,
    ref: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace: NAMESPACE },
    project: () => null,
    onChange: () => (last = monotonicMs()),
  });
  return { at: () => last, [Symbol.asyncDispose]: async () => reflector[Symbol.asyncDispose]() };
}

type Bench = {
  readonly kube: KubeClient;
  readonly prober: Prober;
  readonly servers: readonly string[];
  readonly told: Told;
};

/** One change, in milliseconds from when it is sent. */
async function timed(
  { kube, prober, servers, told }: Bench,
  how: "allow" | "deny",
): Promise<Timed> {
  const following = prober.follow(servers, FOLLOW_MS);
  await sleep(LEAD_MS);
  const sent = monotonicMs();
  await (how === "allow" ? write(kube, POLICY) : remove(kube));
  const answers = await following;
  const seen = answers.map((came, at) => {
    const moment = how === "allow" ? came[0] : came.at(-1);
    if (moment !== undefined && moment < sent + FOLLOW_MS - 2 * LEAD_MS) return moment - sent;
    throw new Error(`the pod on ${NODES[at]} did not ${how} within ${FOLLOW_MS} ms`);
  });
  return { seam: Math.max(...seen), peer: told.at() - sent };
}

/** Lets the client reach the servers, which nothing else does. */
const POLICY: KubeObject = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "allow", namespace: NAMESPACE },
  spec: {
    podSelector: { matchLabels: { role: "server" } },
    ingress: [{ from: [{ podSelector: { matchLabels: { role: "client" } } }] }],
  },
};

async function remove(kube: KubeClient): Promise<void> {
  const { apiVersion, kind, metadata } = POLICY;
  const gone = await kube.delete({ apiVersion, kind, ...metadata });
  if (!gone.ok) throw new Error(gone.error.message);
}

/** A client and a server on every node, of which the servers are closed; their IPv4 addresses, the client's first. */
async function makePods(kube: KubeClient): Promise<readonly string[]> {
  await write(kube, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
  await write(kube, {
    ...POLICY,
    metadata: { name: "closed", namespace: NAMESPACE },
    spec: { podSelector: { matchLabels: { role: "server" } } },
  });
  const pods = [
    pod("client", "client", "n1"),
    ...NODES.map((node) => pod(`server-${node}`, "server", node)),
  ];
  for (const each of pods) await eventually(async () => write(kube, each));
  const addresses: string[] = [];
  for (const { metadata } of pods)
    addresses.push(await eventually(async () => addressOf(kube, metadata.name)));
  return addresses;
}

const pod = (name: string, role: string, node: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: NAMESPACE, labels: { role } },
  spec: {
    nodeName: node,
    containers: [
      { name: "main", image: "localhost/seam/traffic:dev", command: ["sleep", "infinity"] },
    ],
  },
});

async function addressOf(kube: KubeClient, name: string): Promise<string> {
  const found = await kube.get({ apiVersion: "v1", kind: "Pod", namespace: NAMESPACE, name });
  const status = child(found.ok ? found.value : {}, "status");
  const [address] = children(status, "podIPs");
  const text = textAt(address ?? {}, "ip");
  if (textAt(status, "phase") !== "Running" || text === null)
    throw new Error(`${name} does not run`);
  return text;
}

/** Tries for a minute. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  const limit = performance.now() + 60_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > limit) throw error;
      await sleep(250);
    }
  }
}
