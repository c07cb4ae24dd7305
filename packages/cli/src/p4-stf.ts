/** `seam p4 stf`: programs against tests of packets. */
import {
  parseStf,
  renderDiagnostic,
  runStf,
  simulateFile,
  type StfReport,
  type TraceEvent,
  traceText,
} from "@seam/p4";
import { CommanderError } from "commander";
import { MISUSED } from "./definition.ts";
import { programFiles } from "./p4.ts";
import { print } from "./session.ts";

type Options = {
  readonly include: readonly string[];
  readonly define: readonly string[];
  readonly target: string;
  readonly json?: true;
};

/** How one pair went; without a reason it passed. */
type Outcome = { readonly reason?: string; readonly commands: number };

type Pair = { readonly program: string; readonly test: string };

const failed = (reason: string): Outcome => ({ reason, commands: 0 });

const outcomeOf = ({ commands, failures }: StfReport, test: string): Outcome => {
  if (failures.length === 0) return { commands };
  const reason = failures.map(({ line, message }) => `${test}:${line}: ${message}`).join("\n");
  return { commands, reason };
};

type Tracing = { readonly trace?: (event: TraceEvent) => void };

/** Runs one test on a program of its own, so that no pair sees what another left. */
function runPair(
  { program: name, test }: Pair,
  options: Pick<Options, "include" | "define">,
  tracing: Tracing,
): Outcome {
  const { include: folders, define: defines } = options;
  const text = programFiles.read(test);
  if (text === undefined) return failed(`cannot read ${test}`);
  const statements = parseStf(text);
  if (!statements.ok) {
    const told = statements.error.map(
      ({ line, column, message }) => `${test}:${line}:${column}: ${message}`,
    );
    return failed(told.join("\n"));
  }
  const target = simulateFile(name, {
    sources: programFiles,
    folders,
    defines,
    ...tracing,
  });
  if (target.ok) return outcomeOf(runStf(statements.value, target.value), test);
  const { error } = target;
  return failed(
    error.kind === "rejected"
      ? error.diagnostics.map(renderDiagnostic).join("\n")
      : `${name}: ${error.message}`,
  );
}

function tell(pair: Pair, outcome: Outcome): void {
  const { reason, commands } = outcome;
  if (reason === undefined) print(`passed: ${pair.program} ${pair.test} (${commands} commands)`);
  else process.stderr.write(`failed: ${pair.program} ${pair.test}\n${reason}\n`);
}

/** The action of `seam p4 stf`. */
export function runStfFiles(files: readonly string[], options: Options): void {
  if (files.length % 2 === 1) {
    const message = `every program needs a test: ${files.at(-1)} stands alone`;
    throw new CommanderError(2, MISUSED, message);
  }
  for (let at = 0; at < files.length; at += 2) {
    const [program = "", test = ""] = files.slice(at, at + 2);
    const outcome = runPair({ program, test }, options, {});
    const { target } = options;
    const { reason } = outcome;
    const passed = reason === undefined;
    if (!passed) process.exitCode = 1;
    if (options.json === true) {
      print(JSON.stringify({ program, test, target, passed, reason: reason ?? "" }));
    } else tell({ program, test }, outcome);
  }
}

/** Bytes of packets are told as hexadecimal digits. */
const asJson = (event: TraceEvent): string =>
  JSON.stringify(event, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
  );

/** The action of `seam p4 trace`. */
export function traceFiles(program: string, test: string, options: Omit<Options, "target">): void {
  const trace = (event: TraceEvent): void =>
    print(options.json === true ? asJson(event) : traceText(event));
  const { reason } = runPair({ program, test }, options, { trace });
  if (reason === undefined) return;
  process.stderr.write(`failed: ${program} ${test}\n${reason}\n`);
  process.exitCode = 1;
}
