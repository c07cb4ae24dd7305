/**
 * What the parser goes along with: tokens, a place among them, the names in scope, and what was found wrong. After an error every
 * look at the tokens shows the end of the file, so that all that is being read comes to its end by itself; `recover` then goes on
 * behind the next place that is sure. So several errors come out of one run, and nothing is thrown.
 */
import type { Code, Fields } from "../source/catalogue.ts";
import { diagnose, type Diagnostic, type Related } from "../source/diagnostic.ts";
import { joined, type Span } from "../source/file.ts";
import type { Name } from "../syntax/ast.ts";
import { describe, isKeyword, isName, type Token, type TokenKind } from "../syntax/token.ts";

/** What a name stands for, as far as the grammar cares (appendix H: TYPE_IDENTIFIER and IDENTIFIER). */
export type NameKind = "type" | "value";

/** The state of a run. */
export type Parser = {
  /** A token such as `>>` is replaced by what is left of it when its first half closes a list of types. */
  readonly tokens: Token[];
  readonly end: Token;
  readonly diagnostics: Diagnostic[];
  /** Innermost last. */
  readonly scopes: Map<string, NameKind>[];
  at: number;
  /** How deep what is read is nested. */
  depth: number;
  /** How many nodes stand above each other in the expression that was read last. */
  height: number;
  failed: boolean;
  /** Whether the statements of a parser's state are read: fewer may stand there. */
  inState: boolean;
};

/** How deep statements, types and parentheses may be nested. */
const DEEPEST = 300;

/** How many operators may stand above each other in one expression. */
const HIGHEST = 1500;

/** After so many errors a run ends. */
const MOST_ERRORS = 50;

/** A run at its beginning; the last token is `end`. */
export function parserOf(tokens: readonly Token[]): Parser {
  const file = { name: "", text: "" };
  const nothing: Token = {
    kind: "end",
    text: "",
    span: { file, start: 0, end: 0 },
    startsLine: true,
    spaced: true,
  };
  const end = tokens.at(-1) ?? nothing;
  const scopes = [new Map<string, NameKind>()];
  return {
    tokens: [...tokens],
    end,
    diagnostics: [],
    scopes,
    at: 0,
    depth: 0,
    height: 0,
    failed: false,
    inState: false,
  };
}

/** A token ahead; the end of the file after an error. */
export const peek = (parser: Parser, ahead = 0): Token =>
  parser.failed ? parser.end : (parser.tokens[parser.at + ahead] ?? parser.end);

/** Whether the next token is of a kind. */
export const at = (parser: Parser, kind: TokenKind): boolean => peek(parser).kind === kind;

/** Takes the next token. */
export function take(parser: Parser): Token {
  const token = peek(parser);
  if (token.kind !== "end") parser.at += 1;
  return token;
}

/** Takes the next token when it is of a kind. */
export function accept(parser: Parser, kind: TokenKind): boolean {
  if (!at(parser, kind)) return false;
  parser.at += 1;
  return true;
}

/** The span of the token that was taken last. */
const lastSpan = (parser: Parser): Span => (parser.tokens[parser.at - 1] ?? parser.end).span;

/** From a start to the token that was taken last. */
export const spanFrom = (parser: Parser, start: Span): Span => joined(start, lastSpan(parser));

/** The place behind the token that was taken last, where something is missing. */
function behind(parser: Parser): Span {
  const { file, end } = lastSpan(parser);
  return { file, start: end, end };
}

/** A diagnostic, and where it is when that is not the next token. */
export type Problem<C extends Code> = {
  readonly code: C;
  readonly span?: Span;
  readonly related?: readonly Related[];
};

/** Tells an error that does not hinder reading on; silent after an error that does. */
export function complain<C extends Code>(
  parser: Parser,
  problem: Problem<C>,
  fields: Fields<C>,
): void {
  if (parser.failed) return;
  const { diagnostics } = parser;
  const span = problem.span ?? peek(parser).span;
  diagnostics.push(diagnose(problem.code, span, { fields, related: problem.related ?? [] }));
  if (diagnostics.length < MOST_ERRORS) return;
  diagnostics.push(diagnose("P903", span, { fields: { limit: String(MOST_ERRORS) } }));
  parser.at = parser.tokens.length;
  parser.failed = true;
}

/** Tells an error after which what is being read cannot be read on. */
export function fail<C extends Code>(parser: Parser, problem: Problem<C>, fields: Fields<C>): void {
  complain(parser, problem, fields);
  parser.failed = true;
}

/** What the next token is, for messages. */
export const found = (parser: Parser): string => describe(peek(parser));

/** Takes a token of a kind, or fails. */
export function expect(parser: Parser, kind: TokenKind): Token {
  const token = peek(parser);
  if (token.kind === kind) return take(parser);
  fail(parser, { code: "P301" }, { expected: kind, found: found(parser) });
  return token;
}

/** Takes a semicolon. When it is missing and a new line begins, what follows is read as if it were there. */
export function semicolon(parser: Parser, what: string): void {
  if (accept(parser, ";")) return;
  const problem = { code: "P302", span: behind(parser) } as const;
  const fields = { what, found: found(parser) };
  if (peek(parser).startsLine && !at(parser, "end")) complain(parser, problem, fields);
  else fail(parser, problem, fields);
}

/** Takes the name of something, or fails; `what` is such as "a table". */
export function nameOf(parser: Parser, what: string): Name {
  const token = peek(parser);
  if (isName(token)) {
    take(parser);
    return { text: token.text, span: token.span };
  }
  if (isKeyword(token.kind) && !parser.failed)
    fail(parser, { code: "P309" }, { found: token.text, what });
  else fail(parser, { code: "P301" }, { expected: `the name of ${what}`, found: found(parser) });
  return { text: "", span: token.span };
}

/** Enters a name into the innermost scope. */
export function declare(parser: Parser, { text }: Name, kind: NameKind): void {
  parser.scopes.at(-1)?.set(text, kind);
}

/** What a name stands for; undefined when it was not declared. */
export function kindOfName(parser: Parser, text: string, isGlobal: boolean): NameKind | undefined {
  if (isGlobal) return parser.scopes[0]?.get(text);
  for (let index = parser.scopes.length - 1; index >= 0; index -= 1) {
    const kind = parser.scopes[index]?.get(text);
    if (kind !== undefined) return kind;
  }
  return undefined;
}

/** Reads something with a scope of its own. */
export function scoped<T>(parser: Parser, read: () => T): T {
  parser.scopes.push(new Map());
  const result = read();
  parser.scopes.pop();
  return result;
}

/** Reads something one level deeper, or fails and gives `otherwise`. */
export function nested<T>(parser: Parser, read: () => T, otherwise: () => T): T {
  if (parser.depth >= DEEPEST) {
    fail(parser, { code: "P901" }, { limit: String(DEEPEST) });
    return otherwise();
  }
  parser.depth += 1;
  const result = read();
  parser.depth -= 1;
  return result;
}

/** Notes that an expression stands above others of the given heights. */
export function raise(parser: Parser, below: number): void {
  parser.height = below + 1;
  if (parser.height > HIGHEST) fail(parser, { code: "P901" }, { limit: String(HIGHEST) });
}
