/** CNI commands that meet (issue 4): deletions side by side, and none of them in the way of a new pod. */
import { afterAll, beforeAll, expect, test } from "vitest";

import { createCniQueue } from "./cni-queue.ts";
import { type CallOptions, hostOf, links, requestFor, run, useTestNode } from "./node.fixture.ts";

const node = useTestNode();
const containers = Array.from({ length: 12 }, (_, index) => `queue-${index}`);
const netnsOf = (container: string): string => `seam-test-${container}`;
const of = (container: string, config: CallOptions["config"] = {}): CallOptions => ({
  container,
  netns: `/run/netns/${netnsOf(container)}`,
  config,
});
const validOnly = (...ids: readonly string[]) => ({
  "cni.dev/valid-attachments": ids.map((containerID) => ({ containerID, ifname: "eth0" })),
});
const podLinks = (): number => links().match(/^seam/gm)?.length ?? 0;
const recorded = (): readonly string[] =>
  node.store.attachments().map(({ containerId }) => containerId);

beforeAll(() => {
  for (const name of containers.map(netnsOf))
    run("sh", "-c", `ip netns del ${name} 2>/dev/null; ip netns add ${name}`);
});
afterAll(() => {
  for (const name of containers.map(netnsOf)) run("ip", "netns", "del", name);
});

test("a pod is added while others go; nothing of those is left, and foreign links stay", async () => {
  run("ip", "link", "add", "foreign0", "type", "bridge");
  const queue = createCniQueue(hostOf(node));
  const [last = "", ...rest] = containers;
  for (const container of rest)
    expect((await queue(requestFor("ADD", of(container)))).ok).toBe(true);
  const ended: string[] = [];
  const noted = async (command: "ADD" | "DEL", container: string): Promise<boolean> => {
    const answer = await queue(requestFor(command, of(container)));
    ended.push(command);
    return answer.ok;
  };
  const all = [...rest.map(async (each) => noted("DEL", each)), noted("ADD", last)];
  expect(new Set(await Promise.all(all))).toEqual(new Set([true]));
  expect(ended[0]).toBe("ADD");
  expect(recorded()).toEqual([last]);
  expect(podLinks()).toBe(1);
  expect(links()).toContain("foreign0");
  run("ip", "link", "del", "foreign0");
});

test.each([
  { commands: ["ADD", "DEL"], left: 0 },
  { commands: ["ADD", "DEL", "ADD"], left: 1 },
  { commands: ["ADD", "DEL", "DEL", "ADD", "CHECK", "DEL"], left: 0 },
] as const)("$commands of one container, all at once, happen in this order", async (row) => {
  const queue = createCniQueue(hostOf(node));
  // What CHECK compares with: nothing.
  const config = { prevResult: {} };
  const answers = await Promise.all(
    row.commands.map(async (each) => queue(requestFor(each, each === "CHECK" ? { config } : {}))),
  );
  expect(answers.map(({ ok }) => ok)).toEqual(row.commands.map(() => true));
  expect([podLinks(), recorded().length]).toEqual([row.left, row.left]);
});

test("GC removes what was stale when it came, not the pod that comes while it works", async () => {
  const queue = createCniQueue(hostOf(node));
  const [kept = "", stale = "", gone = "", later = ""] = containers;
  for (const each of [kept, stale, gone]) await queue(requestFor("ADD", of(each)));
  const answers = await Promise.all([
    queue(requestFor("DEL", of(gone))),
    queue(requestFor("GC", of(kept, validOnly(kept, gone)))),
    queue(requestFor("ADD", of(later))),
    queue(requestFor("CHECK", { ...of(kept), config: { prevResult: {} } })),
  ]);
  expect(answers.map(({ ok }) => ok)).toEqual([true, true, true, true]);
  expect([...recorded()].sort()).toEqual([kept, later].sort());
  expect(podLinks()).toBe(2);
});
