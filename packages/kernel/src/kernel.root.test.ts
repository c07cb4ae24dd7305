/** The real kernel, in namespaces of the test's own; what we read is checked against `ip -j`. */
import {
  type Address,
  bytes,
  type Cidr,
  formatAddress,
  formatCidr,
  invariant,
  parseAddress,
  parseCidr,
  type Result,
} from "@seam/base";
import { plan } from "@seam/plan";
import { type NodeState, type Tunnel, TUNNEL_DEVICE } from "@seam/state";
import { execFileSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  applyStep,
  createPodInterface,
  deletePodInterface,
  hostDeviceName,
  listAddresses,
  listLinks,
  observeNode,
  type PodInterface,
  withRouteSocket,
} from "./index.ts";
import { linkNamed } from "./links.ts";

function valueOf<T, E>(result: Result<T, E>): T {
  invariant(result.ok, result.ok ? "" : JSON.stringify(result.error));
  return result.value;
}
const address = (text: string): Address => valueOf(parseAddress(text));
const cidr = (text: string): Cidr => valueOf(parseCidr(text));

const names = ["node", "pod1", "pod2", "out"].map((name) => `seam-test-${process.pid}-${name}`);
const [node = "", pod1 = "", pod2 = "", outside = ""] = names;
const path = (name: string): string => `/var/run/netns/${name}`;
const ip = (...args: readonly string[]): string => execFileSync("ip", args).toString();
const inside = (name: string, ...command: readonly string[]): string =>
  ip("netns", "exec", name, ...command);
const json = (name: string, ...args: readonly string[]): unknown =>
  JSON.parse(ip("-n", name, "-j", ...args));

const device = hostDeviceName("container-1", "eth0");
const pods = [
  { netns: pod1, device, addresses: ["10.244.0.5", "fd00:1::5"] },
  {
    netns: pod2,
    device: hostDeviceName("container-2", "eth0"),
    addresses: ["10.244.0.6", "fd00:1::6"],
  },
];
const createPod = (pod: (typeof pods)[number]): Result<PodInterface, unknown> =>
  createPodInterface({
    podNetns: path(pod.netns),
    hostNetns: path(node),
    hostDevice: pod.device,
    podDevice: "eth0",
    addresses: pod.addresses.map(address),
    mtu: bytes(1400),
  });

const sysctls = [
  { key: "net.ipv4.ip_forward", value: "1" },
  { key: "net.ipv6.conf.all.forwarding", value: "1" },
];
const keys = sysctls.map(({ key }) => key);
const observe = (): NodeState => valueOf(observeNode(keys, path(node)));

function reach(desired: NodeState): readonly string[] {
  const steps = plan(observe(), desired);
  for (const step of steps) valueOf(applyStep(step, path(node)));
  expect(plan(observe(), desired)).toEqual([]);
  return steps.map(({ kind }) => kind);
}

beforeEach(() => {
  for (const name of names) ip("netns", "add", name);
  for (const name of names) ip("-n", name, "link", "set", "lo", "up");
  ip("-n", node, "link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", outside);
  for (const [name, link, last] of [
    [node, "up0", "1"],
    [outside, "eth0", "2"],
  ] as const) {
    ip("-n", name, "addr", "add", `198.51.100.${last}/24`, "dev", link);
    ip("-n", name, "addr", "add", `2001:db8::${last}/64`, "dev", link, "nodad");
    ip("-n", name, "link", "set", link, "up");
  }
});

afterEach(() => {
  for (const name of names) ip("netns", "del", name);
});

test("two pods reach each other and the node, and deletion leaves nothing", () => {
  const home = readlinkSync("/proc/self/ns/net");
  const before = observe();
  const created = pods.map((pod) => valueOf(createPod(pod)));
  reach({ ...observe(), sysctls });
  for (const target of ["10.244.0.6", "fd00:1::6", "198.51.100.1", "2001:db8::1"]) {
    expect(inside(pod1, "ping", "-c1", "-W2", target)).toContain("1 received");
  }
  expect(inside(node, "ping", "-c1", "-W2", "10.244.0.5")).toContain("1 received");
  expect(json(pod1, "link", "show", "eth0")).toMatchObject([
    { mtu: 1400, address: created[0]?.podMac, operstate: "UP" },
  ]);
  expect(json(node, "route", "show", "10.244.0.5")).toMatchObject([
    { dst: "10.244.0.5", dev: device, protocol: "83", scope: "link" },
  ]);
  expect(json(pod1, "-6", "route", "show", "default")).toMatchObject([{ gateway: "fe80::1" }]);

  const again = createPod(pods[0]!);
  expect(again.ok ? null : again.error).toMatchObject({ errno: "EEXIST" });
  expect(observe().routes).toHaveLength(4);
  for (const pod of pods) valueOf(deletePodInterface(pod.device, path(node)));
  valueOf(deletePodInterface(device, path(node)));
  expect(observe().routes).toEqual(before.routes);
  expect(observe().neighbours).toEqual([]);
  expect(json(pod1, "link", "show")).toHaveLength(1);
  expect(readlinkSync("/proc/self/ns/net")).toBe(home);
});

