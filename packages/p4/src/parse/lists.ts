/** Lists between brackets, with recovery from errors in one of their items. */
import type { Span } from "../source/file.ts";
import type { TokenKind } from "../syntax/token.ts";
import { accept, at, complain, fail, found, type Parser, peek } from "./state.ts";

const CLOSERS = { "(": ")", "[": "]", "{": "}", "<": ">" } as const;

type Opener = keyof typeof CLOSERS;

/** Takes the bracket that closes what was opened at a place, or fails. */
export function close(parser: Parser, opener: Opener, opened: Span): void {
  const closer = CLOSERS[opener];
  if (opener === "<" ? acceptAngle(parser) : accept(parser, closer)) return;
  const related = [{ message: `${opener} is opened here`, span: opened }];
  fail(parser, { code: "P303", related }, { opener, closer, found: found(parser) });
}

/** Takes one `>`, also from the front of `>>`, `>=` or `>>=`. */
function acceptAngle(parser: Parser): boolean {
  const token = peek(parser);
  const rest = REST_OF_ANGLE.get(token.kind);
  if (rest === undefined) return accept(parser, ">");
  const span = { ...token.span, start: token.span.start + 1 };
  parser.tokens[parser.at] = { ...token, kind: rest, text: rest, span, spaced: false };
  return true;
}

const REST_OF_ANGLE: ReadonlyMap<TokenKind, TokenKind> = new Map<TokenKind, TokenKind>([
  [">>", ">"],
  [">=", "="],
  [">>=", ">="],
]);

/** How a list is read. */
type ListShape<T> = {
  readonly opener: Opener;
  readonly opened: Span;
  readonly item: () => T;
  /** What the list is, for the message about a comma at its end; undefined when that is allowed. */
  readonly strict?: string;
};

/** Reads items with commas between them, and the closing bracket; the opening one was taken. */
export function commaList<T>(parser: Parser, shape: ListShape<T>): readonly T[] {
  const { opener, opened, item, strict } = shape;
  const items: T[] = [];
  const closer = CLOSERS[opener];
  while (!at(parser, closer) && !at(parser, "end")) {
    items.push(item());
    if (!at(parser, ",")) break;
    const comma = peek(parser).span;
    accept(parser, ",");
    if (strict !== undefined && at(parser, closer))
      complain(parser, { code: "P329", span: comma }, { what: strict });
  }
  close(parser, opener, opened);
  return items;
}

/** Kinds that begin a declaration which stands only at the top level, so that a brace must be missing before them. */
const TOP_LEVEL: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "control",
  "parser",
  "header",
  "header_union",
  "struct",
  "extern",
  "package",
  "typedef",
  "enum",
]);

/** Reads items up to the closing brace, whose opening one was taken; goes on behind an item with an error. */
export function braced<T>(parser: Parser, opened: Span, item: () => T): readonly T[] {
  const items: T[] = [];
  while (!at(parser, "}") && !at(parser, "end") && !beginsTopLevel(parser)) {
    const before = parser.at;
    const read = item();
    if (!parser.failed) items.push(read);
    recover(parser, before);
  }
  const isOpen = beginsTopLevel(parser);
  if (isOpen) {
    const related = [{ message: "{ is opened here", span: opened }];
    const fields = { opener: "{", closer: "}", found: found(parser) };
    complain(parser, { code: "P303", related }, fields);
  } else close(parser, "{", opened);
  return items;
}

/** Whether a declaration of the top level begins here: at the start of a line, which an annotation's or a name's word is not. */
function beginsTopLevel(parser: Parser): boolean {
  const token = peek(parser);
  return TOP_LEVEL.has(token.kind) && token.startsLine;
}

const NESTING: { readonly [text: string]: number } = { "{": 1, "}": -1 };

/**
 * After an error: goes on behind the next semicolon or block, or before the brace that closes what is around, or before a
 * declaration of the top level. At least one token is left behind, so that reading ends.
 */
export function recover(parser: Parser, start: number): void {
  if (!parser.failed) return;
  if (parser.at >= parser.tokens.length) return;
  parser.failed = false;
  if (parser.at === start && !at(parser, "}")) parser.at += 1;
  skipFrom(parser, depthBetween(parser, start));
}

/** Skips to behind the end of an item that is open in `open` braces. */
function skipFrom(parser: Parser, open: number): void {
  let depth = open;
  while (!at(parser, "end") && !beginsTopLevel(parser)) {
    const { kind } = peek(parser);
    if (kind === "}" && depth === 0) return;
    depth += NESTING[kind] ?? 0;
    parser.at += 1;
    if (depth === 0 && ENDS.has(kind)) return;
  }
}

const ENDS: ReadonlySet<TokenKind> = new Set<TokenKind>([";", "}"]);

/** How many braces the item has opened, and not closed, up to where it failed. */
function depthBetween(parser: Parser, start: number): number {
  const depth = parser.tokens
    .slice(start, parser.at)
    .reduce((sum, { kind }) => sum + (NESTING[kind] ?? 0), 0);
  return Math.max(0, depth);
}
