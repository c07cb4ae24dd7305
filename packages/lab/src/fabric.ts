/**
 * The lab's own network, as a list of `ip` commands: a fabric namespace with one bridge, one namespace per node and one for the
 * world outside, each on the bridge by its own eth0. The host's namespace gets no link, address, route or rule.
 */
import { type LabLayout, ranges } from "./layout.ts";

/** A command with its arguments. */
export type Argv = readonly string[];

const forwarding = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"] as const;

function inside(netns: string, argv: Argv): Argv {
  return ["nsenter", `--net=/run/netns/${netns}`, "--", ...argv];
}

/** Commands that make the fabric itself. */
function fabricCommands(lab: LabLayout): readonly Argv[] {
  const on = (...rest: readonly string[]): Argv => ["ip", "-n", lab.fabric, ...rest];
  return [
    ["ip", "netns", "add", lab.fabric],
    on("link", "set", "lo", "up"),
    on("link", "add", "br0", "type", "bridge"),
    on("addr", "add", `${ranges.fabricIpv4}/24`, "dev", "br0"),
    on("addr", "add", `${ranges.fabricIpv6}/64`, "dev", "br0", "nodad"),
    on("link", "set", "br0", "up"),
    inside(lab.fabric, ["sysctl", "-qw", ...forwarding]),
  ];
}

/** Commands that make one namespace with an eth0 on the bridge. */
function portCommands(
  lab: LabLayout,
  port: {
    readonly name: string;
    readonly netns: string;
    readonly ipv4: string;
    readonly ipv6: string;
  },
): readonly Argv[] {
  const on = (...rest: readonly string[]): Argv => ["ip", "-n", port.netns, ...rest];
  return [
    ["ip", "netns", "add", port.netns],
    [
      "ip",
      "-n",
      lab.fabric,
      "link",
      "add",
      port.name,
      "type",
      "veth",
      "peer",
      "name",
      "eth0",
      "netns",
      port.netns,
    ],
    ["ip", "-n", lab.fabric, "link", "set", port.name, "master", "br0", "up"],
    on("link", "set", "lo", "up"),
    on("addr", "add", `${port.ipv4}/24`, "dev", "eth0"),
    on("addr", "add", `${port.ipv6}/64`, "dev", "eth0", "nodad"),
    on("link", "set", "eth0", "up"),
    on("route", "add", "default", "via", ranges.fabricIpv4),
    on("route", "add", "default", "via", ranges.fabricIpv6),
    inside(port.netns, ["sysctl", "-qw", ...forwarding]),
  ];
}

/** All namespaces of a lab with the commands that make each; the fabric first. */
export function networkPlan(
  lab: LabLayout,
): readonly { readonly netns: string; readonly commands: readonly Argv[] }[] {
  const outside = {
    name: "outside",
    netns: lab.outside,
    ipv4: "10.200.0.250",
    ipv6: "fd00:200::250",
  };
  return [
    { netns: lab.fabric, commands: fabricCommands(lab) },
    ...[...lab.nodes, outside].map((port) => ({
      netns: port.netns,
      commands: portCommands(lab, port),
    })),
  ];
}
