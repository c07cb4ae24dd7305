/**
 * A lab with all kinds of policies, and nine pods in three namespaces on three nodes, each with a service of its own and a prober in its
 * network; disposing of it leaves nothing.
 */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { type Address, parseAddress } from "@seam/base";
import { createSeam, type Seam } from "@seam/client";
import { child, children, type KubeObject, textAt } from "@seam/kube";
import { defineClusterPolicies, labDown, labStatus, type Prober, startProber } from "@seam/lab";
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

/** Ports of every service, and where they lead: policies never name the former. */
export const SERVICE_PORTS = [
  { protocol: "TCP", port: 1080, targetPort: 80 },
  { protocol: "UDP", port: 1081, targetPort: 81 },
] as const;
/** Labels of the service account of each namespace that pods called b run as. */
const ROBOT = { name: "robot", labels: { app: "a", tier: "2" } };
/** The account that a pod of this name runs as. */
const accountOf = (pod: string): NonNullable<Pod["serviceAccount"]> =>
  pod === "b" ? ROBOT : { name: "default", labels: {} };

/** A pod with its prober, and the addresses of the service that leads to it alone. */
type LivePod = {
  readonly pod: Pod;
  readonly prober: Prober;
  readonly service: readonly Address[];
};

/** The cluster. */
export type LiveCluster = AsyncDisposable & {
  readonly seam: Seam;
  readonly pods: readonly LivePod[];
};

/** Brings the lab up. */
export async function startLiveCluster(lab: string): Promise<LiveCluster> {
  await labDown(lab);
  await execute(`${root}bin/seam`, ["lab", "up", "--name", lab], { maxBuffer: 1 << 26 });
  const { kubeconfig } = await labStatus(lab);
  await defineClusterPolicies(kubeconfig);
  const opened = createSeam({ kubeconfig, namespace: "x" });
  if (!opened.ok) throw new Error(opened.error.message);
  const seam = opened.value;
  for (const namespace of NAMESPACES)
    await write(seam, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: namespaceLabels(namespace) },
    });
  for (const namespace of NAMESPACES) await write(seam, accountObject(namespace));
  const wanted = NAMESPACES.flatMap((namespace, row) =>
    NAMES.map((name, at) => ({ namespace, name, node: NODES[(row + at) % 3] ?? "n1", at })),
  );
  await Promise.all(wanted.map(async (each) => write(seam, podObject(each))));
  await Promise.all(wanted.map(async (each) => write(seam, serviceObject(each))));
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

/** Writes an object, again while the cluster is not ready for it; null when it says that there cannot be such an object. */
export async function offer(seam: Seam, object: KubeObject): Promise<KubeObject | null> {
  const limit = performance.now() + 60_000;
  for (;;) {
    const written = await seam.kube.apply(object, { fieldManager: "test", force: true });
    if (written.ok) return written.value;
    if (written.error.reason === "Invalid") return null;
    if (performance.now() > limit) throw new Error(written.error.message);
    await sleep(250);
  }
}

/** Writes an object that there can be. */
export async function write(seam: Seam, object: KubeObject): Promise<KubeObject> {
  const written = await offer(seam, object);
  if (written === null) throw new Error(`${object.kind} ${object.metadata.name} is refused`);
  return written;
}

type Place = { readonly namespace: string; readonly name: string };

const accountObject = (namespace: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { ...ROBOT, namespace },
});

/** Leads to the one pod of its name. */
const serviceObject = ({ namespace, name }: Place): KubeObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace },
  spec: {
    ipFamilyPolicy: "RequireDualStack",
    selector: { pod: name },
    ports: SERVICE_PORTS.map((each) => ({ name: `p${each.port}`, ...each })),
  },
});

const podObject = ({
  namespace,
  name,
  node,
  at,
}: Place & { readonly node: string; readonly at: number }): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    namespace,
    labels: { app: at === 1 ? "b" : "a", tier: String(1 + (at % 2)), pod: name },
  },
  spec: {
    nodeName: node,
    serviceAccountName: accountOf(name).name,
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
      const prober = await startProber(lab, textAt(address ?? {}, "ip") ?? "");
      return { pod, prober, service: await serviceOf(seam, { namespace, name }) };
    }
    if (performance.now() > limit) throw new Error(`pod ${namespace}/${name} does not run`);
    await sleep(250);
  }
}

async function serviceOf(seam: Seam, place: Place): Promise<readonly Address[]> {
  const found = await seam.kube.get({ apiVersion: "v1", kind: "Service", ...place });
  const addresses = found.ok ? child(found.value, "spec")["clusterIPs"] : [];
  return Array.isArray(addresses) ? addresses.flatMap(addressIn) : [];
}

/** The address that a text is. */
function addressIn(text: unknown): readonly Address[] {
  const parsed = parseAddress(String(text));
  return parsed.ok ? [parsed.value] : [];
}

/** Labels of one of the namespaces. */
export const namespaceLabels = (namespace: string): Readonly<Record<string, string>> => ({
  app: namespace === "x" ? "a" : "b",
  tier: "1",
  "kubernetes.io/metadata.name": namespace,
});

function runningPod(object: KubeObject): Pod | null {
  const status = child(object, "status");
  const addresses = children(status, "podIPs").flatMap(({ ip }) => addressIn(ip));
  if (textAt(status, "phase") !== "Running" || addresses.length < 2) return null;
  const namespace = object.metadata.namespace ?? "";
  return {
    namespace,
    name: object.metadata.name,
    labels: child(object.metadata, "labels"),
    namespaceLabels: namespaceLabels(namespace),
    serviceAccount: accountOf(object.metadata.name),
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
