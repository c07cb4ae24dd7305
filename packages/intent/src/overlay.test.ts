/** How other nodes' pods are reached: by overlay, by what is on the link, and by the families that nodes have. */
import {
  bytes,
  type Cidr,
  formatAddress,
  formatCidr,
  invariant,
  linkLocalOf,
  parseAddress,
  parseCidr,
} from "@seam/base";
import { expect, test } from "vitest";
import { intendNode } from "./intend-node.ts";
import { macOfNode } from "./mac.ts";
import { DEFAULT_NETWORK, type NetworkFacts, type NodeFacts, type OwnNode } from "./network.ts";
import { podMtu } from "./overlay.ts";

const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");
function valueOf<T>(result: { ok: true; value: T } | { ok: false; error: string }): T {
  invariant(result.ok, "the test's own data parses");
  return result.value;
}
const cidrs = (text: string): readonly Cidr[] =>
  words(text).map((each) => valueOf(parseCidr(each)));
const node = (name: string, addresses: string, prefixes: string): NodeFacts => ({
  name,
  internalAddresses: words(addresses).map((text) => valueOf(parseAddress(text))),
  podCidrs: cidrs(prefixes),
});
const own = (onLink: string, mtu = 1500): OwnNode => ({
  name: "a",
  onLink: cidrs(onLink),
  uplinkMtu: bytes(mtu),
});
const vxlan: NetworkFacts = { ...DEFAULT_NETWORK, overlay: "vxlan" };
const always: NetworkFacts = { ...vxlan, encapsulate: "always" };

const a = node("a", "198.51.100.1 2001:db8::1", "10.244.0.0/24 fd00:0:0:1::/64");
const near = node("b", "198.51.100.2 2001:db8::2", "10.244.1.0/24 fd00:0:0:2::/64");
const far = node("c", "203.0.113.3 2001:db8:c::3", "10.244.2.0/24 fd00:0:0:3::/64");
const b = macOfNode("b");
const c = macOfNode("c");
const bLocal = formatAddress(linkLocalOf(b));
const cLocal = formatAddress(linkLocalOf(c));
const link = "198.51.100.0/24 2001:db8::/64";

/** What leads to other nodes, as `ip route`, `ip neigh` and `bridge fdb` would print it. */
function ways(
  network: NetworkFacts,
  onLink: string,
  others: readonly NodeFacts[],
): readonly string[] {
  const state = intendNode({ nodes: [a, ...others], network }, own(onLink), []);
  return [
    ...state.routes.map(({ destination, via, device }) =>
      words(
        `${formatCidr(destination)} ${via === null ? "" : formatAddress(via)} ${device ?? ""}`,
      ).join(" "),
    ),
    ...state.neighbours.map(({ address, mac }) => `${formatAddress(address)} is ${mac}`),
    ...state.forwarding.map(({ mac, remote }) => `${mac} to ${formatAddress(remote)}`),
  ];
}

const directly = ["10.244.1.0/24 198.51.100.2", "fd00:0:0:2::/64 2001:db8::2"];
const tunnelled = [
  "10.244.2.0/24 10.244.2.0 vxlan-seam",
  `fd00:0:0:3::/64 ${cLocal} vxlan-seam`,
  `10.244.2.0 is ${c}`,
  `${cLocal} is ${c}`,
  `${c} to 203.0.113.3`,
];

test.each([
  {
    name: "direct, also where no link leads",
    network: DEFAULT_NETWORK,
    onLink: link,
    others: [near, far],
    expected: [...directly, "10.244.2.0/24 203.0.113.3", "fd00:0:0:3::/64 2001:db8:c::3"],
  },
  { name: "on link", network: vxlan, onLink: link, others: [near], expected: directly },
  { name: "elsewhere", network: vxlan, onLink: link, others: [far], expected: tunnelled },
  {
    name: "mixed subnets",
    network: vxlan,
    onLink: link,
    others: [near, far],
    expected: [...directly, ...tunnelled],
  },
  {
    name: "only one family on link",
    network: vxlan,
    onLink: "198.51.100.0/24",
    others: [near],
    expected: [
      "10.244.1.0/24 198.51.100.2",
      `fd00:0:0:2::/64 ${bLocal} vxlan-seam`,
      `${bLocal} is ${b}`,
      `${b} to 198.51.100.2`,
    ],
  },
  {
    name: "an uplink of /32 has nothing on link",
    network: vxlan,
    onLink: "198.51.100.1/32",
    others: [node("b", "198.51.100.2", "10.244.1.0/24")],
    expected: ["10.244.1.0/24 10.244.1.0 vxlan-seam", `10.244.1.0 is ${b}`, `${b} to 198.51.100.2`],
  },
  {
    name: "always: on link too",
    network: always,
    onLink: link,
    others: [near],
    expected: [
      "10.244.1.0/24 10.244.1.0 vxlan-seam",
      `fd00:0:0:2::/64 ${bLocal} vxlan-seam`,
      `10.244.1.0 is ${b}`,
      `${bLocal} is ${b}`,
      `${b} to 198.51.100.2`,
    ],
  },
  {
    name: "a node without IPv4 turns all outer packets to IPv6",
    network: vxlan,
    onLink: link,
    others: [node("c", "2001:db8:c::3", "10.244.2.0/24"), near],
    expected: [
      "10.244.2.0/24 10.244.2.0 vxlan-seam",
      ...directly,
      `10.244.2.0 is ${c}`,
      `${c} to 2001:db8:c::3`,
    ],
  },
  {
    name: "a node without an address of the outer family cannot be reached",
    network: vxlan,
    onLink: link,
    others: [node("c", "2001:db8:c::3", "10.244.2.0/24"), node("d", "203.0.113.4", "")],
    expected: [],
  },
  {
    name: "a node without addresses yet changes nothing",
    network: vxlan,
    onLink: link,
    others: [node("d", "", "10.244.9.0/24"), far],
    expected: tunnelled,
  },
])("$name", ({ network, onLink, others, expected }) => {
  expect(ways(network, onLink, others)).toEqual(expected);
});

