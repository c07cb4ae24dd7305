/** `seam bench p4`: how fast programs in P4-16 are read and laid out, warm, over the programs of `examples/p4`. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { format, parse, preprocess, printProgram, type Sources } from "@seam/p4";
import { type BenchDocument, environmentOf, type Figure, statisticsOf } from "./document.ts";

const folder = path.join(import.meta.dirname, "../../../examples/p4");

/** How often each program is read. */
export type P4BenchOptions = { readonly rounds: number };

/** What reading a program of the largest may take, with its types checked; so far they are not. */
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
  const layouts = programs.map(({ name, text }) => repeated(rounds, () => format({ name, text })));
  return {
    name: "p4",
    environment: environmentOf({ rounds, programs: programs.length, lines }),
    cases: [],
    figures: [
      figure("front-end lines per second", "lines/s", lines / (totalOf(times) / 1000)),
      figure(
        "formatter lines per second",
        "lines/s",
        ownLines(programs) / (totalOf(layouts) / 1000),
      ),
      ...programs.map(({ name }, index) => ({
        ...figure(`${name} with its architecture, p50`, "ms", statisticsOf(times[index] ?? []).p50),
        target: TARGET_MS,
      })),
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
