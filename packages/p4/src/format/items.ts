/**
 * What the formatter lays out: tokens, comments and lines of the preprocessor, with what can be known of them without a parser, as
 * programs are formatted with their macros and conditions in them.
 */
import { type Piece, pieces } from "../syntax/lexer.ts";

/** One thing to lay out. */
export type Item = {
  readonly kind: Piece["kind"];
  readonly text: string;
  /** Line ends before it in the source, at most 2. */
  readonly breaks: number;
  /** Whether white space or a comment stood before it. */
  readonly isSpaced: boolean;
  /** Index of the bracket that it closes or is closed by. */
  partner?: number;
  /** Index of the innermost bracket that it stands in; for a bracket that of the one around. */
  around?: number;
  /** For a brace that opens: whether the group has statements that need lines of their own. */
  isWide?: boolean;
  /** `<` and `>` around types, `:` between operands, `-` before one, and the last token of an annotation. */
  role?: "angle" | "ternary" | "unary" | "annotation";
};

/** A text as items; white space is only counted. */
export function itemsOf(text: string): readonly Item[] {
  const items: Item[] = [];
  let space = "";
  for (const piece of pieces(text)) {
    if (piece.kind === "space") space = piece.text;
    else {
      const breaks = Math.min(2, space.split("\n").length - 1);
      items.push({ ...piece, breaks, isSpaced: space !== "" });
      space = "";
    }
  }
  pairBrackets(items);
  markAngles(items);
  markOperators(items);
  markAnnotations(items);
  return items;
}

const CLOSERS: { readonly [opener: string]: string } = { "(": ")", "[": "]", "{": "}" };
const OPENERS: { readonly [closer: string]: string } = { ")": "(", "]": "[", "}": "{" };

/** Whether an item is a comment or a line of the preprocessor. */
export const isTrivia = ({ kind }: Item): boolean =>
  kind === "line comment" || kind === "block comment" || kind === "directive";

/** What is known of a bracket that is open. */
type Group = {
  readonly index: number;
  length: number;
  hasStatements: boolean;
  isBroken: boolean;
  isNested: boolean;
};

/** A group in braces with statements in it stays on its line when it is at most this long. */
const LONGEST_FLAT = 72;

/** Pairs brackets and says of each item which of them it stands in. */
function pairBrackets(items: readonly Item[]): void {
  const open: Group[] = [];
  for (const [index, item] of items.entries()) {
    const group = open.at(-1);
    if (group !== undefined) {
      item.around = group.index;
      note(group, item);
    }
    const opener = items[group?.index ?? -1];
    if (item.kind in CLOSERS) open.push(newGroup(index));
    else if (group !== undefined && opener !== undefined && isPair(opener, item)) {
      item.partner = group.index;
      opener.partner = index;
      opener.isWide = isWide(group);
      open.pop();
      include(open.at(-1), group, item);
    }
  }
}

const newGroup = (index: number): Group => ({
  index,
  length: 0,
  hasStatements: false,
  isBroken: false,
  isNested: false,
});

const isPair = (opener: Item, closer: Item): boolean => OPENERS[closer.kind] === opener.kind;

const isWide = ({ hasStatements, isBroken, isNested, length }: Group): boolean =>
  hasStatements && (isBroken || isNested || length > LONGEST_FLAT);

/** Notes what an item says about the group that it stands in. */
function note(group: Group, { kind, text, breaks }: Item): void {
  group.length += text.length + 1;
  group.hasStatements ||= kind === ";";
  group.isBroken ||= breaks > 0;
  group.isNested ||= kind === "{";
}

/** What a group says about the one around it. */
function include(around: Group | undefined, group: Group, closer: Item): void {
  if (around === undefined) return;
  around.length += group.length;
  around.hasStatements ||= group.hasStatements;
  around.isBroken ||= group.isBroken || closer.breaks > 0;
  around.isNested ||= group.isNested;
}

const TYPE_WORDS: ReadonlySet<string> = new Set([
  "bit",
  "int",
  "varbit",
  "tuple",
  "list",
  "value_set",
]);
const IN_TYPES =
  /^(identifier|integer|_|,|\.|<|>|>>|\(|\[|bit|int|varbit|bool|string|error|void|tuple|list|match_kind|type|state|key)$/;

/** How far the end of a list of types is looked for. */
const FARTHEST = 256;

/** Marks `<` and `>` that stand around types: behind words that take types, or without a space and with nothing but types inside. */
function markAngles(items: readonly Item[]): void {
  for (const [index, item] of items.entries()) {
    const before = items[index - 1];
    if (item.kind !== "<" || item.role !== undefined || before === undefined) continue;
    const isCertain = TYPE_WORDS.has(before.text);
    const isLikely = before.kind === "identifier" && !item.isSpaced;
    const inside = isCertain || isLikely ? anglesInside(items, index) : [];
    for (const each of inside) each.role = "angle";
  }
}

/** All angle brackets from the one at `start` to its partner; none when there is no partner. */
function anglesInside(items: readonly Item[], start: number): readonly Item[] {
  const found: Item[] = [];
  let depth = 0;
  for (let index = start; index < start + FARTHEST; index += 1) {
    const item = items[index];
    if (item === undefined || !IN_TYPES.test(item.kind)) return [];
    const weight = ANGLES[item.kind] ?? 0;
    if (weight !== 0) found.push(item);
    depth += weight;
    if (depth <= 0) return depth === 0 ? found : [];
    if (isOpener(item)) index = item.partner ?? items.length;
  }
  return [];
}

/** Brackets around the widths of types and the sizes of stacks. */
const isOpener = ({ kind }: Item): boolean => kind === "(" || kind === "[";

const ANGLES: { readonly [kind: string]: number } = { "<": 1, ">": -1, ">>": -2 };

const ENDS_OPERAND: ReadonlySet<string> = new Set([
  "identifier",
  "integer",
  "string literal",
  "true",
  "false",
  "this",
  "{#}",
  ")",
  "]",
  "}",
  "apply",
  "key",
  "actions",
  "state",
  "entries",
  "type",
  "priority",
]);

/** Whether an item ends what an operator may follow. */
export const endsOperand = ({ kind }: Item): boolean => ENDS_OPERAND.has(kind);

/** Marks signs before an operand, and the colons that belong to `?`. */
function markOperators(items: readonly Item[]): void {
  const questions: (number | undefined)[] = [];
  for (const [index, item] of items.entries()) {
    const { kind, around } = item;
    if (kind === ";") questions.length = 0;
    else if (kind === "?") questions.push(around);
    else if (kind === ":" && questions.length > 0 && questions.at(-1) === around) {
      questions.pop();
      item.role = "ternary";
    } else if (kind === "-" || kind === "+") markSign(item, items[index - 1]);
  }
}

function markSign(item: Item, before: Item | undefined): void {
  if (before === undefined || !endsOperand(before)) item.role = "unary";
}

/** Marks the last tokens of annotations, behind which a line may end without what follows being part of it. */
function markAnnotations(items: readonly Item[]): void {
  for (const [index, item] of items.entries()) {
    if (item.kind !== "@") continue;
    const name = items[index + 1];
    const body = items[index + 2];
    const isBody = body?.kind === "(" || (body?.kind === "[" && !body.isSpaced);
    const last = isBody ? items[body.partner ?? -1] : name;
    if (last !== undefined) last.role = "annotation";
  }
}
