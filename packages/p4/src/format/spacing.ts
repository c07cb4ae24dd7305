/** Whether a space stands between two items of one line. */
import { endsOperand, type Item, isTrivia } from "./items.ts";

const TIGHT_BEFORE: ReadonlySet<string> = new Set([")", "]", ",", ";"]);
const TIGHT_AFTER: ReadonlySet<string> = new Set(["(", "[", "@", "!", "~"]);
const SPACED_BEFORE_PARENTHESIS: ReadonlySet<string> = new Set([
  "if",
  "for",
  "switch",
  "return",
  "in",
  "out",
  "inout",
  "default",
  "else",
  "transition",
]);

/** Two neighbours, and whether they stand in square brackets. */
export type Neighbours = {
  readonly left: Item;
  readonly right: Item;
  readonly isSubscript: boolean;
  /** Whether the right one is the `+` of `+:`. */
  readonly isPartSelect: boolean;
};

/** A rule says whether there is a space, or nothing when it does not know. */
type Rule = (neighbours: Neighbours) => boolean | undefined;

/** The first rule that knows decides. */
const rules: readonly Rule[] = [
  ({ left, right }) => (isTrivia(left) || isTrivia(right) ? true : undefined),
  ({ right }) => (TIGHT_BEFORE.has(right.kind) ? false : undefined),
  ({ left, right }) =>
    TIGHT_AFTER.has(left.kind) || left.role === "unary" ? needsGap(left, right) : undefined,
  ({ left, right }) => (left.kind === "{" && right.kind === "}" ? false : undefined),
  ({ left, right }) =>
    left.role === "angle" || right.role === "angle" ? isSpaceAtAngle(left, right) : undefined,
  ({ left, right }) =>
    left.kind === "." || right.kind === "." ? isSpaceAtDot(left, right) : undefined,
  ({ left, right, isSubscript }) =>
    left.kind === ":" || right.kind === ":" ? isSpaceAtColon(left, right, isSubscript) : undefined,
  ({ isPartSelect }) => (isPartSelect ? false : undefined),
  ({ left, right }) =>
    right.kind === "(" || right.kind === "[" ? isSpaceBeforeBracket(left, right) : undefined,
  // Behind a parenthesis, which may be a cast's, a sign is spaced as in the source.
  ({ left, right }) => (left.kind === ")" && SIGN.test(right.kind) ? right.isSpaced : undefined),
  ({ left, right }) => (SIGN.test(left.kind) ? right.isSpaced || !left.isSpaced : undefined),
];

const SIGN = /^[-+]$/;

/** Whether a space stands between two items. Where the tokens alone cannot tell, the source decides. */
export function isSpaceBetween(neighbours: Neighbours): boolean {
  for (const rule of rules) {
    const known = rule(neighbours);
    if (known !== undefined) return known;
  }
  return true;
}

/** `- -x` and `+ +x` stay two tokens. */
const needsGap = (left: Item, right: Item): boolean =>
  left.role === "unary" && left.kind === right.kind;

function isSpaceAtAngle(left: Item, right: Item): boolean {
  if (left.role === "angle" && left.kind === "<") return false;
  if (right.role === "angle") return false;
  // Behind `>`: a name or a brace is apart, all else is close.
  return !["(", "[", ".", ">", ">>"].includes(right.kind);
}

function isSpaceAtDot(left: Item, right: Item): boolean {
  if (left.kind === ".") return false;
  return !endsOperand(left) && left.kind !== "error" && right.isSpaced;
}

function isSpaceAtColon(left: Item, right: Item, isSubscript: boolean): boolean {
  if (left.role === "ternary" || right.role === "ternary") return true;
  return left.kind === ":" && !isSubscript;
}

function isSpaceBeforeBracket(left: Item, right: Item): boolean {
  if (SPACED_BEFORE_PARENTHESIS.has(left.kind)) return true;
  if (left.kind === ")") return right.isSpaced;
  if (endsOperand(left) || left.role === "annotation") return false;
  return !/^(select|error|bool|bit|int|varbit|string|void|match_kind|apply|list)$/.test(left.kind);
}
