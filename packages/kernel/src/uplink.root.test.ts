/** Guarantees at a node's link to others, with real packets (issue 7 §4, decision 24). */
import { bitsPerSecond } from "@seam/base";
import { execFile, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import {
  begin,
  client,
  inside,
  ip,
  makeOutside,
  makePods,
  node,
  outside,
  path,
  removeOutside,
  removePods,
  server,
  valueOf,
} from "./shaping.fixture.ts";
import { observeUplink, putUplink } from "./uplink.ts";

const CAPACITY_MBIT = 100;
const mbit = (n: number) => bitsPerSecond(n * 1e6);
const guarantee = (...rates: readonly (readonly [string, number])[]): void =>
  void valueOf(
    putUplink(
      {
        device: outside.uplink,
        capacity: mbit(CAPACITY_MBIT),
        guarantees: rates.map(([device, rate]) => ({ device, rate: mbit(rate) })),
      },
      path(node),
    ),
  );
const observed = () => valueOf(observeUplink(outside.uplink, path(node)));
const run = promisify(execFile);

let ports = 5300;
/** Sends from a namespace to the host outside; megabits of payload per second that arrive. */
async function sent(netns: string, host: string, ...args: readonly string[]): Promise<number> {
  const port = String((ports += 1));
  await begin(outside.netns, "iperf3", "-s", "-1", "-p", port, "--forceflush");
  const iperf = ["iperf3", "-c", host, "-p", port, "-J", ...args];
  const { stdout } = await run("ip", ["netns", "exec", netns, ...iperf]);
  const {
    end,
  }: { readonly end: { readonly [sum: string]: { readonly bits_per_second: number } } } =
    JSON.parse(stdout);
  return (end["sum_received"] ?? end["sum"] ?? { bits_per_second: 0 }).bits_per_second / 1e6;
}

/** Sends more than the link can until it is ended; its server is one that hears nothing else. */
async function startFlood(netns: string, host: string): Promise<() => void> {
  const port = String((ports += 1));
  await begin(outside.netns, "iperf3", "-s", "-1", "-p", port, "--forceflush");
  const iperf = ["iperf3", "-c", host, "-p", port, "-u", "-b", "150M", "-l", "1300", "-t", "60"];
  const child = spawn("ip", ["netns", "exec", netns, ...iperf], { stdio: "ignore" });
  await sleep(1000);
  return () => void child.kill("SIGKILL");
}
const stream = async (netns: string, host: string): Promise<number> =>
  sent(netns, host, "-O", "1", "-t", "3");

/** Other work on the machine may keep a stream from reaching its rate. */
const BUSY = { retry: 3 } as const;

beforeAll(async () => {
  await makePods();
  makeOutside();
});
afterAll(() => {
  removeOutside();
  removePods();
});
afterEach(() => guarantee());

describe.each(["direct", "tunnelled"] as const)("over a link that is %s", (how) => {
  const host = outside[how];

  test("a pod keeps its guarantee while another sends more than the link can", BUSY, async () => {
    guarantee([client.device, 40]);
    const end = await startFlood(server.netns, host);
    const kept = await stream(client.netns, host);
    end();
    // Of 40 Mbit/s of frames, which in the tunnel are larger.
    expect(kept).toBeGreaterThan(0.95 * 40 * (1398 / 1514));
  });

  test(
    "what a pod does not use of its guarantee, and what nobody guarantees, others may borrow",
    BUSY,
    async () => {
      guarantee([client.device, 40]);
      expect(await stream(server.netns, host)).toBeGreaterThan(80);
      expect(await stream(client.netns, host)).toBeGreaterThan(80);
    },
  );

  test("the node itself is heard while pods fill the link", BUSY, async () => {
    guarantee([client.device, 40]);
    const ends = [await startFlood(server.netns, host), await startFlood(client.netns, host)];
    const asked = inside(node, "ping", "-c", "50", "-i", "0.01", "-q", outside.direct);
    for (const end of ends) end();
    expect(asked).toContain(" 0% packet loss");
    // Behind the queue of the others it would be 100 ms.
    expect(Number(/= [\d.]+\/([\d.]+)/.exec(asked)?.[1])).toBeLessThan(15);
  });
});

test("guarantees change, are found again, and leave nothing", () => {
  const shown = (): readonly string[] => [
    ip("netns", "exec", node, "tc", "qdisc", "show"),
    ip("netns", "exec", node, "tc", "class", "show", "dev", outside.uplink),
  ];
  const before = shown();
  expect(observed()).toBe(null);
  guarantee([client.device, 40]);
  expect(observed()).toEqual([{ device: client.device, rate: mbit(40) }]);
  guarantee([server.device, 20], [client.device, 30]);
  const both = [
    { device: client.device, rate: mbit(30) },
    { device: server.device, rate: mbit(20) },
  ];
  expect(observed()).toEqual(expect.arrayContaining(both));
  guarantee([server.device, 20]);
  expect(observed()).toEqual([{ device: server.device, rate: mbit(20) }]);
  expect(shown()[1]?.match(/class htb 5f00:10/g)).toHaveLength(1);
  guarantee();
  expect(observed()).toBe(null);
  expect(shown()).toEqual(before);
});
