/**
 * `seam bench cni`: how long the container runtime waits for a pod's interface. Seam's plug-in against the
 * reference chain bridge + host-local + portmap, on one node of a lab that runs Seam, in turn.
 */
import { labExec } from "@seam/lab";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { type BenchDocument, type BenchRound, casesOf, environmentOf } from "./document.ts";
import { PEER } from "./rivals.ts";

/** Samples of one round in milliseconds. */
export type CniSamples = {
  readonly add: BenchRound;
  readonly del: BenchRound;
  /** Processor time of everything that took part, the agent included. */
  readonly addCpu: BenchRound;
  readonly delCpu: BenchRound;
};

/** Where to run, and how often. */
export type CniBenchOptions = {
  readonly lab: string;
  readonly node: string;
  readonly binFolder: string;
  readonly rounds: number;
  /** Samples of each side in a round. */
  readonly samples: number;
};

/** Runs the benchmark; throws when the lab does not run or a plug-in fails. */
export async function benchCni(options: CniBenchOptions): Promise<BenchDocument> {
  const { lab, node, binFolder } = options;
  const found = await labExec(lab, node, ["pgrep", "-f", "/seam/agent.js"]);
  const agent = found.stdout.trim().split("\n")[0] ?? "";
  if (agent === "")
    throw new Error(`no Seam agent runs on ${node} of lab ${lab}; run: seam lab up`);
  const runner = fileURLToPath(new URL("cni-runner.ts", import.meta.url));
  const counts = [String(options.rounds), String(options.samples)];
  const argv = [process.execPath, runner, binFolder, ...counts, agent];
  const outcome = await labExec(lab, node, argv);
  if (outcome.code !== 0)
    throw new Error(`the benchmark failed on ${node}: ${outcome.stderr.trim()}`);
  const rounds = parseSamples(outcome.stdout);
  const cases = (["add", "del", "addCpu", "delCpu"] as const).flatMap((what) =>
    casesOf(
      { what: names[what], unit: "ms", better: "lower", peer: PEER },
      rounds.map((round) => round[what]),
    ),
  );
  const environment = environmentOf({
    rounds: options.rounds,
    samplesPerRound: options.samples,
    load: load(),
  });
  return { name: "cni", environment, cases };
}

const names = { add: "add", del: "del", addCpu: "add cpu", delCpu: "del cpu" } as const;

/** Load of the machine before the run: a noisy one makes a noisy result. */
const load = (): string => readFileSync("/proc/loadavg", "utf8").split(" ").slice(0, 3).join(" ");

function parseSamples(text: string): readonly CniSamples[] {
  const parsed: unknown = JSON.parse(text);
  if (!Array.isArray(parsed)) throw new Error("the runner printed no samples");
  const rounds: readonly unknown[] = parsed;
  return rounds.map((round) => ({
    add: roundAt(round, "add"),
    del: roundAt(round, "del"),
    addCpu: roundAt(round, "addCpu"),
    delCpu: roundAt(round, "delCpu"),
  }));
}

function roundAt(value: unknown, key: string): BenchRound {
  const found = at(value, key);
  return { seam: numbersAt(found, "seam"), peer: numbersAt(found, "peer") };
}

const at = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;

function numbersAt(value: unknown, key: string): readonly number[] {
  const found = at(value, key);
  return Array.isArray(found) ? found.map(Number) : [];
}
