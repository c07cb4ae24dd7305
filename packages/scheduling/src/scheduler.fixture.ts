/** kube-scheduler with Seam's extender for tests: both processes on a real API server, and nodes without machines. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { openSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { BANDWIDTH_KIND } from "@seam/api";
import type { Json, KubeClient, KubeObject } from "@seam/kube";

const bin = process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools";
const run = promisify(execFile);

/** Runs kubectl. */
export async function kubectl(kubeconfig: string, ...argv: readonly string[]): Promise<string> {
  const { stdout } = await run(join(bin, "kubectl"), [`--kubeconfig=${kubeconfig}`, ...argv]);
  return stdout;
}

/** A file of the checkout. */
export const fileOf = (path: string): string =>
  fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** A TCP port that is free now. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        resolve(typeof address === "object" && address !== null ? address.port : 0),
      );
    });
  });
}

/** Ports and files of a pair of kube-scheduler and extender. */
export type Setting = { readonly kubeconfig: string; readonly extenderPort: number };

/** Starts an extender; what it prints goes to `onOutput`. */
export function startExtenderProcess(
  { kubeconfig, extenderPort }: Setting,
  identity: string,
  onOutput: (text: string) => void,
): ChildProcess {
  const flags = [
    `--kubeconfig=${kubeconfig}`,
    `--extender-port=${extenderPort}`,
    "--port=0",
    "--namespace=default",
    `--identity=${identity}`,
  ];
  const main = fileOf("packages/scheduling/src/main.ts");
  const child = spawn(process.execPath, [main, ...flags]);
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => onOutput(String(chunk)));
  return child;
}

/** Starts kube-scheduler under the name vaclab-scheduler, with the extender at its port. */
export async function startScheduler({ kubeconfig, extenderPort }: Setting): Promise<ChildProcess> {
  const folder = dirname(kubeconfig);
  const config = {
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    clientConnection: { kubeconfig },
    leaderElection: { leaderElect: false },
    // An extender sees all nodes that others leave, and a pod that lost a race is tried again within a second.
    percentageOfNodesToScore: 100,
    podInitialBackoffSeconds: 1,
    podMaxBackoffSeconds: 1,
    profiles: [{ schedulerName: "vaclab-scheduler" }],
    extenders: [
      {
        urlPrefix: `http://127.0.0.1:${extenderPort}`,
        filterVerb: "filter",
        preemptVerb: "preempt",
        bindVerb: "bind",
        nodeCacheCapable: true,
      },
    ],
  };
  const file = join(folder, "scheduler.json");
  writeFileSync(file, JSON.stringify(config));
  const log = openSync(join(folder, "vaclab-scheduler.log"), "a");
  const flags = [
    `--config=${file}`,
    `--secure-port=${await freePort()}`,
    "--bind-address=127.0.0.1",
  ];
  const certificate = [
    `--tls-cert-file=${folder}/tls.crt`,
    `--tls-private-key-file=${folder}/tls.key`,
  ];
  const argv = [...flags, ...certificate, "--authentication-skip-lookup=true"];
  return spawn(join(bin, "kube-scheduler"), argv, { stdio: ["ignore", log, log] });
}

/** Ends a process. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await exited;
}

async function created(client: KubeClient, object: KubeObject): Promise<void> {
  const done = await client.create(object);
  if (!done.ok) throw new Error(`${object.kind} ${object.metadata.name}: ${done.error.message}`);
}

/** A Node, ready for 110 pods, and its `Bandwidth`. */
export async function makeNode(client: KubeClient, name: string, network: number): Promise<void> {
  const both = (mbps: number): Json => ({ ulMbps: mbps, dlMbps: mbps });
  const spec = { node: name, capacity: { local: both(20_000), network: both(network) } };
  await created(client, { ...BANDWIDTH_KIND, metadata: { name }, spec });
  await created(client, { apiVersion: "v1", kind: "Node", metadata: { name }, spec: {} });
  const resources = { cpu: "64", memory: "64Gi", pods: "1000" };
  const conditions = [{ type: "Ready", status: "True" }];
  const status = { allocatable: resources, capacity: resources, conditions };
  const object = { apiVersion: "v1", kind: "Node", metadata: { name }, status };
  const done = await client.applyStatus(object, { fieldManager: "test", force: true });
  if (!done.ok) throw new Error(done.error.message);
  // The API server taints new nodes until a kubelet is heard, which there is none of.
  const patch = { kind: "merge", value: { spec: { taints: null } } } as const;
  const cleared = await client.patch({ apiVersion: "v1", kind: "Node", name }, patch);
  if (!cleared.ok) throw new Error(cleared.error.message);
}

/** A pod for vaclab-scheduler. */
export async function makePod(
  client: KubeClient,
  name: string,
  { egress, ingress = egress }: { readonly egress: string; readonly ingress?: string },
): Promise<void> {
  const annotations = {
    "kubernetes.io/egress-bandwidth": egress,
    "kubernetes.io/ingress-bandwidth": ingress,
  };
  await created(client, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "default", name, annotations },
    spec: {
      schedulerName: "vaclab-scheduler",
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", image: "localhost/none" }],
    },
  });
}
