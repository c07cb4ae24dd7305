/** `seam bench`: measurements against named peers on a lab. */
import { benchCni, benchTable } from "@seam/bench";
import { goTools } from "@seam/lab";
import type { Command } from "commander";

import { defaultLab } from "./lab.ts";

type CniOptions = {
  readonly name: string;
  readonly node: string;
  readonly rounds: string;
  readonly samples: string;
  readonly json?: true;
};

async function cni(options: CniOptions): Promise<void> {
  const document = await benchCni({
    lab: options.name,
    node: options.node,
    binFolder: await goTools(),
    rounds: positive("--rounds", options.rounds),
    samples: positive("--samples", options.samples),
  });
  const text =
    options.json === true ? JSON.stringify(document, undefined, 2) : benchTable(document);
  process.stdout.write(`${text}\n`);
}

function positive(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) {
    throw new Error(
      `${option}: expected a whole number of at least 1, for example 9; found "${text}"`,
    );
  }
  return Number(text);
}

/** Adds `bench` and its commands to the program. */
export function addBenchCommands(program: Command): void {
  const bench = program.command("bench").description("measurements against named peers");
  bench
    .command("cni")
    .description("ADD and DEL against bridge + host-local + portmap")
    .option("--name <name>", "which lab; default: SEAM_LAB", defaultLab)
    .option("--node <node>", "on which node", "n2")
    .option("--rounds <count>", "interleaved rounds", "9")
    .option("--samples <count>", "samples of each side in a round", "20")
    .option("--json", "print one JSON document")
    .action(cni);
}
