/**
 * What is reserved for pods is kept free on a node's links to others (issue 7 §4: V9, U2, U3): three nodes as namespaces, the agent's
 * process on the first, a real API server, and real packets.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { BANDWIDTH_KIND, readRateReport } from "@seam/api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type AgentProcess, prepareAgent } from "./agent-process.fixture.ts";
import { run } from "./node.fixture.ts";

const netns = {
  node: "seam-test-gu-a",
  b: "seam-test-gu-b",
  c: "seam-test-gu-c",
  kept: "seam-test-gu-kept",
  greedy: "seam-test-gu-greedy",
};
const SOON = { timeout: 30_000 };
/** Other work on the machine may keep a stream from reaching its rate. */
const BUSY = { retry: 3 } as const;
const KEPT_MBIT = 20;
let agent: AgentProcess;

const on = (name: string, ...argv: readonly string[]): string => run("ip", "-n", name, ...argv);
const inside = (name: string, ...argv: readonly string[]): string =>
  run("ip", "netns", "exec", name, ...argv);
const classes = (device: string): string =>
  inside(netns.node, "tc", "class", "show", "dev", device);
const qdisc = (device: string): string => inside(netns.node, "tc", "qdisc", "show", "dev", device);
/** Rates of the classes of an uplink, by their numbers, as tc prints them. */
const rates = (device: string): unknown =>
  Object.fromEntries(
    [...classes(device).matchAll(/class htb 5f00:(\w+) .*?rate (\S+) ceil (\S+)/g)].map(
      ([, id = "", rate, ceil]) => [id, `${rate} ${ceil}`],
    ),
  );

/** What the controller would have written. */
async function setBandwidth(
  network: number,
  source: string,
  reserved: { readonly [pod: string]: number },
): Promise<void> {
  const reservations = Object.entries(reserved).map(([podName, ulMbps]) => ({
    podName,
    namespace: "lab-a",
    podUid: uidOf(podName),
    bandwidth: { network: { ulMbps, dlMbps: 0 } },
  }));
  agent.apply({
    ...BANDWIDTH_KIND,
    metadata: { name: "a", annotations: { "seam.ucsd.edu/network-capacity-from": source } },
    spec: { node: "a" },
  });
  const status = {
    status: "Created",
    capacity: { network: { ulMbps: network, dlMbps: network } },
    reservations,
  };
  const written = await agent.client.applyStatus(
    { ...BANDWIDTH_KIND, metadata: { name: "a" }, status },
    { fieldManager: "test", force: true },
  );
  if (!written.ok) throw new Error(written.error.message);
}
const uidOf = (pod: string): string =>
  agent.k("get", "pod", pod, "-n", "lab-a", "-o", "jsonpath={.metadata.uid}");

/** What the agent tells of a pod. */
async function told(pod: string): Promise<unknown> {
  const lease = await agent.client.get({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    namespace: "seam-system",
    name: "seam-rates-a",
  });
  if (!lease.ok) return lease.error.message;
  const annotations: unknown = lease.value.metadata["annotations"];
  const text = Object.entries(annotations ?? {}).find(([key]) => key === "seam.ucsd.edu/rates");
  return readRateReport(String(text?.[1])).pods.get(uidOf(pod));
}

let ports = 5400;
const ran = promisify(execFile);
/** Megabits per second of payload that a pod sends to another node. */
async function sent(from: string, to: string, host: string): Promise<number> {
  const port = String((ports += 1));
  await listen(to, port);
  const argv = ["iperf3", "-c", host, "-p", port, "-J", "-O", "1", "-t", "2"];
  const { stdout } = await ran("ip", ["netns", "exec", from, ...argv]);
  const report: { readonly end: { readonly sum_received: { readonly bits_per_second: number } } } =
    JSON.parse(stdout);
  return report.end.sum_received.bits_per_second / 1e6;
}
async function flood(from: string, to: string, host: string): Promise<() => void> {
  const port = String((ports += 1));
  await listen(to, port);
  const argv = ["iperf3", "-c", host, "-p", port, "-u", "-b", "150M", "-l", "1300", "-t", "60"];
  const child = spawn("ip", ["netns", "exec", from, ...argv], { stdio: "ignore" });
  await sleep(1000);
  return () => void child.kill("SIGKILL");
}
async function listen(to: string, port: string): Promise<void> {
  const argv = ["netns", "exec", to, "iperf3", "-s", "-1", "-p", port, "--forceflush"];
  const child = spawn("ip", argv, { stdio: ["ignore", "pipe", "ignore"] });
  await once(createInterface({ input: child.stdout }), "line");
}

