/**
 * From text to tokens, on demand. A backslash before a line's end vanishes first (section 6.2), as in C, so offsets in the spliced
 * text are mapped back: what a token's span says is always the text as it was read.
 */
import type { SourceFile, Span } from "../source/file.ts";
import { PUNCTUATION, punctuationKind, type Token, type TokenKind, wordKind } from "./token.ts";

/** A text without its continued line ends; `offsets` says where each was taken out and how many units in all. */
type Spliced = {
  readonly text: string;
  readonly cuts: readonly { readonly at: number; readonly removed: number }[];
};

const CONTINUED = /\\\r?\n/g;

function splice(text: string): Spliced {
  if (!text.includes("\\\n") && !text.includes("\\\r\n")) return { text, cuts: [] };
  let removed = 0;
  const cuts = Array.from(text.matchAll(CONTINUED), (match) => {
    const at = match.index - removed;
    removed += match[0].length;
    return { at, removed };
  });
  return { text: text.replaceAll(CONTINUED, ""), cuts };
}

/** A place in a file from which tokens are read. The file may be exchanged for one that counts lines otherwise (`#line`). */
export type Scanner = {
  file: SourceFile;
  readonly text: string;
  readonly cuts: Spliced["cuts"];
  offset: number;
};

/** A scanner at the beginning of a file. */
export function scannerOf(file: SourceFile): Scanner {
  const { text, cuts } = splice(file.text);
  return { file, text, cuts, offset: text.startsWith("\uFEFF") ? 1 : 0 };
}

/** The offset in the text as it was read; before a cut for ends of spans, behind it for starts. */
function original(cuts: Spliced["cuts"], offset: number, side: "start" | "end"): number {
  let shift = 0;
  for (const { at, removed } of cuts) {
    if (side === "start" ? at > offset : at >= offset) break;
    shift = removed;
  }
  return offset + shift;
}

/** The span of a piece of the spliced text. */
export function spanAt({ file, cuts }: Scanner, start: number, end: number): Span {
  if (cuts.length === 0) return { file, start, end };
  const from = original(cuts, start, "start");
  return { file, start: from, end: Math.max(from, original(cuts, end, "end")) };
}

