/**
 * The agent's process for tests: a namespace that is its node, where this process goes as well, a real API server with the rights of the
 * agent's manifest and no others, pods that the API server knows, and CNI calls as the shim makes them.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { customResourceDefinitions } from "@seam/api";
import { enterNetns } from "@seam/kernel";
import { createKubeClient, isKubeObject, type KubeClient, readKubeconfig } from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { expect, vi } from "vitest";

import { run } from "./node.fixture.ts";

/** Where the agent under test tells its health and metrics. */
export const AGENT_PORT = 9811;
const NODE = "a";
const root = fileURLToPath(new URL("../../../", import.meta.url));

/** One call: for which pod, in which namespace of the network. */
export type CniCall = {
  readonly pod: string;
  readonly netns: string;
  readonly namespace?: string;
  readonly ifName?: string;
  readonly config?: object;
  /** Of a pod that `makePod` did not make. */
  readonly uid?: string;
};

/** An agent that can be started and stopped, and what is around it; disposing of it leaves nothing. */
export type AgentProcess = AsyncDisposable & {
  readonly client: KubeClient;
  /** The administrator's. */
  readonly kubeconfig: string;
  /** A file of the agent's. */
  readonly at: (name: string) => string;
  /** kubectl as administrator. */
  readonly k: (...argv: readonly string[]) => string;
  readonly apply: (...objects: readonly object[]) => void;
  /** Starts controllers of Kubernetes. */
  readonly startControllers: ControlPlane["startControllers"];
  readonly makeNode: (name: string, address: string, podCIDRs: readonly string[]) => Promise<void>;
  /** A pod on the agent's node, without which its interface would stay closed. */
  readonly makePod: (
    name: string,
    metadata?: {
      readonly namespace?: string;
      readonly labels?: object;
      readonly annotations?: object;
    },
  ) => Promise<void>;
  readonly cni: (command: string, call: CniCall) => Promise<unknown>;
  /** Gives the agent its rights, by a token of its service account. */
  readonly signIn: () => void;
  /** Resolves when the agent's health, or readiness, is good; `environment` is more than what every agent gets. */
  readonly start: (options?: {
    readonly answers?: "healthz" | "readyz";
    readonly environment?: Readonly<Record<string, string>>;
  }) => Promise<void>;
  readonly stop: (signal: NodeJS.Signals) => Promise<void>;
  /** All that agents have printed. */
  readonly log: () => string;
};