test("the device is the node's own, with a source of the outer family and an address of each prefix", () => {
  const made = (nodes: readonly NodeFacts[], network = vxlan): unknown =>
    intendNode({ nodes, network }, own(link), []).tunnel;
  expect(made([a, far])).toEqual({
    vni: 83,
    port: 4789,
    local: a.internalAddresses[0],
    mac: macOfNode("a"),
    mtu: 1450,
    addresses: a.podCidrs.map(({ address }) => address),
    ready: true,
  });
  expect(made([a])).not.toBeNull();
  expect(made([a, node("c", "2001:db8:c::3", "")])).toMatchObject({
    local: a.internalAddresses[1],
    mtu: 1430,
  });
  expect([made([a, far], DEFAULT_NETWORK), made([far])]).toEqual([null, null]);
});

test("pods keep their address towards nodes on link and configured networks only", () => {
  const network = { ...vxlan, masqueradeExceptions: cidrs("192.0.2.0/24") };
  const { masquerade } = intendNode({ nodes: [a, near, far], network }, own(link), []);
  const exceptions = masquerade?.exceptions.map(formatCidr) ?? [];
  expect(exceptions).toEqual(
    expect.arrayContaining(["192.0.2.0/24", "10.244.2.0/24", "198.51.100.1/32", "198.51.100.2/32"]),
  );
  expect(exceptions).not.toContain("203.0.113.3/32");
});

const ipv6Only = node("c", "2001:db8:c::3", "");

test.each([
  { name: "direct", network: DEFAULT_NETWORK, uplink: 9000, nodes: [a, far], expected: 9000 },
  { name: "IPv4 outside", network: vxlan, uplink: 1500, nodes: [a, far], expected: 1450 },
  { name: "IPv6 outside", network: vxlan, uplink: 1500, nodes: [a, ipv6Only], expected: 1430 },
  {
    name: "configured",
    network: { ...vxlan, mtu: bytes(1400) },
    uplink: 1500,
    nodes: [a],
    expected: 1400,
  },
  {
    name: "never more than fits",
    network: { ...vxlan, mtu: bytes(9000) },
    uplink: 1500,
    nodes: [a],
    expected: 1450,
  },
  {
    name: "configured and direct",
    network: { ...DEFAULT_NETWORK, mtu: bytes(1400) },
    uplink: 1500,
    nodes: [a],
    expected: 1400,
  },
  { name: "never less than IPv6 needs", network: vxlan, uplink: 1300, nodes: [a], expected: 1280 },
])("MTU of pods: $name", ({ network, uplink, nodes, expected }) => {
  expect(podMtu({ nodes, network }, own(link, uplink))).toBe(expected);
});

test("MAC addresses are unicast, locally administered, stable and distinct", () => {
  const names = Array.from({ length: 5000 }, (_, index) => [
    `n${index}`,
    `worker-${index}.example.org`,
    `ip-10-0-${index >> 8}-${index & 255}`,
  ]).flat();
  const macs = names.map(macOfNode);
  expect(new Set(macs).size).toBe(names.length);
  for (const mac of macs) expect(mac).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
  // All nodes of a cluster must agree also while they run different versions: this never changes.
  expect(macOfNode("n1")).toBe("7a:07:b5:58:dc:73");
  expect(formatAddress(linkLocalOf("7a:07:b5:58:dc:73"))).toBe("fe80::7807:b5ff:fe58:dc73");
});
