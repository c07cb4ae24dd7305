/** Rates of pods that hold, with real packets (issue 7 §4: V9, U2, U3; decision 24). */
import { bitsPerSecond } from "@seam/base";
import { execFileSync } from "node:child_process";
import { closeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { programName } from "./bpf-attachments.ts";
import { bpfCall } from "./libc.ts";
import {
  arrivingMbps,
  client,
  endClient,
  inside,
  link,
  makePods,
  node,
  removePods,
  roundTrips,
  server,
  startStream,
  streamMbps,
  valueOf,
} from "./shaping.fixture.ts";
import { measureRates, observeRates, putRates } from "./shaping.ts";

const mbit = (n: number) => bitsPerSecond(n * 1e6);
const put = (ul: number | null, dl: number | null): void =>
  void valueOf(
    putRates(link, { ul: ul === null ? null : mbit(ul), dl: dl === null ? null : mbit(dl) }),
  );
const COMMAND = { nextProgram: 11, openProgram: 13 } as const;

/** How many programs of shapers the kernel has. */
function programs(): number {
  const attributes = Buffer.alloc(16);
  const ids: number[] = [];
  while (bpfCall(COMMAND.nextProgram, attributes, "next program").ok) {
    ids.push(attributes.readUInt32LE(4));
    attributes.writeUInt32LE(attributes.readUInt32LE(4), 0);
  }
  const names = ids.map((id) => {
    const asked = Buffer.alloc(16);
    asked.writeUInt32LE(id, 0);
    const opened = bpfCall(COMMAND.openProgram, asked, "open a program");
    if (!opened.ok) return "";
    const name = programName(opened.value);
    closeSync(opened.value);
    return name;
  });
  return names.filter((name) => name === "seam_enter" || name === "seam_leave").length;
}

/** Their number once it rests: the kernel frees programs a moment after their last use. */
async function steadyPrograms(): Promise<number> {
  const count = programs();
  await sleep(300);
  return programs() === count ? count : steadyPrograms();
}

/** Other work on the machine may keep a stream from reaching its rate; never from exceeding it. */
const BUSY = { retry: 3 } as const;

beforeAll(makePods);
afterAll(removePods);

describe("a pod's rates", () => {
  afterEach(() => put(null, null));

  test.each([
    ["ul", 20],
    ["dl", 20],
    ["ul", 100],
    ["dl", 100],
  ] as const)("V9, U2: %s is held to %d Mbit/s", BUSY, async (direction, limit) => {
    put(direction === "ul" ? limit : null, direction === "dl" ? limit : null);
    const measured = await streamMbps(direction, 3);
    expect(measured).toBeGreaterThan(0.95 * limit);
    expect(measured).toBeLessThan(1.05 * limit);
  });

  test("a direction without a rate is not held", async () => {
    put(20, null);
    expect(await streamMbps("dl", 1)).toBeGreaterThan(200);
  });

  test(
    "change while a stream runs, which goes on in the same connection and queue",
    BUSY,
    async () => {
      put(20, null);
      const stream = await startStream();
      await sleep(1000);
      const connection = stream.connection();
      expect(await arrivingMbps(1.5)).toBeLessThan(22);
      const sent = Number(valueOf(measureRates(link)).ul?.bytes);
      put(60, null);
      await sleep(500);
      expect(await arrivingMbps(2)).toBeGreaterThan(54);
      put(20, null);
      await sleep(500);
      expect(await arrivingMbps(1.5)).toBeLessThan(22);
      expect(valueOf(measureRates(link)).ul?.bytes).toBeGreaterThan(sent + 10e6);
      expect(stream.connection()).toEqual(connection);
      stream.end();
    },
  );

  test(
    "a flow that asks and waits does not wait behind one that fills the rate",
    BUSY,
    async () => {
      put(10, 10);
      const streams = [await startStream(), await startStream("-R")];
      await sleep(1000);
      const taken = await roundTrips(3);
      for (const stream of streams) stream.end();
      expect(taken.length).toBeGreaterThan(100);
      // Behind a queue of 25 ms, as of tbf, half of them take more than 10.
      expect(taken[Math.floor(taken.length / 2)]).toBeLessThan(3);
      expect(taken[Math.floor(taken.length * 0.9)]).toBeLessThan(8);
    },
  );

  test("flows that fill the rate share it", BUSY, async () => {
    put(40, null);
    const report: { readonly end: { readonly streams: readonly Stream[] } } = JSON.parse(
      inside(client.netns, "iperf3", "-c", server.host, "-P", "3", "-O", "1", "-t", "3", "-J"),
    );
    const rates = report.end.streams.map(({ receiver }) => receiver.bits_per_second / 1e6);
    expect(rates.reduce((sum, rate) => sum + rate, 0)).toBeGreaterThan(34);
    expect(Math.min(...rates)).toBeGreaterThan(4);
  });

  test(
    "senders that understand marks are told of a long queue by marks, not by drops",
    BUSY,
    async () => {
      for (const pod of [client, server]) inside(pod.netns, "sysctl", "-qw", "net.ipv4.tcp_ecn=1");
      put(null, 20);
      inside(client.netns, "nstat", "-n");
      expect(await streamMbps("dl", 3)).toBeGreaterThan(18);
      const marked = /IpExtInCEPkts\s+(\d+)/.exec(inside(client.netns, "nstat"))?.[1];
      for (const pod of [client, server]) inside(pod.netns, "sysctl", "-qw", "net.ipv4.tcp_ecn=2");
      expect(Number(marked)).toBeGreaterThan(10);
    },
  );

  test(
    "hold for a pod that deletes its own queue, which takes rights that pods do not have",
    BUSY,
    async () => {
      put(20, null);
      inside(client.netns, "tc", "qdisc", "del", "dev", "eth0", "root");
      expect(valueOf(observeRates(link)).ul).toBe(null);
      const flood = await startStream("-u", "-b", "200M", "-l", "1400");
      await sleep(500);
      const arriving = await arrivingMbps(2);
      flood.end();
      expect(arriving).toBeGreaterThan(15);
      expect(arriving).toBeLessThan(21);
      // U3: of 200 Mbit/s, 180 are dropped: 16,000 packets in a second.
      expect(valueOf(measureRates(link)).refused).toBeGreaterThan(1000);
    },
  );

  test("U3: what went through is counted, each direction for itself", BUSY, async () => {
    put(20, 30);
    await streamMbps("dl", 1);
    const { ul, dl, refused } = valueOf(measureRates(link));
    expect(refused).toBe(0);
    expect(dl?.bytes).toBeGreaterThan(4e6);
    expect(dl?.packets).toBeGreaterThan(3000);
    expect(dl?.delayed).toBeGreaterThan(100);
    expect(ul?.bytes).toBeGreaterThan(10_000);
    expect(ul?.bytes).toBeLessThan(2e6);
  });
});

type Stream = { readonly receiver: { readonly bits_per_second: number } };

describe("what shapes", () => {
  test("is the kernel's: another process, which has ended, made it, and it is found again", async () => {
    const code = `import { putRates } from ${JSON.stringify(new URL("shaping.ts", import.meta.url).href)};
const done = putRates(${JSON.stringify(link)}, { ul: 20_000_000, dl: 30_000_000 });
if (!done.ok) throw new Error(done.error.message);`;
    execFileSync(process.execPath, ["--input-type=module", "-e", code]);
    expect(valueOf(observeRates(link))).toEqual({ ul: mbit(20), dl: mbit(30) });
    expect(await streamMbps("ul", 1)).toBeLessThan(21);
  });

  test("is put in force twice as once", () => {
    const before = inside(node, "tc", "qdisc", "show");
    put(20, 30);
    expect(inside(node, "tc", "qdisc", "show")).toBe(before);
    expect(valueOf(observeRates(link))).toEqual({ ul: mbit(20), dl: mbit(30) });
  });

  test("is looked at whatever others did to it, and made whole again", () => {
    put(20, 30);
    const spoil = (...command: readonly string[]): void => {
      inside(client.netns, "tc", ...command);
      expect(valueOf(observeRates(link))).toEqual({ ul: null, dl: mbit(30) });
      put(20, 30);
      expect(valueOf(observeRates(link))).toEqual({ ul: mbit(20), dl: mbit(30) });
    };
    spoil("filter", "del", "dev", "eth0", "parent", "5ea0:");
    const faster = ["htb", "rate", "1gbit"];
    spoil("class", "change", "dev", "eth0", "parent", "5ea0:", "classid", "5ea0:1", ...faster);
    spoil("qdisc", "del", "dev", "eth0", "root");
    spoil("qdisc", "replace", "dev", "eth0", "root", "pfifo");
  });

  test.each([20, 0.5, 1e4, 1e6 + 1.25, 25e9, 1e15])("keeps %d bit/s as they are", (rate) => {
    valueOf(putRates(link, { ul: bitsPerSecond(rate), dl: bitsPerSecond(rate) }));
    expect(valueOf(observeRates(link))).toEqual({ ul: rate, dl: rate });
  });

  test("leaves nothing, neither when a rate is taken away nor when the pod ends", async () => {
    put(null, null);
    const shown = (): readonly string[] => [
      inside(node, "tc", "qdisc", "show"),
      inside(client.netns, "tc", "qdisc", "show"),
      inside(client.netns, "ip", "-d", "link", "show", "eth0"),
    ];
    const [before, count] = [shown(), await steadyPrograms()];
    put(20, 30);
    expect(programs()).toBe(count + 4);
    put(null, null);
    expect(shown()).toEqual(before);
    await expect.poll(programs).toBe(count);
    put(20, 30);
    endClient();
    await expect.poll(programs).toBe(count);
  });
});
