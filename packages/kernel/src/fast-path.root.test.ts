/** The fast path between two pods of a node: what takes it, what must not, and what ends it (issue 4, decision 12). */
import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { text as contentOf } from "node:stream/consumers";

import { setTimeout as sleep } from "node:timers/promises";

import {
  type Address,
  bitsPerSecond,
  bytes,
  type Cidr,
  invariant,
  parseAddress,
  parseCidr,
  type Result,
} from "@seam/base";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import { type FastPath, openFastPath } from "./fast-path.ts";
import { applyStep, createPodInterface, deletePodInterface, hostDeviceName } from "./index.ts";
import { measureRates, putRates } from "./shaping.ts";

function valueOf<T, E>(result: Result<T, E>): T {
  invariant(result.ok, result.ok ? "" : JSON.stringify(result.error));
  return result.value;
}
const address = (text: string): Address => valueOf(parseAddress(text));
const prefixes: readonly Cidr[] = ["10.244.7.0/24", "fd00:7::/64"].map((text) =>
  valueOf(parseCidr(text)),
);

const node = `seam-test-${process.pid}-node`;
const path = (name: string): string => `/var/run/netns/${name}`;
const ip = (...args: readonly string[]): string => execFileSync("ip", args, { encoding: "utf8" });
const inside = (name: string, ...command: readonly string[]): string =>
  ip("netns", "exec", name, ...command);

const pods = [2, 3].map((last) => {
  const netns = `seam-test-${process.pid}-pod${last}`;
  const device = hostDeviceName(netns, "eth0");
  return { netns, device, addresses: [`10.244.7.${last}`, `fd00:7::${last}`].map(address) };
});
const [client = "", server = ""] = pods.map(({ netns }) => netns);
const [clientDevice = "", serverDevice = ""] = pods.map(({ device }) => device);

/** Counts what the node's own stack forwards, as far behind as kube-proxy's rule against invalid packets; SERVICE is translated. */
const SERVICE = "10.96.0.7";
const probe = `table inet probe {
counter seen { }
counter invalid { }
chain forward { type filter hook forward priority 0; counter name seen; ct state invalid counter name invalid drop; }
chain services { type nat hook prerouting priority dstnat; ip daddr ${SERVICE} dnat ip to 10.244.7.3; }
}`;
const settings = [
  "net.ipv4.ip_forward=1",
  "net.ipv4.conf.default.forwarding=1",
  "net.ipv6.conf.all.forwarding=1",
  "net.netfilter.nf_conntrack_tcp_be_liberal=1",
  "net.netfilter.nf_conntrack_tcp_ignore_invalid_rst=1",
];

/** Packets that a counter saw since the last time it was asked for. */
function counted(name: "seen" | "invalid"): number {
  const shown = inside(node, "nft", "reset", "counter", "inet", "probe", name);
  return Number(/packets (\d+)/.exec(shown)?.[1]);
}

const echo = `require("node:net").createServer((c) => c.on("error", () => {}).pipe(c)).listen(7, "::", () => console.log("ready"));
const udp = require("node:dgram").createSocket("udp6");
udp.on("message", (data, { address, port }) => udp.send(data, port, address)).bind(7);`;
/** Sends one message after the other, as many as each line says, and waits for each answer. */
const asker = `const [host, transport] = process.argv.slice(1);
const lines = require("node:readline").createInterface({ input: process.stdin });
let left = 0, send, socket;
const answered = () => (--left > 0 ? send() : console.log("answered"));
const failed = (error) => console.log(error.code);
if (transport === "tcp") {
  socket = require("node:net").connect({ host, port: 7, noDelay: true });
  send = () => socket.write("x");
  socket.on("data", answered).on("error", failed);
} else {
  socket = require("node:dgram").createSocket(host.includes(":") ? "udp6" : "udp4");
  send = () => socket.send("x", 7, host);
  socket.bind(4000).on("message", answered).on("error", failed);
}
lines.on("line", (line) => {
  if (line === "reset") return socket.resetAndDestroy();
  left = Number(line);
  send();
}).on("close", () => process.exit(0));`;

const ANSWER_MS = 5000;

type Child = ChildProcessByStdio<Writable, Readable, null>;
const started: Child[] = [];
function start(netns: string, code: string, ...argv: readonly string[]): [Child, Interface] {
  const command = ["netns", "exec", netns, process.execPath, "-e", code, ...argv];
  const child = spawn("ip", command, { stdio: ["pipe", "pipe", "inherit"] });
  started.push(child);
  return [child, createInterface({ input: child.stdout })];
}

/** Asks the server; `ask` resolves when so many messages were answered. */
function connect(host: string, transport: "tcp" | "udp" = "tcp") {
  const [child, lines] = start(client, asker, host, transport);
  return {
    ask: async (messages: number): Promise<void> => {
      child.stdin.write(`${messages}\n`);
      const line: unknown = await once(lines, "line", { signal: AbortSignal.timeout(ANSWER_MS) });
      expect(line).toEqual(["answered"]);
    },
    end: async (how: "close" | "reset"): Promise<void> => {
      child.stdin.end(how === "reset" ? "reset\n" : "");
      await once(child, "exit");
    },
  };
}

