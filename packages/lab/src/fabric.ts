/**
 * The lab's own network, as a list of `ip` commands: a fabric namespace with one bridge, one namespace per node and one for the
 * world outside, each on the bridge by its own eth0. The host's namespace gets no link, address, route or rule. A family that the
 * lab does not have is not there at all: without IPv4 no link has such an address, without IPv6 the kernel's is switched off.
 */
import { familyOf, inFamilies, type LabLayout, ranges } from "./layout.ts";

/** A command with its arguments. */
export type Argv = readonly string[];

const FORWARDING = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"] as const;
const WITHOUT_IPV6 = ["all", "default", "lo"].map(
  (device) => `net.ipv6.conf.${device}.disable_ipv6=1`,
);

/** An address of the fabric with its prefix, as `ip addr` takes it; duplicates cannot be, so none are looked for. */
const onFabric = (address: string): Argv =>
  familyOf(address) === "ipv4" ? [`${address}/24`] : [`${address}/64`, "nodad"];

/** Tells the link that these addresses are here now, as network managers do: others may remember a node that had them before. */
const announce = (netns: string): readonly Argv[] => [
  inside(netns, ["sysctl", "-qw", "net.ipv4.conf.eth0.arp_notify=1"]),
  inside(netns, ["sh", "-c", ANNOUNCE]),
];

// The kernel announces a link's addresses when its MAC address is set, also to what it was.
const ANNOUNCE = `[ ! -e /proc/sys/net/ipv6/conf/eth0 ] || sysctl -qw net.ipv6.conf.eth0.ndisc_notify=1
ip link set eth0 address "$(ip -br link show eth0 | awk '{print $3}')"`;

function inside(netns: string, argv: Argv): Argv {
  return ["nsenter", `--net=/run/netns/${netns}`, "--", ...argv];
}

/** A namespace with its loopback. */
function namespaceCommands(lab: LabLayout, netns: string): readonly Argv[] {
  const settings = [...(lab.families.includes("ipv6") ? [] : WITHOUT_IPV6), ...FORWARDING];
  return [
    ["ip", "netns", "add", netns],
    inside(netns, ["sysctl", "-qw", ...settings]),
    ["ip", "-n", netns, "link", "set", "lo", "up"],
  ];
}

/** Commands that make the fabric itself. */
function fabricCommands(lab: LabLayout): readonly Argv[] {
  const on = (...rest: readonly string[]): Argv => ["ip", "-n", lab.fabric, ...rest];
  return [
    ...namespaceCommands(lab, lab.fabric),
    on("link", "add", "br0", "type", "bridge"),
    ...inFamilies(lab, ranges.fabric).map((address) =>
      on("addr", "add", ...onFabric(address), "dev", "br0"),
    ),
    on("link", "set", "br0", "up"),
  ];
}

type Port = {
  readonly name: string;
  readonly netns: string;
  readonly addresses: readonly string[];
};

/** The end of a veth pair on the bridge, and its other end as the namespace's eth0. */
function cableCommands(lab: LabLayout, { name, netns }: Port): readonly Argv[] {
  const on = (...rest: readonly string[]): Argv => ["ip", "-n", lab.fabric, "link", ...rest];
  return [
    on("add", name, "type", "veth", "peer", "name", "eth0", "netns", netns),
    on("set", name, "master", "br0", "up"),
  ];
}

/** Commands that make one namespace with an eth0 on the bridge. */
function portCommands(lab: LabLayout, port: Port): readonly Argv[] {
  const on = (...rest: readonly string[]): Argv => ["ip", "-n", port.netns, ...rest];
  return [
    ...namespaceCommands(lab, port.netns),
    ...cableCommands(lab, port),
    ...port.addresses.map((address) => on("addr", "add", ...onFabric(address), "dev", "eth0")),
    on("link", "set", "eth0", "up"),
    ...inFamilies(lab, ranges.fabric).map((via) => on("route", "add", "default", "via", via)),
    ...announce(port.netns),
  ];
}

/**
 * Takes a namespace off the fabric; fails when it is not there. The cable goes with its namespace only when nobody holds that: a
 * lab that started meanwhile does, in the copy of all mounts that each of its nodes has.
 */
export const unplugCommand = (lab: LabLayout, port: string): Argv => [
  "ip",
  "-n",
  lab.fabric,
  "link",
  "del",
  port,
];

/** A namespace of a lab, its port of the bridge unless it is the fabric itself, and the commands that make it. */
export type NetworkPart = {
  readonly netns: string;
  readonly port: string | null;
  readonly commands: readonly Argv[];
};

/** All namespaces of a lab; the fabric first. */
export function networkPlan(lab: LabLayout): readonly NetworkPart[] {
  const addresses = inFamilies(lab, ranges.outside);
  const outside = { name: "outside", netns: lab.outside, addresses };
  return [
    { netns: lab.fabric, port: null, commands: fabricCommands(lab) },
    ...[...lab.nodes, outside].map((port) => ({
      netns: port.netns,
      port: port.name,
      commands: portCommands(lab, port),
    })),
  ];
}

/** Commands that give a running node other addresses; the new ones come first, so that its routes stay. */
export function readdressCommands(
  netns: string,
  before: readonly string[],
  after: readonly string[],
): readonly Argv[] {
  const on = (...rest: readonly string[]): Argv => ["ip", "-n", netns, "addr", ...rest];
  return [
    // Otherwise the kernel takes a link's later addresses away together with the first.
    inside(netns, ["sysctl", "-qw", "net.ipv4.conf.eth0.promote_secondaries=1"]),
    ...after.map((address) => on("add", ...onFabric(address), "dev", "eth0")),
    ...before.map((address) => on("del", ...onFabric(address).slice(0, 1), "dev", "eth0")),
    ...announce(netns),
  ];
}
