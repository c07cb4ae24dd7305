/**
 * The agent's process in a node of its own, on a real API server with the rights of its manifest and no others: every
 * failure of it is an Event on the pod or node that it concerns, and what it measures is what the guide says.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";

import { exposedMetrics, metricsInGuide } from "@seam/daemon/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

import {
  AGENT_PORT,
  type AgentProcess,
  type CniCall,
  prepareAgent,
} from "./agent-process.fixture.ts";
import { run } from "./node.fixture.ts";

const netns = { node: "seam-test-ev-node", pod: "seam-test-ev-pod", two: "seam-test-ev-two" };
let agent: AgentProcess;

type Told = {
  readonly reason: string;
  readonly note: string;
  readonly type: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid: string };
};
/** `TYPE REASON: NOTE` of the events about an object. */
const told = (kind: string, name: string): readonly string[] => {
  const { items }: { items: readonly Told[] } = JSON.parse(
    agent.k("get", "events.v1.events.k8s.io", "-A", "-o", "json"),
  );
  return items
    .filter(({ regarding }) => regarding.kind === kind && regarding.name === name)
    .map(({ type, reason, note }) => `${type} ${reason}: ${note}`);
};
const expectTold = async (kind: string, name: string, words: string): Promise<void> =>
  expect
    .poll(() => told(kind, name).join("\n"), { timeout: 25_000, interval: 500 })
    .toContain(words);

const cni = async (command: string, pod: string, more: Partial<CniCall> = {}): Promise<unknown> =>
  agent.cni(command, { pod, netns: pod === "two" ? netns.two : netns.pod, ...more });

const startAgent = async (): Promise<void> =>
  agent.start({ environment: { SEAM_DAEMONSET: "seam-system/seam-agent" } });

const network = (spec: object) => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "NetworkConfig",
  metadata: { name: "default" },
  spec,
});

beforeAll(async () => {
  agent = await prepareAgent(Object.values(netns));
  await agent.makeNode("a", "10.200.7.1", []);
  for (const name of ["one", "two"]) await agent.makePod(name);
  agent.signIn();
  // A small disk, which a test fills.
  mkdirSync(agent.at("store"));
  run("mount", "-t", "tmpfs", "-o", "size=1m", "seam-test", agent.at("store"));
  await startAgent();
});

afterAll(async () => {
  await agent.stop("SIGKILL");
  run("umount", "-l", agent.at("store"));
  await agent[Symbol.asyncDispose]();
});

test("a node without prefixes: its pods hear it at once, the node itself soon after", async () => {
  expect(await cni("ADD", "early")).toMatchObject({ code: 11 });
  await expectTold("Pod", "early", "Warning NetworkNotReady: CNI ADD failed");
  expect(told("Node", "a").join()).not.toContain("NoPodPrefixes");
  await expectTold("Node", "a", "Warning NoPodPrefixes: this node has no pod prefixes");
  const prefixes = { podCIDR: "10.244.7.0/30", podCIDRs: ["10.244.7.0/30", "fd00:7::/64"] };
  const given = await agent.client.patch(
    { apiVersion: "v1", kind: "Node", name: "a" },
    { kind: "merge", value: { spec: prefixes } },
  );
  expect(given).toMatchObject({ ok: true });
  await expectTold("Node", "a", "Normal PluginInstalled");
  expect((await fetch(`http://127.0.0.1:${AGENT_PORT}/readyz`)).status).toBe(200);
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
  expect(
    agent.k("get", "events", "-n", "lab-a", "-o", "jsonpath={..involvedObject.uid}"),
  ).toContain(`uid-of-${pod}`);
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
  run("sh", "-c", `cat /dev/zero > ${agent.at("store/filler")} 2>/dev/null || true`);
  expect(await cni("ADD", "two")).toMatchObject({ code: 11 });
  await expectTold("Pod", "two", "Warning NetworkNotReady: CNI ADD failed");
  await expectTold("Node", "a", "Warning StoreFailed: the agent's records on this node cannot be");
  rmSync(agent.at("store/filler"));
  expect(await cni("ADD", "two")).toHaveProperty("ips");
  expect(await cni("DEL", "two")).toBeNull();
});