const sources = () =>
  pods.map(({ device, addresses }) => ({ device, mac: macOf(device), addresses }));
const macs = new Map<string, string>();
const macOf = (device: string): string => macs.get(device) ?? "";
const follow = (fast: FastPath, changed = false): number =>
  valueOf(fast.follow({ sources: sources(), prefixes, changed }));

beforeAll(async () => {
  for (const name of [node, client, server]) {
    ip("netns", "add", name);
    ip("-n", name, "link", "set", "lo", "up");
  }
  inside(node, "nft", probe);
  inside(node, "sysctl", "-qw", ...settings);
  for (const { netns, device, addresses } of pods) {
    const made = createPodInterface({
      podNetns: path(netns),
      hostNetns: path(node),
      hostDevice: device,
      podDevice: "eth0",
      addresses,
      mtu: bytes(1500),
    });
    macs.set(device, valueOf(made).podMac);
  }
  const guard = { kind: "set-source-guard", sourceGuard: true, sources: sources() } as const;
  valueOf(applyStep(guard, path(node)));
  await once(start(server, echo)[1], "line");
});

let fast: FastPath;
beforeEach(() => {
  fast = valueOf(openFastPath(path(node)));
  follow(fast, true);
});
afterEach(() => {
  fast[Symbol.dispose]();
  for (const child of started.slice(1)) child.kill("SIGKILL");
});
afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
  for (const { device } of pods) valueOf(deletePodInterface(device, path(node)));
  for (const name of [node, client, server]) ip("netns", "del", name);
});

/** Far more packets than a flow's first ones, and what the stack may see of them: the lease may end meanwhile. */
const MANY = 500;
const FEW = 20;
/** After two seconds Linux takes datagrams for a stream; before, none of them is learned. */
const STREAM_MS = 2200;
const LEASE_MS = 10_000;

test.for([
  ["10.244.7.3", "close"],
  ["10.244.7.3", "reset"],
  ["fd00:7::3", "close"],
  ["fd00:7::3", "reset"],
] as const)(
  "packets of a connection to %s skip the node's stack, which sees its %s",
  async ([host, how]) => {
    const { ask, end } = connect(host);
    await ask(10);
    counted("seen");
    await ask(MANY);
    expect(counted("seen")).toBeLessThan(FEW);
    await end(how);
    expect(counted("seen")).toBeGreaterThan(0);
    expect(counted("invalid")).toBe(0);
  },
);

test("what the client sends passes its shaper on the fast path as well; shaping what it is sent takes its link off (issue 7 §4)", async () => {
  const link = {
    node: { netns: path(node), device: clientDevice },
    pod: { netns: path(client), device: "eth0" },
  };
  const { ask } = connect("10.244.7.3");
  valueOf(putRates(link, { ul: bitsPerSecond(1e9), dl: null }));
  expect(follow(fast)).toBe(2);
  await ask(10);
  counted("seen");
  await ask(MANY);
  expect(counted("seen")).toBeLessThan(FEW);
  expect(valueOf(measureRates(link)).ul?.packets).toBeGreaterThan(MANY);
  valueOf(putRates(link, { ul: null, dl: bitsPerSecond(1e9) }));
  expect(follow(fast)).toBe(1);
  await ask(MANY);
  expect(counted("seen")).toBeGreaterThan(2 * MANY);
  expect(valueOf(measureRates(link)).dl?.packets).toBeGreaterThanOrEqual(MANY);
  valueOf(putRates(link, { ul: null, dl: null }));
});

test.for(["10.244.7.3", "fd00:7::3"])(
  "datagrams to %s skip it once both sides spoke for two seconds",
  async (host) => {
    const { ask } = connect(host, "udp");
    await ask(20);
    expect(counted("seen")).toBeGreaterThanOrEqual(40);
    await sleep(STREAM_MS);
    await ask(5);
    counted("seen");
    await ask(MANY);
    expect(counted("seen")).toBeLessThan(FEW);
  },
);

test("a packet arrives as if it had been routed: one hop spent, from the gateway's MAC address", async () => {
  const { ask } = connect("10.244.7.3");
  await ask(10);
  const filter = ["-c", "20", "-e", "-v", "-nn", "-l", "-i", "eth0", "tcp dst port 7"];
  const dump = spawn("ip", ["netns", "exec", server, "tcpdump", ...filter]);
  const shown = contentOf(dump.stdout);
  await once(dump.stderr, "data");
  counted("seen");
  await ask(50);
  const headers = (await shown).split("\n").filter((line) => line.includes("ethertype"));
  expect(counted("seen")).toBeLessThan(FEW);
  expect(headers).toHaveLength(20);
  for (const line of headers) {
    expect(line).toContain(`${linkOf(node, serverDevice).address} > ${macOf(serverDevice)}`);
    expect(line).toContain("ttl 63");
    expect(line).not.toContain("bad cksum");
  }
});

