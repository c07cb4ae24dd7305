/**
 * The upstream reference network in VXLAN, as such networks do it: one device per node, static forwarding entries, a
 * route to every other node's pods through it. The peer of Seam's overlay.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { mustRun } from "./command.ts";
import type { Argv } from "./fabric.ts";
import { labStatus } from "./lab-access.ts";
import type { LabNode } from "./layout.ts";
import { existingLab } from "./made-lab.ts";

const DEVICE = "vxlan-ref";
/** The fabric's 1500 without outer Ethernet, IPv4, UDP and VXLAN headers. */
const MTU = 1450;

type Site = {
  readonly node: LabNode;
  readonly place: number;
  readonly podCidrs: readonly string[];
};

/** Changes a running lab with the reference network; pods that are made afterwards fit into the tunnel. */
export async function useReferenceVxlan(name: string): Promise<void> {
  const { nodes: reports } = await labStatus(name);
  const { nodes } = existingLab(name);
  const sites = nodes.map((node, place) => ({
    node,
    place: place + 1,
    podCidrs: reports.find((report) => report.name === node.name)?.podCidrs ?? [],
  }));
  for (const site of sites) {
    for (const argv of deviceOf(site)) await mustRun(argv);
    for (const other of sites.filter((each) => each !== site))
      for (const argv of wayTo(other, site.node.netns)) await mustRun(argv);
    writeMtu(`${site.node.folder}/cni-conf/10-reference.conflist`);
  }
}

const deviceOf = ({ node, place, podCidrs }: Site): readonly Argv[] => {
  const ip = ["ip", "-n", node.netns];
  const kind = [
    "type",
    "vxlan",
    "id",
    "9",
    "dstport",
    "8472",
    "local",
    ...outerOf(node),
    "nolearning",
  ];
  const link = ["link", "add", DEVICE, "mtu", String(MTU), "address", macOf(place)];
  return [
    [...ip, ...link, ...kind],
    [...ip, "link", "set", DEVICE, "up"],
    ...podCidrs.map((cidr) => [...ip, "addr", "add", gatewayOf(cidr, place), "dev", DEVICE]),
  ];
};

function wayTo({ node, place, podCidrs }: Site, from: string): readonly Argv[] {
  const mac = macOf(place);
  const fdb = ["bridge", "-n", from, "fdb", "append", mac, "dev", DEVICE, "dst", ...outerOf(node)];
  return [
    fdb,
    ...podCidrs.flatMap((cidr) => {
      const gateway = gatewayOf(cidr, place);
      const neighbour = ["neigh", "replace", gateway, "lladdr", mac, "dev", DEVICE];
      const route = ["route", "replace", cidr, "via", gateway, "dev", DEVICE, "onlink"];
      return [
        ["ip", "-n", from, ...neighbour, "nud", "permanent"],
        ["ip", "-n", from, ...route],
      ];
    }),
  ];
}

/** Outer packets are of the lab's preferred family; the MTU above is that of IPv4. */
const outerOf = ({ addresses }: LabNode): readonly string[] => addresses.slice(0, 1);

const macOf = (place: number): string => `02:00:00:00:09:0${place}`;

/** The prefix's first address; in IPv6 a link-local one, since Linux takes no gateway from inside its own destination. */
const gatewayOf = (cidr: string, place: number): string =>
  cidr.includes(":") ? `fe80::9:${place}` : (cidr.split("/")[0] ?? "");

function writeMtu(file: string): void {
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace('"type": "bridge",', `"type": "bridge",\n   "mtu": ${MTU},`));
}
