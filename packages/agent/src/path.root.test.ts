/**
 * Whole streams between pods of two nodes behind a router, and to a host outside (issue 4): through narrow links, with
 * checksums made by software and by "hardware", and under strict reverse-path filters.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

import { bytes, parseAddress } from "@seam/base";
import { type ClusterFacts, DEFAULT_NETWORK, intendNode } from "@seam/intent";
import { applyStep, createPodInterface, hostDeviceName, observeNode } from "@seam/kernel";
import { plan } from "@seam/plan";
import { afterAll, beforeAll, expect, test } from "vitest";

import { cidr, run } from "./node.fixture.ts";

const netns = (name: string): string => `seam-test-path-${name}`;
const ip = (name: string, line: string): string => run("ip", "-n", netns(name), ...line.split(" "));
const on = (name: string, ...argv: readonly string[]): string =>
  run("ip", "netns", "exec", netns(name), ...argv);
const address = (written: string) => {
  const parsed = parseAddress(written);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

/** The router is .254 of each node's subnet, and leads to the host outside over a link of 1300 bytes. */
const hosts = [1, 2] as const;
type Host = (typeof hosts)[number];
const node = (host: Host): string => `node${host}`;
const pod = (host: Host): string => `pod${host}`;
const podAddresses = (host: Host): readonly string[] => [`10.244.${host}.5`, `fd00:${host}::5`];
const outside = ["198.51.9.9", "2001:db8:9::9"];
const all = ["router", "outside", ...hosts.flatMap((host) => [node(host), pod(host)])];
const device = (host: Host): string => hostDeviceName(node(host), "eth0");

const cluster: ClusterFacts = {
  nodes: hosts.map((host) => ({
    name: node(host),
    internalAddresses: [address(`198.51.${host}.1`), address(`2001:db8:${host}::1`)],
    podCidrs: [cidr(`10.244.${host}.0/24`), cidr(`fd00:${host}::/64`)],
  })),
  network: { ...DEFAULT_NETWORK, overlay: "vxlan" },
};

/** A cable from the router to `name`, whose end is up0. */
function cable(name: string, subnet: string, ends: readonly [string, string]): void {
  ip("router", `link add to-${name} type veth peer up0 netns ${netns(name)}`);
  for (const [place, link, last] of [
    ["router", `to-${name}`, ends[0]],
    [name, "up0", ends[1]],
  ] as const) {
    ip(place, `addr add 198.51.${subnet}.${last}/24 dev ${link}`);
    ip(place, `addr add 2001:db8:${subnet}::${last}/64 dev ${link} nodad`);
    on(place, "sysctl", "-qw", `net.ipv6.conf.${link}.accept_dad=0`);
    ip(place, `link set ${link} up`);
  }
  ip(name, `route add default via 198.51.${subnet}.${ends[0]}`);
  ip(name, `route add default via 2001:db8:${subnet}::${ends[0]}`);
}

/** The pod is made as before there was an overlay: with the uplink's MTU. */
function addPod(host: Host): void {
  const made = createPodInterface({
    podNetns: `/run/netns/${netns(pod(host))}`,
    hostNetns: `/run/netns/${netns(node(host))}`,
    hostDevice: device(host),
    podDevice: "eth0",
    addresses: podAddresses(host).map(address),
    mtu: bytes(1500),
  });
  if (!made.ok) throw new Error(made.error.message);
  const { podMac: mac } = made.value;
  const where = `/run/netns/${netns(node(host))}`;
  const onLink = [cidr(`198.51.${host}.0/24`), cidr(`2001:db8:${host}::/64`)];
  const own = { name: node(host), onLink, uplinkMtu: bytes(1500) };
  const endpoint = {
    device: device(host),
    mac,
    addresses: podAddresses(host).map(address),
    hostPorts: [],
  };
  const desired = intendNode(cluster, own, [endpoint]);
  const keys = desired.sysctls.map(({ key }) => key);
  const observed = observeNode(keys, where);
  if (!observed.ok) throw new Error(observed.error.message);
  for (const step of plan(observed.value, desired))
    expect(applyStep(step, where)).toEqual({ ok: true, value: null });
}

