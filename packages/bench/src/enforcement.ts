/**
 * `seam bench enforcement`: how long a policy takes from its writing to the packets of pods on every node. A pod asks one on each
 * node every millisecond, while a policy of each kind in turn that lets it, or a set of addresses that one names, is written and deleted; the slowest node counts. Peer: in the
 * same changes, the time until a watch of the API server tells a client of the change, before which nobody can act.
 */
import { setTimeout as sleep } from "node:timers/promises";

import {
  child,
  children,
  type KubeClient,
  type KubeObject,
  refOf,
  startReflector,
  textAt,
} from "@seam/kube";
import { defineClusterPolicies, labStatus, monotonicMs, type Prober, startProber } from "@seam/lab";

import { type BenchDocument, casesOf, environmentOf, statisticsOf } from "./document.ts";
import { openLab, write } from "./rivals.ts";

/** A lab that is up, with Seam, and how often a policy of each kind is written. */
export type EnforcementOptions = { readonly lab: string; readonly changes: number };

const NAMESPACE = "enforcement";
const PEER = "a watch of the API server";
const NODES = ["n1", "n2", "n3"] as const;
/** So long each change is followed; a change that takes longer is an error. */
const FOLLOW_MS = 1200;
/** Between the start of following and the change. */
const LEAD_MS = 60;

/** Runs the benchmark. */
export async function benchEnforcement({
  lab,
  changes,
}: EnforcementOptions): Promise<BenchDocument> {
  await defineClusterPolicies((await labStatus(lab)).kubeconfig);
  const kube = await openLab(lab);
  try {
    const addresses = await makePods(kube);
    const [client = "", ...servers] = addresses;
    await using prober = await startProber(lab, client);
    await using _answering = await startAll(lab, servers);
    const rounds: Rounds[] = [];
    for (const policy of allowing(client)) {
      await using told = watchPolicy(kube, policy);
      await told.synced;
      rounds.push(await changed({ kube, prober, servers, told, policy }, changes));
    }
    return documentOf(rounds, changes);
  } finally {
    kube.close();
  }
}

type Timed = { readonly seam: number; readonly peer: number };

/** What became of the changes of one kind's policy. */
type Rounds = {
  readonly policy: KubeObject;
  readonly allow: Timed[];
  readonly deny: Timed[];
};

const GROUPS: Readonly<Record<string, string>> = {
  "networking.k8s.io/v1": "",
  "policy.networking.k8s.io/v1beta1": "",
  "projectcalico.org/v3": "Calico's ",
};

/** What people call the kind. */
const nameOf = ({ apiVersion, kind }: KubeObject): string => `${GROUPS[apiVersion]}${kind}`;

