/**
 * The agent's process in a node of its own, on a real API server with the rights of its manifest and no others: every
 * failure of it is an Event on the pod or node that it concerns, and what it measures is what the guide says.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { customResourceDefinitions } from "@seam/api";
import { exposedMetrics, metricsInGuide } from "@seam/daemon/testing";
import { enterNetns } from "@seam/kernel";
import { createKubeClient, isKubeObject, type KubeClient, readKubeconfig } from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { run } from "./node.fixture.ts";

const netns = { node: "seam-test-ev-node", pod: "seam-test-ev-pod", two: "seam-test-ev-two" };
const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "seam-agent-"));
const at = (name: string): string => path.join(folder, name);
const PORT = 9811;
let plane: ControlPlane;
let client: KubeClient;
let agent: ChildProcess;
let log = "";

const k = (...argv: readonly string[]): string =>
  run(`${process.env["SEAM_BIN"]}/kubectl`, "--kubeconfig", plane.kubeconfig, ...argv);
const apply = (...objects: readonly object[]): void => {
  for (const object of objects)
    execFileSync(
      `${process.env["SEAM_BIN"]}/kubectl`,
      ["--kubeconfig", plane.kubeconfig, "apply", "--server-side", "--force-conflicts", "-f", "-"],
      { input: JSON.stringify(object), stdio: "pipe" },
    );
};

type Told = {
  readonly reason: string;
  readonly note: string;
  readonly type: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid: string };
};
/** `TYPE REASON: NOTE` of the events about an object. */
const told = (kind: string, name: string): readonly string[] => {
  const { items }: { items: readonly Told[] } = JSON.parse(
    k("get", "events.v1.events.k8s.io", "-A", "-o", "json"),
  );
  return items
    .filter(({ regarding }) => regarding.kind === kind && regarding.name === name)
    .map(({ type, reason, note }) => `${type} ${reason}: ${note}`);
};
const expectTold = async (kind: string, name: string, words: string): Promise<void> =>
  expect
    .poll(() => told(kind, name).join("\n"), { timeout: 25_000, interval: 500 })
    .toContain(words);

type More = { readonly ifName?: string; readonly config?: object; readonly namespace?: string };

/** One call as the shim makes it. */
async function cni(command: string, pod: string, more: More = {}): Promise<unknown> {
  const { ifName = "eth0", config = {}, namespace = "lab-a" } = more;
  const variables = {
    COMMAND: command,
    CONTAINERID: `id-of-${pod}`,
    IFNAME: ifName,
    NETNS: `/run/netns/${pod === "two" ? netns.two : netns.pod}`,
    ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${pod};K8S_POD_UID=uid-of-${pod}`,
  };
  const lines = Object.entries(variables).map(([key, value]) => `CNI_${key}=${value}\0`);
  const body = Buffer.from(
    `${lines.join("")}\0${JSON.stringify({ cniVersion: "1.1.0", name: "seam", ...config })}`,
  );
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  const socket = connect(at("cni.sock"));
  socket.write(Buffer.concat([header, body]));
  const text = (await buffer(socket)).subarray(8).toString();
  return text === "" ? null : JSON.parse(text);
}

/** The agent's rights, by a token of its service account. */
function signInAsAgent(): void {
  k("apply", "--server-side", "--force-conflicts", "-f", path.join(root, "deploy/seam.yaml"));
  const config = JSON.parse(readFileSync(plane.kubeconfig, "utf8"));
  const authority = path.join(plane.kubeconfig, "..", "tls.crt");
  config.clusters[0].cluster["certificate-authority"] = authority;
  config.users[0].user = {
    token: k("create", "token", "seam-agent", "-n", "seam-system").trim(),
  };
  writeFileSync(at("kubeconfig"), JSON.stringify(config));
}

async function startAgent(): Promise<void> {
  agent = spawn(process.execPath, [path.join(root, "packages/agent/src/main.ts")], {
    env: {
      NODE_NAME: "a",
      SEAM_DAEMONSET: "seam-system/seam-agent",
      KUBECONFIG: at("kubeconfig"),
      SEAM_STORE: at("store/agent.db"),
      SEAM_CNI_SOCKET: at("cni.sock"),
      SEAM_VIEW_SOCKET: at("view.sock"),
      SEAM_HTTP_PORT: String(PORT),
      SEAM_SHIM: "/bin/true",
      SEAM_CNI_BIN: at("bin"),
      SEAM_CNI_CONF: at("conf"),
    },
  });
  for (const stream of [agent.stdout, agent.stderr])
    stream?.on("data", (chunk) => (log += String(chunk)));
  await vi.waitFor(
    async () => expect((await fetch(`http://127.0.0.1:${PORT}/healthz`)).ok).toBe(true),
    {
      timeout: 15_000,
    },
  );
}