/** Makes the namespaces of the network, of which the first is the node's, and the cluster; starts no agent yet. */
export async function prepareAgent(namespaces: readonly string[]): Promise<AgentProcess> {
  makeNamespaces(namespaces);
  const folder = mkdtempSync(path.join(tmpdir(), "seam-agent-"));
  const at = (name: string): string => path.join(folder, name);
  const plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  const client = createKubeClient(config.value);
  const { k, apply } = administrator(plane);
  apply(...customResourceDefinitions().filter(isKubeObject));
  k("create", "namespace", "lab-a");
  const process = agentProcess(at);
  return {
    client,
    kubeconfig: plane.kubeconfig,
    at,
    k,
    apply,
    startControllers: plane.startControllers,
    ...clusterObjects(client, at("cni.sock")),
    signIn: () => signIn(plane, k, at("kubeconfig")),
    ...process,
    [Symbol.asyncDispose]: async () => {
      await process.stop("SIGKILL");
      client.close();
      await plane[Symbol.asyncDispose]();
      for (const each of namespaces) run("ip", "netns", "del", each);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** This process, and what it starts, move into the node's. */
function makeNamespaces(namespaces: readonly string[]): void {
  const [node = ""] = namespaces;
  for (const each of namespaces) {
    run("sh", "-c", `ip netns del ${each} 2>/dev/null; ip netns add ${each}`);
    run("ip", "-n", each, "link", "set", "lo", "up");
  }
  const on = (...argv: readonly string[]): string => run("ip", "-n", node, ...argv);
  on("link", "add", "up0", "type", "veth", "peer", "name", "up1");
  for (const end of ["up0", "up1"]) on("link", "set", end, "up");
  on("addr", "add", "10.200.7.1/24", "brd", "10.200.7.255", "dev", "up0");
  const entered = enterNetns(`/run/netns/${node}`);
  if (!entered.ok) throw new Error(entered.error.message);
}

function administrator(plane: ControlPlane): Pick<AgentProcess, "k" | "apply"> {
  const kubectl = `${process.env["SEAM_BIN"]}/kubectl`;
  const flags = ["--kubeconfig", plane.kubeconfig];
  return {
    k: (...argv) => run(kubectl, ...flags, ...argv),
    apply: (...objects) => {
      const how = [...flags, "apply", "--server-side", "--force-conflicts", "-f", "-"];
      for (const object of objects)
        execFileSync(kubectl, how, { input: JSON.stringify(object), stdio: "pipe" });
    },
  };
}

/** What the API server knows, and the calls that name it by its uid; of another pod the runtime made one up. */
function clusterObjects(
  client: KubeClient,
  socketPath: string,
): Pick<AgentProcess, "makeNode" | "makePod" | "cni"> {
  const uids = new Map<string, string>();
  return {
    makeNode: async (name, address, podCIDRs) => {
      const made = await client.create({
        apiVersion: "v1",
        kind: "Node",
        metadata: { name },
        spec: podCIDRs.length === 0 ? {} : { podCIDR: podCIDRs[0], podCIDRs },
        status: { addresses: [{ type: "InternalIP", address }] },
      });
      if (!made.ok) throw new Error(made.error.message);
    },
    makePod: async (name, metadata = {}) => {
      const made = await client.create({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace: "lab-a", ...metadata },
        spec: { nodeName: NODE, containers: [{ name: "main", image: "i" }] },
      });
      if (!made.ok) throw new Error(made.error.message);
      uids.set(name, String(made.value.metadata["uid"]));
    },
    cni: async (command, call) => {
      const { pod, netns, namespace = "lab-a", ifName = "eth0", config = {} } = call;
      const uid = call.uid ?? uids.get(pod) ?? `uid-of-${pod}`;
      const variables = {
        COMMAND: command,
        CONTAINERID: `id-of-${pod}`,
        IFNAME: ifName,
        NETNS: `/run/netns/${netns}`,
        ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${pod};K8S_POD_UID=${uid}`,
      };
      return callPlugin(socketPath, variables, { cniVersion: "1.1.0", name: "seam", ...config });
    },
  };
}

/** One call as the shim makes it; null for an empty answer. */
async function callPlugin(socketPath: string, variables: object, config: object): Promise<unknown> {
  const lines = Object.entries(variables).map(([key, value]) => `CNI_${key}=${value}\0`);
  const body = Buffer.from(`${lines.join("")}\0${JSON.stringify(config)}`);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  const socket = connect(socketPath);
  socket.write(Buffer.concat([header, body]));
  const text = (await buffer(socket)).subarray(8).toString();
  return text === "" ? null : JSON.parse(text);
}

function signIn(plane: ControlPlane, k: AgentProcess["k"], file: string): void {
  k("apply", "--server-side", "--force-conflicts", "-f", path.join(root, "deploy/seam.yaml"));
  const config = JSON.parse(readFileSync(plane.kubeconfig, "utf8"));
  const authority = path.join(plane.kubeconfig, "..", "tls.crt");
  config.clusters[0].cluster["certificate-authority"] = authority;
  config.users[0].user = { token: k("create", "token", "seam-agent", "-n", "seam-system").trim() };
  writeFileSync(file, JSON.stringify(config));
}

function agentProcess(at: AgentProcess["at"]): Pick<AgentProcess, "start" | "stop" | "log"> {
  let agent: ChildProcess | null = null;
  let log = "";
  return {
    start: async ({ answers = "healthz", environment = {} } = {}) => {
      agent = spawn(process.execPath, [path.join(root, "packages/agent/src/main.ts")], {
        env: {
          NODE_NAME: NODE,
          KUBECONFIG: at("kubeconfig"),
          SEAM_STORE: at("store/agent.db"),
          SEAM_CNI_SOCKET: at("cni.sock"),
          SEAM_VIEW_SOCKET: at("view.sock"),
          SEAM_HTTP_PORT: String(AGENT_PORT),
          SEAM_SHIM: "/bin/true",
          SEAM_CNI_BIN: at("bin"),
          SEAM_CNI_CONF: at("conf"),
          ...environment,
        },
      });
      for (const stream of [agent.stdout, agent.stderr])
        stream?.on("data", (chunk) => (log += String(chunk)));
      const url = `http://127.0.0.1:${AGENT_PORT}/${answers}`;
      await vi.waitFor(async () => expect((await fetch(url)).ok).toBe(true), { timeout: 15_000 });
    },
    stop: async (signal) => {
      const running = agent;
      if (running === null || running.exitCode !== null || running.signalCode !== null) return;
      const ended = new Promise((resolve) => running.once("exit", resolve));
      running.kill(signal);
      await ended;
    },
    log: () => log,
  };
}
