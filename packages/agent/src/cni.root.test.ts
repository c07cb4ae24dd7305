/** CNI commands, records and repair against the real kernel, in a namespace that stands for the node (I5, I7). */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

import { bytes, formatAddress, parseCidr } from "@seam/base";
import { enterNetns } from "@seam/kernel";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import { type CniNode, handleCni } from "./cni.ts";
import type { CniAnswer, Command, Json } from "./cni-message.ts";
import { adoptInterfaces, reconcileNode } from "./reconcile.ts";
import { openStore, type Store } from "./store.ts";

const node = "seam-test-node";
const pod = "seam-test-pod";
const netns = `/run/netns/${pod}`;

const run = (...argv: readonly string[]): string =>
  execFileSync(argv[0]!, argv.slice(1), { encoding: "utf8" });

const cidr = (text: string) => {
  const parsed = parseCidr(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

let store: Store;
let podCidrs = [cidr("10.244.7.0/24"), cidr("fd00:7::/64")];

const host = (): CniNode => ({
  store,
  podCidrs: () => podCidrs,
  mtu: () => bytes(1400),
  changed: () => {},
});

function call(
  command: Command,
  containerId = "c1",
  more: { config?: Json; netns?: string } = {},
): CniAnswer {
  const environment = new Map([
    ["CONTAINERID", containerId],
    ["IFNAME", "eth0"],
    ["NETNS", more.netns ?? netns],
    ["ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=lab-a;K8S_POD_NAME=server-0"],
  ]);
  return handleCni(host(), {
    command,
    environment,
    config: { cniVersion: "1.1.0", ...more.config },
  });
}

const links = (): string => run("ip", "-n", node, "-br", "link");
const inPod = (...argv: readonly string[]): string => run("ip", "-n", pod, ...argv);

beforeAll(() => {
  for (const each of [node, pod]) {
    run("sh", "-c", `ip netns del ${each} 2>/dev/null; ip netns add ${each}`);
    run("ip", "-n", each, "link", "set", "lo", "up");
  }
  // Addresses of the node's own, as sources of what it sends.
  run("ip", "-n", node, "addr", "add", "10.200.7.1/32", "dev", "lo");
  run("ip", "-n", node, "addr", "add", "fd00:200::7/128", "dev", "lo");
  const entered = enterNetns(`/run/netns/${node}`);
  if (!entered.ok) throw new Error(entered.error.message);
});

afterAll(() => {
  for (const each of [node, pod]) run("ip", "netns", "del", each);
});

beforeEach(() => {
  store = openStore(":memory:");
  podCidrs = [cidr("10.244.7.0/24"), cidr("fd00:7::/64")];
});

afterEach(() => {
  for (const { containerId } of store.attachments()) call("DEL", containerId);
  if (links().includes("seam")) throw new Error(`a test left interfaces: ${links()}`);
  store[Symbol.dispose]();
});

test("ADD gives an address of each family and the whole result of the specification", () => {
  const answer = call("ADD");
  const [attachment] = store.attachments();
  expect(answer).toEqual({
    ok: true,
    value: {
      cniVersion: "1.1.0",
      interfaces: [
        { name: attachment?.device, mac: expect.stringMatching(/^02:/) },
        { name: "eth0", mac: attachment?.mac, sandbox: netns },
      ],
      ips: [
        { address: "10.244.7.1/32", gateway: "169.254.1.1", interface: 1 },
        { address: "fd00:7::1/128", gateway: "fe80::1", interface: 1 },
      ],
      routes: [
        { dst: "0.0.0.0/0", gw: "169.254.1.1" },
        { dst: "::/0", gw: "fe80::1" },
      ],
      dns: {},
    },
  });
  expect(attachment).toMatchObject({ pod: "lab-a/server-0", containerId: "c1" });
  expect(inPod("-br", "addr", "show", "eth0")).toMatch(/10\.244\.7\.1\/32.*fd00:7::1\/128/);
  expect(inPod("link", "show", "eth0")).toContain("mtu 1400");
  run("ping", "-c1", "-W1", "10.244.7.1");
  run("ping", "-c1", "-W1", "fd00:7::1");
});

test("DEL removes everything, also twice and of what never was", () => {
  call("ADD");
  expect([
    call("DEL"),
    call("DEL"),
    call("DEL", "never"),
    call("DEL", "c1", { netns: "" }),
  ]).toEqual(Array.from({ length: 4 }, () => ({ ok: true, value: null })));
  expect(store.attachments()).toEqual([]);
  expect(run("ip", "-n", node, "route")).not.toContain("10.244.7.");
});

test("ADD after an ADD whose answer was lost leaves one interface", () => {
  call("ADD");
  expect(call("ADD")).toMatchObject({ ok: true });
  expect(store.attachments()).toHaveLength(1);
  expect(links().match(/seam/g)).toHaveLength(1);
});

test("CHECK finds a lost address, a foreign container and an address that the runtime remembers", () => {
  call("ADD");
  expect(call("CHECK")).toEqual({ ok: true, value: null });
  const prevResult = { ips: [{ address: "10.244.7.99/32" }] };
  expect(call("CHECK", "c1", { config: { prevResult } })).toMatchObject({
    ok: false,
    error: { code: 101, details: "eth0 lacks the address 10.244.7.99" },
  });
  inPod("addr", "del", "10.244.7.1/32", "dev", "eth0");
  expect(call("CHECK")).toMatchObject({
    ok: false,
    error: { code: 101, details: "eth0 lacks the address 10.244.7.1" },
  });
  expect(call("CHECK", "other")).toMatchObject({ ok: false, error: { code: 3 } });
});

test.each([
  { name: "no namespace", netns: "", code: 4 },
  { name: "a namespace that is gone", netns: "/run/netns/seam-test-gone", code: 4 },
])("ADD with $name is error $code and keeps nothing", ({ netns: given, code }) => {
  expect(call("ADD", "c1", { netns: given })).toMatchObject({ ok: false, error: { code } });
  expect(store.attachments()).toEqual([]);
});

test("a full prefix is an error that names it; a released address can be had again", () => {
  podCidrs = [cidr("10.244.8.0/30")];
  call("ADD", "c1");
  const other = "seam-test-pod2";
  run("sh", "-c", `ip netns del ${other} 2>/dev/null; ip netns add ${other}`);
  expect(call("ADD", "c2", { netns: `/run/netns/${other}` })).toMatchObject({ ok: true });
  expect(call("ADD", "c3")).toMatchObject({
    ok: false,
    error: { code: 100, msg: "all 2 addresses of 10.244.8.0/30 are in use on this node" },
  });
  call("DEL", "c1");
  expect(call("ADD", "c3")).toMatchObject({
    ok: true,
    value: { ips: [{ address: "10.244.8.1/32" }] },
  });
  run("ip", "netns", "del", other);
});

test("without pod prefixes STATUS says so and ADD asks to try again later", () => {
  expect(call("STATUS")).toEqual({ ok: true, value: null });
  podCidrs = [];
  expect(call("STATUS")).toMatchObject({ ok: false, error: { code: 50 } });
  expect(call("ADD")).toMatchObject({ ok: false, error: { code: 11 } });
});

test("GC removes what belongs to no container of the runtime", () => {
  call("ADD", "c1");
  const valid = (...ids: readonly string[]) => ({
    config: {
      "cni.dev/valid-attachments": ids.map((containerID) => ({ containerID, ifname: "eth0" })),
    },
  });
  expect(call("GC", "", valid("c1", "c2"))).toEqual({ ok: true, value: null });
  expect(store.attachments()).toHaveLength(1);
  expect(call("GC", "", valid("c2"))).toEqual({ ok: true, value: null });
  expect(store.attachments()).toEqual([]);
  expect(call("GC")).toMatchObject({ ok: false, error: { code: 7 } });
});

test("a lost store is rebuilt from the kernel, and DEL still finds the interface", () => {
  call("ADD");
  const [before] = store.attachments();
  const rebuilt = openStore(":memory:");
  expect(adoptInterfaces(rebuilt).ok).toBe(true);
  const [after] = rebuilt.attachments();
  expect(after).toMatchObject({ device: before?.device, mac: before?.mac, containerId: "" });
  expect(after?.addresses.map(formatAddress)).toEqual(before?.addresses.map(formatAddress));
  const next = handleCni(
    { ...host(), store: rebuilt },
    {
      command: "DEL",
      environment: new Map([
        ["CONTAINERID", "c1"],
        ["IFNAME", "eth0"],
      ]),
      config: {},
    },
  );
  expect(next).toEqual({ ok: true, value: null });
  expect(rebuilt.attachments()).toEqual([]);
  rebuilt[Symbol.dispose]();
});

test("records without an interface and half-made interfaces are cleaned at start", () => {
  call("ADD");
  const [attachment] = store.attachments();
  store.put({ ...attachment!, device: "seam0123456789a" });
  run("ip", "-n", node, "link", "add", "seamhalf", "type", "veth", "peer", "name", "x0");
  expect(adoptInterfaces(store).ok).toBe(true);
  expect(store.attachments()).toEqual([attachment]);
  expect(links()).not.toContain("seamhalf");
});

/** One round of reconciliation of a node alone; what it did. */
function reconcile(): readonly string[] {
  const result = reconcileNode(
    [{ name: "a", internalAddresses: [], podCidrs }],
    "a",
    store.attachments(),
  );
  if (!result.ok) throw new Error(result.error.message);
  expect(result.value.failed).toEqual([]);
  return result.value.applied.map(({ kind }) => kind);
}

const portMappings = (...entries: readonly object[]) => ({
  config: { runtimeConfig: { portMappings: entries } },
});

/** A server in the pod that says who called, and what each of `calls` (ADDRESS PORT) from the node was answered. */
async function answers(
  protocol: "tcp" | "udp",
  calls: readonly string[],
): Promise<readonly string[]> {
  const server = spawn("ip", ["netns", "exec", pod, process.execPath, "-e", echoServer, protocol]);
  try {
    await once(server.stdout, "data");
    return calls.map((target) =>
      run(process.execPath, "-e", askingClient, protocol, ...target.split(" ")).trim(),
    );
  } finally {
    server.kill("SIGKILL");
  }
}

const askingClient = `
const [, protocol, host, port] = process.argv;
const end = (text) => { console.log(String(text)); process.exit(0); };
setTimeout(end, 1500, "nothing");
if (protocol === "udp") {
  const socket = require("node:dgram").createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("message", end);
  socket.send("x", Number(port), host);
} else {
  require("node:net").connect(Number(port), host).on("data", end).on("error", () => end("refused"));
}`;

const echoServer = `
if (process.argv[1] === "udp") {
  const socket = require("node:dgram").createSocket("udp6");
  socket.on("message", (_, from) => socket.send(from.address, from.port, from.address));
  socket.bind(80, "::", () => console.log("listening"));
} else {
  require("node:net").createServer((c) => c.end(c.remoteAddress)).listen(80, "::", () => console.log("listening"));
}`;

test("host ports lead to the pod from the node's addresses and its loopback, both families", async () => {
  const udp = { hostPort: 9053, containerPort: 80, protocol: "udp" };
  const own = { hostPort: 9090, containerPort: 80, protocol: "tcp", hostIP: "10.200.7.1" };
  const any = { hostPort: 8080, containerPort: 80, protocol: "tcp" };
  expect(call("ADD", "c1", portMappings(any, own, udp))).toMatchObject({ ok: true });
  expect(reconcile()).toContain("set-port-forwards");
  expect(reconcile()).toEqual([]);
  const calls = [
    "10.200.7.1 8080",
    "127.0.0.1 8080",
    "fd00:200::7 8080",
    "10.200.7.1 9090",
    "127.0.0.1 9090",
  ];
  expect(await answers("tcp", calls)).toEqual([
    "::ffff:10.200.7.1",
    "::ffff:10.200.7.1",
    "fd00:200::7",
    "::ffff:10.200.7.1",
    "refused",
  ]);
  expect(await answers("udp", ["10.200.7.1 9053", "fd00:200::7 9053"])).toEqual([
    "::ffff:10.200.7.1",
    "fd00:200::7",
  ]);
  call("DEL", "c1");
  expect(reconcile()).toContain("set-port-forwards");
  expect(run("nft", "list", "tables")).not.toContain("seam-ports");
});

test("a rebuilt store knows the host ports again", () => {
  const entry = { hostPort: 8080, containerPort: 80, protocol: "tcp" };
  call("ADD", "c1", portMappings(entry));
  reconcile();
  const rebuilt = openStore(":memory:");
  expect(adoptInterfaces(rebuilt).ok).toBe(true);
  expect(rebuilt.attachments()[0]?.hostPorts).toEqual(store.attachments()[0]?.hostPorts);
  rebuilt[Symbol.dispose]();
});

test.each([
  { hostPort: 70_000, containerPort: 80 },
  { hostPort: 80, containerPort: 80, protocol: "icmp" },
  { hostPort: 80, containerPort: 80, hostIP: "here" },
])("port mapping $hostPort/$protocol/$hostIP is refused, and nothing is kept", (entry) => {
  expect(call("ADD", "c1", portMappings(entry))).toMatchObject({
    ok: false,
    error: { code: 7, msg: "runtimeConfig.portMappings[0] cannot be read" },
  });
  expect(store.attachments()).toEqual([]);
});

test("a pod cannot send with another's address", () => {
  call("ADD");
  reconcile();
  inPod("addr", "add", "10.244.7.77/32", "dev", "eth0");
  inPod("addr", "add", "fd00:7::77/128", "dev", "eth0", "nodad");
  const ping = (from: string, to: string): boolean =>
    spawnSync("ip", ["netns", "exec", pod, "ping", "-c1", "-W1", "-I", from, to]).status === 0;
  expect(ping("10.244.7.1", "10.200.7.1")).toBe(true);
  expect(ping("fd00:7::1", "fd00:200::7")).toBe(true);
  expect(ping("10.244.7.77", "10.200.7.1")).toBe(false);
  expect(ping("fd00:7::77", "fd00:200::7")).toBe(false);
});

test("what somebody deletes is put back, and then there is nothing to do", () => {
  call("ADD");
  const nodes = [
    { name: "a", internalAddresses: [], podCidrs },
    { name: "b", internalAddresses: [], podCidrs: [cidr("10.244.9.0/24")] },
  ];
  const round = () => {
    const result = reconcileNode(nodes, "a", store.attachments());
    if (!result.ok) throw new Error(result.error.message);
    expect(result.value.failed).toEqual([]);
    return result.value.applied.map(({ kind }) => kind);
  };
  expect(round()).toContain("set-masquerade");
  expect(round()).toEqual([]);
  run("ip", "-n", node, "route", "del", "10.244.7.1/32");
  expect(round()).toEqual(["add-route"]);
  expect(round()).toEqual([]);
});
