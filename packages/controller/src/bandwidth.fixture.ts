/** Nodes, pods and `Bandwidth` objects on a real API server, with the controller's process beside it, for tests of accounting. */
import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import {
  AGENT_NAME,
  type Bandwidth,
  BANDWIDTH_KIND,
  LINK_SPEED_ANNOTATION,
  policyReportName,
  REPORT_KIND,
  SYSTEM_NAMESPACE,
} from "@seam/api";
import {
  createKubeClient,
  isKubeObject,
  type KubeClient,
  type KubeObject,
  readKubeconfig,
  type Reflector,
  startReflector,
} from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { expect } from "vitest";
import { signInAsController, startController, stop } from "./controller.fixture.ts";
import { kubectl } from "./nodes.fixture.ts";

/** What a pod of a test may say. */
export type PodWishes = {
  /** Absent: it waits for a scheduler. */
  readonly node?: string;
  readonly annotations?: { readonly [key: string]: string };
  readonly scheduler?: string;
  /** The uid of a ReplicaSet, or any other controller. */
  readonly owner?: { readonly kind: string; readonly name: string; readonly uid: string };
};

/** The cluster. */
export type BandwidthCluster = AsyncDisposable & {
  readonly client: KubeClient;
  readonly plane: ControlPlane;
  /** Runs kubectl as administrator. */
  readonly k: (...argv: readonly string[]) => Promise<string>;
  readonly apply: (object: object) => Promise<KubeObject>;
  readonly startController: (...flags: readonly string[]) => void;
  readonly stopController: (signal: NodeJS.Signals) => Promise<void>;
  /** What the controllers have printed. */
  readonly output: () => string;
  /** The port of health and metrics of the controller started last. */
  readonly port: () => number;
};

/** Starts a cluster without a controller. */
export async function startBandwidthCluster(): Promise<BandwidthCluster> {
  const plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  const client = createKubeClient(config.value);
  const kubeconfig = await signInAsController(plane.kubeconfig);
  const k = async (...argv: readonly string[]): Promise<string> =>
    kubectl(plane.kubeconfig, ...argv);
  await k("wait", "--for=condition=Established", "crd", "--all", "--timeout=90s");
  let controller: ChildProcess | null = null;
  let output = "";
  const stopController = async (signal: NodeJS.Signals): Promise<void> => {
    if (controller !== null) await stop(controller, signal);
    controller = null;
  };
  return {
    client,
    plane,
    k,
    apply: async (object) => applied(client, object),
    startController: (...flags) => {
      const argv = ["--port=0", `--kubeconfig=${kubeconfig}`, ...flags];
      controller = startController(argv, (text) => (output += text));
    },
    stopController,
    output: () => output,
    port: () => Number([...output.matchAll(/"port":(\d+)/g)].at(-1)?.[1]),
    [Symbol.asyncDispose]: async () => {
      await stopController("SIGKILL");
      client.close();
      await plane[Symbol.asyncDispose]();
    },
  };
}

async function applied(client: KubeClient, object: object): Promise<KubeObject> {
  if (!isKubeObject(object)) throw new Error("no object");
  const answer = await client.apply(object, { fieldManager: "test", force: true });
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
}

/** A Node object; its uid. */
export async function makeNode(
  { apply }: Pick<BandwidthCluster, "apply">,
  name: string,
  annotations: object = {},
): Promise<string> {
  const node = await apply({ apiVersion: "v1", kind: "Node", metadata: { name, annotations } });
  return String(node.metadata["uid"]);
}

/** A pod in the namespace `default`, which goes as soon as it is deleted; its uid. */
export async function makePod(
  client: Pick<KubeClient, "create">,
  name: string,
  { node, annotations = {}, scheduler, owner }: PodWishes,
): Promise<string> {
  const controller = { apiVersion: "apps/v1", ...owner, controller: true };
  const made = await client.create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      annotations,
      ...(owner === undefined ? {} : { ownerReferences: [controller] }),
    },
    spec: {
      containers: [{ name: "main", image: "none:1" }],
      terminationGracePeriodSeconds: 0,
      tolerations: [{ operator: "Exists" }],
      ...(node === undefined ? {} : { nodeName: node }),
      ...(scheduler === undefined ? {} : { schedulerName: scheduler }),
    },
  });
  if (!made.ok) throw new Error(made.error.message);
  return String(made.value.metadata["uid"]);
}

/** Deletes a pod of the namespace `default`. */
export async function deletePod(client: Pick<KubeClient, "delete">, name: string): Promise<void> {
  const gone = await client.delete({ apiVersion: "v1", kind: "Pod", namespace: "default", name });
  if (!gone.ok) throw new Error(gone.error.message);
}

/** Whether an object is a `Bandwidth` as the API server has checked it. */
const isBandwidth = (object: KubeObject): object is KubeObject & Bandwidth =>
  object.apiVersion === BANDWIDTH_KIND.apiVersion && object.kind === BANDWIDTH_KIND.kind;

/** A node's object. */
export async function bandwidthOf(
  client: Pick<KubeClient, "get">,
  name: string,
): Promise<KubeObject & Bandwidth> {
  const found = await client.get({ ...BANDWIDTH_KIND, name });
  if (!found.ok) throw new Error(found.error.message);
  if (!isBandwidth(found.value)) throw new Error("no Bandwidth");
  return found.value;
}

/** Rates of both capacities in one line: local up/down, network up/down. */
export function figures(shares: NonNullable<Bandwidth["status"]>["used"]): string {
  const pair = (rates: { ulMbps: number; dlMbps: number } | undefined): string =>
    rates === undefined ? "none" : `${rates.ulMbps}/${rates.dlMbps}`;
  return `local ${pair(shares?.local)} network ${pair(shares?.network)}`;
}

