/** Two labs that differ in their pod network only, Seam and the upstream reference, with pods to measure between. */
import { API_VERSION, NETWORK_CONFIG_NAME } from "@seam/api";
import {
  createKubeClient,
  type Json,
  type KubeClient,
  type KubeObject,
  readKubeconfig,
} from "@seam/kube";
import { labExec, labStatus, useReferenceVxlan } from "@seam/lab";
import { TUNNEL_DEVICE } from "@seam/state";
import { setTimeout as sleep } from "node:timers/promises";

import type { BenchRound } from "./document.ts";

/** What Seam is compared with. */
export const PEER = "bridge + host-local + portmap v1.9.1";

/** The case in which packets stay on one node. */
export const SAME_NODE = "same node";

/** One of the two labs, ready to measure. */
export type Rival = {
  readonly kube: KubeClient;
  /** Where a client's packets can go, by name of the case. */
  readonly targets: { readonly [place: string]: string };
};

/** Names of the two labs, which are up. */
export type RivalLabs = { readonly seam: string; readonly reference: string };

const namespace = "bench";
const nodes = ["n1", "n2"] as const;
const image = "localhost/seam/traffic:dev";
const serve = "rr serve 5202 & exec iperf3 -s -p 5201";

/** A client of a lab, as its administrator. */
export async function openLab(name: string): Promise<KubeClient> {
  const config = readKubeconfig((await labStatus(name)).kubeconfig);
  if (!config.ok) throw new Error(config.error);
  return createKubeClient(config.value);
}

/** Sends all traffic between the nodes of both labs through VXLAN; for pods that are made afterwards. */
export async function encapsulate({ seam, reference }: RivalLabs): Promise<void> {
  await useReferenceVxlan(reference);
  const kube = await openLab(seam);
  await write(kube, {
    apiVersion: API_VERSION,
    kind: "NetworkConfig",
    metadata: { name: NETWORK_CONFIG_NAME },
    spec: { overlay: "vxlan", encapsulate: "always" },
  });
  kube.close();
  for (const node of nodes) {
    const limit = performance.now() + 30_000;
    const tunnel = async (): Promise<number | null> =>
      (await labExec(seam, node, ["ip", "link", "show", TUNNEL_DEVICE])).code;
    while ((await tunnel()) !== 0) {
      if (performance.now() > limit) throw new Error(`${node} has no VXLAN device after 30 s`);
      await sleep(200);
    }
  }
}

/** Makes a client and servers on its own node (n2), on another (n1), and behind a service. */
export async function prepareRival(lab: string): Promise<Rival> {
  const kube = await openLab(lab);
  await write(kube, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await write(kube, serverPod("client", "n2", "sleep infinity"));
  await write(kube, serverPod("same", "n2", serve));
  await write(kube, serverPod("across", "n1", serve));
  const spec = {
    selector: { app: "across" },
    ports: [5201, 5202].map((port) => ({ name: `p${port}`, port })),
  };
  await write(kube, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "balanced", namespace },
    spec,
  });
  const pods = await allRunning(kube, "measured=yes", 3);
  const address = (name: string): string =>
    textAt(pods.find((pod) => pod.metadata.name === name)?.["status"], "podIP");
  const service = await kube.get({
    apiVersion: "v1",
    kind: "Service",
    namespace,
    name: "balanced",
  });
  if (!service.ok) throw new Error(service.error.message);
  const rival = {
    kube,
    targets: {
      [SAME_NODE]: address("same"),
      across: address("across"),
      service: textAt(service.value["spec"], "clusterIP"),
    },
  };
  // kube-proxy needs a moment for a new service.
  for (let tries = 0; tries < 50; tries += 1) {
    const asked = await kube.exec(clientPod, [
      "rr",
      "ask",
      rival.targets.service,
      "5202",
      "--seconds",
      "0.1",
    ]);
    if (asked.ok && asked.value.exitCode === 0) return rival;
    await sleep(200);
  }
  throw new Error("the service does not answer");
}

/** Measures both sides in turn; who is first changes, so that neither always finds what the other left. */
export async function interleaved(
  rounds: number,
  one: (side: "seam" | "reference") => Promise<number>,
): Promise<readonly BenchRound[]> {
  const all: BenchRound[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = round % 2 === 0 ? null : await one("reference");
    const seam = await one("seam");
    all.push({ seam: [seam], peer: [before ?? (await one("reference"))] });
  }
  return all;
}

/** The pod that measures. */
export const clientPod = { namespace, pod: "client" };

/** Waits until as many pods with the label are Running, and returns them. */
export async function allRunning(
  kube: KubeClient,
  labelSelector: string,
  count: number,
): Promise<readonly KubeObject[]> {
  const limit = performance.now() + 180_000;
  for (;;) {
    const found = await kube.list({ apiVersion: "v1", kind: "Pod", namespace }, { labelSelector });
    const running = found.ok
      ? found.value.items.filter((pod) => textAt(pod["status"], "phase") === "Running")
      : [];
    if (running.length >= count) return running;
    if (performance.now() > limit)
      throw new Error(`${running.length} of ${count} pods Running after 180 s`);
    await sleep(50);
  }
}

/** A pod of the benchmark; without a node the scheduler chooses. */
export const benchPod = (name: string, labels: Json, spec: Json): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, labels },
  spec: { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, ...spec },
});

const serverPod = (name: string, nodeName: string, script: string): KubeObject =>
  benchPod(
    name,
    { app: name, measured: "yes" },
    {
      nodeName,
      containers: [{ name, image, command: ["sh", "-c", script] }],
    },
  );

/** Writes an object of a benchmark. */
export async function write(kube: KubeClient, object: KubeObject): Promise<void> {
  const written = await kube.apply(object, { fieldManager: "seam-bench", force: true });
  if (!written.ok)
    throw new Error(`${object.kind} ${object.metadata.name}: ${written.error.message}`);
}

function textAt(value: unknown, key: string): string {
  const found: unknown =
    typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === "string" ? found : "";
}
