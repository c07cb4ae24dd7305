/**
 * A node in namespaces for tests of policies: three pods with programs that answer and ask, a host outside, and gates, classes and
 * blocks for them.
 */
import { type Address, bytes, invariant, parseAddress, type Result } from "@seam/base";
import type { Gate, GateRules, GateSide, PolicyState } from "@seam/state";
import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { expect } from "vitest";

import { createPodInterface, hostDeviceName } from "./index.ts";

export function valueOf<T, E>(result: Result<T, E>): T {
  invariant(result.ok, result.ok ? "" : JSON.stringify(result.error));
  return result.value;
}
export const address = (text: string): Address => valueOf(parseAddress(text));
const ip = (...args: readonly string[]): string => execFileSync("ip", args).toString();
const prefix = `seam-policy-${process.pid}`;
export const path = (name: string): string => `/var/run/netns/${prefix}-${name}`;
export const inside = (name: string, ...command: readonly string[]): string =>
  ip("netns", "exec", `${prefix}-${name}`, ...command);

export const pods = ["a", "b", "c"].map((name, index) => ({
  name,
  device: hostDeviceName(`container-${name}`, "eth0"),
  addresses: [`10.244.0.${index + 1}`, `fd00:244::${index + 1}`].map(address),
}));
/** Hosts outside, by their link to the node; the node has the first address of each. */
const HOSTS = [
  { name: "outside", link: "up0", ipv4: "198.51.100.", ipv6: "2001:db8::" },
  { name: "beyond", link: "up1", ipv4: "203.0.113.", ipv6: "2001:db8:1::" },
] as const;
export const FAMILIES = ["ipv4", "ipv6"] as const;
export const addressOf = (name: string, family: "ipv4" | "ipv6"): string => {
  const host = HOSTS.find((each) => each.name === name);
  if (host !== undefined) return `${host[family]}2`;
  if (name === "node") return `${HOSTS[0][family]}1`;
  const last = "abc".indexOf(name) + 1;
  return family === "ipv4" ? `10.244.0.${last}` : `fd00:244::${last}`;
};

/** Answers on ports 80 to 90 and some that programs of a node have, and asks what it is told to: one line for each question, one for its answer. */
const program = `const net = require("node:net"), dgram = require("node:dgram");
const ports = [22, 53, 67, 68, 179, 4789, ...Array.from({ length: 11 }, (_, index) => 80 + index)];
let waiting = 2 * ports.length;
const ready = () => --waiting === 0 && console.log("ready");
for (const port of ports) {
  net.createServer((c) => c.on("error", () => {}).pipe(c)).listen(port, "::", ready);
  const udp = dgram.createSocket("udp6").bind(port, ready);
  udp.on("message", (data, { address, port: to }) => udp.send(data, to, address, () => {}));
}
const held = new Map();
// A program that waits for a processor is not told that nothing came: it takes as many turns as fit into 400 ms.
const afterTurns = (left, then) => setTimeout(() => (left === 0 ? then() : afterTurns(left - 1, then)), 20);
const ask = {
  tcp: (host, port, done) => {
    const socket = net.connect({ host, port });
    socket.on("connect", () => { socket.destroy(); done("yes"); }).on("error", (e) => done(e.code));
  },
  udp: (host, port, done) => {
    const socket = dgram.createSocket(host.includes(":") ? "udp6" : "udp4");
    socket.on("message", () => { socket.close(); done("yes"); }).send("x", port, host, () => {});
  },
  hold: (host, port, done) => {
    const socket = net.connect({ host, port, noDelay: true }).on("error", () => {});
    held.set(host + port, socket);
    socket.once("connect", () => done("yes"));
  },
  speak: (host, port, done) => {
    held.get(host + port).once("data", () => done("yes")).write("x");
  },
};
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const [what, host, port] = line.split(" ");
  let answered = false;
  const answer = (text) => { if (!answered) console.log(line + " " + text); answered = true; };
  afterTurns(20, () => answer("no"));
  ask[what](host, Number(port), answer);
}).on("close", () => process.exit(0));`;

type Child = ChildProcessByStdio<Writable, Readable, null>;
const children = new Map<
  string,
  { readonly child: Child; readonly answers: Map<string, string> }
>();

async function start(name: string): Promise<void> {
  const command = ["netns", "exec", `${prefix}-${name}`, process.execPath, "-e", program];
  const child = spawn("ip", command, { stdio: ["pipe", "pipe", "inherit"] });
  const answers = new Map<string, string>();
  const lines = createInterface({ input: child.stdout });
  await once(lines, "line");
  lines.on("line", (line) => {
    const at = line.lastIndexOf(" ");
    answers.set(line.slice(0, at), line.slice(at + 1));
  });
  children.set(name, { child, answers });
}

