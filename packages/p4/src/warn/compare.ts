/** Comparisons whose result does not depend on anything (sections 8.5 and 8.6). */
import { boundsOf } from "../eval/fold.ts";
import type { Expr, Operator } from "../ir/expression.ts";
import { isBits, underlying } from "../types/show.ts";
import type { Findings } from "../validate/report.ts";

/** The least and greatest value that a number may have. */
type Bounds = readonly [bigint, bigint];

/** Bounds of an unsigned or signed number: those of its type, and narrower ones of what was widened or masked. */
function boundsIn(expr: Expr): Bounds | undefined {
  const type = underlying(expr.type);
  if (!isBits(type)) return undefined;
  if (expr.kind === "integer") return [expr.value, expr.value];
  const whole = boundsOf(type);
  const narrow = expr.kind === "cast" || expr.kind === "binary" ? narrower(expr) : undefined;
  return narrow !== undefined && narrow[0] >= whole[0] && narrow[1] <= whole[1] ? narrow : whole;
}

function narrower(expr: Extract<Expr, { kind: "cast" | "binary" }>): Bounds | undefined {
  if (expr.kind === "cast") return boundsIn(expr.operand);
  if (expr.operator !== "&" || underlying(expr.type).kind !== "bit") return undefined;
  const masks = [expr.left, expr.right].flatMap((each) =>
    each.kind === "integer" ? [each.value] : [],
  );
  const [mask] = masks;
  return mask === undefined ? undefined : [0n, mask];
}

const SWAPPED: { readonly [operator: string]: Operator } = {
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
  "==": "==",
  "!=": "!=",
};

const alwaysLess = ([least, greatest]: Bounds, value: bigint): boolean | undefined => {
  if (greatest < value) return true;
  return least >= value ? false : undefined;
};

const negated = (truth: boolean | undefined): boolean | undefined =>
  truth === undefined ? undefined : !truth;

const alwaysUnequal = ([least, greatest]: Bounds, value: bigint): true | undefined =>
  value < least || value > greatest ? true : undefined;

/** What a comparison of a number within bounds with a value always gives; undefined when it depends. */
const ALWAYS: {
  readonly [operator: string]: (bounds: Bounds, value: bigint) => boolean | undefined;
} = {
  "<": alwaysLess,
  "<=": (bounds, value) => alwaysLess(bounds, value + 1n),
  ">": (bounds, value) => negated(alwaysLess(bounds, value + 1n)),
  ">=": (bounds, value) => negated(alwaysLess(bounds, value)),
  "==": (bounds, value) => negated(alwaysUnequal(bounds, value)),
  "!=": alwaysUnequal,
};

/** Whether two expressions are the same variable, or the same part of one. */
function isSamePlace(left: Expr, right: Expr): boolean {
  if (left.kind === "variable" && right.kind === "variable")
    return left.variable === right.variable;
  return (
    left.kind === "field" &&
    right.kind === "field" &&
    left.index === right.index &&
    isSamePlace(left.of, right.of)
  );
}

const OF_ITSELF: { readonly [operator: string]: boolean } = {
  "==": true,
  "<=": true,
  ">=": true,
  "!=": false,
  "<": false,
  ">": false,
};

function resultOf({
  operator,
  left,
  right,
}: Extract<Expr, { kind: "binary" }>): boolean | undefined {
  if (isSamePlace(left, right)) return OF_ITSELF[operator];
  if (right.kind === "integer") return compared(operator, left, right.value);
  const swapped = SWAPPED[operator];
  if (left.kind !== "integer" || swapped === undefined) return undefined;
  return compared(swapped, right, left.value);
}

function compared(operator: Operator, expr: Expr, value: bigint): boolean | undefined {
  const bounds = boundsIn(expr);
  return bounds === undefined ? undefined : ALWAYS[operator]?.(bounds, value);
}

/** Tells a comparison that is always true or always false; all other expressions are right. */
export function tellConstant(found: Findings, expr: Expr): void {
  if (expr.kind !== "binary" || !(expr.operator in SWAPPED)) return;
  const result = resultOf(expr);
  if (result !== undefined) found.add("P740", { span: expr.span }, { result: String(result) });
}
