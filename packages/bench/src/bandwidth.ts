/**
 * `seam bench bandwidth`: how well rates hold, and what a second flow waits while they are filled. Two pods of one node have the same
 * rate, one by Seam, the other by the CNI bandwidth plugin (tbf); each in turn fills it with a stream of TCP while a second flow asks 200 times a
 * second. What arrives is counted in the kernel, in windows of 100 ms.
 */
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { type BitsPerSecond, bitsPerSecond } from "@seam/base";
import { openRateMeter, putRates, type RateMeter, WINDOW_MS } from "@seam/kernel";

import { type BandwidthNode, makeBandwidthNode, PEER, SERVER } from "./bandwidth-node.ts";
import { type BenchDocument, type Case, caseOf, environmentOf, type Figure } from "./document.ts";

/** How often each rate is measured in each direction, and for how long. */
export type BandwidthOptions = { readonly rounds: number; readonly seconds: number };

const RATES_MBIT = [10, 100, 1000] as const;
const DIRECTIONS = ["egress", "ingress"] as const;
const SIDES = ["seam", "peer"] as const;
type Side = (typeof SIDES)[number];
type Direction = (typeof DIRECTIONS)[number];

/** A stream has settled by then. */
const SETTLING_MS = 700;
const ASKED_PER_SECOND = 200;
const root = path.resolve(import.meta.dirname, "../../..");
const run = promisify(execFile);

/** One measurement: each window's distance from the rate, percent; milliseconds; and milliseconds of both cores per gigabit. */
type Sample = {
  readonly errors: readonly number[];
  readonly meanPercent: number;
  readonly waitP99: number;
  readonly processor: number;
};

/** Runs the benchmark; needs root, a C compiler, iperf3 and the CNI plugins of Debian. */
export async function benchBandwidth(options: BandwidthOptions): Promise<BenchDocument> {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-bench-"));
  const rr = path.join(folder, "rr");
  execFileSync("gcc", ["-O2", "-o", rr, path.join(root, "deploy/images/traffic/rr.c")]);
  using node = makeBandwidthNode();
  const serving = [
    spawn("ip", node.inside("server", rr, "serve", "5202")),
    spawn("ip", node.inside("server", "iperf3", "-s")),
  ];
  try {
    await sleep(300);
    const cases: Case[] = [];
    const figures: Figure[] = [];
    for (const mbit of RATES_MBIT) {
      const rate = bitsPerSecond(mbit * 1e6);
      limit(node, rate);
      for (const direction of DIRECTIONS) {
        const site = { node, rr, rate, direction, seconds: options.seconds };
        const rounds = await takeRounds(options.rounds, async (side) => measure(site, side));
        cases.push(...casesOf(`${direction} ${mbit} Mbit/s`, rounds));
        figures.push(...figuresOf(`${direction} ${mbit} Mbit/s`, rounds));
      }
    }
    return { name: "bandwidth", environment: environmentOf(options), cases, figures };
  } finally {
    for (const each of serving) each.kill();
    rmSync(folder, { recursive: true });
  }
}

/** Both pods get the rate, in both directions. */
function limit(node: BandwidthNode, rate: BitsPerSecond): void {
  const put = putRates(node.link("seam"), { ul: rate, dl: rate });
  if (!put.ok) throw new Error(put.error.message);
  node.limitPeer(rate);
}

type Round = { readonly [side in Side]: Sample };

/** Who is first changes, so that neither always finds what the other left. */
async function takeRounds(
  count: number,
  one: (side: Side) => Promise<Sample>,
): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  for (let round = 0; round < count; round += 1) {
    const before = round % 2 === 0 ? null : await one("peer");
    const seam = await one("seam");
    rounds.push({ seam, peer: before ?? (await one("peer")) });
  }
  return rounds;
}

type Site = {
  readonly node: BandwidthNode;
  readonly rr: string;
  readonly rate: BitsPerSecond;
  readonly direction: Direction;
  readonly seconds: number;
};