/** Links to the other two nodes, each of its own. */
function connect(): void {
  on(netns.node, "link", "set", "up1", "netns", netns.b);
  on(netns.node, "link", "add", "up2", "type", "veth", "peer", "name", "up1", "netns", netns.c);
  on(netns.node, "addr", "add", "10.200.8.1/24", "dev", "up2");
  on(netns.node, "link", "set", "up2", "up");
  for (const [name, subnet] of [
    [netns.b, "7"],
    [netns.c, "8"],
  ] as const) {
    on(name, "addr", "add", `10.200.${subnet}.2/24`, "dev", "up1");
    on(name, "link", "set", "up1", "up");
    on(name, "route", "add", "10.244.7.0/24", "via", `10.200.${subnet}.1`);
  }
}

beforeAll(async () => {
  agent = await prepareAgent(Object.values(netns));
  connect();
  await agent.makeNode("a", "10.200.7.1", ["10.244.7.0/24"]);
  await agent.makeNode("b", "10.200.7.2", ["10.244.8.0/24"]);
  await agent.makeNode("c", "10.200.8.2", ["10.244.9.0/24"]);
  for (const pod of ["kept", "greedy"]) await agent.makePod(pod);
  agent.signIn();
  await agent.start({ answers: "readyz" });
  for (const pod of ["kept", "greedy"] as const) await agent.cni("ADD", { pod, netns: netns[pod] });
});
afterAll(async () => agent[Symbol.asyncDispose]());

test("while nobody knows what the node can send, its links are left alone, and that is told", async () => {
  await setBandwidth(1000, "default", { kept: KEPT_MBIT });
  await expect
    .poll(async () => told("kept"), SOON)
    .toMatchObject({
      limit: null,
      guarantee: {
        reason: "CapacityUnknown",
        message: expect.stringContaining("kubectl annotate node a seam.ucsd.edu/network-bandwidth"),
      },
    });
  expect(classes("up0")).toBe("");
});

test("U2: on every link to another node the pod has what is reserved for it, the node has its own, and the rest shares", async () => {
  await setBandwidth(50, "node", { kept: KEPT_MBIT });
  const wanted = {
    1: "48Mbit 48Mbit",
    2: "1920Kbit 48Mbit",
    3: "480Kbit 48Mbit",
    101: "20Mbit 48Mbit",
  };
  await expect.poll(() => [rates("up0"), rates("up2")], SOON).toEqual([wanted, wanted]);
  await expect.poll(async () => told("kept"), SOON).toMatchObject({ limit: null, guarantee: true });
  expect(await told("greedy")).toBeUndefined();
});

describe.each([
  ["b", "10.200.7.2"],
  ["c", "10.200.8.2"],
] as const)("towards node %s", (name, host) => {
  test(
    "U2: a pod keeps its rate while another fills the link, and the node is heard",
    BUSY,
    async () => {
      const end = await flood(netns.greedy, netns[name], host);
      const kept = await sent(netns.kept, netns[name], host);
      const asked = inside(netns.node, "ping", "-c", "20", "-i", "0.01", "-q", host);
      end();
      expect(kept).toBeGreaterThan(0.9 * KEPT_MBIT);
      expect(asked).toContain(" 0% packet loss");
    },
  );
});

