/**
 * Reads STF files: one command on each line, `#` begins a comment, also behind a command. Keywords are read whatever their case, and
 * only at the start of a line, so that tables and fields may be called as commands are. Names may be quoted.
 */
import { err, ok, type Result } from "@seam/base";
import { directCommands } from "./direct.ts";
import {
  atEnd,
  decimal,
  end,
  isName,
  type Line,
  literal,
  need,
  qualifiedName,
  refuse,
  simpleName,
  take,
} from "./line.ts";
import { bytesOfHex } from "./packets.ts";
import type { Command, Statement, StfAction, StfMatch } from "./statement.ts";
import { countComparison } from "./comparison.ts";

/** What is wrong with an STF file; lines and columns from 1. */
export type StfError = { readonly line: number; readonly column: number; readonly message: string };

const hexadecimal = (line: Line): string =>
  (take(line, /[\da-f\s]+/iy) ?? "").replaceAll(/\s/g, "").toLowerCase();

function packet(line: Line): Command {
  const port = decimal(line, "a port's number");
  const digits = hexadecimal(line);
  if (digits.length === 0 && line.error === undefined)
    need(line, /[\da-f]/iy, "bytes in hexadecimal");
  if (digits.length % 2 === 1)
    refuse(line, "a packet has whole bytes: the number of digits is odd");
  return { kind: "packet", port, data: bytesOfHex(digits) };
}

function expectation(line: Line): Command {
  const port = decimal(line, "a port's number");
  const digits = (take(line, /[\da-f*\s]+/iy) ?? "").replaceAll(/\s/g, "").toLowerCase();
  const isExact = take(line, /\$/y) !== undefined;
  if (digits === "" && !isExact) return { kind: "expect", port, isExact };
  if (isExact && digits.length % 2 === 1) {
    refuse(line, "a packet has whole bytes: the number of digits is odd");
  }
  return { kind: "expect", port, digits, isExact };
}

function match(line: Line): StfMatch {
  const key = qualifiedName(line, "a field of the key");
  need(line, /:/y, '":" and a value');
  const value = literal(line);
  if (take(line, /\//y) !== undefined) {
    return { key, value, prefixBits: Number(literal(line).value) };
  }
  return take(line, /->/y) === undefined ? { key, value } : { key, value, last: literal(line) };
}

/** Whether a call begins here, and not another part of the key. */
function isCall({ text, at }: Line): boolean {
  const probe: Line = { text, at };
  const name = qualifiedName(probe, "a name");
  const next = text.slice(probe.at).trimStart();
  return (
    probe.error === undefined && (next.startsWith("(") || (name.endsWith("()") && next[0] !== ":"))
  );
}

function action(line: Line): StfAction {
  const name = qualifiedName(line, "an action");
  const args: StfAction["args"][number][] = [];
  if (name.endsWith("()")) return { name: name.slice(0, -2), args };
  need(line, /\(/y, '"(" and arguments');
  while (line.error === undefined && take(line, /\)/y) === undefined) {
    if (args.length > 0) need(line, /,/y, '"," or ")"');
    const argument = simpleName(line, "a parameter's name");
    need(line, /:/y, '":" and a value');
    args.push({ name: argument, value: literal(line) });
  }
  return { name, args };
}

function add(line: Line): Command {
  const table = qualifiedName(line, "a table");
  const priority = isName(line) ? undefined : decimal(line, "a priority or a field of the key");
  const matches: StfMatch[] = [];
  while (line.error === undefined && !isCall(line)) matches.push(match(line));
  const called = action(line);
  const handle = take(line, /=/y) === undefined ? undefined : simpleName(line, "a name");
  return {
    kind: "add",
    table,
    matches,
    action: called,
    ...(priority !== undefined && { priority }),
    ...(handle !== undefined && { handle }),
  };
}

function checkCounter(line: Line): Command {
  const name = qualifiedName(line, "a counter");
  need(line, /\(/y, '"(" and an index');
  const index = isName(line)
    ? simpleName(line, "an index or a name").replace(/^\$/, "")
    : decimal(line, "an index or a name");
  need(line, /\)/y, '")"');
  if (atEnd(line)) {
    const comparison = { relation: "==", value: 0n } as const;
    return { kind: "check_counter", name, index, unit: "packets", comparison };
  }
  return { kind: "check_counter", name, index, ...countComparison(line) };
}

const commands: ReadonlyMap<string, (line: Line) => Command> = new Map<
  string,
  (line: Line) => Command
>([
  ["packet", packet],
  ["expect", expectation],
  ["no_packet", () => ({ kind: "no_packet" })],
  ["add", add],
  [
    "setdefault",
    (line) => ({
      kind: "setdefault",
      table: qualifiedName(line, "a table"),
      action: action(line),
    }),
  ],
  [
    "remove",
    (line) => {
      need(line, /all\b/iy, '"all"');
      return { kind: "remove_all" };
    },
  ],
  ["wait", () => ({ kind: "wait" })],
  ["check_counter", checkCounter],
  ...directCommands,
]);

function statement(line: Line, number: number): Statement | undefined {
  const column = line.text.search(/\S/) + 1;
  const word = need(line, /[a-z_]+/iy, "a command").toLowerCase();
  const read = commands.get(word);
  if (read === undefined) {
    line.at = 0;
    refuse(line, `unknown command ${word}; known are ${[...commands.keys()].join(", ")}`);
    return undefined;
  }
  const command = read(line);
  end(line);
  return { ...command, place: { line: number, column } };
}

/** The commands of a text, or everything that is wrong with it, one finding a line. */
export function parseStf(text: string): Result<readonly Statement[], readonly StfError[]> {
  const statements: Statement[] = [];
  const errors: StfError[] = [];
  for (const [index, each] of text.split(/\r?\n/).entries()) {
    const line: Line = { text: each, at: 0 };
    if (atEnd(line)) continue;
    const found = statement(line, index + 1);
    if (line.error !== undefined) errors.push({ line: index + 1, ...line.error });
    else if (found !== undefined) statements.push(found);
  }
  return errors.length > 0 ? err(errors) : ok(statements);
}