async function stopAgent(signal: NodeJS.Signals): Promise<void> {
  const ended = new Promise((resolve) => agent.once("exit", resolve));
  agent.kill(signal);
  await ended;
}

const nodeObject = (name: string, address: string, podCIDRs: readonly string[]) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name },
  spec: podCIDRs.length === 0 ? {} : { podCIDR: podCIDRs[0], podCIDRs },
  status: { addresses: [{ type: "InternalIP", address }] },
});
const makeNode = async (...node: Parameters<typeof nodeObject>): Promise<void> => {
  const made = await client.create(nodeObject(...node));
  if (!made.ok) throw new Error(made.error.message);
};
const network = (spec: object) => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "NetworkConfig",
  metadata: { name: "default" },
  spec,
});

/** Two namespaces; this process, and what it starts, move into the node's. */
function makeNamespaces(): void {
  for (const each of Object.values(netns)) {
    run("sh", "-c", `ip netns del ${each} 2>/dev/null; ip netns add ${each}`);
    run("ip", "-n", each, "link", "set", "lo", "up");
  }
  const on = (...argv: readonly string[]): string => run("ip", "-n", netns.node, ...argv);
  on("link", "add", "up0", "type", "veth", "peer", "name", "up1");
  for (const end of ["up0", "up1"]) on("link", "set", end, "up");
  on("addr", "add", "10.200.7.1/24", "brd", "10.200.7.255", "dev", "up0");
  const entered = enterNetns(`/run/netns/${netns.node}`);
  if (!entered.ok) throw new Error(entered.error.message);
}

beforeAll(async () => {
  makeNamespaces();
  plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  client = createKubeClient(config.value);
  apply(...customResourceDefinitions().filter(isKubeObject));
  k("create", "namespace", "lab-a");
  await makeNode("a", "10.200.7.1", []);
  signInAsAgent();
  // A small disk, which a test fills.
  mkdirSync(at("store"));
  run("mount", "-t", "tmpfs", "-o", "size=1m", "seam-test", at("store"));
  await startAgent();
});

afterAll(async () => {
  await stopAgent("SIGKILL");
  client.close();
  await plane[Symbol.asyncDispose]();
  for (const each of Object.values(netns)) run("ip", "netns", "del", each);
  run("umount", "-l", at("store"));
  rmSync(folder, { recursive: true, force: true });
});

test("a node without prefixes: its pods hear it at once, the node itself soon after", async () => {
  expect(await cni("ADD", "early")).toMatchObject({ code: 11 });
  await expectTold("Pod", "early", "Warning NetworkNotReady: CNI ADD failed");
  expect(told("Node", "a").join()).not.toContain("NoPodPrefixes");
  await expectTold("Node", "a", "Warning NoPodPrefixes: this node has no pod prefixes");
  const prefixes = { podCIDR: "10.244.7.0/30", podCIDRs: ["10.244.7.0/30", "fd00:7::/64"] };
  const given = await client.patch(
    { apiVersion: "v1", kind: "Node", name: "a" },
    { kind: "merge", value: { spec: prefixes } },
  );
  expect(given).toMatchObject({ ok: true });
  await expectTold("Node", "a", "Normal PluginInstalled");
  expect((await fetch(`http://127.0.0.1:${PORT}/readyz`)).status).toBe(200);
});