/** A question is a word (tcp, udp; hold a connection, speak over it), a host and a port. */
export async function ask(from: string, question: string): Promise<string> {
  const found = children.get(from);
  invariant(found !== undefined, from);
  found.answers.delete(question);
  found.child.stdin.write(`${question}\n`);
  await expect
    .poll(() => found.answers.get(question), { timeout: 30_000, interval: 5 })
    .toBeDefined();
  return found.answers.get(question) ?? "";
}

export const pings = (from: string, to: string): string => {
  try {
    inside(from, "ping", "-c1", "-W1", to);
    return "yes";
  } catch {
    return "no";
  }
};

/** What passes from one end to another: `ipv4 tcp/80` and so on. */
export async function passes(from: string, to: string): Promise<readonly string[]> {
  const probes = FAMILIES.flatMap((family) => [
    ...(["tcp", "udp"] as const).flatMap((what) =>
      [80, 81, 85, 90].map(async (port) => {
        const answer = await ask(from, `${what} ${addressOf(to, family)} ${port}`);
        return answer === "yes" ? [`${family} ${what}/${port}`] : [];
      }),
    ),
    Promise.resolve(pings(from, addressOf(to, family)) === "yes" ? [`${family} other`] : []),
  ]);
  return (await Promise.all(probes)).flat();
}

export const everything = FAMILIES.flatMap((family) => [
  ...["tcp", "udp"].flatMap((what) => [80, 81, 85, 90].map((port) => `${family} ${what}/${port}`)),
  `${family} other`,
]);

/** Gates of the three pods, of which each side is open unless it is given. */
export const gates = (
  rules: Readonly<Record<string, Readonly<Partial<Record<GateSide, GateRules>>>>>,
): ReadonlyMap<string, Gate> =>
  new Map(
    pods.map(({ name, device, addresses }): [string, Gate] => {
      const { ingress = null, egress = null, node = null } = rules[name] ?? {};
      return [device, { device, addresses, ingress, egress, node }];
    }),
  );

const classes = new Map(
  pods.flatMap(({ name }, index) =>
    FAMILIES.map((family) => [addressOf(name, family), 10 + index] as const),
  ),
);
export const [A, B, C, WORLD] = [10, 11, 12, 20];
const world = FAMILIES.map((family) => ({
  first: address(family === "ipv4" ? "198.51.100.0" : "2001:db8::"),
  last: address(family === "ipv4" ? "198.51.100.255" : "2001:db8::ffff"),
  peers: WORLD,
}));

/** What the node enforces when gates have these rules. */
export const stateWith = (rules: Parameters<typeof gates>[0]): PolicyState => ({
  gates: gates(rules),
  addresses: classes,
  blocks: world,
  hosts: new Map(),
});

/** Makes the namespaces and starts the pods' programs. */
export async function makePolicyNode(): Promise<void> {
  for (const name of NAMES) {
    ip("netns", "add", `${prefix}-${name}`);
    ip("-n", `${prefix}-${name}`, "link", "set", "lo", "up");
  }
  inside("node", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
  for (const { name, device, addresses } of pods) {
    const ends = { podNetns: path(name), hostNetns: path("node") };
    valueOf(
      createPodInterface({
        ...ends,
        hostDevice: device,
        podDevice: "eth0",
        addresses,
        mtu: bytes(1500),
      }),
    );
  }
  for (const host of HOSTS) connect(host);
  for (const name of NAMES) await start(name);
  for (const name of NAMES) await settled(name);
}

/** Waits for addresses of links, without which IPv6 finds no neighbour at first (RFC 4862 section 5.4). */
async function settled(name: string): Promise<void> {
  const tentative = ["-n", `${prefix}-${name}`, "-6", "-o", "addr", "show", "tentative"];
  while (ip(...tentative) !== "") await sleep(50);
}

const NAMES = ["node", ...HOSTS.map(({ name }) => name), ...pods.map(({ name }) => name)];

/** Links a host to the node, by which it reaches all else. */
function connect({ name, link, ipv4, ipv6 }: (typeof HOSTS)[number]): void {
  const peer = ["type", "veth", "peer", "eth0", "netns", `${prefix}-${name}`];
  ip("-n", `${prefix}-node`, "link", "add", link, ...peer);
  for (const [netns, device, last] of [
    ["node", link, 1],
    [name, "eth0", 2],
  ] as const) {
    ip("-n", `${prefix}-${netns}`, "addr", "add", `${ipv4}${last}/24`, "dev", device);
    ip("-n", `${prefix}-${netns}`, "addr", "add", `${ipv6}${last}/64`, "dev", device, "nodad");
    ip("-n", `${prefix}-${netns}`, "link", "set", device, "up");
  }
  for (const via of [`${ipv4}1`, `${ipv6}1`])
    ip("-n", `${prefix}-${name}`, "route", "add", "default", "via", via);
}

/** Ends them and leaves nothing. */
export function removePolicyNode(): void {
  for (const { child } of children.values()) child.stdin.end();
  for (const name of NAMES) ip("netns", "del", `${prefix}-${name}`);
}
