/**
 * The formatter. It moves white space and nothing else: tokens, comments and lines of the preprocessor stay as they are, so a program
 * with macros and conditions is formatted as it is written, and formatting again changes nothing. Line ends of the author are kept,
 * and made where statements would share a line.
 */
import { err, invariant, ok, type Result } from "@seam/base";
import { diagnose, type Diagnostic } from "../source/diagnostic.ts";
import type { SourceFile } from "../source/file.ts";
import { pieces } from "../syntax/lexer.ts";
import { type Item, isTrivia, itemsOf } from "./items.ts";
import { isSpaceBetween } from "./spacing.ts";

const INDENT = "    ";

/** Deeper than this nothing is indented further, so that no text grows beyond measure. */
const DEEPEST = 40;

/** Formats a text. What cannot be a program's text, such as a string without an end, is told instead. */
export function format(file: SourceFile): Result<string, readonly Diagnostic[]> {
  const problems = lexicalProblems(file);
  if (problems.length > 0) return err(problems);
  const items = itemsOf(file.text);
  const text = layOut(items);
  const again = itemsOf(text);
  invariant(
    items.length === again.length && items.every((item, at) => sameText(item, again[at])),
    `formatting ${file.name} would change more than white space`,
  );
  return ok(text);
}

/** What the formatter may not touch: comments may get another indentation. */
const sameText = (one: Item, other: Item | undefined): boolean =>
  bare(one.text) === bare(other?.text ?? "");

const bare = (text: string): string => text.replaceAll(/^[ \t]+|[ \t]+$/gm, "");

/** What is no token, outside of the lines of the preprocessor, which may hold anything. */
function lexicalProblems(file: SourceFile): readonly Diagnostic[] {
  const problems: Diagnostic[] = [];
  let start = 0;
  for (const { kind, text } of pieces(file.text)) {
    const span = { file, start, end: start + text.length };
    const first = { file, start, end: start + 1 };
    start += text.length;
    if (kind === "unknown" || kind === "#" || kind === "##")
      problems.push(diagnose("P201", span, { fields: { text } }));
    if (kind === "open string") problems.push(diagnose("P202", first, { fields: {} }));
    if (kind === "open comment") problems.push(diagnose("P203", first, { fields: {} }));
  }
  return problems;
}

/** A bracket that is open, and how deep the line is indented that it stands on. */
type Open = { readonly index: number; readonly indent: number };

type Layout = {
  readonly items: readonly Item[];
  readonly open: Open[];
  readonly lines: string[];
  line: string;
  indent: number;
  /** How deep the first line of what is being laid out is indented. */
  base: number;
  /** The last item that is no comment and no line of the preprocessor. */
  last?: Item;
};

function layOut(items: readonly Item[]): string {
  const layout: Layout = { items, open: [], lines: [], line: "", indent: 0, base: 0 };
  for (const [index, item] of items.entries()) {
    const breaks = breaksBefore(layout, index);
    if (breaks > 0) endLine(layout, breaks);
    if (layout.line === "") startLine(layout, index);
    else if (isSpaced(layout, index)) layout.line += " ";
    layout.line += item.kind === "block comment" ? reindented(item.text, layout.indent) : item.text;
    keepTrack(layout, index);
  }
  endLine(layout, 1);
  return layout.lines.join("");
}

function endLine(layout: Layout, breaks: number): void {
  if (layout.line === "") return;
  layout.lines.push(`${layout.line.replace(/[ \t\r]+$/, "")}\n`, breaks > 1 ? "\n" : "");
  layout.line = "";
}

function startLine(layout: Layout, index: number): void {
  const { items, open } = layout;
  const item = items[index];
  if (item === undefined || item.kind === "directive") {
    layout.indent = 0;
    return;
  }
  const around = open.at(-1);
  const inside = around === undefined ? 0 : around.indent + 1;
  const goesOn = continues(layout, index);
  const closes = around !== undefined && around.index === item.partner;
  layout.indent = Math.min(DEEPEST, closes ? around.indent : inside + (goesOn ? 1 : 0));
  if (!goesOn && !isInParentheses(layout)) layout.base = layout.indent;
  layout.line = INDENT.repeat(layout.indent);
}