test.each([
  {
    pod: "far",
    config: { ips: ["10.9.9.9/32"] },
    words:
      "AddressRefused: CNI ADD failed on this pod's node: the requested address 10.9.9.9 is not in",
  },
  {
    pod: "port",
    config: { portMappings: [{ hostPort: 70_000, containerPort: 80 }] },
    words: "HostPortRefused: CNI ADD failed on this pod's node: runtimeConfig.portMappings[0]",
  },
  {
    pod: "mac",
    config: { mac: "ff:ff:ff:ff:ff:ff" },
    words: "RequestRefused: CNI ADD failed on this pod's node: runtimeConfig.mac",
  },
])("pod $pod hears why it cannot have what was asked for", async ({ pod, config, words }) => {
  await cni("ADD", pod, { config: { runtimeConfig: config } });
  await expectTold("Pod", pod, `Warning ${words}`);
  expect(k("get", "events", "-n", "lab-a", "-o", "jsonpath={..involvedObject.uid}")).toContain(
    `uid-of-${pod}`,
  );
});

test("kernel, address range and CHECK: each failure has its own reason", async () => {
  run("ip", "-n", netns.pod, "route", "add", "default", "dev", "lo");
  expect(await cni("ADD", "loop")).toMatchObject({ code: 101 });
  run("ip", "-n", netns.pod, "route", "del", "default", "dev", "lo");
  await expectTold("Pod", "loop", "Warning KernelRefused");
  const prevResult = await cni("ADD", "one");
  expect(prevResult).toMatchObject({ cniVersion: "1.1.0", ips: [{}, {}] });
  expect(await cni("ADD", "two")).toHaveProperty("ips");
  expect(await cni("ADD", "three", { ifName: "eth2" })).toMatchObject({ code: 100 });
  await expectTold(
    "Pod",
    "three",
    "Warning NoAddressLeft: CNI ADD failed on this pod's node: all 2",
  );
  run("ip", "-n", netns.pod, "addr", "flush", "dev", "eth0", "scope", "global");
  const config = { prevResult };
  expect(await cni("CHECK", "one", { config })).toMatchObject({ code: 101 });
  await expectTold("Pod", "one", "Warning InterfaceChanged: CNI CHECK failed");
  expect(await cni("CHECK", "nobody", { config })).toMatchObject({ code: 3 });
  await expectTold("Pod", "nobody", "Warning PodUnknown");
});

test("a store that cannot be written is told on the node and on the pod", async () => {
  expect(await cni("DEL", "two")).toBeNull();
  run("sh", "-c", `cat /dev/zero > ${at("store/filler")} 2>/dev/null || true`);
  expect(await cni("ADD", "two")).toMatchObject({ code: 11 });
  await expectTold("Pod", "two", "Warning NetworkNotReady: CNI ADD failed");
  await expectTold("Node", "a", "Warning StoreFailed: the agent's records on this node cannot be");
  rmSync(at("store/filler"));
  expect(await cni("ADD", "two")).toHaveProperty("ips");
  expect(await cni("DEL", "two")).toBeNull();
});

test("steps that the kernel refuses are told with its words; a node off the link with what to do", async () => {
  await makeNode("b", "203.0.113.9", ["10.244.8.0/24"]);
  await expectTold("Node", "a", "Warning NodeNotOnLink: pods of node b cannot be reached");
  // The broadcast address of the link.
  await makeNode("c", "10.200.7.255", ["10.244.9.0/24"]);
  await expectTold("Node", "a", "Warning ReconcileStepFailed: add-route failed: ");
  expect(told("Node", "a").join("\n")).toContain('"destination":"10.244.9.0/24"');
});

