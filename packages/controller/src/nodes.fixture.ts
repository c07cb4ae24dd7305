/**
 * Three nodes without machines, for tests: Node objects that the real scheduler places pods on, and the part of a kubelet that
 * the API sees. A placed pod gets addresses of both families and becomes Ready, unless it is held back; a deleted pod goes.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import {
  child,
  startReflector,
  textAt,
  type KubeClient,
  type KubeObject,
  type Reflector,
} from "@seam/kube";

const run = promisify(execFile);

/** An experiment as the tests read it. */
export type Experiment = {
  metadata: { resourceVersion: string };
  status?: {
    phase: string;
    workloads: {
      name: string;
      ready: number;
      desired: number;
      pods: { name: string; node: string; addresses: string[] }[];
    }[];
    conditions: {
      type: string;
      status: string;
      reason: string;
      message: string;
      lastTransitionTime: string;
    }[];
  };
};

/** The nodes. */
export type Nodes = AsyncDisposable & {
  /** Makes the pod of that name (in any namespace) not Ready until it is released. */
  readonly hold: (pod: string) => Promise<void>;
  readonly release: (pod: string) => Promise<void>;
};

const kubectlProgram = join(
  process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools",
  "kubectl",
);

/** Runs kubectl from the folder that `SEAM_BIN` names. */
export async function kubectl(kubeconfig: string, ...argv: readonly string[]): Promise<string> {
  const { stdout } = await run(kubectlProgram, [`--kubeconfig=${kubeconfig}`, ...argv]);
  return stdout;
}

/** Waits until `probe` does not throw. */
export async function eventually<T>(probe: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < 150; tries += 1) {
    try {
      return await probe();
    } catch {
      await sleep(200);
    }
  }
  return probe();
}

/** Makes the nodes and begins to serve their pods. */
export async function startNodes(client: KubeClient, kubeconfig: string): Promise<Nodes> {
  for (const name of ["n1", "n2", "n3"]) await makeNode(client, name);
  const held = new Set<string>();
  const numbers = new Map<string, number>();
  const serve = async (pod: KubeObject): Promise<void> => {
    if (textAt(child(pod, "spec"), "nodeName") === null) return;
    if (textAt(pod.metadata, "deletionTimestamp") !== null) return remove(kubeconfig, pod);
    const uid = textAt(pod.metadata, "uid") ?? "";
    numbers.set(uid, numbers.get(uid) ?? numbers.size + 1);
    const status = statusOf(numbers.get(uid) ?? 0, held.has(pod.metadata.name));
    await client.applyStatus(
      { ...identity(pod), status },
      { fieldManager: "kubelet", force: true },
    );
  };
  const pods: Reflector<KubeObject> = startReflector({
    client,
    ref: { apiVersion: "v1", kind: "Pod" },
    project: (object) => object,
    onChange: ({ kind, value }) => {
      if (kind === "set") void serve(value);
    },
  });
  const again = async (name: string): Promise<void> => {
    for (const [, pod] of pods.entries()) if (pod.metadata.name === name) await serve(pod);
  };
  return {
    hold: async (name) => {
      held.add(name);
      await again(name);
    },
    release: async (name) => {
      held.delete(name);
      await again(name);
    },
    [Symbol.asyncDispose]: async () => pods[Symbol.asyncDispose](),
  };
}

const identity = ({ apiVersion, kind, metadata }: KubeObject): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: metadata.name, namespace: metadata.namespace ?? "", uid: metadata["uid"] },
});

/** Only this very pod: one that took its name meanwhile stays, and one that is gone is no failure. */
async function remove(kubeconfig: string, { metadata }: KubeObject): Promise<void> {
  const path = `/api/v1/namespaces/${metadata.namespace ?? ""}/pods/${metadata.name}`;
  const preconditions = { uid: metadata["uid"] };
  const options = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0, preconditions };
  const deleting = run(kubectlProgram, [
    `--kubeconfig=${kubeconfig}`,
    "delete",
    "--raw",
    path,
    "-f",
    "-",
  ]);
  deleting.child.stdin?.end(JSON.stringify(options));
  await deleting.catch(() => null);
}

function statusOf(number: number, isHeld: boolean): object {
  const podIPs = [{ ip: `10.244.0.${number}` }, { ip: `fd00:244::${number}` }];
  const conditions = [{ type: "Ready", status: isHeld ? "False" : "True" }];
  return { phase: "Running", podIP: podIPs[0]?.ip, podIPs, conditions };
}

async function makeNode(client: KubeClient, name: string): Promise<void> {
  const node = { apiVersion: "v1", kind: "Node", metadata: { name } };
  const labels = { "kubernetes.io/hostname": name };
  const made = await client.create({ ...node, metadata: { name, labels } });
  if (!made.ok) throw new Error(made.error.message);
  const capacity = { cpu: "4", memory: "8Gi", pods: "110" };
  const conditions = [{ type: "Ready", status: "True" }];
  await client.applyStatus(
    { ...node, status: { capacity, allocatable: capacity, conditions } },
    { fieldManager: "kubelet", force: true },
  );
  // Admission taints each new node as not ready; the controller that lifts the taint does not run here.
  await client.patch({ ...node, name }, { kind: "merge", value: { spec: { taints: null } } });
}
