/**
 * `seam bench accounts`: how soon pods' starts and ends show in `Bandwidth.status` while many of each happen every second (V4), from the
 * API server's answer to the creation or deletion to what a watch shows. kwok plays the nodes.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { BANDWIDTH_KIND } from "@seam/api";
import {
  child,
  children,
  type KubeClient,
  type KubeObject,
  startReflector,
  textAt,
} from "@seam/kube";
import { labStatus } from "@seam/lab";

import { type BenchDocument, environmentOf, type Figure, statisticsOf } from "./document.ts";
import { keepAgentsOff, makeFakeNodes, until } from "./fake-nodes.ts";
import { startKwok } from "./kwok.ts";
import { openLab, write } from "./rivals.ts";

/** How much. */
export type AccountsBenchOptions = {
  /** A lab of one node that is up, with Seam. */
  readonly lab: string;
  /** The program kwok. */
  readonly kwok: string;
  readonly nodes: number;
  /** Pods in all, each of which lives for two seconds. */
  readonly pods: number;
  /** Pods that start in a second. */
  readonly perSecond: number;
};

const NAMESPACE = "accounts";
const LIFE_MS = 2000;
const TARGET_MS = 1000;

/** When something first was so, in ms of `performance.now()`, by the pods' uids. */
type Times = Map<string, number>;
type Clock = { readonly [what in "started" | "shown" | "ended" | "gone"]: Times };

/** Runs the benchmark. */
export async function benchAccounts(options: AccountsBenchOptions): Promise<BenchDocument> {
  const { lab, nodes, pods, perSecond } = options;
  const kube = await openLab(lab);
  const { kubeconfig } = await labStatus(lab);
  using kwok = startKwok(options.kwok, kubeconfig, "nodes");
  const clock = { started: new Map(), shown: new Map(), ended: new Map(), gone: new Map() };
  await using accounts = watchAccounts(kube, clock);
  try {
    await keepAgentsOff(kube);
    await makeFakeNodes(kube, kwok, nodes);
    await until("each node has a Bandwidth", () => accounts.count() > nodes);
    await write(kube, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    await churn(kube, clock, options);
    await until("all pods are gone from all accounts", () => clock.gone.size >= clock.shown.size);
  } finally {
    kube.close();
  }
  return {
    name: "accounts",
    environment: environmentOf({ nodes, pods, perSecond, lifeMs: LIFE_MS }),
    cases: [],
    figures: [
      ...figuresOf("start", clock.started, clock.shown),
      ...figuresOf("end", clock.ended, clock.gone),
    ],
  };
}

/** Starts pods at their pace, and ends each after its life. */
async function churn(
  kube: KubeClient,
  clock: Clock,
  { nodes, pods, perSecond }: AccountsBenchOptions,
): Promise<void> {
  const live = async (index: number): Promise<void> => {
    const made = await kube.create(podOf(`churn-${index}`, `fake-${index % nodes}`));
    if (!made.ok) throw new Error(made.error.message);
    const uid = textAt(made.value.metadata, "uid") ?? "";
    clock.started.set(uid, performance.now());
    await sleep(LIFE_MS);
    const ref = { apiVersion: "v1", kind: "Pod", namespace: NAMESPACE, name: `churn-${index}` };
    const gone = await kube.delete(ref);
    if (!gone.ok) throw new Error(gone.error.message);
    clock.ended.set(uid, performance.now());
  };
  const begin = performance.now();
  const lives: Promise<void>[] = [];
  for (let index = 0; index < pods; index += 1) {
    await sleep(Math.max(0, begin + (index * 1000) / perSecond - performance.now()));
    lives.push(live(index));
  }
  await Promise.all(lives);
}

const podOf = (name: string, nodeName: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    namespace: NAMESPACE,
    annotations: {
      "kubernetes.io/egress-bandwidth": "2M",
      "kubernetes.io/ingress-bandwidth": "1M",
    },
  },
  spec: {
    nodeName,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "pause", image: "localhost/pause:1" }],
  },
});

function watchAccounts(
  client: KubeClient,
  { shown, gone }: Clock,
): AsyncDisposable & { readonly count: () => number } {
  const copy = startReflector<ReadonlySet<string>>({
    client,
    ref: BANDWIDTH_KIND,
    project: (object, before = new Set()) => {
      const at = performance.now();
      const reservations = children(child(object, "status"), "reservations");
      const uids = new Set(reservations.map(({ podUid }) => String(podUid)));
      for (const uid of uids) if (!before.has(uid)) shown.set(uid, at);
      for (const uid of before) if (!uids.has(uid)) gone.set(uid, at);
      return uids;
    },
  });
  return {
    count: () => copy.entries().length,
    [Symbol.asyncDispose]: async () => copy[Symbol.asyncDispose](),
  };
}

/** A pod that came and went between two writes never showed; that counts as if it had taken for ever. */
function figuresOf(what: string, begins: Times, ends: Times): readonly Figure[] {
  const samples = [...begins].map(([uid, begin]) => (ends.get(uid) ?? Infinity) - begin);
  const { p50, p99 } = statisticsOf(samples);
  return [
    { figure: `${what} p50`, unit: "ms", value: p50, target: null },
    { figure: `${what} p99`, unit: "ms", value: p99, target: null },
    { figure: `${what}, longest`, unit: "ms", value: Math.max(...samples), target: TARGET_MS },
  ];
}