beforeAll(() => {
  for (const each of all.map(netns)) {
    run("sh", "-c", `ip netns del ${each} 2>/dev/null; ip netns add ${each}`);
    run("ip", "-n", each, "link", "set", "lo", "up");
  }
  for (const host of hosts) cable(node(host), String(host), ["254", "1"]);
  cable("outside", "9", ["254", "9"]);
  // The host outside believes in 1500 bytes, so that not its MSS but the router alone tells the pod.
  ip("router", "link set to-outside mtu 1300");
  on("router", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
  for (const host of hosts) addPod(host);
});
afterAll(() => {
  for (const each of all.map(netns)) run("ip", "netns", "del", each);
});

/** Sends a megabyte and prints its hash as the other end computed it. */
const sender = `
const { createHash, randomBytes } = require("node:crypto");
const data = randomBytes(1 << 20);
const socket = require("node:net").connect({ host: process.argv[1], port: 4100 }, () => socket.end(data));
setTimeout(() => { console.log("nothing"); process.exit(0); }, 8000);
socket.on("data", (answer) => {
  console.log(String(answer) === createHash("sha256").update(data).digest("hex") ? "whole" : "damaged");
  process.exit(0);
}).on("error", (error) => { console.log(error.code); process.exit(0); });`;
const receiver = `
require("node:net").createServer({ allowHalfOpen: true }, (socket) => {
  const hash = require("node:crypto").createHash("sha256");
  socket.on("data", (chunk) => hash.update(chunk)).on("end", () => socket.end(hash.digest("hex")));
}).listen(4100, "::", () => console.log("listening"));`;

/** A megabyte from one place to each address of another. */
async function streams(
  from: string,
  to: string,
  targets: readonly string[],
): Promise<readonly string[]> {
  const serving = spawn("ip", ["netns", "exec", netns(to), process.execPath, "-e", receiver]);
  try {
    await once(serving.stdout, "data");
    return targets.map((target) => on(from, process.execPath, "-e", sender, target).trim());
  } finally {
    serving.kill("SIGKILL");
  }
}

test("a stream goes on through a tunnel that carries less than its pod believes", async () => {
  expect(await streams(pod(1), pod(2), podAddresses(2))).toEqual(["whole", "whole"]);
  for (const target of podAddresses(2))
    expect(on(pod(1), "ip", "route", "get", target)).toContain("mtu 1450");
});

test("a stream goes on to a host behind a narrow link, whose router tells the pod", async () => {
  expect(await streams(pod(1), "outside", outside)).toEqual(["whole", "whole"]);
  for (const target of outside)
    expect(on(pod(1), "ip", "route", "get", target)).toContain("mtu 1300");
});

test.each([1, 2])(
  "with rp_filter %i everywhere streams go on, also of and to nodes",
  async (value) => {
    const filtered = hosts.map(node);
    const set = (to: number): void => {
      for (const each of filtered) on(each, "sysctl", "-qw", `net.ipv4.conf.all.rp_filter=${to}`);
    };
    set(value);
    try {
      expect(await streams(pod(1), pod(2), podAddresses(2))).toEqual(["whole", "whole"]);
      expect(await streams(pod(1), "outside", outside)).toEqual(["whole", "whole"]);
      expect(await streams(node(1), pod(2), podAddresses(2))).toEqual(["whole", "whole"]);
      expect(await streams(pod(1), node(2), ["198.51.2.1", "2001:db8:2::1"])).toEqual([
        "whole",
        "whole",
      ]);
      expect(await streams(pod(1), node(1), ["198.51.1.1", "2001:db8:1::1"])).toEqual([
        "whole",
        "whole",
      ]);
    } finally {
      set(0);
    }
  },
);

/** SIOCETHTOOL with ETHTOOL_STXCSUM (ethtool(8): tx off): the kernel has to fill in checksums before it sends. */
const withoutOffload = `
socket(my $socket, 2, 2, 0) or die "socket: $!";
my $value = pack("L L", 0x17, 0);
ioctl($socket, 0x8946, my $request = pack("a16 p", $ARGV[0], $value)) or die "ethtool: $!";`;

test("without offload every packet on the wire has right checksums, inside and outside of the tunnel", async () => {
  for (const place of [...hosts.map(node), "outside"])
    on(place, "perl", "-e", withoutOffload, "up0");
  const argv = [
    "netns",
    "exec",
    netns("router"),
    "tcpdump",
    "-vvlnni",
    "any",
    "-s",
    "0",
    "-c",
    "4000",
  ];
  const dump = spawn("ip", [...argv, "tcp", "or", "udp", "port", "4789"]);
  const output = text(dump.stdout);
  await once(dump.stderr, "data");
  expect(await streams(pod(1), pod(2), podAddresses(2))).toEqual(["whole", "whole"]);
  expect(await streams(pod(1), "outside", outside)).toEqual(["whole", "whole"]);
  dump.kill("SIGINT");
  const printed = await output;
  const verdicts = printed.match(/cksum 0x[\da-f]+ \((in)?correct/g) ?? [];
  // A busy machine lets tcpdump see only some of the thousands.
  expect(verdicts.length).toBeGreaterThan(100);
  expect(verdicts.filter((each) => each.includes("incorrect"))).toEqual([]);
  expect(printed).toContain("VXLAN");
  expect(printed).not.toMatch(/bad (udp )?cksum/);
});
