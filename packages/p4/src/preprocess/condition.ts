/** Conditions of `#if` and `#elif`: C's integer expressions over whole numbers of any width; names that are no macros are 0. */
import type { Span } from "../source/file.ts";
import { describe, type Token } from "../syntax/token.ts";
import { expandAll } from "./expand.ts";
import { type Job, report } from "./job.ts";

type Reader = {
  readonly job: Job;
  readonly tokens: readonly Token[];
  /** Where the line ends, for what is missing there. */
  readonly end: Span;
  at: number;
  depth: number;
  failed: boolean;
};

/** Whether a condition holds; what is wrong with it is told, and then it does not hold. */
export function holds(job: Job, tokens: readonly Token[], end: Span): boolean {
  const expanded = expandAll(job, withoutDefined(job, tokens), 0);
  const reader: Reader = { job, tokens: expanded, end, at: 0, depth: 0, failed: false };
  const value = conditional(reader);
  const rest = reader.tokens[reader.at];
  if (rest !== undefined) fail(reader, "an operator");
  return !reader.failed && value !== 0n;
}

/** Replaces `defined NAME` and `defined(NAME)` by 1 or 0 before macros are expanded. */
function withoutDefined(job: Job, tokens: readonly Token[]): readonly Token[] {
  const result: Token[] = [];
  for (let at = 0; at < tokens.length;) {
    const token = tokens[at];
    if (token === undefined) break;
    const asked = token.text === "defined" ? askedAt(tokens, at + 1) : undefined;
    if (asked === undefined) result.push(token);
    else result.push({ ...token, kind: "integer", text: job.macros.has(asked.name) ? "1" : "0" });
    at += 1 + (asked?.length ?? 0);
  }
  return result;
}

/** The name that `defined` asks for, and how many tokens it takes. */
function askedAt(
  tokens: readonly Token[],
  at: number,
): { readonly name: string; readonly length: number } | undefined {
  const [first, second, third] = tokens.slice(at, at + 3).map(({ text }) => text);
  if (first !== undefined && /^\w+$/.test(first)) return { name: first, length: 1 };
  const isAsked = first === "(" && third === ")" && second !== undefined && /^\w+$/.test(second);
  return isAsked ? { name: second, length: 3 } : undefined;
}

function fail(reader: Reader, expected: string): bigint {
  const token = reader.tokens[reader.at];
  if (!reader.failed) {
    const found = token === undefined ? "the end of the line" : describe(token);
    report(reader.job, { code: "P114", span: token?.span ?? reader.end }, { expected, found });
  }
  reader.failed = true;
  reader.at = reader.tokens.length;
  return 0n;
}

function accept(reader: Reader, text: string): boolean {
  if (reader.tokens[reader.at]?.text !== text) return false;
  reader.at += 1;
  return true;
}

const DEEPEST = 200;

function conditional(reader: Reader): bigint {
  reader.depth += 1;
  if (reader.depth > DEEPEST) return fail(reader, `at most ${DEEPEST} levels`);
  const condition = binary(reader, 0);
  let value = condition;
  if (accept(reader, "?")) {
    const yes = conditional(reader);
    if (!accept(reader, ":")) return fail(reader, ":");
    const no = conditional(reader);
    value = condition === 0n ? no : yes;
  }
  reader.depth -= 1;
  return value;
}

const truth = (value: boolean): bigint => (value ? 1n : 0n);

/** Widest shift: more bits than any program counts, and few enough to be cheap. */
const WIDEST_SHIFT = 4096n;

const shift = (value: bigint, by: bigint): bigint => {
  const bounded = by > WIDEST_SHIFT ? WIDEST_SHIFT : by < -WIDEST_SHIFT ? -WIDEST_SHIFT : by;
  return value << bounded;
};

type Operation = (left: bigint, right: bigint) => bigint;

/** Operators from the loosest to the tightest, as C binds them. */
const LEVELS: readonly ReadonlyMap<string, Operation>[] = [
  new Map([["||", (a, b) => truth(a !== 0n || b !== 0n)]]),
  new Map([["&&", (a, b) => truth(a !== 0n && b !== 0n)]]),
  new Map([["|", (a, b) => a | b]]),
  new Map([["^", (a, b) => a ^ b]]),
  new Map([["&", (a, b) => a & b]]),
  new Map<string, Operation>([
    ["==", (a, b) => truth(a === b)],
    ["!=", (a, b) => truth(a !== b)],
  ]),
  new Map<string, Operation>([
    ["<", (a, b) => truth(a < b)],
    [">", (a, b) => truth(a > b)],
    ["<=", (a, b) => truth(a <= b)],
    [">=", (a, b) => truth(a >= b)],
  ]),
  new Map<string, Operation>([
    ["<<", (a, b) => shift(a, b)],
    [">>", (a, b) => shift(a, -b)],
  ]),
  new Map<string, Operation>([
    ["+", (a, b) => a + b],
    ["-", (a, b) => a - b],
  ]),
  new Map<string, Operation>([
    ["*", (a, b) => a * b],
    ["/", (a, b) => a / b],
    ["%", (a, b) => a % b],
  ]),
];

function binary(reader: Reader, level: number): bigint {
  const operations = LEVELS[level];
  if (operations === undefined) return unary(reader);
  let left = binary(reader, level + 1);
  for (;;) {
    const token = reader.tokens[reader.at];
    const operation = token === undefined ? undefined : operations.get(token.text);
    if (token === undefined || operation === undefined) return left;
    reader.at += 1;
    const right = binary(reader, level + 1);
    if (right === 0n && (token.kind === "/" || token.kind === "%")) {
      if (!reader.failed) report(reader.job, { code: "P115", span: token.span }, {});
      reader.failed = true;
      return 0n;
    }
    left = BigInt.asIntN(1 << 16, operation(left, right));
  }
}

function unary(reader: Reader): bigint {
  const signs: string[] = [];
  for (;;) {
    const text = reader.tokens[reader.at]?.text ?? "";
    if (!["!", "~", "-", "+"].includes(text)) break;
    signs.push(text);
    reader.at += 1;
  }
  return signs.reduceRight((value, sign) => signed(sign, value), primary(reader));
}

function signed(sign: string, value: bigint): bigint {
  if (sign === "!") return truth(value === 0n);
  if (sign === "~") return ~value;
  return sign === "-" ? -value : value;
}

function primary(reader: Reader): bigint {
  const token = reader.tokens[reader.at];
  if (accept(reader, "(")) {
    const value = conditional(reader);
    return accept(reader, ")") ? value : fail(reader, ")");
  }
  const value = token === undefined ? undefined : valueOf(token);
  if (value === undefined) return fail(reader, "a whole number");
  reader.at += 1;
  return value;
}

/** The value of a number as C writes it, or of a name; undefined for anything else. */
function valueOf({ text }: Token): bigint | undefined {
  if (/^[A-Za-z_]\w*$/.test(text)) return 0n;
  const [, digits] = /^(0[xX][\da-fA-F_]+|0[bB][01_]+|\d[\d_]*)[uUlL]*$/.exec(text) ?? [];
  if (digits === undefined || digits.length > 1000) return undefined;
  const plain = digits.replaceAll("_", "");
  if (/^0[0-7]+$/.test(plain)) return BigInt(`0o${plain.slice(1)}`);
  return /^0[xXbB]$/.test(plain) || /^0\d/.test(plain) ? undefined : BigInt(plain);
}
