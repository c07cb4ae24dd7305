/**
 * `seam bench p4`: how fast programs in P4-16 are read, checked and laid out, warm and by a process of their own, and how many packets
 * they handle in the simulator; over the programs of `examples/p4`.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import {
  analyse,
  format,
  hasErrors,
  parse,
  preprocess,
  printProgram,
  type Sources,
} from "@seam/p4";
import { checkCases, packetCases } from "./p4-packets.ts";
import { type BenchDocument, environmentOf, type Figure, statisticsOf } from "./document.ts";

const folder = path.join(import.meta.dirname, "../../../examples/p4");

/** How often each program is read. */
export type P4BenchOptions = { readonly rounds: number };

/** What checking the largest program may take, warm. */
const TARGET_MS = 150;

type Program = { readonly name: string; readonly text: string; readonly sources: Sources };

/** Runs the benchmark. */
export function benchP4({ rounds }: P4BenchOptions): BenchDocument {
  const files = readdirSync(folder).filter((name) => name.endsWith(".p4"));
  const programs = files.map((name): Program => {
    const text = readFileSync(path.join(folder, name), "utf8");
    return { name, text, sources: { read: (asked) => (asked === name ? text : undefined) } };
  });
  const lines = programs.reduce((sum, program) => sum + linesOf(program), 0);
  const times = programs.map((program) => repeated(rounds, () => read(program)));
  const checks = programs.map((program) => repeated(rounds, () => check(program)));
  const layouts = programs.map(({ name, text }) => repeated(rounds, () => format({ name, text })));
  return {
    name: "p4",
    environment: environmentOf({ rounds, programs: programs.length, lines }),
    cases: [...packetCases(), ...checkCases(programs.map(({ name }) => path.join(folder, name)))],
    figures: [
      figure("front-end lines per second", "lines/s", lines / (totalOf(times) / 1000)),
      figure("checked lines per second", "lines/s", lines / (totalOf(checks) / 1000)),
      figure(
        "formatter lines per second",
        "lines/s",
        ownLines(programs) / (totalOf(layouts) / 1000),
      ),
      ...programs.map(({ name }, index) => ({
        ...figure(`check of ${name}, warm, p50`, "ms", statisticsOf(checks[index] ?? []).p50),
        target: TARGET_MS,
      })),
      figure("most memory of this process", "MiB", process.resourceUsage().maxRSS / 1024),
    ],
  };
}

const figure = (name: string, unit: string, value: number): Figure => ({
  figure: name,
  unit,
  value: unit === "ms" ? Math.round(value * 100) / 100 : Math.round(value),
  target: null,
});

/** Preprocesses, parses and prints, so that nothing can be left out. */
function read({ name, sources }: Program): void {
  const { tokens, diagnostics } = preprocess(name, { sources });
  const parsed = parse(tokens);
  if (diagnostics.length + parsed.diagnostics.length > 0) throw new Error(`${name} is wrong`);
}

/** All that is judged, and the tree of instances. */
function check({ name, sources }: Program): void {
  if (hasErrors(analyse(name, { sources }).diagnostics)) throw new Error(`${name} is wrong`);
}

const lineCount = (text: string): number => text.split("\n").length - 1;

/** The lines of a program and of all that it includes. */
function linesOf({ name, sources }: Program): number {
  const { files, tokens } = preprocess(name, { sources });
  if (printProgram(parse(tokens).program) === "") throw new Error(`${name} is empty`);
  return files.reduce((sum, { text }) => sum + lineCount(text), 0);
}

const ownLines = (programs: readonly Program[]): number =>
  programs.reduce((sum, { text }) => sum + lineCount(text), 0);

/** Milliseconds of each run, after a tenth as many to warm up. */
function repeated(rounds: number, act: () => unknown): readonly number[] {
  for (let round = 0; round < Math.ceil(rounds / 10); round += 1) act();
  return Array.from({ length: rounds }, () => {
    const start = performance.now();
    act();
    return performance.now() - start;
  });
}

/** The sum of the programs' medians, in milliseconds. */
const totalOf = (times: readonly (readonly number[])[]): number =>
  times.reduce((sum, each) => sum + statisticsOf(each).p50, 0);
