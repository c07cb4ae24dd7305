/** What a node should look like, for small clusters. */
import {
  bitsPerSecond,
  bytes,
  formatAddress,
  formatCidr,
  invariant,
  parseAddress,
  parseCidr,
} from "@seam/base";
import type { NodeState } from "@seam/state";
import { expect, test } from "vitest";
import { type Endpoint, intendNode } from "./intend-node.ts";
import { DEFAULT_NETWORK, type NodeFacts } from "./network.ts";

const node = (name: string, addresses: string, cidrs: string): NodeFacts => ({
  name,
  internalAddresses: words(addresses).map((text) => valueOf(parseAddress(text))),
  podCidrs: words(cidrs).map((text) => valueOf(parseCidr(text))),
});
const endpoint = (device: string, mac: string, addresses: string): Endpoint => ({
  device,
  mac,
  addresses: words(addresses).map((text) => valueOf(parseAddress(text))),
  hostPorts: [],
});
const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");

function valueOf<T>(result: { ok: true; value: T } | { ok: false; error: string }): T {
  invariant(result.ok, "the test's own data parses");
  return result.value;
}

/** The state as `ip` and `nft` would print it, so that the tables below read like their output. */
function printed({ routes, neighbours, masquerade }: NodeState): readonly string[] {
  return [
    ...routes.map(({ destination, via, device }) =>
      [
        formatCidr(destination),
        ...(via === null ? [] : ["via", formatAddress(via)]),
        ...(device === null ? [] : ["dev", device]),
      ].join(" "),
    ),
    ...neighbours.map(({ address, mac, device }) => `${formatAddress(address)} ${mac} ${device}`),
    ...(masquerade?.sources ?? []).map((source) => `from ${formatCidr(source)}`),
    ...(masquerade?.exceptions ?? []).map((exception) => `not to ${formatCidr(exception)}`),
  ];
}

const a4 = node("a", "198.51.100.1", "10.244.0.0/24");
const b4 = node("b", "198.51.100.2", "10.244.1.0/24");
const a = node("a", "198.51.100.1 2001:db8::1", "10.244.0.0/24 fd00:0:0:1::/64");
const b = node("b", "198.51.100.2 2001:db8::2", "10.244.1.0/24 fd00:0:0:2::/64");
const pod = endpoint("seam0", "02:00:00:00:00:01", "10.244.0.5 fd00:0:0:1::5");

test.each([
  { name: "no nodes", nodes: [], endpoints: [], expected: [] },
  {
    name: "own node without prefixes",
    nodes: [node("a", "198.51.100.1", "")],
    endpoints: [],
    expected: [],
  },
  {
    name: "two nodes, IPv4",
    nodes: [a4, b4],
    endpoints: [],
    expected: [
      "10.244.1.0/24 via 198.51.100.2",
      "from 10.244.0.0/24",
      "not to 10.244.0.0/24",
      "not to 10.244.1.0/24",
      "not to 198.51.100.1/32",
      "not to 198.51.100.2/32",
    ],
  },
  {
    name: "two nodes, both families, one pod",
    nodes: [b, a],
    endpoints: [pod],
    expected: [
      "10.244.1.0/24 via 198.51.100.2",
      "fd00:0:0:2::/64 via 2001:db8::2",
      "10.244.0.5/32 dev seam0",
      "fd00:0:0:1::5/128 dev seam0",
      "10.244.0.5 02:00:00:00:00:01 seam0",
      "fd00:0:0:1::5 02:00:00:00:00:01 seam0",
      "from 10.244.0.0/24",
      "from fd00:0:0:1::/64",
      "not to 10.244.1.0/24",
      "not to fd00:0:0:2::/64",
      "not to 10.244.0.0/24",
      "not to fd00:0:0:1::/64",
      "not to 198.51.100.2/32",
      "not to 2001:db8::2/128",
      "not to 198.51.100.1/32",
      "not to 2001:db8::1/128",
    ],
  },
  {
    name: "a prefix whose family the other node lacks has no route; an unknown own node translates nothing",
    nodes: [node("b", "198.51.100.2", "10.244.1.0/24 fd00:0:0:2::/64")],
    endpoints: [],
    expected: ["10.244.1.0/24 via 198.51.100.2"],
  },
])("$name", ({ nodes, endpoints, expected }) => {
  const own = { name: "a", onLink: [], uplinkMtu: bytes(1500) };
  const state = intendNode({ nodes, network: DEFAULT_NETWORK }, own, endpoints);
  expect(printed(state)).toEqual(expected);
  expect(state.sysctls.map(({ key, value }) => `${key}=${value}`)).toEqual([
    "net.ipv4.ip_forward=1",
    "net.ipv4.conf.default.forwarding=1",
    "net.ipv6.conf.all.forwarding=1",
  ]);
});

test("rates are those of pods that have one (issue 7 §4)", () => {
  const own = { name: "a", onLink: [], uplinkMtu: bytes(1500) };
  const ends = { podNetns: "/run/netns/pod", podDevice: "eth0" };
  const rated = { ...pod, shaping: { ...ends, ul: bitsPerSecond(1e8), dl: null } };
  const free = { ...pod, device: "seam2", shaping: { ...ends, ul: null, dl: null } };
  const { shaping } = intendNode({ nodes: [a], network: DEFAULT_NETWORK }, own, [rated, free]);
  expect(shaping).toEqual([{ device: pod.device, ...ends, ul: 1e8, dl: null }]);
});

test("with the fast path, connection tracking does not mind what it has not seen", () => {
  const own = { name: "a", onLink: [], uplinkMtu: bytes(1500), fastPath: true };
  const { sysctls } = intendNode({ nodes: [a], network: DEFAULT_NETWORK }, own, [pod]);
  expect(sysctls.slice(3).map(({ key, value }) => `${key}=${value}`)).toEqual([
    "net.netfilter.nf_conntrack_tcp_be_liberal=1",
    "net.netfilter.nf_conntrack_tcp_ignore_invalid_rst=1",
  ]);
});

test("a pod's link has the gateways of the pod's families, and lets in its frames and its ARP", () => {
  const own = { name: "a", onLink: [], uplinkMtu: bytes(1500) };
  const ipv6Only = endpoint("seam1", "02:00:00:00:00:02", "fd00:0:0:1::6");
  const cluster = { nodes: [a], network: DEFAULT_NETWORK };
  const { deviceAddresses, sourceGuard, sources } = intendNode(cluster, own, [pod, ipv6Only]);
  expect(
    deviceAddresses.map((each) => `${formatAddress(each.address)}/${each.length} ${each.device}`),
  ).toEqual(["169.254.1.1/32 seam0", "fe80::1/128 seam0", "fe80::1/128 seam1"]);
  expect(sourceGuard).toBe(true);
  expect(
    sources.map(({ device, mac, addresses }) =>
      [device, mac, ...addresses.map(formatAddress)].join(" "),
    ),
  ).toEqual([
    "seam0 02:00:00:00:00:01 10.244.0.5 fd00:0:0:1::5",
    "seam1 02:00:00:00:00:02 fd00:0:0:1::6",
  ]);
});
