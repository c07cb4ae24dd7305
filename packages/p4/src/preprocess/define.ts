/** `#define` and `-D`: from a line's tokens to a macro. */
import type { Span } from "../source/file.ts";
import { nextToken, scannerOf } from "../syntax/lexer.ts";
import { describe, type Token } from "../syntax/token.ts";
import { type Job, type Macro, report } from "./job.ts";

const WORD = /^[A-Za-z_]\w*$/;

/** A line of the preprocessor: its tokens behind the directive's name, and its end. */
export type Line = {
  readonly directive: string;
  readonly tokens: readonly Token[];
  readonly end: Span;
};

/** What a line has at a place, for messages. */
export const foundAt = ({ tokens, end }: Line, at: number): { found: string; span: Span } => {
  const token = tokens[at];
  return token === undefined
    ? { found: "the end of the line", span: end }
    : { found: describe(token), span: token.span };
};

/** The name that a line of `#define`, `#undef`, `#ifdef` or `#ifndef` begins with; its absence is told. */
export function nameOf(job: Job, line: Line): Token | undefined {
  const [name] = line.tokens;
  if (name === undefined || !WORD.test(name.text)) {
    const { found, span } = foundAt(line, 0);
    report(job, { code: "P105", span }, { directive: line.directive, found });
    return undefined;
  }
  return name;
}

const NO_PARAMETERS: Parameters = { names: [], isVariadic: false, end: 1 };

/** Executes `#define`. */
export function define(job: Job, line: Line): void {
  const name = nameOf(job, line);
  if (name === undefined) return;
  if (name.text === "defined" || name.text === "__VA_ARGS__") {
    report(job, { code: "P122", span: name.span }, { name: name.text });
    return;
  }
  const takesArguments = line.tokens[1]?.kind === "(" && !line.tokens[1].spaced;
  const parameters = takesArguments ? parametersOf(job, line) : NO_PARAMETERS;
  if (parameters === undefined) return;
  const macro: Macro = {
    name: name.text,
    parameters: parameters.names,
    takesArguments,
    isVariadic: parameters.isVariadic,
    body: line.tokens.slice(parameters.end),
    span: name.span,
  };
  if (isSound(job, macro)) enter(job, macro);
}

type Parameters = {
  readonly names: readonly string[];
  readonly isVariadic: boolean;
  /** Index of the token behind the closing parenthesis. */
  readonly end: number;
};

/** The parameters in parentheses behind a macro's name; what is wrong with them is told. */
function parametersOf(job: Job, line: Line): Parameters | undefined {
  const names: string[] = [];
  const texts = line.tokens.map(({ text }) => text);
  if (texts[2] === ")") return { names, isVariadic: false, end: 3 };
  for (let at = 2; ; at += 2) {
    const name = texts[at] ?? "";
    const mark = texts[at + 1] ?? "";
    const wrong = wrongAt(name, mark);
    if (wrong !== undefined)
      return malformed(job, line, { at: at + wrong.offset, expected: wrong.expected });
    names.push(name === "..." ? "__VA_ARGS__" : name);
    if (mark === ")") return { names, isVariadic: name === "...", end: at + 2 };
  }
}

type Wrong = { readonly offset: 0 | 1; readonly expected: string };

/** What is wrong with a parameter and the mark behind it. */
function wrongAt(name: string, mark: string): Wrong | undefined {
  if (name === "...") return mark === ")" ? undefined : { offset: 1, expected: ")" };
  if (!WORD.test(name)) return { offset: 0, expected: "a name" };
  return mark === ")" || mark === "," ? undefined : { offset: 1, expected: ", or )" };
}

function malformed(
  job: Job,
  line: Line,
  { at, expected }: { readonly at: number; readonly expected: string },
): undefined {
  const { found, span } = foundAt(line, at);
  const name = line.tokens[0]?.text ?? "";
  report(job, { code: "P118", span }, { name, expected, found });
}

/** Whether `#` and `##` stand where they may. */
function isSound(job: Job, { name, takesArguments, parameters, body }: Macro): boolean {
  for (const [at, token] of body.entries()) {
    const isEdge = at === 0 || at === body.length - 1;
    if (token.kind === "##" && isEdge) {
      report(job, { code: "P120", span: token.span }, { name });
      return false;
    }
    const isNamed = parameters.includes(body[at + 1]?.text ?? "");
    if (token.kind === "#" && takesArguments && !isNamed) {
      report(job, { code: "P119", span: token.span }, { name });
      return false;
    }
  }
  return true;
}

/** Whether two macros say the same; white space counts only as present or absent. */
const isSame = (one: Macro, other: Macro): boolean =>
  one.takesArguments === other.takesArguments &&
  one.parameters.join(",") === other.parameters.join(",") &&
  one.body.length === other.body.length &&
  one.body.every((token, at) => {
    const against = other.body[at];
    return token.text === against?.text && (at === 0 || token.spaced === against.spaced);
  });

function enter(job: Job, macro: Macro): void {
  const earlier = job.macros.get(macro.name);
  if (earlier !== undefined && !isSame(earlier, macro)) {
    const related = [{ message: "defined here before", span: earlier.span }];
    report(job, { code: "P106", span: macro.span, related }, { name: macro.name });
  }
  job.macros.set(macro.name, macro);
}

/** All tokens of a text that is one line. */
function tokensOf(text: string, name: string): readonly Token[] {
  const scanner = scannerOf({ name, text });
  const tokens: Token[] = [];
  for (let token = nextToken(scanner); token.kind !== "end"; token = nextToken(scanner))
    tokens.push(token);
  return tokens;
}

/** Defines what `-D` gives: `NAME` as 1, or `NAME=TEXT`. */
export function defineOption(job: Job, option: string): void {
  const equals = option.indexOf("=");
  const text =
    equals < 0 ? `${option} 1` : `${option.slice(0, equals)} ${option.slice(equals + 1)}`;
  const file = { name: `-D ${option}`, text };
  const end = { file, start: text.length, end: text.length };
  define(job, { directive: "define", tokens: tokensOf(text, file.name), end });
}