function documentOf(rounds: readonly Rounds[], changes: number): BenchDocument {
  const names = { unit: "ms", better: "lower", peer: PEER } as const;
  const sides = (all: readonly Timed[]): { seam: readonly number[]; peer: readonly number[] } => ({
    seam: all.map(({ seam }) => seam),
    peer: all.map(({ peer }) => peer),
  });
  return {
    name: "enforcement",
    environment: environmentOf({ nodes: NODES.length, changes }),
    cases: rounds.flatMap(({ policy, allow, deny }) => [
      ...casesOf({ ...names, what: `${nameOf(policy)} written, packets pass` }, [sides(allow)]),
      ...casesOf({ ...names, what: `${nameOf(policy)} deleted, packets stop` }, [sides(deny)]),
    ]),
    figures: rounds.map(({ policy, allow, deny }) => ({
      figure: `${nameOf(policy)}, written to enforced on all nodes p99`,
      unit: "ms",
      value: statisticsOf(sides([...allow, ...deny]).seam).p99,
      target: 100,
    })),
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

type Told = { readonly at: () => number; readonly synced: Promise<void> };

/** When a watch last told of a policy of this kind. */
function watchPolicy(kube: KubeClient, { apiVersion, kind }: KubeObject): Told & AsyncDisposable {
  let last = 0;
  const reflector = startReflector<null>({
    client: kube,
    ref: { apiVersion, kind },
    project: () => null,
    onChange: () => (last = monotonicMs()),
  });
  return {
    at: () => last,
    synced: reflector.synced,
    [Symbol.asyncDispose]: async () => reflector[Symbol.asyncDispose](),
  };
}

type Bench = {
  readonly kube: KubeClient;
  readonly prober: Prober;
  readonly servers: readonly string[];
  readonly told: Told;
  readonly policy: KubeObject;
};

/** Once before it counts: agents find out that there is a kind when they look, a while after it was defined. */
async function changed(bench: Bench, changes: number): Promise<Rounds> {
  const both = async (): Promise<readonly [Timed, Timed]> => [
    await timed(bench, "allow"),
    await timed(bench, "deny"),
  ];
  await eventually(both);
  const rounds: Rounds = { policy: bench.policy, allow: [], deny: [] };
  for (let change = 0; change < changes; change += 1) {
    const [allow, deny] = await both();
    rounds.allow.push(allow);
    rounds.deny.push(deny);
  }
  return rounds;
}

/** One change, in milliseconds from when it is sent. */
async function timed(
  { kube, prober, servers, told, policy }: Bench,
  how: "allow" | "deny",
): Promise<Timed> {
  const following = prober.follow(servers, FOLLOW_MS);
  await sleep(LEAD_MS);
  const sent = monotonicMs();
  await (how === "allow" ? write(kube, policy) : remove(kube, policy));
  const answers = await following;
  const seen = answers.map((came, at) => {
    const moment = how === "allow" ? came[0] : came.at(-1);
    if (moment !== undefined && moment < sent + FOLLOW_MS - 2 * LEAD_MS) return moment - sent;
    throw new Error(
      `${nameOf(policy)}: the pod on ${NODES[at]} did not ${how} within ${FOLLOW_MS} ms`,
    );
  });
  return { seam: Math.max(...seen), peer: told.at() - sent };
}

const SERVERS = { matchLabels: { role: "server" } };
const CLIENTS = { matchLabels: { role: "client" } };
const HERE = { matchLabels: { "kubernetes.io/metadata.name": NAMESPACE } };
const CALICO_RULES = {
  order: 10,
  selector: "role == 'server'",
  ingress: [{ action: "Allow", source: { selector: "role == 'client'" } }],
};

/** Addresses with these labels reach the servers; there is none at first. */
const SEEDS: KubeObject = {
  apiVersion: "projectcalico.org/v3",
  kind: "GlobalNetworkPolicy",
  metadata: { name: "seeds" },
  spec: {
    ...CALICO_RULES,
    ingress: [{ action: "Allow", source: { selector: "role == 'seeds'" } }],
  },
};

/** Each lets the client reach the servers, which nothing else does. */
const allowing = (client: string): readonly KubeObject[] => [
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "allow", namespace: NAMESPACE },
    spec: { podSelector: SERVERS, ingress: [{ from: [{ podSelector: CLIENTS }] }] },
  },
  {
    apiVersion: "policy.networking.k8s.io/v1beta1",
    kind: "ClusterNetworkPolicy",
    metadata: { name: "allow" },
    spec: {
      tier: "Admin",
      priority: 10,
      subject: { pods: { namespaceSelector: HERE, podSelector: SERVERS } },
      ingress: [
        {
          action: "Accept",
          from: [{ pods: { namespaceSelector: HERE, podSelector: CLIENTS } }],
        },
      ],
    },
  },
  {
    apiVersion: "projectcalico.org/v3",
    kind: "NetworkPolicy",
    metadata: { name: "allow", namespace: NAMESPACE },
    spec: CALICO_RULES,
  },
  {
    apiVersion: "projectcalico.org/v3",
    kind: "GlobalNetworkPolicy",
    metadata: { name: "allow" },
    spec: CALICO_RULES,
  },
  {
    apiVersion: "projectcalico.org/v3",
    kind: "GlobalNetworkSet",
    metadata: { name: "allow", labels: { role: "seeds" } },
    spec: { nets: [client] },
  },
];

async function remove(kube: KubeClient, policy: KubeObject): Promise<void> {
  const gone = await kube.delete(refOf(policy));
  if (!gone.ok) throw new Error(gone.error.message);
}

/** A client and a server on every node, of which the servers are closed; their IPv4 addresses, the client's first. */
async function makePods(kube: KubeClient): Promise<readonly string[]> {
  await write(kube, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
  await write(kube, {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "closed", namespace: NAMESPACE },
    spec: { podSelector: SERVERS },
  });
  await eventually(async () => write(kube, SEEDS));
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