test("what a node translates always takes its stack", async () => {
  const { ask } = connect(SERVICE);
  await ask(MANY);
  expect(counted("seen")).toBeGreaterThanOrEqual(2 * MANY);
});

test("a change sends each flow over the stack once; the end of the fast path sends all, and no connection ends", async () => {
  const { ask } = connect("10.244.7.3");
  await ask(10);
  follow(fast, true);
  counted("seen");
  await ask(1);
  expect(counted("seen")).toBeGreaterThan(0);
  await ask(5);
  counted("seen");
  await ask(MANY);
  expect(counted("seen")).toBeLessThan(FEW);
  fast[Symbol.dispose]();
  await ask(MANY);
  expect(counted("seen")).toBeGreaterThanOrEqual(2 * MANY);
  expect(counted("invalid")).toBe(0);
});

test.for([
  [
    "a rate limit of what the pod gets",
    serverDevice,
    "root tbf rate 1gbit burst 64kb latency 50ms",
  ],
  ["a filter of what the pod sends", clientDevice, "ingress"],
] as const)("a link with %s is not on the fast path", async ([, device, qdisc]) => {
  const { ask } = connect("10.244.7.3");
  await ask(10);
  const [where = "", ...rest] = qdisc.split(" ");
  inside(node, "tc", "qdisc", "add", "dev", device, where, ...rest);
  try {
    expect(follow(fast)).toBe(1);
    await ask(5);
    counted("seen");
    await ask(MANY);
    expect(counted("seen")).toBeGreaterThanOrEqual(2 * MANY);
  } finally {
    inside(node, "tc", "qdisc", "del", "dev", device, where);
  }
  expect(follow(fast)).toBe(2);
});

test("a learned flow is that of one sender: the same packet from another MAC address is dropped by the guard", async () => {
  const { ask } = connect("10.244.7.3", "udp");
  await ask(1);
  await sleep(STREAM_MS);
  await ask(20);
  counted("seen");
  await ask(10);
  expect(counted("seen")).toBe(0);
  const count = (): number =>
    Number(
      /Udp:\s+(\d+)/.exec(inside(server, "sh", "-c", "grep Udp: /proc/net/snmp | tail -1"))?.[1],
    );
  const before = count();
  sendFrame(datagramFrom(macOf(clientDevice)));
  expect(count()).toBe(before + 1);
  sendFrame(datagramFrom("02:00:00:00:00:66"));
  expect(count()).toBe(before + 1);
  expect(counted("seen")).toBe(0);
});

test("what begins to speak against a flow in the node's stack ends it within ten seconds", async () => {
  const { ask } = connect("10.244.7.3");
  await ask(20);
  inside(node, "nft", "add rule inet probe forward tcp dport 7 drop");
  const begin = performance.now();
  const answers = async (): Promise<void> => {
    while (performance.now() - begin < LEASE_MS + ANSWER_MS) await ask(1);
  };
  try {
    await expect(answers()).rejects.toMatchObject({ name: "AbortError" });
    // The last question waited for its answer.
    expect(performance.now() - begin).toBeLessThan(LEASE_MS + ANSWER_MS + 10_000);
  } finally {
    inside(node, "nft", "flush", "table", "inet", "probe");
    inside(node, "nft", probe);
  }
});

/** What `ip` tells of a link. */
function linkOf(netns: string, device: string): { ifindex: number; address: string } {
  const [link]: readonly { ifindex: number; address: string }[] = JSON.parse(
    ip("-n", netns, "-j", "link", "show", device),
  );
  invariant(link !== undefined, `${device} is there`);
  return link;
}

/** One datagram of a flow that was learned, as an Ethernet frame: from port 4000 to port 7, without a checksum of its own. */
function datagramFrom(mac: string): Buffer {
  const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(/[:\s]/g, ""), "hex");
  return Buffer.concat([
    hex(linkOf(node, clientDevice).address),
    hex(mac),
    hex("0800 4500 001d 0000 0000 4011 56e4 0af40702 0af40703"),
    hex("0fa0 0007 0009 0000 78"),
  ]);
}

/** Sends a frame as it is (packet(7)). */
function sendFrame(frame: Buffer): void {
  const code = `socket(my $s, 17, 3, 0) or die "socket: $!";
my $to = pack("S n i S C C a8", 17, 0, $ARGV[0], 0, 0, 6, pack("H12", $ARGV[1]));
send($s, pack("H*", $ARGV[1]), 0, $to) or die "send: $!";`;
  inside(client, "perl", "-e", code, String(linkOf(client, "eth0").ifindex), frame.toString("hex"));
}