const escaped = PUNCTUATION.map((text) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`));

const TOKEN = new RegExp(
  String.raw`([A-Za-z_]\w*)|(\d\w*)|(\/\*|"|${escaped.join("|")})|([\s\S])`,
  "yu",
);

const isSpace = (code: number): boolean =>
  code === 32 || (code >= 9 && code <= 13) || code === 0xfeff;

/** The offset behind a run of white space. */
function afterSpace(text: string, offset: number): number {
  let at = offset;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

/** The offset behind the comment that begins here; `offset` when none begins, or when it has no end. */
function afterComment(text: string, offset: number): number {
  if (text.startsWith("//", offset)) {
    const end = text.indexOf("\n", offset);
    return end < 0 ? text.length : end;
  }
  if (!text.startsWith("/*", offset)) return offset;
  const end = text.indexOf("*/", offset + 2);
  return end < 0 ? offset : end + 2;
}

/** The offset of the first token at or after `offset`. */
function afterTrivia(text: string, offset: number): number {
  let at = offset;
  for (;;) {
    const next = afterComment(text, afterSpace(text, at));
    if (next === at) return at;
    at = next;
  }
}

/** The offset behind the string that begins here, or undefined when it has no closing quote. */
function afterString(text: string, start: number): number | undefined {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
  return undefined;
}

type Lexeme = { readonly kind: TokenKind; readonly end: number };

/** The token that begins at `start`, which is not the end of the text; what is never closed goes on to the end. */
function lexemeAt(text: string, start: number): Lexeme {
  TOKEN.lastIndex = start;
  const [spelled = "", word, number, mark] = TOKEN.exec(text) ?? [];
  const end = start + spelled.length;
  if (word !== undefined) return { kind: wordKind(word), end };
  if (number !== undefined) return { kind: "integer", end };
  if (mark === '"') {
    const closed = afterString(text, start);
    return closed === undefined
      ? { kind: "open string", end: text.length }
      : { kind: "string literal", end: closed };
  }
  if (mark === "/*") return { kind: "open comment", end: text.length };
  return { kind: mark === undefined ? "unknown" : punctuationKind(mark), end };
}

/** Reads the next token; at the end of the text that is `end`, again and again. */
export function nextToken(scanner: Scanner): Token {
  const { text, offset } = scanner;
  const start = afterTrivia(text, offset);
  const startsLine = offset === 0 || (start > offset && text.slice(offset, start).includes("\n"));
  const before = { startsLine, spaced: start > offset };
  if (start >= text.length) {
    scanner.offset = start;
    return { kind: "end", text: "", span: spanAt(scanner, start, start), ...before };
  }
  const { kind, end } = lexemeAt(text, start);
  scanner.offset = end;
  return { kind, text: text.slice(start, end), span: spanAt(scanner, start, end), ...before };
}

/**
 * The offset of the end of a line, comments in it taken as a whole. A quote without a second one in the line is a letter, as in
 * what `#if 0` leaves out.
 */
export function lineEnd(text: string, offset: number): number {
  let at = offset;
  while (at < text.length && text[at] !== "\n") {
    const behind = text[at] === "/" ? afterComment(text, at) : at;
    if (behind > at) at = behind;
    else if (text[at] === '"') at = afterQuoted(text, at);
    else at += 1;
  }
  return at;
}

/** Behind a string that ends in its line; else behind its quote. */
function afterQuoted(text: string, offset: number): number {
  const closed = afterString(text, offset);
  return closed === undefined || text.slice(offset, closed).includes("\n") ? offset + 1 : closed;
}

/** A token, white space, a comment, or a whole line of the preprocessor. */
export type Piece = {
  readonly kind: TokenKind | "space" | "line comment" | "block comment" | "directive";
  readonly text: string;
};

/** The end of a directive's line: line continuations go on. */
function directiveEnd(text: string, offset: number): number {
  let end = lineEnd(text, offset);
  while (end < text.length && /\\\r?$/.test(text.slice(Math.max(0, end - 2), end)))
    end = lineEnd(text, end + 1);
  return end;
}

function pieceAt(text: string, offset: number, startsLine: boolean): Piece & { end: number } {
  const piece = (kind: Piece["kind"], end: number): Piece & { end: number } => ({
    kind,
    text: text.slice(offset, end),
    end,
  });
  const space = afterSplices(text, offset);
  if (space > offset) return piece("space", space);
  const comment = afterComment(text, offset);
  if (comment > offset)
    return piece(text.startsWith("//", offset) ? "line comment" : "block comment", comment);
  if (startsLine && text[offset] === "#") return piece("directive", directiveEnd(text, offset));
  const { kind, end } = lexemeAt(text, offset);
  return piece(kind, end);
}

/** Behind white space and continued line ends. */
function afterSplices(text: string, offset: number): number {
  let at = afterSpace(text, offset);
  for (;;) {
    const length = /^\\\r?\n/.exec(text.slice(at, at + 3))?.[0].length ?? 0;
    if (length === 0) return at;
    at = afterSpace(text, at + length);
  }
}

/**
 * All of a text as pieces that give the text when put together again. For what changes a program's looks and nothing else: lines
 * of the preprocessor are pieces of their own.
 */
export function pieces(text: string): readonly Piece[] {
  const found: Piece[] = [];
  let startsLine = true;
  for (let offset = 0; offset < text.length;) {
    const { end, ...piece } = pieceAt(text, offset, startsLine);
    found.push(piece);
    if (piece.kind === "space") startsLine ||= piece.text.includes("\n");
    else if (piece.kind !== "block comment") startsLine = false;
    offset = end;
  }
  return found;
}
