/**
 * `seam bench scheduling`: pods that the bandwidth-aware scheduler places in a second, beside those of the plain kube-scheduler of the
 * same cluster. One real node runs the cluster; kwok plays the nodes. Both place the same pods, with rates; who begins changes each
 * round. Afterwards the rates that each node's pods have are added up apart from the ledger: no node may have given away more
 * than it has.
 */
import { startReflector, type KubeClient, type KubeObject, child, textAt } from "@seam/kube";
import { labStatus } from "@seam/lab";

import { cpuMsOf } from "./cpu.ts";
import {
  type BenchDocument,
  type BenchRound,
  caseOf,
  environmentOf,
  type Figure,
} from "./document.ts";
import { makeFakeNodes, REAL_NODE, until } from "./fake-nodes.ts";
import { startKwok } from "./kwok.ts";
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
  seam: { scheduler: "vaclab-scheduler", programs: ["vaclab-scheduler", "/seam/scheduling.js"] },
  peer: { scheduler: "default-scheduler", programs: ["scheduler.conf"] },
} as const;

type Side = keyof typeof SIDES;

/** One side's part of a round. */
type Placed = { readonly perSecond: number; readonly cpuMs: number; readonly over: number };

/** Runs the benchmark. */
export async function benchScheduling(options: SchedulingBenchOptions): Promise<BenchDocument> {
  const { lab, nodes, pods, rounds } = options;
  const kube = await openLab(lab);
  const { kubeconfig } = await labStatus(lab);
  using kwok = startKwok(options.kwok, kubeconfig, "nodes");
  await using bound = watchBound(kube);
  try {
    await keepAgentsOff(kube);
    await makeFakeNodes(kube, kwok, nodes);
    await write(kube, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    const all: { readonly seam: Placed; readonly peer: Placed }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const before =
        round % 2 === 0 ? null : await place(kube, bound, { ...options, side: "peer" });
      const seam = await place(kube, bound, { ...options, side: "seam" });
      all.push({
        seam,
        peer: before ?? (await place(kube, bound, { ...options, side: "peer" })),
      });
    }
    return {
      name: "scheduling",
      environment: environmentOf({ nodes, pods, rounds, rateMbps: RATE_MBPS }),
      cases: [
        caseOf(
          { what: "pods placed p50", unit: "1/s", better: "higher", peer: PEER },
          "p50",
          roundsOf(all, ({ perSecond }) => perSecond),
        ),
        caseOf(
          { what: "CPU per pod p50", unit: "ms", better: "lower", peer: PEER },
          "p50",
          roundsOf(all, ({ cpuMs }) => cpuMs / pods),
        ),
      ],
      figures: [overCommitted(all.map(({ seam }) => seam.over))],
    };
  } finally {
    kube.close();
  }
}

const roundsOf = (
  all: readonly { readonly [side in Side]: Placed }[],
  figure: (placed: Placed) => number,
): readonly BenchRound[] =>
  all.map(({ seam, peer }) => ({ seam: [figure(seam)], peer: [figure(peer)] }));

const overCommitted = (nodes: readonly number[]): Figure => ({
  figure: "nodes with more than they have",
  unit: "nodes",
  value: nodes.reduce((sum, each) => sum + each, 0),
  target: 0,
});

/** Lets one scheduler place its pods, and removes them. */
async function place(
  kube: KubeClient,
  bound: Bound,
  { lab, pods, side }: SchedulingBenchOptions & { readonly side: Side },
): Promise<Placed> {
  const { scheduler, programs } = SIDES[side];
  const used = async (): Promise<number> =>
    (await Promise.all(programs.map(async (each) => cpuMsOf(lab, REAL_NODE, each)))).reduce(
      (sum, each) => sum + each,
      0,
    );
  const before = await used();
  const start = performance.now();
  await createAll(
    kube,
    Array.from({ length: pods }, (_, index) => podOf(`${side}-${index}`, scheduler)),
  );
  await until(`${scheduler} has placed ${pods} pods`, () => bound.count() === pods);
  const perSecond = (pods * 1000) / (bound.lastAt() - start);
  const result = { perSecond, cpuMs: (await used()) - before, over: bound.overCommitted() };
  const all = { apiVersion: "v1", kind: "Pod", namespace: NAMESPACE };
  const found = await kube.list(all);
  if (!found.ok) throw new Error(found.error.message);
  await inTurns(found.value.items, async ({ metadata: { name } }) => {
    const gone = await kube.delete({ ...all, name });
    if (!gone.ok) throw new Error(gone.error.message);
  });
  await until("its pods are gone", () => bound.count() === 0);
  return result;
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

/** Agents on nodes that kwok plays would be a pod each, which says nothing here. */
async function keepAgentsOff(kube: KubeClient): Promise<void> {
  const nodeSelector = { "kubernetes.io/hostname": REAL_NODE };
  const patched = await kube.patch(
    { apiVersion: "apps/v1", kind: "DaemonSet", namespace: "seam-system", name: "seam-agent" },
    { kind: "merge", value: { spec: { template: { spec: { nodeSelector } } } } },
  );
  if (!patched.ok) throw new Error(patched.error.message);
}

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
