/**
 * The upstream reference network: bridge + host-local per node, and a route to every other node's pods. It exists to prove the lab
 * itself, and as the baseline Seam is compared with. Pod ranges come from the API, never from the order of the nodes.
 */
import { copyFileSync, writeFileSync } from "node:fs";
import type { NodeReport } from "./api-client.ts";
import { mustRun } from "./command.ts";
import type { Argv } from "./fabric.ts";
import { familyOf, type LabLayout, type LabNode } from "./layout.ts";

/** The node's CNI configuration for its pod ranges. */
export function bridgeConflist(podCidrs: readonly string[]): string {
  const bridge = {
    type: "bridge",
    bridge: "cni0",
    isGateway: true,
    ipMasq: false,
    hairpinMode: true,
    ipam: {
      type: "host-local",
      ranges: podCidrs.map((subnet) => [{ subnet }]),
      routes: podCidrs.map((cidr) => ({ dst: familyOf(cidr) === "ipv6" ? "::/0" : "0.0.0.0/0" })),
    },
  };
  const portmap = { type: "portmap", capabilities: { portMappings: true }, backend: "nftables" };
  return JSON.stringify(
    { cniVersion: "1.1.0", name: "reference", plugins: [bridge, portmap] },
    undefined,
    1,
  );
}

/** Routes to the pods of `target`, for the fabric and every other node. */
export function podRoutes(
  lab: LabLayout,
  target: LabNode,
  podCidrs: readonly string[],
): readonly Argv[] {
  const others = lab.nodes.filter((node) => node.name !== target.name).map((node) => node.netns);
  return [lab.fabric, lab.outside, ...others].flatMap((netns) =>
    podCidrs.map((cidr) => [
      "ip",
      "-n",
      netns,
      "route",
      "replace",
      cidr,
      "via",
      target.addresses.find((address) => familyOf(address) === familyOf(cidr)) ?? "",
    ]),
  );
}

/** Installs the reference network on all nodes. */
export async function installReferenceNetwork(
  lab: LabLayout,
  reports: readonly NodeReport[],
): Promise<void> {
  for (const node of lab.nodes) {
    const podCidrs = reports.find((report) => report.name === node.name)?.podCidrs ?? [];
    for (const argv of podRoutes(lab, node, podCidrs)) await mustRun(argv);
    for (const plugin of ["bridge", "host-local", "portmap", "loopback"]) {
      copyFileSync(`${lab.binFolder}/${plugin}`, `${node.folder}/cni-bin/${plugin}`);
    }
    writeFileSync(`${node.folder}/cni-conf/10-reference.conflist`, bridgeConflist(podCidrs));
  }
}