test("a change of overlay is told; an uplink too small for it as well", async () => {
  run("ip", "link", "set", "up0", "mtu", "1300");
  apply(network({ overlay: "vxlan" }));
  await expectTold("Node", "a", "Normal OverlayChanged: this node's overlay is now vxlan");
  await expectTold("Node", "a", "Warning MtuTooSmall: the uplink of this node carries 1300 bytes");
  expect(told("Node", "a").join("\n")).toContain("raise the uplink's MTU to 1330 or more");
});

test("a NetworkConfig that is not valid is told with the field, once for all rounds", async () => {
  const loose = JSON.parse(k("get", "crd", "networkconfigs.seam.ucsd.edu", "-o", "json"));
  loose.spec.versions[0].schema.openAPIV3Schema = {
    type: "object",
    "x-kubernetes-preserve-unknown-fields": true,
  };
  const { apiVersion, kind, spec } = loose;
  apply({ apiVersion, kind, metadata: { name: loose.metadata.name }, spec });
  apply(network({ overlay: "srv6" }));
  await expectTold(
    "Node",
    "a",
    "Warning NetworkConfigInvalid: the NetworkConfig called default is",
  );
  expect(told("Node", "a").join("\n")).toContain("spec.overlay: expected one of direct, vxlan");
});

test("records that were lost are rebuilt by the next agent, which says so", async () => {
  await stopAgent("SIGKILL");
  for (const end of ["", "-wal", "-shm"]) rmSync(at(`store/agent.db${end}`), { force: true });
  await startAgent();
  await expectTold(
    "Node",
    "a",
    "Normal RecordsRebuilt: 1 pod interfaces of this node had no record",
  );
  expect(run("ip", "-br", "link")).toContain("seam");
});

test("what something else changed is put right, and counted as drift", async () => {
  const drift = async (): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${PORT}/metrics`)).text();
    return Number(/^seam_node_drift_steps_total (\d+)/m.exec(text)?.[1]);
  };
  // Rounds that a change asked for end before the next one that nothing asked for begins.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = await drift();
  const pod = /^fd00:7::\S+/m.exec(run("ip", "-6", "route"))?.[0] ?? "no route to a pod";
  run("ip", "-6", "route", "del", pod);
  await expect.poll(drift, { timeout: 15_000 }).toBe(before + 1);
  expect(run("ip", "-6", "route")).toContain(`${pod} `);
});

test("what the agent exposes is what the guide says", async () => {
  const guide = metricsInGuide("agent");
  await expect
    .poll(async () => (await exposedMetrics(PORT)).labels["seam_reconcile_duration_seconds"])
    .toEqual(["outcome"]);
  await cni("DEL", "one");
  const exposed = await exposedMetrics(PORT);
  expect(exposed.metrics).toEqual(guide.metrics);
  for (const [name, labels] of Object.entries(exposed.labels))
    expect(guide.labels[name]).toEqual(expect.arrayContaining([...labels]));
  expect(log).not.toContain("an Event was refused");
});

test("at its end the agent tells what it still has to tell", async () => {
  await cni("ADD", "last", { config: { runtimeConfig: { ips: ["192.0.2.1"] } } });
  await stopAgent("SIGTERM");
  expect(told("Pod", "last").join()).toContain("AddressRefused");
  await startAgent();
});

test("an agent leaves the plug-in where it is, unless Seam is uninstalled: then it takes it along as the last part", async () => {
  const plugin = (): readonly boolean[] =>
    ["bin/seam-cni", "conf/05-seam.conflist"].map((file) => existsSync(at(file)));
  await stopAgent("SIGTERM");
  expect(plugin()).toEqual([true, true]);
  await startAgent();
  expect(await cni("ADD", "two", { namespace: "seam-system" })).toHaveProperty("ips");
  k("delete", "daemonset,rolebinding,role", "seam-agent", "-n", "seam-system");
  const ended = stopAgent("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(plugin()).toEqual([true, true]);
  expect(await cni("DEL", "two", { namespace: "seam-system" })).toBeNull();
  await ended;
  expect(plugin()).toEqual([false, false]);
  await startAgent();
  await expect.poll(plugin, { timeout: 10_000 }).toEqual([true, true]);
});
