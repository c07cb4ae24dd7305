/**
 * Looking ahead without reading: is what follows a type, a cast, a declaration? The grammar is ambiguous and tells names of types
 * from others (appendix H); where the tokens alone decide, they do, so that one unknown name does not confuse all that follows.
 */
import type { TokenKind } from "../syntax/token.ts";
import { isName, type Token } from "../syntax/token.ts";
import { kindOfName, type Parser } from "./state.ts";

/** Further than this no look goes: it keeps reading linear. */
const FARTHEST = 256;

const tokenAt = (parser: Parser, index: number): Token =>
  parser.failed ? parser.end : (parser.tokens[index] ?? parser.end);

const SIZED: ReadonlySet<TokenKind> = new Set<TokenKind>(["bit", "int", "varbit"]);
const GENERIC: ReadonlySet<TokenKind> = new Set<TokenKind>(["tuple", "list"]);
const PLAIN: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "bool",
  "string",
  "error",
  "match_kind",
  "void",
]);

/** Whether a built-in type is written here, and not the start of an expression such as `error.NoMatch`. */
export function isBuiltInType(parser: Parser, index: number): boolean {
  const { kind } = tokenAt(parser, index);
  const next = tokenAt(parser, index + 1).kind;
  if (kind === "error") return next !== ".";
  if (kind === "list") return next === "<";
  return SIZED.has(kind) || GENERIC.has(kind) || PLAIN.has(kind);
}

const WITHIN_ANGLES: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ...SIZED,
  ...GENERIC,
  ...PLAIN,
  "identifier",
  "integer",
  "_",
  ",",
  ".",
  "<",
  ">",
  ">>",
  "(",
  "[",
  "apply",
  "key",
  "actions",
  "state",
  "entries",
  "type",
  "priority",
]);

const ANGLES: ReadonlyMap<TokenKind, number> = new Map<TokenKind, number>([
  ["<", 1],
  [">", -1],
  [">>", -2],
]);

const PAIRS: ReadonlyMap<TokenKind, TokenKind> = new Map<TokenKind, TokenKind>([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
]);

/** Index behind the bracket that closes the one at `index`; -1 when it is too far. */
function behindBracket(parser: Parser, index: number): number {
  const { kind: opener } = tokenAt(parser, index);
  const closer = PAIRS.get(opener);
  let depth = 0;
  for (let each = index; each < index + 8 * FARTHEST; each += 1) {
    const { kind } = tokenAt(parser, each);
    if (kind === opener) depth += 1;
    if (kind === closer) depth -= 1;
    if (depth === 0) return each + 1;
    if (kind === "end") return -1;
  }
  return -1;
}

/** Index behind the angle bracket that closes the one at `index`, when only types are between; else -1. */
export function behindAngles(parser: Parser, index: number): number {
  let depth = 1;
  for (let each = index + 1; each > index && each < index + FARTHEST;) {
    const { kind } = tokenAt(parser, each);
    depth += ANGLES.get(kind) ?? 0;
    if (depth <= 0) return depth === 0 ? each + 1 : -1;
    if (!WITHIN_ANGLES.has(kind)) return -1;
    each = PAIRS.has(kind) ? behindBracket(parser, each) : each + 1;
  }
  return -1;
}

/** Index behind the type that begins at `index`; -1 when none does. */
export function behindType(parser: Parser, index: number): number {
  const { kind } = tokenAt(parser, index);
  const next = tokenAt(parser, index + 1).kind;
  if (SIZED.has(kind) || GENERIC.has(kind))
    return behindStacks(parser, next === "<" ? behindAngles(parser, index + 1) : index + 1);
  if (PLAIN.has(kind)) return behindStacks(parser, index + 1);
  const name = kind === "." ? index + 1 : index;
  if (!isName(tokenAt(parser, name))) return -1;
  const hasArguments = tokenAt(parser, name + 1).kind === "<";
  return behindStacks(parser, hasArguments ? behindAngles(parser, name + 1) : name + 1);
}

function behindStacks(parser: Parser, index: number): number {
  let behind = index;
  while (behind >= 0 && tokenAt(parser, behind).kind === "[")
    behind = behindBracket(parser, behind);
  return behind;
}

/** What the name of a type that may be written here stands for. */
function nameKindAt(parser: Parser, index: number): "type" | "value" | undefined {
  const isGlobal = tokenAt(parser, index).kind === ".";
  return kindOfName(parser, tokenAt(parser, isGlobal ? index + 1 : index).text, isGlobal);
}

const OPERANDS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "identifier",
  "integer",
  "string literal",
  "true",
  "false",
  "this",
  "{",
  "{#}",
  "!",
  "~",
]);

/** Whether a cast follows: the next token is its opening parenthesis. */
export function isCast(parser: Parser): boolean {
  const inside = parser.at + 1;
  if (isBuiltInType(parser, inside)) return true;
  const behind = behindType(parser, inside);
  if (behind < 0 || tokenAt(parser, behind).kind !== ")") return false;
  const kind = nameKindAt(parser, inside);
  if (kind !== undefined) return kind === "type";
  return OPERANDS.has(tokenAt(parser, behind + 1).kind);
}

/** Whether `<` begins the type arguments of a call, or of a type whose `apply` is called, and is not "less than". */
export function isTypeArguments(parser: Parser): boolean {
  const behind = behindAngles(parser, parser.at);
  if (behind < 0) return false;
  const next = tokenAt(parser, behind).kind;
  if (next !== "(" && next !== ".") return false;
  const first = parser.at + 1;
  if (isBuiltInType(parser, first) || tokenAt(parser, first).kind === "_") return true;
  return tokenAt(parser, first).kind !== "integer" && nameKindAt(parser, first) !== "value";
}

/** What kind of declaration a statement is: of a variable, of an instance, or none. */
export function declarationAhead(parser: Parser): "variable" | "instantiation" | undefined {
  const behind = behindType(parser, parser.at);
  if (isBuiltInType(parser, parser.at)) return "variable";
  if (behind < 0) return undefined;
  const next = tokenAt(parser, behind);
  if (isName(next)) return "variable";
  if (next.kind !== "(") return undefined;
  const name = behindBracket(parser, behind);
  if (name < 0 || !isName(tokenAt(parser, name))) return undefined;
  const mark = tokenAt(parser, name + 1).kind;
  return mark === ";" || mark === "=" ? "instantiation" : undefined;
}

/** Whether a parenthesis opens a tuple of keysets, and not an expression. */
export function isKeysetTuple(parser: Parser): boolean {
  const end = behindBracket(parser, parser.at) - 1;
  for (let index = parser.at + 1; index < end;) {
    const { kind } = tokenAt(parser, index);
    if (KEYSET_MARKS.has(kind)) return true;
    const behind = behindGroup(parser, index);
    index = Math.max(behind, index + 1);
  }
  return false;
}

/** Index behind the bracket that closes the one here, or behind the types here that are arguments; else -1. */
function behindGroup(parser: Parser, index: number): number {
  const { kind } = tokenAt(parser, index);
  if (PAIRS.has(kind)) return behindBracket(parser, index);
  const behind = kind === "<" ? behindAngles(parser, index) : -1;
  const isTypes = behind > 0 && BEHIND_TYPES.has(tokenAt(parser, behind).kind);
  return isTypes ? behind : -1;
}

const BEHIND_TYPES: ReadonlySet<TokenKind> = new Set<TokenKind>(["(", ")", ".", "["]);

const KEYSET_MARKS: ReadonlySet<TokenKind> = new Set<TokenKind>([",", "&&&", "..", "default", "_"]);
