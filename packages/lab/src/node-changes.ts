/** A node leaves a running lab for good, or gets other addresses, as when a server is replaced or moves to another rack. */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { addressesOf, type ApiAccess, askApi, knowsItsPods } from "./api-client.ts";
import { cgroupProcesses, removeCgroups } from "./cgroups.ts";
import { mustRun, run } from "./command.ts";
import { readdressCommands, unplugCommand } from "./fabric.ts";
import { forwarderPort } from "./forwarder.ts";
import { issueCertificates } from "./issue-certificates.ts";
import { labExec } from "./lab-access.ts";
import { endRecorded, unmountBelow } from "./lab-down.ts";
import {
  firstNode,
  freeHost,
  labLayout,
  type LabLayout,
  type LabNode,
  nodeNamed,
} from "./layout.ts";
import { existingLab, writeMade } from "./made-lab.ts";
import { nodeIpFile } from "./node-config.ts";
import { endingOf, recordedProcess, waitUntil } from "./processes.ts";

function workerOf(lab: LabLayout, name: string, purpose: string): LabNode {
  const node = nodeNamed(lab, name);
  if (node === firstNode(lab)) {
    throw new Error(
      `node ${name} runs the control plane and cannot ${purpose}; choose another node`,
    );
  }
  return node;
}

/** Ends a node and everything on it, deletes its Node object, and forgets it. A removal that was cut off can be repeated. */
export async function removeNode(name: string, nodeName: string): Promise<void> {
  const lab = existingLab(name);
  const node = workerOf(lab, nodeName, "be removed");
  const ended = endingOf(cgroupProcesses(`${name}/${node.name}`));
  await endRecorded(lab.run, [node.name]);
  await removeCgroups(`${name}/${node.name}`);
  await waitUntil(`the last processes of node ${node.name}`, 20, ended);
  await run(unplugCommand(lab, node.name));
  await run(["ip", "netns", "del", node.netns]);
  await unmountBelow([node.folder]);
  for (const folder of [
    node.folder,
    `${lab.run}/network-${node.netns}`,
    `${lab.run}/pids/${node.name}`,
  ])
    rmSync(folder, { recursive: true, force: true });
  removeIdentity(lab, node);
  await deleteNodeObject(accessOf(lab), node.name);
  const left = lab.members.filter((_, at) => lab.nodes[at] !== node);
  writeMade({ ...lab, members: left });
}

const accessOf = ({ state, pki }: LabLayout): ApiAccess => ({
  port: forwarderPort(state) ?? 0,
  pki,
});

function removeIdentity({ pki }: LabLayout, { name }: LabNode): void {
  const files = readdirSync(pki).filter((file) => file.startsWith(`kubelet-${name}.`));
  for (const file of files) rmSync(`${pki}/${file}`);
}

async function deleteNodeObject(access: ApiAccess, node: string): Promise<void> {
  const { status, body } = await askApi(access, `/api/v1/nodes/${node}`, { method: "DELETE" });
  if (status !== 200 && status !== 404) {
    throw new Error(
      `the API server did not delete node ${node} (${status}): ${body.slice(0, 300)}; try again`,
    );
  }
}

/** Gives a running node other addresses, and starts its kubelet anew, which registers them; the addresses. */
export async function readdressNode(name: string, nodeName: string): Promise<readonly string[]> {
  const lab = existingLab(name);
  const before = workerOf(lab, nodeName, "get other addresses");
  if (recordedProcess(lab.run, before.name) === undefined) {
    throw new Error(`node ${nodeName} of lab ${name} does not run; start it with: seam lab up`);
  }
  const host = freeHost(lab.members);
  const members = lab.members.map((member, at) =>
    lab.nodes[at] === before ? { ...member, host } : member,
  );
  const moved = labLayout({ name, binFolder: lab.binFolder }, { members, families: lab.choice });
  const after = nodeNamed(moved, nodeName);
  const commands = readdressCommands(before.netns, before.addresses, after.addresses);
  for (const argv of commands) await mustRun(argv);
  writeMade(moved);
  writeFileSync(nodeIpFile(after), after.addresses.join(","));
  removeCertificate(moved, after);
  await issueCertificates(moved);
  await labExec(name, nodeName, ["pkill", "-x", "kubelet"]);
  await waitUntil(
    `node ${nodeName} to register ${after.addresses.join(" and ")} (look at: seam lab logs --name ${name} ${nodeName}-kubelet)`,
    60,
    async () =>
      (await addressesOf(accessOf(lab), nodeName)).join() === after.addresses.join() &&
      (await knowsItsPods(accessOf(lab), nodeName)),
  );
  return after.addresses;
}

/** The kubelet's certificate names its addresses. */
function removeCertificate({ pki }: LabLayout, { name }: LabNode): void {
  rmSync(`${pki}/kubelet-${name}.crt`, { force: true });
}
