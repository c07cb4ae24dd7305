/** Cutting a node off, on a lab's real fabric without its nodes' programs. */
import { existsSync, rmSync } from "node:fs";

import { afterAll, beforeAll, expect, test } from "vitest";

import { mustRun, run } from "./command.ts";
import { networkPlan } from "./fabric.ts";
import { labFolders, labLayout } from "./layout.ts";
import { cutNode, cutNodes, healNode } from "./partition.ts";
import { recordProcess } from "./processes.ts";

const name = "test-cut";
const lab = labLayout({ name, nodes: 3, binFolder: "/" });
const plan = networkPlan(lab);

async function remove(): Promise<void> {
  for (const { netns } of plan)
    if (existsSync(`/run/netns/${netns}`)) await mustRun(["ip", "netns", "del", netns]);
  rmSync(labFolders(name).run, { recursive: true, force: true });
}

beforeAll(async () => {
  await remove();
  for (const { commands } of plan) for (const argv of commands) await mustRun(argv);
  for (const node of lab.nodes) recordProcess(lab.run, node.name, process.pid);
});

afterAll(remove);

const inNode = (node: string, ...argv: readonly string[]): readonly string[] => [
  "nsenter",
  `--net=/run/netns/seam-${name}-${node}`,
  "--",
  ...argv,
];

const reaches = async (from: string, address: string): Promise<boolean> =>
  (await run(inNode(from, "ping", "-c1", "-W1", address))).code === 0;

/** Addresses and routes; whether duplicate address detection has ended does not matter. */
async function network(node: string): Promise<string> {
  const addresses = await mustRun(inNode(node, "ip", "-o", "addr", "show", "dev", "eth0"));
  return `${addresses.replaceAll(" tentative", "")}${await mustRun(inNode(node, "ip", "route"))}`;
}

test("a node that is cut off reaches nobody, keeps its network, and reaches all when it is healed", async () => {
  for (const address of ["10.200.0.12", "fd00:200::12"])
    await expect.poll(async () => reaches("n1", address), { timeout: 30_000 }).toBe(true);
  const before = await network("n2");
  expect(before).toContain("10.200.0.12/24");
  await cutNode(name, "n2");
  await cutNode(name, "n2");
  expect(await cutNodes(name)).toEqual(["n2"]);
  for (const address of ["10.200.0.12", "fd00:200::12"])
    expect([address, await reaches("n1", address)]).toEqual([address, false]);
  expect(await reaches("n2", "10.200.0.13")).toBe(false);
  expect(await reaches("n1", "10.200.0.13")).toBe(true);
  expect(await network("n2")).toBe(before);
  await healNode(name, "n2");
  await healNode(name, "n2");
  expect(await cutNodes(name)).toEqual([]);
  for (const address of ["10.200.0.12", "fd00:200::12"])
    await expect.poll(async () => reaches("n1", address), { timeout: 30_000 }).toBe(true);
});

test("a node that the lab does not have is named, with those that it has", async () => {
  await expect(cutNode(name, "outside")).rejects.toThrow(
    'lab test-cut has no node "outside"; it has n1, n2, n3',
  );
});
