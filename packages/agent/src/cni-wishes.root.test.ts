/** What the runtime may ask for beyond an interface, with real packets: host ports, addresses, a MAC, a chain. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

import { expect, test } from "vitest";

import { adoptInterfaces } from "./adopt.ts";
import { call, inPod, podNetns, podPath, reconcile, run, useTestNode } from "./node.fixture.ts";
import { openStore } from "./store.ts";

const node = useTestNode();

/** One round of reconciliation of a node alone; what it did. */
const reconcileAlone = (): readonly string[] =>
  reconcile([{ name: "a", internalAddresses: [], podCidrs: node.podCidrs }], node.store);

const portMappings = (...entries: readonly object[]) => ({
  config: { runtimeConfig: { portMappings: entries } },
});

/** A server in the pod that says who called, and what each of `calls` (ADDRESS PORT) from the node was answered. */
async function answers(
  protocol: "tcp" | "udp",
  calls: readonly string[],
): Promise<readonly string[]> {
  const server = spawn("ip", [
    "netns",
    "exec",
    podNetns,
    process.execPath,
    "-e",
    echoServer,
    protocol,
  ]);
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
const [, protocol, host, port, localAddress] = process.argv;
const end = (text) => { console.log(String(text)); process.exit(0); };
setTimeout(end, 1500, "nothing");
if (protocol === "udp") {
  const socket = require("node:dgram").createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("message", end);
  socket.send("x", Number(port), host);
} else {
  require("node:net").connect({ port: Number(port), host, localAddress }).on("data", end).on("error", () => end("refused"));
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
  const loopback = { hostPort: 9091, containerPort: 80, protocol: "tcp", hostIP: "127.0.0.1" };
  const udp = { hostPort: 9053, containerPort: 80, protocol: "udp" };
  // As containerd writes it: its field names begin with capitals, which Go reads all the same.
  const own = { HostPort: 9090, ContainerPort: 80, Protocol: "tcp", HostIP: "10.200.7.1" };
  const any = { hostPort: 8080, containerPort: 80, protocol: "tcp" };
  expect(call(node, "ADD", portMappings(any, own, loopback, udp))).toMatchObject({ ok: true });
  expect(reconcileAlone()).toContain("set-port-forwards");
  expect(reconcileAlone()).toEqual([]);
  const calls = [
    "10.200.7.1 8080",
    "127.0.0.1 8080",
    "fd00:200::7 8080",
    "10.200.7.1 9090",
    "127.0.0.1 9090",
    "127.0.0.1 9091",
    "127.0.0.1 9091 10.200.7.1",
    "127.0.0.1 8080 10.200.7.1",
  ];
  expect(await answers("tcp", calls)).toEqual([
    "::ffff:10.200.7.1",
    "::ffff:10.200.7.1",
    "fd00:200::7",
    "::ffff:10.200.7.1",
    "refused",
    "::ffff:10.200.7.1",
    "::ffff:10.200.7.1",
    "::ffff:10.200.7.1",
  ]);
  expect(await answers("udp", ["10.200.7.1 9053", "fd00:200::7 9053"])).toEqual([
    "::ffff:10.200.7.1",
    "fd00:200::7",
  ]);
  call(node, "DEL");
  expect(reconcileAlone()).toContain("set-port-forwards");
  expect(run("nft", "list", "tables")).not.toContain("seam-ports");
});

test("a rebuilt store knows the host ports again", () => {
  const entry = { hostPort: 8080, containerPort: 80, protocol: "tcp" };
  call(node, "ADD", portMappings(entry));
  reconcileAlone();
  const rebuilt = openStore(":memory:");
  expect(adoptInterfaces(rebuilt).ok).toBe(true);
  expect(rebuilt.attachments()[0]?.hostPorts).toEqual(node.store.attachments()[0]?.hostPorts);
  rebuilt[Symbol.dispose]();
});

test.each([
  { hostPort: 70_000, containerPort: 80 },
  { hostPort: 80, containerPort: 80, protocol: "icmp" },
  { hostPort: 80, containerPort: 80, hostIP: "here" },
])("port mapping $hostPort/$protocol/$hostIP is refused, and nothing is kept", (entry) => {
  expect(call(node, "ADD", portMappings(entry))).toMatchObject({
    ok: false,
    error: { code: 7, msg: "runtimeConfig.portMappings[0] cannot be read" },
  });
  expect(node.store.attachments()).toEqual([]);
});

test("requested addresses and MAC are given", () => {
  const config = { runtimeConfig: { ips: ["10.244.7.42/24"], mac: "02:AB:00:00:00:01" } };
  expect(call(node, "ADD", { container: "c1", config })).toMatchObject({
    ok: true,
    value: { ips: [{ address: "10.244.7.42/32" }, { address: "fd00:7::1/128" }] },
  });
  expect(inPod("link", "show", "eth0")).toContain("02:ab:00:00:00:01");
  reconcileAlone();
  run("ping", "-c1", "-W1", "10.244.7.42");
  expect(reconcileAlone()).toEqual([]);
});

test.each([
  {
    runtimeConfig: { ips: ["10.9.9.9"] },
    code: 100,
    words: "is not in 10.244.7.0/24 and fd00:7::/64",
  },
  { runtimeConfig: { ips: ["tomorrow"] }, code: 7, words: "runtimeConfig.ips[0]" },
  { runtimeConfig: { mac: "01:00:00:00:00:01" }, code: 7, words: "runtimeConfig.mac" },
])("$runtimeConfig is refused with $code", ({ runtimeConfig, code, words }) => {
  const answer = call(node, "ADD", { container: "c1", config: { runtimeConfig } });
  expect(answer).toMatchObject({ ok: false, error: { code, msg: expect.stringContaining(words) } });
  expect(node.store.attachments()).toEqual([]);
});

test("a requested address that another pod has is refused", () => {
  call(node, "ADD");
  const config = { runtimeConfig: { ips: ["10.244.7.1"] } };
  expect(call(node, "ADD", { container: "c2", config })).toMatchObject({
    ok: false,
    error: { code: 100, msg: "the requested address 10.244.7.1 is in use on this node" },
  });
});

test("what earlier plug-ins of the chain made stays in the result", () => {
  const prevResult = {
    cniVersion: "1.1.0",
    interfaces: [{ name: "net0", sandbox: podPath }],
    ips: [{ address: "192.168.9.2/24", interface: 0 }],
    dns: { nameservers: ["10.96.0.10"] },
  };
  expect(call(node, "ADD", { container: "c1", config: { prevResult } })).toMatchObject({
    ok: true,
    value: {
      interfaces: [
        { name: "net0" },
        { name: expect.stringMatching(/^seam/) },
        { name: "eth0", sandbox: podPath },
      ],
      ips: [{ interface: 0 }, { interface: 2 }, { interface: 2 }],
      dns: { nameservers: ["10.96.0.10"] },
    },
  });
});

test("a pod cannot send with another's address", () => {
  call(node, "ADD");
  reconcileAlone();
  inPod("addr", "add", "10.244.7.77/32", "dev", "eth0");
  inPod("addr", "add", "fd00:7::77/128", "dev", "eth0", "nodad");
  const ping = (from: string, to: string): boolean =>
    spawnSync("ip", ["netns", "exec", podNetns, "ping", "-c1", "-W1", "-I", from, to]).status === 0;
  expect(ping("10.244.7.1", "10.200.7.1")).toBe(true);
  expect(ping("fd00:7::1", "fd00:200::7")).toBe(true);
  expect(ping("10.244.7.77", "10.200.7.1")).toBe(false);
  expect(ping("fd00:7::77", "fd00:200::7")).toBe(false);
});
