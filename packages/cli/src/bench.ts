/** `seam bench`: measurements against named peers on a lab. */
import {
  benchCni,
  type BenchDocument,
  benchPods,
  benchTable,
  benchThroughput,
  type RivalLabs,
} from "@seam/bench";
import { goTools, labDown } from "@seam/lab";
import type { Command } from "commander";

import { bringUp, defaultLab } from "./lab.ts";

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
  show(document, options.json);
}

type RivalFlags = { readonly rounds: string; readonly json?: true };
const overlays = ["direct", "vxlan"] as const;

/** Brings up two equal labs, runs a benchmark on both, and takes them down whatever happens. */
async function onRivals(
  { json }: RivalFlags,
  bench: (labs: RivalLabs) => Promise<BenchDocument>,
): Promise<void> {
  const names = { seam: "bench-seam", reference: "bench-reference" } as const;
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  try {
    for (const network of ["seam", "reference"] as const)
      for await (const line of bringUp({ name: names[network], nodes: 2, network })) say(line);
    show(await bench(names), json);
  } finally {
    for (const name of Object.values(names)) await labDown(name);
  }
}

type ThroughputFlags = RivalFlags & { readonly seconds: string; readonly overlay: string };

async function throughput(flags: ThroughputFlags): Promise<void> {
  const overlay = overlays.find((each) => each === flags.overlay);
  if (overlay === undefined) {
    throw new Error(`--overlay: expected ${overlays.join(" or ")}, found "${flags.overlay}"`);
  }
  const rounds = positive("--rounds", flags.rounds);
  const seconds = positive("--seconds", flags.seconds);
  return onRivals(flags, async (labs) => benchThroughput({ ...labs, rounds, seconds, overlay }));
}

async function pods(flags: RivalFlags & { readonly counts: string }): Promise<void> {
  const rounds = positive("--rounds", flags.rounds);
  const counts = flags.counts.split(",").map((count) => positive("--counts", count));
  return onRivals(flags, async (labs) => benchPods({ ...labs, rounds, counts }));
}

function show(document: BenchDocument, json?: true): void {
  const text = json === true ? JSON.stringify(document, undefined, 2) : benchTable(document);
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
  bench
    .command("throughput")
    .description("TCP, round trips and connections between pods, against the reference network")
    .option("--rounds <count>", "interleaved rounds", "9")
    .option("--seconds <count>", "seconds of one measurement", "1")
    .option("--overlay <kind>", "how nodes are joined: direct or vxlan, on both sides", "direct")
    .option("--json", "print one JSON document")
    .action(throughput);
  bench
    .command("pods")
    .description("seconds until pods run, against the reference network")
    .option("--rounds <count>", "interleaved rounds", "9")
    .option("--counts <list>", "how many pods at once", "1,30,110")
    .option("--json", "print one JSON document")
    .action(pods);
}