test("links, addresses, routes and neighbours read as `ip -j` prints them", () => {
  for (const pod of pods) valueOf(createPod(pod));
  const links = valueOf(withRouteSocket(path(node), listLinks));
  const expected = json(node, "link", "show");
  expect(expected).toMatchObject(
    links.map(({ index, name, mac, mtu }) => ({ ifindex: index, ifname: name, address: mac, mtu })),
  );
  const addresses = valueOf(withRouteSocket(path(pod1), listAddresses));
  const shown = inside(pod1, "ip", "-br", "addr", "show");
  for (const { address: own, length } of addresses) {
    expect(shown).toContain(`${formatAddress(own)}/${length}`);
  }
  expect(addresses.length).toBeGreaterThanOrEqual(5);
  const { routes, neighbours } = observe();
  expect(routes.map(({ destination }) => formatCidr(destination)).sort()).toEqual([
    "10.244.0.5/32",
    "10.244.0.6/32",
    "fd00:1::5/128",
    "fd00:1::6/128",
  ]);
  const ours = json(node, "neigh", "show", "nud", "permanent");
  expect(
    new Set(neighbours.map((n) => `${formatAddress(n.address)} ${n.mac} ${n.device}`)),
  ).toEqual(
    new Set(
      (Array.isArray(ours) ? ours : [])
        .filter(({ dev }) => String(dev).startsWith("seam"))
        .map(({ dst, lladdr, dev }) => `${dst} ${lladdr} ${dev}`),
    ),
  );
  expect(neighbours).toHaveLength(4);
});

test("any planned change is accepted by the kernel and read back as planned", () => {
  valueOf(createPod(pods[0]!));
  const base: NodeState = { ...observe(), sysctls };
  const peer = (via: string, destination: string) => ({
    destination: cidr(destination),
    via: address(via),
    device: null,
  });
  const masquerade = {
    sources: ["10.244.0.0/24", "fd00:1::/64"].map(cidr),
    exceptions: [
      "10.244.0.0/24",
      "10.244.1.0/24",
      "10.244.1.7/32",
      "198.51.100.2/32",
      "fd00:1::/64",
    ].map(cidr),
  };
  const full: NodeState = {
    ...base,
    routes: [
      ...base.routes,
      peer("198.51.100.2", "10.244.1.0/24"),
      peer("2001:db8::2", "fd00:2::/64"),
    ],
    masquerade,
  };
  expect(reach(full)).toEqual([
    "set-sysctl",
    "set-sysctl",
    "add-route",
    "add-route",
    "set-masquerade",
  ]);
  expect(
    reach({
      ...full,
      routes: [
        ...base.routes,
        peer("198.51.100.3", "10.244.1.0/24"),
        peer("2001:db8::3", "fd00:2::/64"),
      ],
      neighbours: base.neighbours.map((neighbour) => ({ ...neighbour, mac: "02:00:00:00:00:09" })),
      masquerade: { ...masquerade, exceptions: masquerade.exceptions.slice(0, 2) },
    }),
  ).toEqual(["add-neighbour", "add-neighbour", "replace-route", "replace-route", "set-masquerade"]);
  inside(node, "nft", "flush", "chain", "inet", "seam", "postrouting");
  expect(reach({ ...observe(), sysctls, routes: [], neighbours: [], masquerade: null })).toEqual([
    ...Array.from({ length: 4 }, () => "delete-route"),
    ...Array.from({ length: 2 }, () => "delete-neighbour"),
    "clear-masquerade",
  ]);
});

