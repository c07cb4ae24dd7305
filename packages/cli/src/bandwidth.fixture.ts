/** A lab whose pods have rates: what tests make there, what they ask for, and the judge of its accounts. */
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

import { PATIENCE_MS, testLab } from "./lab.fixture.ts";

/** The lab. */
export const lab = testLab("seam-test-bandwidth");
const { kubectl } = lab;
export const nodes = ["n1", "n2", "n3"] as const;
const TRAFFIC = "localhost/seam/traffic:dev";
export const SCHEDULER = "vaclab-scheduler";
const EGRESS = "kubernetes.io/egress-bandwidth";
const INGRESS = "kubernetes.io/ingress-bandwidth";

/** Asks again until it holds, as long as the test has. */
export async function eventually(
  check: () => Promise<void>,
  withinMs = PATIENCE_MS,
): Promise<void> {
  const limit = performance.now() + withinMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > limit) throw error;
      await sleep(100);
    }
  }
}

type Rates = { readonly ulMbps: number; readonly dlMbps: number };
export type Both = { readonly local: Rates; readonly network: Rates };
type Bandwidth = {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly node: string;
    readonly capacity: Both;
    readonly requests?: readonly { readonly podName: string; readonly bandwidth: Rates }[];
  };
  readonly status: {
    readonly status: string;
    readonly capacity: Both;
    readonly used: Both;
    readonly remaining: Both;
    readonly reservations?: readonly { readonly podName: string; readonly bandwidth: Both }[];
  };
};

export const rates = (ulMbps: number, dlMbps: number): Rates => ({ ulMbps, dlMbps });
export const NOTHING: Both = { local: rates(0, 0), network: rates(0, 0) };

export const bandwidthOf = async (node: string): Promise<Bandwidth> =>
  JSON.parse(await kubectl("get", "bandwidths.networking.vaclab.org", node, "-o", "json"));

export const usedBy = async (...names: readonly string[]): Promise<readonly Both[]> =>
  Promise.all(names.map(async (name) => (await bandwidthOf(name)).status.used));

export type Wish = {
  readonly egress?: string;
  readonly ingress?: string;
  readonly node?: string;
  readonly scheduler?: string;
  readonly group?: string;
  readonly command?: readonly string[];
  readonly image?: string;
  /** Annotations besides. */
  readonly annotations?: { readonly [key: string]: string };
};

export const annotationsOf = ({ egress, ingress, group, annotations }: Wish): object => ({
  ...annotations,
  ...(group === undefined ? {} : { "seam.ucsd.edu/bandwidth-group": group }),
  ...(egress === undefined ? {} : { [EGRESS]: egress }),
  ...(ingress === undefined ? {} : { [INGRESS]: ingress }),
});

const specOf = (wish: Wish): object => {
  const { node, scheduler = SCHEDULER, command = ["sleep", "infinity"], image = TRAFFIC } = wish;
  return {
    schedulerName: scheduler,
    ...(node === undefined ? {} : { nodeSelector: { "kubernetes.io/hostname": node } }),
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "c", image, command }],
  };
};

export const pod = (name: string, wish: Wish): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, annotations: annotationsOf(wish) },
  spec: specOf(wish),
});

export const deployment = (name: string, replicas: number, wish: Wish): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations: annotationsOf(wish) },
      spec: specOf(wish),
    },
  },
});

export const ready = async (...pods: readonly string[]): Promise<string> =>
  kubectl("wait", "--for=condition=Ready", "--timeout=60s", ...pods.map((name) => `pod/${name}`));

/** Nodes of the pods of a Deployment. */
export const nodesOf = async (app: string): Promise<readonly string[]> =>
  (await kubectl("get", "pods", "-l", `app=${app}`, "-o", "jsonpath={.items[*].spec.nodeName}"))
    .split(" ")
    .toSorted();

export const reasonOf = async (name: string): Promise<string> =>
  kubectl(
    "get",
    "pod",
    name,
    "-o",
    'jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}',
  );

/** Mbit/s that the pod `client` receives from the pod `server` in two seconds, or sends it. */
export async function measured(
  client: string,
  server: string,
  direction: "sends" | "receives",
): Promise<number> {
  const address = await kubectl("get", "pod", server, "-o", "jsonpath={.status.podIP}");
  const way = direction === "sends" ? [] : ["-R"];
  const said = await lab.inPod(client, "iperf3", "-c", address, "-t", "2", "-O", "1", "-J", ...way);
  return JSON.parse(said).end.sum_received.bits_per_second / 1e6;
}

type SeenPod = {
  readonly metadata: { readonly name: string; readonly annotations?: { [key: string]: string } };
  readonly spec: { readonly nodeName?: string };
};

const podsSeen = async (): Promise<readonly SeenPod[]> =>
  JSON.parse(await kubectl("get", "pods", "-o", "json")).items;

/** Names of pods that have no node yet. */
export const waitingPods = async (): Promise<readonly string[]> =>
  (await podsSeen())
    .filter(({ spec }) => spec.nodeName === undefined)
    .map(({ metadata }) => metadata.name);

/**
 * What is wrong with the accounts of the nodes, by the annotations of the pods that are on them, each in no group and with the same whole
 * number of Mbit/s both ways: nothing of what Seam computes goes into it.
 */
export async function wrongMegabits(): Promise<readonly string[]> {
  const pods = await podsSeen();
  const judged = nodes.map(async (node) => {
    const here = pods.filter(({ spec }) => spec.nodeName === node);
    const names = here.map(({ metadata }) => metadata.name);
    const sum = here
      .map(({ metadata }) => Number(/^\d+/.exec(metadata.annotations?.[EGRESS] ?? "0")?.[0]))
      .reduce((total, each) => total + each, 0);
    const { spec, status } = await bandwidthOf(node);
    const { network } = spec.capacity;
    const has = [status.used.network, status.used.local, status.remaining.network];
    const should = [
      rates(sum, sum),
      rates(sum, sum),
      rates(network.ulMbps - sum, network.dlMbps - sum),
    ];
    const lists = [spec.requests ?? [], status.reservations ?? []].map((list) =>
      list.map(({ podName }) => podName).toSorted(),
    );
    const isRight =
      isDeepStrictEqual(has, should) &&
      lists.every((list) => isDeepStrictEqual(list, names.toSorted()));
    return isRight && sum <= network.ulMbps
      ? []
      : [JSON.stringify({ node, has, should, lists, names })];
  });
  return (await Promise.all(judged)).flat();
}
