/** Two pods on a node, in namespaces, with what measures between them. */
import { type Address, bytes, invariant, parseAddress, type Result } from "@seam/base";
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { createPodInterface, deletePodInterface, hostDeviceName } from "./index.ts";
import type { PodLink } from "./shaping.ts";

export function valueOf<T, E>(result: Result<T, E>): T {
  invariant(result.ok, result.ok ? "" : JSON.stringify(result.error));
  return result.value;
}
const address = (text: string): Address => valueOf(parseAddress(text));
export const ip = (...args: readonly string[]): string =>
  execFileSync("ip", args, { encoding: "utf8" });

const prefix = `seam-test-${process.pid}`;
export const node = `${prefix}-node`;
export const path = (name: string): string => `/var/run/netns/${name}`;
export const inside = (name: string, ...command: readonly string[]): string =>
  ip("netns", "exec", name, ...command);

const podOf = (last: number) => {
  const netns = `${prefix}-pod${last}`;
  const device = hostDeviceName(netns, "eth0");
  return { netns, device, host: `10.244.7.${last}` };
};
export const [client, server] = [podOf(2), podOf(3)];

/** The link of the client, whose rates are set. */
export const link: PodLink = {
  node: { netns: path(node), device: client.device },
  pod: { netns: path(client.netns), device: "eth0" },
};

/** The size of a frame on the wire, over what a stream of TCP counts of it. */
const FRAME_OVER_PAYLOAD = 1514 / 1448;

const children: ChildProcess[] = [];
let streams = 0;
const asker = `const [host, seconds] = process.argv.slice(1);
const socket = require("node:net").connect({ host, port: 7, noDelay: true });
const taken = [], end = performance.now() + 1000 * seconds;
let asked;
const ask = () => { asked = performance.now(); socket.write("x"); };
socket.on("connect", ask).on("data", () => {
  taken.push(performance.now() - asked);
  if (performance.now() < end) return void setTimeout(ask, 1);
  console.log(JSON.stringify(taken));
  socket.destroy();
});`;
const echo = `require("node:net").createServer((c) => c.on("error", () => {}).pipe(c)).listen(7, "::", () => console.log("ready"));`;

/** Makes the node and its pods, and starts what answers in the second one. */
export async function makePods(): Promise<void> {
  for (const name of [node, client.netns, server.netns]) ip("netns", "add", name);
  inside(node, "sysctl", "-qw", "net.ipv4.ip_forward=1");
  for (const { netns, device, host } of [client, server])
    valueOf(
      createPodInterface({
        podNetns: path(netns),
        hostNetns: path(node),
        hostDevice: device,
        podDevice: "eth0",
        addresses: [address(host)],
        mtu: bytes(1500),
      }),
    );
  await begin(server.netns, "iperf3", "-s", "--forceflush");
  await begin(server.netns, process.execPath, "-e", echo);
}

/** Deletes the client's link, as the end of a pod does. */
export const endClient = (): void => void valueOf(deletePodInterface(client.device, path(node)));

/** Ends what was started, and deletes the namespaces. */
export function removePods(): void {
  for (const child of children) child.kill("SIGKILL");
  for (const name of [node, client.netns, server.netns]) ip("netns", "del", name);
}

/** A host outside the node, beside a link of its own and a tunnel, and its addresses on both. */
export const outside = {
  netns: `${prefix}-out`,
  uplink: "up0",
  direct: "198.51.100.2",
  tunnelled: "172.31.7.2",
  segmented: "172.31.8.2",
} as const;

/** Makes it; `removeOutside` deletes it. */
export function makeOutside(): void {
  const { netns, uplink } = outside;
  ip("netns", "add", netns);
  ip("-n", node, "link", "add", uplink, "type", "veth", "peer", "name", uplink, "netns", netns);
  const sides = [
    [node, "1", "2"],
    [netns, "2", "1"],
  ] as const;
  for (const [own, last, other] of sides) {
    const tunnel = ["id", "7", "dstport", "4789", "remote", `198.51.100.${other}`, "dev", uplink];
    ip("-n", own, "addr", "add", `198.51.100.${last}/24`, "dev", uplink);
    ip("-n", own, "link", "set", uplink, "up");
    ip("-n", own, "link", "add", "vx0", "type", "vxlan", ...tunnel);
    ip("-n", own, "addr", "add", `172.31.7.${last}/24`, "dev", "vx0");
    ip("-n", own, "link", "set", "vx0", "up");
  }
  ip("-n", netns, "route", "add", "10.244.7.0/24", "via", "198.51.100.1");
  makeSegments();
}