test("a device route and a gateway route replace each other in both families", () => {
  valueOf(createPod(pods[0]!));
  const base = observe();
  const gateways = { ipv4: "198.51.100.2", ipv6: "2001:db8::2" };
  const turned = base.routes.map((route) => ({
    ...route,
    via: address(gateways[route.destination.address.family]),
    device: "up0",
  }));
  expect(reach({ ...base, routes: turned })).toEqual(["replace-route", "replace-route"]);
  expect(reach(base)).toEqual(["replace-route", "replace-route"]);
});

test("only traffic to the outside is translated", () => {
  for (const pod of pods) valueOf(createPod(pod));
  const masquerade = {
    sources: [cidr("10.244.0.0/24"), cidr("fd00:1::/64")],
    exceptions: [cidr("10.244.0.0/24")],
  };
  expect(() => inside(pod1, "ping", "-c1", "-W1", "198.51.100.2")).toThrow("Command failed");
  reach({ ...observe(), sysctls, masquerade });
  expect(inside(pod1, "ping", "-c1", "-W2", "198.51.100.2")).toContain("1 received");
  expect(inside(pod1, "ping", "-c1", "-W2", "2001:db8::2")).toContain("1 received");
  reach({ ...observe(), masquerade: { ...masquerade, exceptions: [cidr("198.51.100.0/24")] } });
  expect(() => inside(pod1, "ping", "-c1", "-W1", "198.51.100.2")).toThrow("Command failed");
});

test("prefixes of every length come back from nftables as they went in", () => {
  const sources = ["0.0.0.0/0", "::/0"].map(cidr);
  const exceptions = [
    "10.0.0.0/31",
    "10.0.0.2/32",
    "10.0.0.3/32",
    "128.0.0.0/1",
    "255.255.255.255/32",
    "fd00::/127",
    "ff00::/8",
  ];
  const empty = { ...observe(), sysctls };
  expect(reach({ ...empty, masquerade: { sources, exceptions: exceptions.map(cidr) } })).toContain(
    "set-masquerade",
  );
  expect(reach({ ...empty, masquerade: { sources: [], exceptions: [] } })).toEqual([
    "set-masquerade",
  ]);
  expect(reach({ ...empty, masquerade: null })).toEqual(["clear-masquerade"]);
});

test("a default route of Seam is read back, a foreign route is not Seam's and is not overwritten", () => {
  const via = address("198.51.100.2");
  const everything = { destination: cidr("0.0.0.0/0"), via, device: "up0" };
  reach({ ...observe(), sysctls, routes: [everything] });
  expect(observe().routes).toEqual([everything]);
  ip("-n", node, "route", "add", "10.7.0.0/16", "via", "198.51.100.9");
  expect(observe().routes).toEqual([everything]);
  const clash = { destination: cidr("10.7.0.0/16"), via, device: null };
  expect(applyStep({ kind: "add-route", route: clash }, path(node))).toMatchObject({
    error: { errno: "EEXIST" },
  });
  expect(json(node, "route", "show", "10.7.0.0/16")).toMatchObject([{ gateway: "198.51.100.9" }]);
});

test("more changes than one batch holds, and the kernel's own words in a refusal", () => {
  valueOf(createPod(pods[0]!));
  const base = { ...observe(), sysctls };
  const routes = Array.from({ length: 500 }, (_, n) => ({
    destination: cidr(`10.${100 + (n >> 8)}.${n & 255}.0/24`),
    via: null,
    device,
  }));
  expect(reach({ ...base, routes: [...base.routes, ...routes] })).toHaveLength(502);
  const unreachable = {
    destination: cidr("10.9.0.0/16"),
    via: address("203.0.113.1"),
    device: null,
  };
  const refused = applyStep({ kind: "add-route", route: unreachable }, path(node));
  expect(refused).toEqual({
    ok: false,
    error: {
      errno: "ENETUNREACH",
      message: "add the route to 10.9.0.0/16: Nexthop has invalid gateway: ENETUNREACH",
    },
  });
  const missing = withRouteSocket(path(node), (socket) => linkNamed(socket, "seam-none"));
  expect(missing).toMatchObject({ ok: false, error: { errno: "ENODEV" } });
  expect(observeNode([], "/var/run/netns/seam-none")).toMatchObject({ error: { errno: "ENOENT" } });
});

