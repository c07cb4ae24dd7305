/**
 * `seam bench controller`: how fast Seam's controller makes the objects of experiments, what it takes for that, and that it asks
 * nothing when nothing changes. One real node runs the cluster; kwok plays the nodes and kubelets that the pods need. Experiments
 * are written at a steady rate first, then the rest at once; each is followed by a Deployment without pods, whose ReplicaSet is what
 * upstream's controllers make meanwhile.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { API_VERSION } from "@seam/api";
import { child, type KubeClient, type KubeObject, textAt } from "@seam/kube";
import { labExec, labStatus } from "@seam/lab";
import {
  type BenchDocument,
  caseOf,
  environmentOf,
  type Figure,
  statisticsOf,
} from "./document.ts";
import { cpuMsOf } from "./cpu.ts";
import { makeFakeNodes, REAL_NODE, until } from "./fake-nodes.ts";
import { startKwok } from "./kwok.ts";
import { memoryOf } from "./memory.ts";
import { type MadeObjects, PEER_LABEL, watchMade } from "./made-objects.ts";
import { openLab, write } from "./rivals.ts";

/** How much, and how fast. */
export type ControllerBenchOptions = {
  /** A lab of one node that is up, with Seam. */
  readonly lab: string;
  /** The program kwok. */
  readonly kwok: string;
  readonly experiments: number;
  /** Workloads of each experiment; every one is a StatefulSet of one pod, and a Service. */
  readonly workloads: number;
  /** Experiments written in each second of the steady half. */
  readonly perSecond: number;
};

const PEER = "kube-controller-manager, Deployment to ReplicaSet";
const PROGRAM = "/seam/controller.js";
const PROJECTS = 10;
/** A kubelet's own limit is 110 pods. */
const PODS_OF_NODE = 100;
const QUIET_SECONDS = 60;

/** Runs the benchmark. */
export async function benchController(options: ControllerBenchOptions): Promise<BenchDocument> {
  const kube = await openLab(options.lab);
  const { kubeconfig } = await labStatus(options.lab);
  using kwok = startKwok(options.kwok, kubeconfig, "nodes and pods");
  await using seen = watchMade(kube, 2 * options.workloads);
  try {
    await makeFakeNodes(
      kube,
      kwok,
      Math.ceil((options.experiments * options.workloads) / PODS_OF_NODE) + 1,
    );
    await makeProjects(kube);
    return await measure(kube, seen, options);
  } finally {
    kube.close();
  }
}

async function measure(
  kube: KubeClient,
  seen: MadeObjects,
  options: ControllerBenchOptions,
): Promise<BenchDocument> {
  const { experiments, workloads, perSecond } = options;
  const controller = await controllerOf(kube, options.lab);
  const before = await controller.used();
  const steady = Math.ceil(experiments / 2);
  const written = await writeSteadily(kube, steady, options);
  await untilMade(seen, steady);
  const burst = await writeAtOnce(kube, steady, options);
  await untilMade(seen, experiments);
  const atOnce = { count: experiments - steady, took: (seen.lastMade() - burst) / 1000 };
  await until(`${experiments} experiments are Ready`, () => seen.ready() === experiments);
  const used = await controller.used();
  const memory = await controller.memory();
  const idle = await requestsAtRest(controller);
  const made = latencies(written, seen.madeAt);
  const rounds = [{ seam: made, peer: latencies(written, seen.peerAt) }];
  const names = { unit: "s", better: "lower", peer: PEER } as const;
  return {
    name: "controller",
    environment: environmentOf({ experiments, workloads, perSecond }),
    cases: (["p50", "p99"] as const).map((statistic) =>
      caseOf({ ...names, what: `write to all objects ${statistic}` }, statistic, rounds),
    ),
    figures: [
      { figure: "write to all objects p99", unit: "s", value: statisticsOf(made).p99, target: 1 },
      ...atOnceFigures(atOnce),
      { figure: "controller's memory", unit: "MiB PSS", value: memory, target: 512 },
      ...costFigures(before, used, experiments),
      { figure: `${QUIET_SECONDS} s at rest`, unit: "requests", value: idle, target: 0 },
    ],
  };
}

const figureOf = (figure: string, unit: string, value: number): Figure => ({
  figure,
  unit,
  value: Math.round(value * 10) / 10,
  target: null,
});

/** What an experiment cost from its write until its pods were Ready: requests of the controller and CPU time of both programs. */
function costFigures(before: Used, after: Used, experiments: number): readonly Figure[] {
  const each = (what: keyof Used): number => (after[what] - before[what]) / experiments;
  return [
    figureOf("requests per experiment", "requests", each("requests")),
    figureOf("API server per experiment", "ms CPU", each("serverMs")),
    figureOf("controller per experiment", "ms CPU", each("controllerMs")),
  ];
}

/** How long all took that were written at once, and how many that is a second. */
const atOnceFigures = ({
  count,
  took,
}: {
  readonly count: number;
  readonly took: number;
}): readonly Figure[] => [
  figureOf(`${count} at once, all made`, "s", took),
  figureOf("rate at once", "experiments/s", count / took),
];