const isInParentheses = ({ items, open }: Layout): boolean =>
  /^[([]$/.test(items[open.at(-1)?.index ?? -1]?.kind ?? "");

/** Whether a line goes on with what the one before began, and not within brackets that indent it already. */
function continues({ items, open, last }: Layout, index: number): boolean {
  const around = open.at(-1);
  if (last === undefined || last.role === "annotation" || last.kind === ":") return false;
  if (items[index]?.kind === "{" || STATEMENT_ENDS.has(last.kind)) return false;
  return around === undefined || (items[around.index]?.kind === "{" && last.kind !== ",");
}

const STATEMENT_ENDS: ReadonlySet<string> = new Set([";", "{", "}"]);

function keepTrack(layout: Layout, index: number): void {
  const { items, open } = layout;
  const item = items[index];
  if (item === undefined) return;
  const { partner = index } = item;
  // What a head of several lines opens is indented from where the head begins.
  const isBody = item.kind === "{" && !isInParentheses(layout);
  if (partner > index) open.push({ index, indent: isBody ? layout.base : layout.indent });
  if (partner < index) open.pop();
  if (!isTrivia(item)) layout.last = item;
}

function isSpaced({ items }: Layout, index: number): boolean {
  const left = items[index - 1];
  const right = items[index];
  if (left === undefined || right === undefined) return false;
  const isSubscript = items[right.around ?? -1]?.kind === "[";
  const isPartSelect = isSubscript && isPartSign(items, index);
  return isSpaceBetween({ left, right, isSubscript, isPartSelect }) || wouldMerge(items, index);
}

/** Whether an item would become part of another token when it stood close to those before it. */
function wouldMerge(items: readonly Item[], index: number): boolean {
  const texts = items.slice(Math.max(0, index - 2), index + 1).map(({ text }) => text);
  const [right = "", left = "", before = ""] = texts.toReversed();
  if (/^\w/.test(right)) return /\w$/.test(left);
  if (!MARKS.test(right) || !MARKS.test(left)) return false;
  const marks = MARKS.test(before) ? [before, left, right] : [left, right];
  const read = pieces(marks.join("")).map(({ text }) => text);
  return read.length !== marks.length || read.some((text, at) => text !== marks[at]);
}

const MARKS = /^[^\w\s"]+$/;

/** Whether the `+` of `+:` stands before or at an index. */
const isPartSign = (items: readonly Item[], index: number): boolean =>
  [index, index + 1].some((at) => items[at]?.kind === ":" && items[at - 1]?.kind === "+");

/** How many line ends stand before an item: 0 on the same line, 2 with an empty line between. */
function breaksBefore({ items }: Layout, index: number): number {
  const left = items[index - 1];
  const right = items[index];
  if (left === undefined || right === undefined) return 0;
  const isLine = left.kind === "line comment" || left.kind === "directive";
  if (isLine || right.kind === "directive") return Math.max(1, right.breaks);
  if (isJoined(left, right)) return 0;
  const isEdge = left.kind === "{" || right.kind === "}";
  const kept = isEdge ? Math.min(1, right.breaks) : right.breaks;
  return isForced(items, left, right) ? Math.max(1, kept) : kept;
}

/** Whether an item stays on the line of the one before: a brace behind a head, `else` behind a brace, nothing in braces. */
function isJoined(left: Item, right: Item): boolean {
  if (left.kind === "{" && right.kind === "}") return true;
  if (right.kind === "else") return left.kind === "}";
  if (right.kind !== "{" || isTrivia(left)) return false;
  return !/^[;{}:,]$/.test(left.kind) && left.role !== "annotation";
}

/** Whether a line must end before an item: around and between statements, unless their group is short and was on one line. */
function isForced(items: readonly Item[], left: Item, right: Item): boolean {
  if (right.kind === "line comment") return false;
  if (left.kind === "{") return left.isWide === true;
  const around = right.around === undefined ? undefined : items[right.around];
  if (right.kind === "}") return around?.isWide === true;
  if (!endsStatement(left, right)) return false;
  return around === undefined || around.isWide === true;
}

const endsStatement = (left: Item, right: Item): boolean =>
  left.kind === ";" || (left.kind === "}" && !/^([;),.:=?]|else)$/.test(right.kind));

/** A comment of several lines: lines that begin with a star are indented with it. */
const reindented = (text: string, indent: number): string =>
  text
    .split("\n")
    .map((line, index) =>
      index > 0 && /^\s*\*/.test(line) ? `${INDENT.repeat(indent)} ${line.trimStart()}` : line,
    )
    .map((line) => line.replace(/[ \t\r]+$/, ""))
    .join("\n");