/** A way to the outside by segment routing (RFC 8986): H.Encaps at the node, End.DX4 outside. */
function makeSegments(): void {
  const { netns, uplink, segmented } = outside;
  // Room for 64 bytes around a pod's packets.
  for (const each of [node, netns]) ip("-n", each, "link", "set", uplink, "mtu", "1600");
  ip("-n", node, "addr", "add", "fd00:7::1/64", "dev", uplink, "nodad");
  ip("-n", netns, "addr", "add", "fd00:7::2/64", "dev", uplink, "nodad");
  const segment = "fd00:8::2";
  ip("-n", node, "route", "add", `${segment}/128`, "via", "fd00:7::2");
  const encapsulated = ["encap", "seg6", "mode", "encap", "segs", segment];
  ip("-n", node, "route", "add", segmented, ...encapsulated, "dev", uplink);
  ip("-n", netns, "addr", "add", `${segmented}/32`, "dev", uplink);
  const decapsulated = ["encap", "seg6local", "action", "End.DX4", "nh4", "0.0.0.0"];
  ip("-n", netns, "-6", "route", "add", `${segment}/128`, ...decapsulated, "dev", uplink);
  for (const each of [node, netns]) inside(each, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1");
}

export const removeOutside = (): void => void ip("netns", "del", outside.netns);

/** Starts a program and waits for its first line. */
export async function begin(netns: string, ...command: readonly string[]): Promise<void> {
  const child = spawn("ip", ["netns", "exec", netns, ...command], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.push(child);
  await once(createInterface({ input: child.stdout }), "line");
}

const run = promisify(execFile);

/** Megabits per second of frames that a stream of TCP has in either direction, after its first second. */
export async function streamMbps(direction: "ul" | "dl", seconds: number): Promise<number> {
  const reverse = direction === "dl" ? ["-R"] : [];
  const times = ["-O", "1", "-t", String(seconds), "-J"];
  const command = ["netns", "exec", client.netns, "iperf3", "-c", server.host, ...times];
  const { stdout } = await run("ip", [...command, ...reverse]);
  const report: { readonly end: { readonly sum_received: { readonly bits_per_second: number } } } =
    JSON.parse(stdout);
  return (report.end.sum_received.bits_per_second * FRAME_OVER_PAYLOAD) / 1e6;
}

/** How long each answer took, in milliseconds, of a flow that asks again a millisecond after an answer. */
export async function roundTrips(seconds: number): Promise<readonly number[]> {
  const command = [process.execPath, "-e", asker, server.host, String(seconds)];
  const { stdout } = await run("ip", ["netns", "exec", client.netns, ...command]);
  const taken: readonly number[] = JSON.parse(stdout);
  return taken.toSorted((left, right) => left - right);
}

/** Megabits per second that arrive at the second pod, whoever sends them. */
export async function arrivingMbps(seconds: number): Promise<number> {
  const counter = (): number =>
    Number(inside(server.netns, "cat", "/sys/class/net/eth0/statistics/rx_bytes"));
  const before = counter();
  const start = performance.now();
  await sleep(seconds * 1000);
  return ((counter() - before) * 8) / 1000 / (performance.now() - start);
}

/** A stream with a server of its own that goes on until it is ended. */
export async function startStream(...args: readonly string[]): Promise<{
  /** Its ports tell whether it is still the same connection. */
  readonly connection: () => string;
  readonly end: () => void;
}> {
  streams += 1;
  const port = String(5201 + streams);
  await begin(server.netns, "iperf3", "-s", "-1", "-p", port, "--forceflush");
  const iperf = ["iperf3", "-c", server.host, "-p", port, "-t", "60"];
  const child = spawn("ip", ["netns", "exec", client.netns, ...iperf, ...args], {
    stdio: "ignore",
  });
  children.push(child);
  return {
    connection: () =>
      inside(client.netns, "ss", "-Htn", "state", "established", "dport", "=", `:${port}`)
        .replaceAll(/ +/g, " ")
        .split("\n")
        .map((line) => line.split(" ").slice(2).join(" "))
        .join("\n"),
    end: () => void child.kill("SIGKILL"),
  };
}