/** Requests in a minute, once what came last is told in events and in the status of projects. */
async function requestsAtRest({ requests }: Controller): Promise<number> {
  await until("the controller rests", async () => {
    const before = await requests();
    await sleep(5000);
    return (await requests()) === before;
  });
  const before = await requests();
  await sleep(QUIET_SECONDS * 1000);
  return (await requests()) - before;
}

/** Seconds from each write to what it made. */
const latencies = (
  written: ReadonlyMap<string, number>,
  madeAt: (experiment: string) => number,
): readonly number[] => [...written].map(([experiment, at]) => (madeAt(experiment) - at) / 1000);

const nameOf = (index: number): string => `e${index}`;
const projectOf = (index: number): string => `scale-${index % PROJECTS}`;

/** Writes experiments at the rate, whether earlier ones are done or not; when each was sent. */
async function writeSteadily(
  kube: KubeClient,
  count: number,
  options: ControllerBenchOptions,
): Promise<ReadonlyMap<string, number>> {
  const sent = new Map<string, number>();
  const writes: Promise<void>[] = [];
  const start = performance.now();
  for (let index = 0; index < count; index += 1) {
    await sleep(Math.max(0, start + (index * 1000) / options.perSecond - performance.now()));
    sent.set(nameOf(index), performance.now());
    writes.push(write(kube, experiment(index, options)), write(kube, deployment(index)));
  }
  await Promise.all(writes);
  return sent;
}

/** Writes all the others as fast as the API server takes them; when it began. */
async function writeAtOnce(
  kube: KubeClient,
  from: number,
  options: ControllerBenchOptions,
): Promise<number> {
  const start = performance.now();
  const all = Array.from({ length: options.experiments - from }, (_, index) => from + index);
  await Promise.all(all.map(async (index) => write(kube, experiment(index, options))));
  return start;
}

const image = "localhost/pause:1";

const experiment = (index: number, { workloads }: ControllerBenchOptions): KubeObject => ({
  apiVersion: API_VERSION,
  kind: "Experiment",
  metadata: { name: nameOf(index), namespace: projectOf(index) },
  spec: {
    workloads: Array.from({ length: workloads }, (_, at) => ({
      name: `${nameOf(index)}-w${at}`,
      image,
    })),
  },
});

/** Without pods, so that it takes nothing of the nodes. */
const deployment = (index: number): KubeObject => {
  const labels = { [PEER_LABEL]: nameOf(index) };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: nameOf(index), namespace: projectOf(index), labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image }] } },
    },
  };
};

async function makeProjects(kube: KubeClient): Promise<void> {
  for (let index = 0; index < PROJECTS; index += 1) {
    const ref = { apiVersion: API_VERSION, kind: "Project", name: projectOf(index) };
    const { name, ...kind } = ref;
    await write(kube, { ...kind, metadata: { name }, spec: {} });
    await until(`project ${ref.name} is Ready`, async () => {
      const found = await kube.get(ref);
      return found.ok && textAt(child(found.value, "status"), "phase") === "Ready";
    });
  }
}

const untilMade = async (seen: MadeObjects, experiments: number): Promise<void> =>
  until(`${experiments} experiments are made`, () => seen.complete() === experiments);

type Used = {
  readonly requests: number;
  readonly serverMs: number;
  readonly controllerMs: number;
};

type Controller = {
  /** Everything since the programs' start. */
  readonly used: () => Promise<Used>;
  /** Requests that it has sent, without those that renew its lease. */
  readonly requests: () => Promise<number>;
  /** MiB of all its processes (PSS: proc(5), smaps_rollup). */
  readonly memory: () => Promise<number>;
};

/** What the controller at an address has counted, without what renews its lease. */
async function requestsIn(lab: string, address: string): Promise<number> {
  const ask = ["curl", "-sf", `http://${address}:9810/metrics`];
  const { stdout } = await labExec(lab, REAL_NODE, ask);
  const samples = [...stdout.matchAll(/^seam_api_requests_total\{(.*)\} (\d+)$/gm)];
  return samples
    .filter(([, labels = ""]) => !labels.includes('resource="leases"'))
    .reduce((sum, [, , value]) => sum + Number(value), 0);
}

/** The controller's process on the lab's node. */
async function controllerOf(kube: KubeClient, lab: string): Promise<Controller> {
  const pods = await kube.list(
    { apiVersion: "v1", kind: "Pod", namespace: "seam-system" },
    { labelSelector: "app.kubernetes.io/name=seam-controller" },
  );
  if (!pods.ok) throw new Error(pods.error.message);
  const address = textAt(child(pods.value.items[0] ?? {}, "status"), "podIP");
  const requests = async (): Promise<number> => requestsIn(lab, address ?? "");
  return {
    requests,
    used: async () => ({
      requests: await requests(),
      serverMs: await cpuMsOf(lab, REAL_NODE, "/kube-apiserver"),
      controllerMs: await cpuMsOf(lab, REAL_NODE, PROGRAM),
    }),
    memory: async () => memoryOf(lab, REAL_NODE, PROGRAM),
  };
}