const tunnel: Tunnel = {
  vni: 83,
  port: 4789,
  local: address("198.51.100.1"),
  mac: "02:00:00:00:00:01",
  mtu: bytes(1450),
  addresses: ["10.244.0.0", "fd00:1::"].map(address),
  ready: true,
};
const other = { mac: "02:00:00:00:00:02", remote: address("198.51.100.2") };
const overlay = (): NodeState => ({
  ...observe(),
  sysctls,
  tunnel,
  forwarding: [other],
  neighbours: [{ address: address("10.244.1.0"), mac: other.mac, device: TUNNEL_DEVICE }],
  routes: [
    { destination: cidr("10.244.1.0/24"), via: address("10.244.1.0"), device: TUNNEL_DEVICE },
  ],
});
const entries = (): unknown =>
  JSON.parse(inside(node, "bridge", "-j", "fdb", "show", "dev", TUNNEL_DEVICE));

test("a VXLAN device reads as `ip -d` and `bridge` print it: no flooding, no learning, no address of its own accord", () => {
  reach(overlay());
  expect(json(node, "-d", "link", "show", TUNNEL_DEVICE)).toMatchObject([
    {
      address: tunnel.mac,
      mtu: 1450,
      linkinfo: {
        info_kind: "vxlan",
        info_data: { id: 83, port: 4789, local: "198.51.100.1", learning: false },
      },
    },
  ]);
  expect(entries()).toMatchObject([{ mac: other.mac, dst: "198.51.100.2", state: "permanent" }]);
  expect(inside(node, "ip", "-br", "addr", "show", "dev", TUNNEL_DEVICE)).toMatch(
    /UNKNOWN +10\.244\.0\.0\/32 fd00:1::\/128 *$/m,
  );
  expect(
    reach({ ...overlay(), forwarding: [{ ...other, remote: address("198.51.100.9") }] }),
  ).toEqual(["add-forwarding"]);
  expect(entries()).toMatchObject([{ mac: other.mac, dst: "198.51.100.9" }]);
  expect(reach({ ...overlay(), forwarding: [] })).toEqual(["delete-forwarding"]);
  expect(entries()).toEqual([]);
});

test("a device that differs in anything is made anew with all its entries, and goes with them", () => {
  reach(overlay());
  const anew = ["replace-tunnel", "add-neighbour", "add-forwarding", "add-route"];
  const changed = { ...tunnel, local: address("2001:db8::1"), mtu: bytes(1430) };
  const inIpv6 = { ...other, remote: address("2001:db8::2") };
  expect(reach({ ...overlay(), tunnel: changed, forwarding: [inIpv6] })).toEqual(anew);
  expect(json(node, "-d", "link", "show", TUNNEL_DEVICE)).toMatchObject([
    { mtu: 1430, linkinfo: { info_data: { local6: "2001:db8::1" } } },
  ]);
  expect(reach(overlay())).toEqual(anew);
  for (const damage of [
    ["link", "set", TUNNEL_DEVICE, "down"],
    ["link", "set", TUNNEL_DEVICE, "type", "vxlan", "learning"],
    ["addr", "del", "10.244.0.0/32", "dev", TUNNEL_DEVICE],
    ["link", "set", TUNNEL_DEVICE, "address", "02:00:00:00:00:03"],
  ]) {
    ip("-n", node, ...damage);
    expect([damage, reach(overlay())[0]]).toEqual([damage, "replace-tunnel"]);
  }
  ip("-n", node, "link", "del", TUNNEL_DEVICE);
  expect(reach(overlay())[0]).toBe("add-tunnel");
  ip("-n", node, "link", "del", TUNNEL_DEVICE);
  ip("-n", node, "link", "add", TUNNEL_DEVICE, "type", "bridge");
  expect(reach(overlay())[0]).toBe("replace-tunnel");
  expect(reach({ ...overlay(), tunnel: null, forwarding: [], neighbours: [], routes: [] })).toEqual(
    ["delete-route", "delete-tunnel"],
  );
  expect(inside(node, "ip", "link")).not.toContain(TUNNEL_DEVICE);
});

test("a device that the kernel refuses leaves nothing", () => {
  ip("-n", node, "link", "add", "foreign", "type", "vxlan", "id", "83", "dstport", "4789");
  const refused = applyStep({ kind: "add-tunnel", tunnel }, path(node));
  expect(refused).toMatchObject({ ok: false, error: { errno: "EEXIST" } });
  expect(observe().tunnel).toBeNull();
});