async function measure(site: Site, side: Side): Promise<Sample> {
  const { node, rr, direction, seconds } = site;
  const behind = direction === "egress" ? node.link("server").pod : node.link(side).pod;
  const opened = openRateMeter(behind.netns, behind.device);
  if (!opened.ok) throw new Error(opened.error.message);
  using meter = opened.value;
  const times = ["-t", String(seconds + SETTLING_MS / 500)];
  const reverse = direction === "ingress" ? ["-R"] : [];
  const iperf = node.inside(side, "iperf3", "-c", SERVER, ...times, ...reverse);
  const streaming = run("ip", [...iperf]);
  await sleep(SETTLING_MS);
  const [start, busy] = [process.hrtime.bigint(), busyMs()];
  const asking = ["ask", SERVER, "5202", "--seconds", String(seconds)];
  const often = ["--rate", String(ASKED_PER_SECOND)];
  const asked = await run("ip", [...node.inside(side, rr, ...asking, ...often)]);
  const [end, busyAfter] = [process.hrtime.bigint(), busyMs()];
  const figures = errorsOf(meter, [start, end], site.rate);
  await streaming;
  const report: unknown = JSON.parse(asked.stdout);
  const gigabits = (figures.meanPercent / 100) * (site.rate / 1e9) * (Number(end - start) / 1e9);
  const processor = (busyAfter - busy) / gigabits;
  return { ...figures, waitP99: numberAt(report, "p99_us") / 1000, processor };
}

function errorsOf(
  meter: RateMeter,
  [start, end]: readonly [bigint, bigint],
  rate: BitsPerSecond,
): Pick<Sample, "errors" | "meanPercent"> {
  const windows = meter.windows(start, end);
  if (!windows.ok) throw new Error(windows.error.message);
  const meant = (rate * WINDOW_MS) / 8000;
  const percents = windows.value.map((counted) => (100 * counted) / meant);
  return {
    errors: percents.map((percent) => Math.abs(percent - 100)),
    meanPercent: percents.reduce((sum, percent) => sum + percent, 0) / percents.length,
  };
}

const of = (rounds: readonly Round[], one: (sample: Sample) => readonly number[]) =>
  rounds.map(({ seam, peer }) => ({ seam: one(seam), peer: one(peer) }));

/** What a packet costs shows only where there are many. */
const COUNTED = "1000 Mbit/s";

function casesOf(what: string, rounds: readonly Round[]): readonly Case[] {
  const names = { better: "lower", peer: PEER } as const;
  const one = (label: string, unit: string, read: (sample: Sample) => number): Case =>
    caseOf(
      { ...names, what: `${label} ${what}`, unit },
      "p50",
      of(rounds, (sample) => [read(sample)]),
    );
  const errors = of(rounds, (sample) => sample.errors);
  const error = { ...names, unit: "%" } as const;
  return [
    one("rr p99", "ms", ({ waitP99 }) => waitP99),
    caseOf({ ...error, what: `window error ${what} p50` }, "p50", errors),
    caseOf({ ...error, what: `window error ${what} p99` }, "p99", errors),
    ...(what.endsWith(COUNTED) ? [one("processor", "ms/Gbit", ({ processor }) => processor)] : []),
  ];
}

/** Windows that are off by more than 1 %, or two frames where that is more; and the mean, both of the median round. */
function figuresOf(what: string, rounds: readonly Round[]): readonly Figure[] {
  const bound = Math.max(
    1,
    (100 * 2 * 1514 * 8 * (1000 / WINDOW_MS)) / (Number(/(\d+) Mbit/.exec(what)?.[1]) * 1e6),
  );
  return SIDES.flatMap((side) => {
    const missed = rounds.map((round) => {
      const { errors } = round[side];
      return (100 * errors.filter((error) => error > bound).length) / errors.length;
    });
    const means = rounds.map((round) => round[side].meanPercent);
    return [
      { figure: `windows off, ${what}, ${side}`, unit: "%", value: median(missed), target: null },
      { figure: `mean rate, ${what}, ${side}`, unit: "%", value: median(means), target: null },
    ];
  });
}

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((left, right) => left - right);
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? 0) * 100) / 100;
};

/** Milliseconds in which any core of the machine did anything (proc_stat(5)); other work is in it. */
function busyMs(): number {
  const fields = (readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "").split(/ +/).slice(1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, soft = 0] = fields.map(Number);
  return (user + nice + system + irq + soft) * 10;
}

function numberAt(value: unknown, key: string): number {
  const found: unknown = typeof value === "object" && value !== null ? Reflect.get(value, key) : 0;
  return Number(found);
}
