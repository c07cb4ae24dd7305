/**
 * Cuts a node off the fabric, and heals it. The node's port of the bridge stops forwarding: nothing gets in or out, but the node keeps
 * carrier, addresses and routes of its eth0, as behind a switch that failed.
 */
import { existsSync } from "node:fs";
import { mustRun, run } from "./command.ts";
import { labFolders } from "./layout.ts";
import { recordedNames } from "./processes.ts";

/** Kernel's numbers of a bridge port's state (if_bridge.h). */
const STATES = { disabled: "0", forwarding: "3" } as const;

const fabricOf = (name: string): string => `seam-${name}-fabric`;

/** Cuts a node off; one that is cut off already stays so. */
export async function cutNode(name: string, node: string): Promise<void> {
  await setPort(name, node, "disabled");
}

/** Connects a node that was cut off; one that is connected stays so. */
export async function healNode(name: string, node: string): Promise<void> {
  await setPort(name, node, "forwarding");
}

/** Nodes of a lab that are cut off; none of a lab that is not there. */
export async function cutNodes(name: string): Promise<readonly string[]> {
  if (!existsSync(`/run/netns/${fabricOf(name)}`)) return [];
  // A lab that is just coming or going may have no fabric to look into.
  const { code, stdout } = await run([...bridgeOf(name), "-json", "link"]);
  return code === 0 ? parseCutPorts(stdout) : [];
}

/** Names of the nodes among a bridge's ports that are disabled, from what `bridge -json link` prints. */
export function parseCutPorts(json: string): readonly string[] {
  const ports: unknown = JSON.parse(json);
  return (Array.isArray(ports) ? ports : [])
    .filter((port) => at(port, "state") === "disabled")
    .map((port) => String(at(port, "ifname")))
    .filter((port) => /^n[1-9]$/.test(port))
    .toSorted();
}

const at = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;

const bridgeOf = (name: string): readonly string[] => ["bridge", "-n", fabricOf(name)];

async function setPort(name: string, node: string, state: keyof typeof STATES): Promise<void> {
  const nodes = recordedNames(labFolders(name).run).filter((each) => /^n[1-9]$/.test(each));
  if (nodes.length === 0) throw new Error(`lab ${name} is not up; start it with: seam lab up`);
  if (!nodes.includes(node)) {
    throw new Error(`lab ${name} has no node "${node}"; it has ${nodes.toSorted().join(", ")}`);
  }
  await mustRun([...bridgeOf(name), "link", "set", "dev", node, "state", STATES[state]]);
}
