/**
 * Two pairs of kube-scheduler and extender that elect a leader, and the operator, on a real API server and nodes without machines; and the
 * judge of what faults leave: sums over pods alone, which share no code with any ledger.
 */
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { BANDWIDTH_KIND } from "@seam/api";
import {
  child,
  children,
  createKubeClient,
  type Json,
  type KubeClient,
  type KubeObject,
  readKubeconfig,
  textAt,
} from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";

import { buildMovedClock, type MovedClock } from "./moved-clock.fixture.ts";
import {
  fileOf,
  freePort,
  type Kept,
  keep,
  kubectl,
  makeNode,
  makePod,
  startExtenderProcess,
  startScheduler,
} from "./scheduler.fixture.ts";

/** A kube-scheduler and its extender, as in one pod. */
export type Pair = {
  readonly host: string;
  readonly scheduler: Kept;
  readonly extender: Kept;
};

/** The cluster. */
export type FaultyCluster = AsyncDisposable & {
  readonly plane: ControlPlane;
  readonly client: KubeClient;
  /** Time of day of Seam's own programs. */
  readonly clock: MovedClock;
  readonly operator: Kept;
  readonly startPair: (host: string) => Promise<Pair>;
  /** What Seam's programs have printed. */
  readonly output: () => string;
};

const NODES = Array.from({ length: 10 }, (_, index) => `n${index}`);
/** How many pods there is room for: `SEAM_FAULT_PODS`, a multiple of ten. */
export const ROOM = Number(process.env["SEAM_FAULT_PODS"] ?? 120);
/** What each pod asks for, and each node can carry, in each direction, Mbit/s. */
const RATE = 20;
const CAPACITY = (RATE * ROOM) / NODES.length;

/** Starts the API server, the operator and ten nodes, without a scheduler. */
export async function startFaultyCluster(): Promise<FaultyCluster> {
  const plane = await startControlPlane();
  const { kubeconfig } = plane;
  const config = readKubeconfig(kubeconfig);
  if (!config.ok) throw new Error(config.error);
  const client = createKubeClient(config.value);
  const k = async (...argv: readonly string[]): Promise<string> => kubectl(kubeconfig, ...argv);
  await k("apply", "-f", fileOf("deploy/helm/seam/files/crds"));
  await k("wait", "--for=condition=Established", "crd", "--all", "--timeout=90s");
  for (const name of NODES) await makeNode(client, name, CAPACITY);
  const clock = buildMovedClock(dirname(kubeconfig));
  let output = "";
  const onOutput = (text: unknown): void => void (output += String(text));
  const env = { ...process.env, ...clock.env };
  const flags = [`--kubeconfig=${kubeconfig}`, "--port=0", "--namespace=default", "--identity=one"];
  const operator = await keep(() => {
    const argv = [fileOf("packages/controller/src/main.ts"), ...flags];
    const started = spawn(process.execPath, argv, { env });
    started.stdout.on("data", onOutput);
    started.stderr.on("data", onOutput);
    return started;
  });
  const kept: Kept[] = [operator];
  return {
    plane,
    client,
    clock,
    operator,
    output: () => output,
    startPair: async (host) => {
      const [extenderPort, schedulerPort] = [await freePort(), await freePort()];
      const setting = { kubeconfig, extenderPort, schedulerPort, host };
      const extender = await keep(() => startExtenderProcess(setting, onOutput, clock.env));
      const scheduler = await keep(async () => startScheduler(setting));
      kept.push(extender, scheduler);
      return { host, extender, scheduler };
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(kept.map(async ({ stop }) => stop()));
      client.close();
      await plane[Symbol.asyncDispose]();
    },
  };
}

/** Makes pods that each ask for `RATE`, some at a time; what cannot be made while the API server is away is made afterwards. */
export async function makePods(client: KubeClient, prefix: string, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`).values();
  const makeSome = async (): Promise<void> => {
    for (const name of names)
      await persist(async () => makePod(client, name, { egress: `${RATE}M` }));
  };
  await Promise.all(Array.from({ length: 8 }, makeSome));
}

/** Tries again, for half a minute at most; a pod that an answer did not tell of exists. */
async function persist(work: () => Promise<void>): Promise<void> {
  const limit = performance.now() + 30_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (String(error).includes("already exists")) return;
      if (performance.now() > limit) throw error;
      await sleep(100);
    }
  }
}

/** All objects of a kind. */
export async function all(
  client: KubeClient,
  ref: { readonly apiVersion: string; readonly kind: string },
): Promise<readonly KubeObject[]> {
  const page = await client.list(ref);
  if (!page.ok) throw new Error(page.error.message);
  return page.value.items;
}

const POD = { apiVersion: "v1", kind: "Pod" };
const nodeOf = (pod: Json): string | null => textAt(child(pod, "spec"), "nodeName");

/** How many pods have a node. */
export const countPlaced = async (client: KubeClient): Promise<number> =>
  (await all(client, POD)).filter((pod) => nodeOf(pod) !== null).length;

/** Deletes all pods. */
export async function deletePods(client: KubeClient): Promise<void> {
  for (const { metadata } of await all(client, POD)) {
    const { name, namespace = "" } = metadata;
    const gone = await client.delete({ ...POD, namespace, name });
    if (!gone.ok && gone.error.code !== 404) throw new Error(gone.error.message);
  }
}

/** A node's pods, and what its `Bandwidth` says. */
type Account = {
  readonly node: string;
  readonly pods: readonly string[];
  readonly object: KubeObject;
};

async function accounts(client: KubeClient): Promise<readonly Account[]> {
  const pods = await all(client, POD);
  return (await all(client, BANDWIDTH_KIND)).map((object) => {
    const node = object.metadata.name;
    const here = pods.filter((pod) => nodeOf(pod) === node);
    return { node, object, pods: here.map(({ metadata }) => metadata.name).toSorted() };
  });
}

const namesIn = (object: Json, key: string): readonly string[] =>
  children(object, key)
    .map((each) => textAt(each, "podName") ?? "")
    .toSorted();

const requestsIn = ({ object }: Account): readonly string[] =>
  namesIn(child(object, "spec"), "requests");

/** Every megabit that is wrong: given away twice, told otherwise than the pods on the nodes say, or kept for a pod that is not there. */
export async function wrongMegabits(client: KubeClient): Promise<readonly string[]> {
  return (await accounts(client)).flatMap((account) => {
    const { node, pods, object } = account;
    const used = RATE * pods.length;
    const over = used > CAPACITY ? [`${node} carries ${used} of ${CAPACITY}`] : [];
    const status = child(object, "status");
    const of = (key: string): Json => child(child(status, key), "network");
    const told = [of("used")["ulMbps"], of("used")["dlMbps"], of("remaining")["ulMbps"]].join();
    const wanted = [used, used, CAPACITY - used].join();
    const differs = told === wanted ? [] : [`${node} says ${told}, its pods ${wanted}`];
    const reserved = namesIn(status, "reservations");
    const others = [...reserved, ...requestsIn(account)].filter((name) => !pods.includes(name));
    const missing = pods.filter((name) => !reserved.includes(name));
    return [...over, ...differs, ...[...others, ...missing].map((name) => `${node}: ${name}`)];
  });
}

/** Pods on nodes whose `Bandwidth` does not name them in `spec.requests`. */
export const withoutRequest = async (client: KubeClient): Promise<readonly string[]> =>
  (await accounts(client)).flatMap((account) => {
    const requests = new Set(requestsIn(account));
    return account.pods.filter((name) => !requests.has(name));
  });
