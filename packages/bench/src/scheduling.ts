/**
 * `seam bench scheduling`: pods that the bandwidth-aware scheduler places in a second, beside those of a plain kube-scheduler in a pod
 * of the same kind. One real node runs the cluster; kwok plays the nodes. Both place the same pods, with rates; who begins changes each
 * round, after one of each that does not count. What one side leaves to be written behind is waited for before the other begins, and its
 * processor time counts. Afterwards the rates that each node's pods have are added up apart from the ledger: no node may have given away more
 * than it has.
 */
import { BANDWIDTH_KIND } from "@seam/api";
import {
  startReflector,
  type KubeClient,
  type KubeObject,
  child,
  children,
  textAt,
} from "@seam/kube";
import { labStatus } from "@seam/lab";

import { cpuMsOf } from "./cpu.ts";
import {
  type BenchDocument,
  type BenchRound,
  caseOf,
  environmentOf,
  type Figure,
} from "./document.ts";
import { keepAgentsOff, makeFakeNodes, REAL_NODE, until } from "./fake-nodes.ts";
import { startKwok } from "./kwok.ts";
import { PLAIN, PLAIN_PROGRAM, startPlainScheduler } from "./plain-scheduler.ts";
import { openLab, write } from "./rivals.ts";

/** How much. */
export type SchedulingBenchOptions = {
  /** A lab of one node that is up, with Seam. */
  readonly lab: string;
  /** The program kwok. */
  readonly kwok: string;
  readonly nodes: number;
  /** Pods that each scheduler places in a round. */
  readonly pods: number;
  readonly rounds: number;
};

const PEER = "kube-scheduler without extender";
const NAMESPACE = "scheduling";
/** What each pod asks for in each direction, Mbit/s. */
const RATE_MBPS = 20;
/** What a node has on its network in each direction when nobody says otherwise, Mbit/s. */
const CAPACITY_MBPS = 1000;
const CREATED_AT_A_TIME = 32;

/** The two schedulers: their names in pods, and what names their programs among the processes of the node. */
const SIDES = {
  seam: {
    scheduler: "vaclab-scheduler",
    programs: ["--config=/etc/kubernetes/config.yaml", "/seam/scheduling.js"],
    writesRequests: true,
  },
  peer: { scheduler: PLAIN, programs: [PLAIN_PROGRAM], writesRequests: false },
} as const;

type Side = keyof typeof SIDES;

/** What runs for both sides, by what names it among the processes of the node. */
const SHARED = ["/kube-apiserver", "listen-client-urls", "/seam/controller.js"] as const;

/** One side's part of a round. */
type Placed = {
  readonly perSecond: number;
  /** Processor time of the side's own programs. */
  readonly cpuMs: number;
  /** That of API server, etcd and controller with it, until all accounts say so. */
  readonly allCpuMs: number;
  readonly over: number;
};

/** Runs the benchmark. */
export async function benchScheduling(options: SchedulingBenchOptions): Promise<BenchDocument> {
  const { lab, nodes, pods, rounds } = options;
  const kube = await openLab(lab);
  const { kubeconfig } = await labStatus(lab);
  using kwok = startKwok(options.kwok, kubeconfig, "nodes");
  await using bound = watchBound(kube);
  await using accounts = watchAccounts(kube);
  const seen = { bound, accounts };
  try {
    await keepAgentsOff(kube);
    await startPlainScheduler(kube);
    await makeFakeNodes(kube, kwok, nodes);
    // An account that is made later begins with the requests of whose pods are there.
    await until("every node has an account", () => accounts.nodes() > nodes);
    await write(kube, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    for (const side of ["peer", "seam"] as const)
      await place(kube, seen, { ...options, pods: Math.ceil(pods / 10), side });
    const all: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const before = round % 2 === 0 ? null : await place(kube, seen, { ...options, side: "peer" });
      const seam = await place(kube, seen, { ...options, side: "seam" });
      all.push({
        seam,
        peer: before ?? (await place(kube, seen, { ...options, side: "peer" })),
      });
    }
    return {
      name: "scheduling",
      environment: environmentOf({ nodes, pods, rounds, rateMbps: RATE_MBPS }),
      cases: casesOf(all, pods),
      figures: [overCommitted(all.map(({ seam }) => seam.over))],
    };
  } finally {
    kube.close();
  }
}

type Round = { readonly [side in Side]: Placed };

function casesOf(all: readonly Round[], pods: number): BenchDocument["cases"] {
  const cpu = (what: string, figure: (placed: Placed) => number): BenchDocument["cases"][number] =>
    caseOf(
      { what, unit: "ms", better: "lower", peer: PEER },
      "p50",
      roundsOf(all, (placed) => figure(placed) / pods),
    );
  return [
    caseOf(
      { what: "pods placed p50", unit: "1/s", better: "higher", peer: PEER },
      "p50",
      roundsOf(all, ({ perSecond }) => perSecond),
    ),
    cpu("CPU per pod p50", ({ cpuMs }) => cpuMs),
    cpu("CPU per pod with API server, etcd, controller p50", ({ allCpuMs }) => allCpuMs),
  ];
}

const roundsOf = (
  all: readonly Round[],
  figure: (placed: Placed) => number,
): readonly BenchRound[] =>
  all.map(({ seam, peer }) => ({ seam: [figure(seam)], peer: [figure(peer)] }));