test("a new capacity, and what comes to be reserved for another pod, is in force while both send", async () => {
  const end = await flood(netns.greedy, netns.b, "10.200.7.2");
  await setBandwidth(100, "object", { kept: KEPT_MBIT, greedy: 10 });
  await expect
    .poll(() => rates("up0"), SOON)
    .toMatchObject({
      1: "96Mbit 96Mbit",
      101: "20Mbit 96Mbit",
      102: "10Mbit 96Mbit",
    });
  end();
});

test(
  "guarantees outlive the agent; what was taken away meanwhile goes with the next one",
  BUSY,
  async () => {
    await setBandwidth(50, "node", { kept: KEPT_MBIT, greedy: 10 });
    await expect.poll(() => rates("up0"), SOON).toMatchObject({ 102: "10Mbit 48Mbit" });
    await agent.stop("SIGKILL");
    await setBandwidth(50, "node", { kept: KEPT_MBIT });
    const end = await flood(netns.greedy, netns.b, "10.200.7.2");
    const kept = await sent(netns.kept, netns.b, "10.200.7.2");
    end();
    expect(kept).toBeGreaterThan(0.9 * KEPT_MBIT);
    await agent.start({ answers: "readyz" });
    await expect.poll(() => rates("up0"), SOON).not.toHaveProperty("102");
    expect(rates("up0")).toMatchObject({ 101: "20Mbit 48Mbit" });
  },
);

test("a link that goes and comes back is shared out again", async () => {
  on(netns.node, "link", "del", "up2");
  on(netns.node, "link", "add", "up2", "type", "veth", "peer", "name", "up1", "netns", netns.c);
  on(netns.node, "addr", "add", "10.200.8.1/24", "dev", "up2");
  on(netns.node, "link", "set", "up2", "up");
  await expect
    .poll(() => rates("up2"), { timeout: 25_000 })
    .toMatchObject({ 101: "20Mbit 48Mbit" });
});

test("a queue that somebody else put on a link stays until the agent is told that it may replace it", async () => {
  const queue = ["dev", "up0", "root", "handle", "8001:"];
  inside(
    netns.node,
    "tc",
    "qdisc",
    "replace",
    ...queue,
    "tbf",
    "rate",
    "1gbit",
    "burst",
    "1m",
    "limit",
    "1m",
  );
  await expect
    .poll(async () => told("kept"), { timeout: 25_000 })
    .toMatchObject({
      guarantee: {
        reason: "QueueOfOthers",
        message: expect.stringMatching(/^link up0 .*tbf 8001:.*tc qdisc del dev up0 root/),
      },
    });
  expect(qdisc("up0")).toContain("tbf 8001:");
  expect(rates("up2")).toMatchObject({ 101: "20Mbit 48Mbit" });
  await agent.stop("SIGTERM");
  await agent.start({ answers: "readyz", environment: { SEAM_REPLACE_QUEUES: "true" } });
  await expect.poll(() => rates("up0"), SOON).toMatchObject({ 101: "20Mbit 48Mbit" });
  await expect.poll(async () => told("kept"), SOON).toMatchObject({ guarantee: true });
});

test("more than the link can keep free is cut for all alike, and told", async () => {
  await setBandwidth(50, "node", { kept: 40, greedy: 10 });
  await expect
    .poll(async () => told("kept"), SOON)
    .toMatchObject({
      guarantee: { reason: "GuaranteesCut", message: expect.stringContaining("91 %") },
    });
});

test("switched off, nothing of it is left", async () => {
  await agent.stop("SIGTERM");
  await agent.start({ answers: "readyz", environment: { SEAM_GUARANTEES: "off" } });
  await expect.poll(() => [rates("up0"), rates("up2")], SOON).toEqual([{}, {}]);
  expect(qdisc("up0")).toContain("noqueue");
  expect(await told("kept")).toMatchObject({ guarantee: { reason: "GuaranteesOff" } });
  expect(agent.log()).not.toContain('"code":403');
});
