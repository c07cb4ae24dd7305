/** Guarantees at a node's link to others, with real packets (issue 7 §4, decision 24). */
import { type Address, bitsPerSecond, parseAddress } from "@seam/base";
import { shareUplink, type Uplink, uplinkText } from "@seam/state";
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
import { findUplinks, uplinksWith } from "./uplink-search.ts";
import { applyUplink, freeUplink, observeUplinks } from "./uplink.ts";

const CAPACITY_MBIT = 100;
const mbit = (n: number) => bitsPerSecond(n * 1e6);
const sharesOf = (
  device: string,
  capacity: number,
  rates: readonly (readonly [string, number])[],
): Uplink =>
  shareUplink({
    device,
    capacity: mbit(capacity),
    guarantees: rates.map(([devices, rate]) => ({ devices: devices.split(" "), rate: mbit(rate) })),
  });
const share = (uplink: Uplink): void => void valueOf(applyUplink(uplink, path(node)));
const guarantee = (...rates: readonly (readonly [string, number])[]): void =>
  share(sharesOf(outside.uplink, CAPACITY_MBIT, rates));
const free = (device: string = outside.uplink): void =>
  void valueOf(freeUplink(device, path(node)));
const observed = () => valueOf(observeUplinks(path(node))).map(uplinkText);
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
afterEach(() => free());

describe.each(["direct", "tunnelled", "segmented"] as const)("over a link that is %s", (how) => {
  const host = outside[how];

  test("a pod keeps its guarantee while another sends more than the link can", BUSY, async () => {
    guarantee([client.device, 40]);
    const end = await startFlood(server.netns, host);
    const kept = await stream(client.netns, host);
    end();
    // Of 40 Mbit/s of frames, which with what encapsulates them are larger: 64 bytes for segments.
    expect(kept).toBeGreaterThan(0.95 * 40 * (1348 / 1478));
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

test(
  "V9: what a pod is allowed beyond its guarantee it borrows, and gives back when another has a right to it",
  BUSY,
  async () => {
    guarantee([client.device, 40], [server.device, 40]);
    const end = await startFlood(server.netns, outside.direct);
    const shared = await stream(client.netns, outside.direct);
    end();
    const alone = await stream(client.netns, outside.direct);
    // Neither is limited: each has its own and borrows half of what is left; alone it has almost all.
    expect(shared).toBeGreaterThan(0.95 * 40);
    expect(alone).toBeGreaterThan(1.5 * shared);
  },
);

describe("as steps of a plan", () => {
  const shown = (): readonly string[] => [
    ip("netns", "exec", node, "tc", "qdisc", "show"),
    ip("netns", "exec", node, "tc", "class", "show", "dev", outside.uplink),
  ];
  test("guarantees change, are found again, and leave nothing", () => {
    const before = shown();
    expect(observed()).toEqual([]);
    const steps = [
      sharesOf(outside.uplink, 100, [[client.device, 40]]),
      sharesOf(outside.uplink, 100, [
        [server.device, 20],
        [client.device, 30],
      ]),
      sharesOf(outside.uplink, 50, [[server.device, 20]]),
      // Both links are of one pod.
      sharesOf(outside.uplink, 50, [[`${client.device} ${server.device}`, 20]]),
      // Two pods where there was one.
      sharesOf(outside.uplink, 50, [
        [client.device, 10],
        [server.device, 20],
      ]),
    ];
    for (const step of steps) {
      share(step);
      expect(observed()).toEqual([uplinkText(step)]);
    }
    expect(shown()[1]?.match(/class htb 5f00:10/g)).toHaveLength(2);
    free();
    expect(observed()).toEqual([]);
    expect(shown()).toEqual(before);
  });

  test("what somebody changes is seen: a class, its ceiling, the program, all of it", () => {
    const wanted = sharesOf(outside.uplink, 100, [[client.device, 40]]);
    const tc = (...args: readonly string[]): string => inside(node, "tc", ...args);
    const of = ["dev", outside.uplink];
    const class_ = (id: string, rate: string, ceil: string): string =>
      tc(
        "class",
        "change",
        ...of,
        "parent",
        "5f00:1",
        "classid",
        id,
        "htb",
        "rate",
        rate,
        "ceil",
        ceil,
      );
    const changes = [
      () => class_("5f00:101", "1mbit", "96mbit"),
      () => class_("5f00:101", "40mbit", "50mbit"),
      () => class_("5f00:2", "1mbit", "96mbit"),
      () => tc("filter", "del", ...of, "parent", "5f00:"),
      () => tc("qdisc", "del", ...of, "root"),
    ];
    for (const change of changes) {
      share(wanted);
      expect(observed()).toEqual([uplinkText(wanted)]);
      change();
      expect(observed()).not.toEqual([uplinkText(wanted)]);
    }
  });

  test("a second link has the same slots; pods keep their marks until the last of the links is freed", () => {
    inside(node, "ip", "link", "add", "up9", "type", "veth", "peer", "name", "up8");
    const both = [outside.uplink, "up9"].map((device) =>
      sharesOf(device, device === "up9" ? 10 : 100, [[client.device, 4]]),
    );
    both.forEach(share);
    expect(observed().toSorted()).toEqual(both.map(uplinkText).toSorted());
    free();
    expect(observed()).toEqual(both.slice(1).map(uplinkText));
    inside(node, "ip", "link", "del", "up9");
    free();
    expect(observed()).toEqual([]);
  });
});

describe("which links lead to other nodes", () => {
  const address = (text: string): Address => valueOf(parseAddress(text));
  const found = (...texts: readonly string[]): unknown =>
    valueOf(findUplinks(texts.map(address), path(node)));
  const uplink = { device: outside.uplink, foreign: null };

  test("is what the kernel's routes say of each address, not of the node's own, of pods, or of none", () => {
    expect(found("198.51.100.2", "198.51.100.7")).toEqual([uplink]);
    expect(found("198.51.100.1", client.host, "203.0.113.1", "2001:db8::1")).toEqual([]);
    expect(found("172.31.7.2", "198.51.100.2")).toEqual(
      expect.arrayContaining([uplink, { device: "vx0", foreign: null }]),
    );
    expect(valueOf(uplinksWith([address("198.51.100.1")], path(node)))).toEqual([uplink]);
  });

  test("with what somebody else put there; Seam's own, and what the kernel makes by itself, is none of others", () => {
    guarantee([client.device, 40]);
    expect(found("198.51.100.2")).toEqual([uplink]);
    free();
    inside(
      node,
      "tc",
      "qdisc",
      "add",
      "dev",
      outside.uplink,
      "root",
      "handle",
      "8001:",
      "tbf",
      "rate",
      "1gbit",
      "burst",
      "1m",
      "limit",
      "1m",
    );
    expect(found("198.51.100.2")).toEqual([{ ...uplink, foreign: "tbf 8001:" }]);
    inside(node, "tc", "qdisc", "del", "dev", outside.uplink, "root");
  });
});