const overCommitted = (nodes: readonly number[]): Figure => ({
  figure: "nodes with more than they have",
  unit: "nodes",
  value: nodes.reduce((sum, each) => sum + each, 0),
  target: 0,
});

type Seen = { readonly bound: Bound; readonly accounts: Accounts };

/** Lets one scheduler place its pods, and removes them. */
async function place(
  kube: KubeClient,
  { bound, accounts }: Seen,
  { lab, pods, side }: SchedulingBenchOptions & { readonly side: Side },
): Promise<Placed> {
  const { scheduler, programs, writesRequests } = SIDES[side];
  const before = await cpuOf(lab, programs);
  const beforeAll = await cpuOf(lab, SHARED);
  const start = performance.now();
  await createAll(
    kube,
    Array.from({ length: pods }, (_, index) => podOf(`${side}-${index}`, scheduler)),
  );
  await until(`${scheduler} has placed ${pods} pods`, () => bound.count() === pods);
  const perSecond = (pods * 1000) / (bound.lastAt() - start);
  await until(
    "all accounts say so",
    () => accounts.reservations() === pods && accounts.requests() === (writesRequests ? pods : 0),
  );
  const cpuMs = (await cpuOf(lab, programs)) - before;
  const allCpuMs = cpuMs + (await cpuOf(lab, SHARED)) - beforeAll;
  const result = { perSecond, cpuMs, allCpuMs, over: bound.overCommitted() };
  await removeAll(kube);
  await until(
    "its pods are gone from all accounts",
    () => bound.count() + accounts.reservations() + accounts.requests() === 0,
  );
  return result;
}

const cpuOf = async (lab: string, programs: readonly string[]): Promise<number> =>
  (await Promise.all(programs.map(async (each) => cpuMsOf(lab, REAL_NODE, each)))).reduce(
    (sum, each) => sum + each,
    0,
  );

async function removeAll(kube: KubeClient): Promise<void> {
  const all = { apiVersion: "v1", kind: "Pod", namespace: NAMESPACE };
  const found = await kube.list(all);
  if (!found.ok) throw new Error(found.error.message);
  await inTurns(found.value.items, async ({ metadata: { name } }) => {
    const gone = await kube.delete({ ...all, name });
    if (!gone.ok) throw new Error(gone.error.message);
  });
}

const createAll = async (kube: KubeClient, pods: readonly KubeObject[]): Promise<void> =>
  inTurns(pods, async (pod) => {
    const made = await kube.create(pod);
    if (!made.ok) throw new Error(`${pod.metadata.name}: ${made.error.message}`);
  });

/** Does the work for each, some at a time. */
async function inTurns<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: CREATED_AT_A_TIME }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}

const podOf = (name: string, schedulerName: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    namespace: NAMESPACE,
    annotations: {
      "kubernetes.io/egress-bandwidth": `${RATE_MBPS}M`,
      "kubernetes.io/ingress-bandwidth": `${RATE_MBPS}M`,
    },
  },
  spec: {
    schedulerName,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "pause", image: "localhost/pause:1" }],
  },
});

type Bound = AsyncDisposable & {
  /** Pods that have a node. */
  readonly count: () => number;
  /** When the last of them was first seen with its node, ms of `performance.now()`. */
  readonly lastAt: () => number;
  /** Nodes whose pods ask for more together than the node has. */
  readonly overCommitted: () => number;
};

function watchBound(client: KubeClient): Bound {
  const nodes = new Map<string, string>();
  let last = 0;
  const copy = startReflector({
    client,
    ref: { apiVersion: "v1", kind: "Pod", namespace: NAMESPACE },
    project: (pod) => ({
      name: pod.metadata.name,
      node: textAt(child(pod, "spec"), "nodeName") ?? "",
    }),
    onChange: ({ kind, value: { name, node } }) => {
      if (kind !== "set") nodes.delete(name);
      else if (node !== "" && !nodes.has(name)) {
        nodes.set(name, node);
        last = performance.now();
      }
    },
  });
  return {
    count: () => nodes.size,
    lastAt: () => last,
    overCommitted: () => {
      const used = new Map<string, number>();
      for (const node of nodes.values()) used.set(node, (used.get(node) ?? 0) + RATE_MBPS);
      return [...used.values()].filter((sum) => sum > CAPACITY_MBPS).length;
    },
    [Symbol.asyncDispose]: async () => copy[Symbol.asyncDispose](),
  };
}

type Accounts = AsyncDisposable & {
  /** How many nodes have one. */
  readonly nodes: () => number;
  /** Entries of `status.reservations` of all nodes. */
  readonly reservations: () => number;
  /** Entries of `spec.requests` of all nodes. */
  readonly requests: () => number;
};

/** What `Bandwidth` objects say of pods. Those of the real node, which are Seam's own, have no rates. */
function watchAccounts(client: KubeClient): Accounts {
  const copy = startReflector({
    client,
    ref: BANDWIDTH_KIND,
    project: (object) => ({
      reservations: children(child(object, "status"), "reservations").length,
      requests: children(child(object, "spec"), "requests").length,
    }),
  });
  const sum = (of: "reservations" | "requests"): number =>
    copy.entries().reduce((total, [, account]) => total + account[of], 0);
  return {
    nodes: () => copy.entries().length,
    reservations: () => sum("reservations"),
    requests: () => sum("requests"),
    [Symbol.asyncDispose]: async () => copy[Symbol.asyncDispose](),
  };
}