/** What a test sees of the cluster's accounts. */
export type BandwidthView = AsyncDisposable & {
  /** Every version of every object that was seen, the oldest first. */
  readonly history: readonly KubeObject[];
  /** An object as the copy has it. */
  readonly object: (name: string) => KubeObject | undefined;
  readonly get: (name: string) => ReturnType<typeof bandwidthOf>;
  readonly status: (name: string) => Promise<NonNullable<Bandwidth["status"]>>;
  readonly used: (name: string) => Promise<string>;
  /** The events about `KIND/NAME`: `TYPE REASON: NOTE`. */
  readonly told: (about: string) => readonly string[];
  readonly expectUsed: (node: string, wanted: string) => Promise<void>;
  readonly expectState: (name: string, state: string) => Promise<void>;
};

/** How long something may take, and how often it is looked at, in milliseconds. */
export const SOON = { timeout: 5000, interval: 20 };

/** Begins to look. */
export function viewBandwidth(client: KubeClient): BandwidthView {
  const history: KubeObject[] = [];
  const copy = (ref: { apiVersion: string; kind: string }, to?: KubeObject[]) =>
    startReflector<KubeObject>({
      client,
      ref,
      project: (object) => object,
      onChange: ({ kind, value }) => void (kind === "set" && to?.push(value)),
    });
  const objects: Reflector<KubeObject> = copy(BANDWIDTH_KIND, history);
  const events: Reflector<KubeObject> = copy({ apiVersion: "events.k8s.io/v1", kind: "Event" });
  const get = async (name: string): ReturnType<typeof bandwidthOf> => bandwidthOf(client, name);
  const status: BandwidthView["status"] = async (name) => (await get(name)).status ?? {};
  const used = async (name: string): Promise<string> => figures((await status(name)).used);
  return {
    history,
    object: objects.get,
    get,
    status,
    used,
    told: (about) =>
      events
        .entries()
        .map(([, each]) => JSON.parse(JSON.stringify(each)))
        .filter(({ regarding }) => `${regarding.kind}/${regarding.name}` === about)
        .map(
          ({ type, reason, note, series }) =>
            `${type} ${reason}: ${note}${series === undefined ? "" : ` (${series.count} times)`}`,
        ),
    expectUsed: async (node, wanted) => expect.poll(async () => used(node), SOON).toBe(wanted),
    expectState: async (name, state) =>
      expect.poll(async () => (await status(name)).status, SOON).toBe(state),
    [Symbol.asyncDispose]: async () => {
      await objects[Symbol.asyncDispose]();
      await events[Symbol.asyncDispose]();
    },
  };
}

/** Reports the speed of a node's network card as its agent does, in a Lease. */
export async function tellLinkSpeed(
  { apply }: Pick<BandwidthCluster, "apply">,
  node: string,
  speedMbps: number,
): Promise<void> {
  await apply({
    ...REPORT_KIND,
    metadata: {
      name: policyReportName(node),
      namespace: SYSTEM_NAMESPACE,
      labels: { "app.kubernetes.io/name": AGENT_NAME },
      annotations: { [LINK_SPEED_ANNOTATION]: String(speedMbps) },
    },
    spec: { holderIdentity: node },
  });
}

/** Changes some fields of a Node or a Bandwidth. */
export async function merge(
  { client }: Pick<BandwidthCluster, "client">,
  ref: { readonly kind: "Node" | "Bandwidth"; readonly name: string },
  value: object,
): Promise<void> {
  const apiVersion = ref.kind === "Node" ? "v1" : BANDWIDTH_KIND.apiVersion;
  const patch = { kind: "merge", value: { ...value } } as const;
  const written = await client.patch({ apiVersion, ...ref }, patch);
  if (!written.ok) throw new Error(written.error.message);
}

/** Writes some of a pod's status, as its kubelet does. */
export async function setPodStatus(
  { client }: Pick<BandwidthCluster, "client">,
  name: string,
  status: object,
): Promise<void> {
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default" } };
  const written = await client.applyStatus(
    { ...pod, status },
    { fieldManager: "kubelet", force: true },
  );
  if (!written.ok) throw new Error(written.error.message);
}

/** A workload, as owner references name it. */
type Owner = NonNullable<PodWishes["owner"]>;

/** A ReplicaSet of a Deployment, without pods of its own. */
export async function makeReplicaSet(
  { client }: Pick<BandwidthCluster, "client">,
  name: string,
  deployment: Owner,
): Promise<Owner> {
  const labels = { set: name };
  const owner = { apiVersion: "apps/v1", ...deployment, controller: true };
  const containers = [{ name: "main", image: "none:1" }];
  const made = await client.create({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name, namespace: "default", ownerReferences: [owner] },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  });
  if (!made.ok) throw new Error(made.error.message);
  return { kind: "ReplicaSet", name, uid: String(made.value.metadata["uid"]) };
}

/** Binds a pod to a node, as a scheduler does. */
export async function bind(
  { plane, k }: Pick<BandwidthCluster, "plane" | "k">,
  pod: string,
  node: string,
): Promise<void> {
  const path = `/api/v1/namespaces/default/pods/${pod}/binding`;
  const file = `${plane.kubeconfig}-binding.json`;
  const target = { apiVersion: "v1", kind: "Node", name: node };
  const binding = { apiVersion: "v1", kind: "Binding", metadata: { name: pod }, target };
  writeFileSync(file, JSON.stringify(binding));
  await k("create", "--raw", path, "-f", file);
}
