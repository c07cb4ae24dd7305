/** kube-scheduler with Seam's extender for tests: both processes on a real API server, and nodes without machines. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { openSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
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
export type Setting = {
  readonly kubeconfig: string;
  readonly extenderPort: number;
  /** Port of kube-scheduler itself. */
  readonly schedulerPort: number;
  /** Host name of the pair, of several that elect a leader; absent: it is the only one. */
  readonly host?: string;
};

/** Times of elections in tests: shorter than upstream's, and long enough for a machine with other work. */
const ELECTION = {
  leaderElect: true,
  leaseDuration: "6s",
  renewDeadline: "4s",
  retryPeriod: "500ms",
  resourceName: "vaclab-scheduler",
  resourceNamespace: "default",
};

/** Starts an extender; what it prints goes to `onOutput`. */
export function startExtenderProcess(
  { kubeconfig, extenderPort, schedulerPort, host }: Setting,
  onOutput: (text: string) => void,
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  const flags = [
    `--kubeconfig=${kubeconfig}`,
    `--extender-port=${extenderPort}`,
    `--kube-scheduler-port=${schedulerPort}`,
    "--port=0",
    "--namespace=default",
    ...(host === undefined ? ["--lease=none"] : [`--host=${host}`]),
  ];
  const main = fileOf("packages/scheduling/src/main.ts");
  const child = spawn(process.execPath, [main, ...flags], { env: { ...process.env, ...env } });
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => onOutput(String(chunk)));
  return child;
}

/** Starts kube-scheduler under the name vaclab-scheduler, with the extender at its port. */
export async function startScheduler(setting: Setting): Promise<ChildProcess> {
  const { host, kubeconfig } = setting;
  const folder = dirname(kubeconfig);
  const name = join(folder, `vaclab-scheduler${host === undefined ? "" : `-${host}`}`);
  writeFileSync(`${name}.json`, JSON.stringify(configurationOf(setting)));
  const log = openSync(`${name}.log`, "a");
  const argv = [
    join(bin, "kube-scheduler"),
    `--config=${name}.json`,
    `--secure-port=${setting.schedulerPort}`,
    "--bind-address=127.0.0.1",
    `--tls-cert-file=${folder}/tls.crt`,
    `--tls-private-key-file=${folder}/tls.key`,
    "--authentication-skip-lookup=true",
  ];
  // Its identity in the election begins with the host name, which in a pod is the pod's.
  const named = ["unshare", "--uts", "sh", "-c", `hostname ${host} && exec "$@"`, "sh", ...argv];
  const [program = "", ...rest] = host === undefined ? argv : named;
  return spawn(program, rest, { stdio: ["ignore", log, log] });
}

const configurationOf = ({ kubeconfig, extenderPort, host }: Setting): Json => ({
  apiVersion: "kubescheduler.config.k8s.io/v1",
  kind: "KubeSchedulerConfiguration",
  clientConnection: { kubeconfig, qps: 200, burst: 400 },
  leaderElection: host === undefined ? { leaderElect: false } : ELECTION,
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
});

/** A process that is started again whenever it ends, as a kubelet does it with containers. */
export type Kept = {
  /** Stops it where it is, or lets it go on. */
  readonly signal: (name: "SIGSTOP" | "SIGCONT") => void;
  /** Ends it for good. */
  readonly stop: () => Promise<void>;
};

/** Starts a process, and again whenever it ends. */
export async function keep(start: () => ChildProcess | Promise<ChildProcess>): Promise<Kept> {
  const state = { isKept: true, child: await start() };
  const again = async (): Promise<void> => {
    await sleep(200);
    if (!state.isKept) return;
    state.child = await start();
    state.child.once("exit", () => void again());
    if (!state.isKept) await end(state.child);
  };
  state.child.once("exit", () => void again());
  return {
    signal: (name) => void state.child.kill(name),
    stop: async () => {
      state.isKept = false;
      await end(state.child);
    },
  };
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
