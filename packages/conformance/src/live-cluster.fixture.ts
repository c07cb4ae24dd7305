/** A lab with nine pods in three namespaces on three nodes, each with a prober in its network; disposing of it leaves nothing. */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { type Address, parseAddress } from "@seam/base";
import { createSeam, type Seam } from "@seam/client";
import { child, children, type KubeObject, textAt } from "@seam/kube";
import { labDown, labStatus, type Prober, startProber } from "@seam/lab";
import type { Pod } from "@seam/reach";

const root = new URL("../../../", import.meta.url).pathname;
const execute = promisify(execFile);
const NODES = ["n1", "n2", "n3"] as const;
const NAMESPACES = ["x", "y", "z"] as const;
const NAMES = ["a", "b", "c"] as const;
const PORTS = [
  { name: "web", protocol: "TCP", port: 80 },
  { name: "web", protocol: "UDP", port: 81 },
  { name: "db", protocol: "TCP", port: 8080 },
] as const;

/** A pod with its prober. */
type LivePod = { readonly pod: Pod; readonly prober: Prober };

/** The cluster. */
export type LiveCluster = AsyncDisposable & {
  readonly seam: Seam;
  readonly pods: readonly LivePod[];
};

/** Brings the lab up. */
export async function startLiveCluster(lab: string): Promise<LiveCluster> {
  await labDown(lab);
  await execute(`${root}bin/seam`, ["lab", "up", "--name", lab], { maxBuffer: 1 << 26 });
  const opened = createSeam({ kubeconfig: (await labStatus(lab)).kubeconfig, namespace: "x" });
  if (!opened.ok) throw new Error(opened.error.message);
  const seam = opened.value;
  for (const [at, namespace] of NAMESPACES.entries())
    await write(seam, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: { app: at === 0 ? "a" : "b", tier: "1" } },
    });
  const wanted = NAMESPACES.flatMap((namespace, row) =>
    NAMES.map((name, at) => ({ namespace, name, node: NODES[(row + at) % 3] ?? "n1", at })),
  );
  await Promise.all(wanted.map(async (each) => write(seam, podObject(each))));
  const pods = await Promise.all(
    wanted.map(async ({ namespace, name }) => livePod(seam, lab, { namespace, name })),
  );
  return {
    seam,
    pods,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(pods.map(async ({ prober }) => prober[Symbol.asyncDispose]()));
      seam.kube.close();
      await labDown(lab);
    },
  };
}

/** Writes an object, again while the cluster is not ready for it. */
export async function write(seam: Seam, object: KubeObject): Promise<KubeObject> {
  const limit = performance.now() + 60_000;
  for (;;) {
    const written = await seam.kube.apply(object, { fieldManager: "test", force: true });
    if (written.ok) return written.value;
    if (performance.now() > limit) throw new Error(written.error.message);
    await sleep(250);
  }
}

type Place = { readonly namespace: string; readonly name: string };

const podObject = ({
  namespace,
  name,
  node,
  at,
}: Place & { readonly node: string; readonly at: number }): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, labels: { app: at === 1 ? "b" : "a", tier: String(1 + (at % 2)) } },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "main",
        image: "localhost/seam/traffic:dev",
        command: ["sleep", "infinity"],
        ports: PORTS.map((each) => ({
          name: each.name === "web" && each.protocol === "UDP" ? "web-udp" : each.name,
          protocol: each.protocol,
          containerPort: each.port,
        })),
      },
    ],
  },
});

async function livePod(seam: Seam, lab: string, { namespace, name }: Place): Promise<LivePod> {
  const limit = performance.now() + 120_000;
  for (;;) {
    const found = await seam.kube.get({ apiVersion: "v1", kind: "Pod", namespace, name });
    const pod = found.ok ? runningPod(found.value) : null;
    if (pod !== null) {
      const [address] = children(child(found.ok ? found.value : {}, "status"), "podIPs");
      return { pod, prober: await startProber(lab, textAt(address ?? {}, "ip") ?? "") };
    }
    if (performance.now() > limit) throw new Error(`pod ${namespace}/${name} does not run`);
    await sleep(250);
  }
}

function runningPod(object: KubeObject): Pod | null {
  const status = child(object, "status");
  const addresses = children(status, "podIPs").flatMap((each): readonly Address[] => {
    const parsed = parseAddress(textAt(each, "ip") ?? "");
    return parsed.ok ? [parsed.value] : [];
  });
  if (textAt(status, "phase") !== "Running" || addresses.length < 2) return null;
  const namespace = object.metadata.namespace ?? "";
  return {
    namespace,
    name: object.metadata.name,
    labels: child(object.metadata, "labels"),
    namespaceLabels: {
      app: namespace === "x" ? "a" : "b",
      tier: "1",
      "kubernetes.io/metadata.name": namespace,
    },
    addresses,
    node: textAt(child(object, "spec"), "nodeName"),
    hostNetwork: false,
    ports: children(child(object, "spec"), "containers").flatMap((container) =>
      children(container, "ports").map((each) => ({
        name: textAt(each, "name") ?? "",
        protocol: each["protocol"] === "UDP" ? ("UDP" as const) : ("TCP" as const),
        port: Number(each["containerPort"]),
      })),
    ),
  };
}