test("steps that the kernel refuses are told with its words; a node off the link with what to do", async () => {
  await agent.makeNode("b", "203.0.113.9", ["10.244.8.0/24"]);
  await expectTold("Node", "a", "Warning NodeNotOnLink: pods of node b cannot be reached");
  // The broadcast address of the link.
  await agent.makeNode("c", "10.200.7.255", ["10.244.9.0/24"]);
  await expectTold("Node", "a", "Warning ReconcileStepFailed: add-route failed: ");
  expect(told("Node", "a").join("\n")).toContain('"destination":"10.244.9.0/24"');
});

test("a change of overlay is told; an uplink too small for it as well", async () => {
  run("ip", "link", "set", "up0", "mtu", "1300");
  agent.apply(network({ overlay: "vxlan" }));
  await expectTold("Node", "a", "Normal OverlayChanged: this node's overlay is now vxlan");
  await expectTold("Node", "a", "Warning MtuTooSmall: the uplink of this node carries 1300 bytes");
  expect(told("Node", "a").join("\n")).toContain("raise the uplink's MTU to 1330 or more");
});

test("a NetworkConfig that is not valid is told with the field, once for all rounds", async () => {
  const loose = JSON.parse(agent.k("get", "crd", "networkconfigs.seam.ucsd.edu", "-o", "json"));
  loose.spec.versions[0].schema.openAPIV3Schema = {
    type: "object",
    "x-kubernetes-preserve-unknown-fields": true,
  };
  const { apiVersion, kind, spec } = loose;
  agent.apply({ apiVersion, kind, metadata: { name: loose.metadata.name }, spec });
  agent.apply(network({ overlay: "srv6" }));
  await expectTold(
    "Node",
    "a",
    "Warning NetworkConfigInvalid: the NetworkConfig called default is",
  );
  expect(told("Node", "a").join("\n")).toContain("spec.overlay: expected one of direct, vxlan");
});

test("records that were lost are rebuilt by the next agent, which says so", async () => {
  await agent.stop("SIGKILL");
  for (const end of ["", "-wal", "-shm"]) rmSync(agent.at(`store/agent.db${end}`), { force: true });
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
    const text = await (await fetch(`http://127.0.0.1:${AGENT_PORT}/metrics`)).text();
    return Number(/^seam_node_drift_steps_total (\d+)/m.exec(text)?.[1]);
  };
  // Rounds that a change asked for end before the next one that nothing asked for begins.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = await drift();
  const pod = /^fd00:7::\S+/m.exec(run("ip", "-6", "route"))?.[0] ?? "no route to a pod";
  run("ip", "-6", "route", "del", pod);
  await expect.poll(drift, { timeout: 30_000 }).toBe(before + 1);
  expect(run("ip", "-6", "route")).toContain(`${pod} `);
});

test("what the agent exposes is what the guide says", async () => {
  const guide = metricsInGuide("agent");
  await expect
    .poll(async () => (await exposedMetrics(AGENT_PORT)).labels["seam_reconcile_duration_seconds"])
    .toEqual(["outcome"]);
  await cni("DEL", "one");
  const exposed = await exposedMetrics(AGENT_PORT);
  expect(exposed.metrics).toEqual(guide.metrics);
  for (const [name, labels] of Object.entries(exposed.labels))
    expect(guide.labels[name]).toEqual(expect.arrayContaining([...labels]));
  expect(agent.log()).not.toContain("an Event was refused");
});

test("at its end the agent tells what it still has to tell", async () => {
  await cni("ADD", "last", { config: { runtimeConfig: { ips: ["192.0.2.1"] } } });
  await agent.stop("SIGTERM");
  expect(told("Pod", "last").join()).toContain("AddressRefused");
  await startAgent();
});

test("an agent leaves the plug-in where it is, unless Seam is uninstalled: then it takes it along as the last part", async () => {
  const plugin = (): readonly boolean[] =>
    ["bin/seam-cni", "conf/05-seam.conflist"].map((file) => existsSync(agent.at(file)));
  await agent.stop("SIGTERM");
  expect(plugin()).toEqual([true, true]);
  await startAgent();
  await agent.makePod("two", { namespace: "seam-system" });
  expect(await cni("ADD", "two", { namespace: "seam-system" })).toHaveProperty("ips");
  agent.k("delete", "daemonset,rolebinding,role", "seam-agent", "-n", "seam-system");
  const ended = agent.stop("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(plugin()).toEqual([true, true]);
  expect(await cni("DEL", "two", { namespace: "seam-system" })).toBeNull();
  await ended;
  expect(plugin()).toEqual([false, false]);
  await startAgent();
  await expect.poll(plugin, { timeout: 30_000 }).toEqual([true, true]);
});
