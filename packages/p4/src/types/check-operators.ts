/** Operators: what their operands may be, which of them is converted, and what they give (sections 8.5 to 8.12). */
import { binaryValue, unaryValue } from "../eval/evaluate.ts";
import { MOST_BITS } from "../eval/fold.ts";
import type { Expr, Operator } from "../ir/expression.ts";
import { isKnown, isValue, plain } from "../ir/value.ts";
import type { Span } from "../source/file.ts";
import type { UnaryOperator } from "../syntax/ast.ts";
import { coerced, converted } from "./coerce.ts";
import { type Checker, isNothing, tell, typeOf, wrong } from "./context.ts";
import { known, unify } from "./relate.ts";
import { isBits, show, showNumber, underlying } from "./show.ts";
import type { Type } from "./type.ts";

const BOOL = plain("bool");

/** Bits of what is a number by itself or as a serialisable enum. */
function numeric(c: Checker, expr: Expr): Expr {
  const type = typeOf(expr);
  if (type.kind !== "serializable enum") return expr;
  return converted(c, expr, underlying(type)) ?? expr;
}

const isNumber = (type: Type): boolean => type.kind === "integer" || isBits(type);

/** An operator before its operand. */
export function unary(
  c: Checker,
  operator: UnaryOperator,
  { operand, span }: { readonly operand: Expr; readonly span: Span },
): Expr {
  if (isNothing(operand.type)) return operand;
  if (operator === "!") {
    const value = coerced(c, operand, { to: BOOL, what: "the operand of !" });
    return unaryValue({ kind: "unary", operator, operand: value, type: BOOL, span });
  }
  const expr = numeric(c, operand);
  const type = typeOf(expr);
  if (!isNumber(type) || (operator === "~" && type.kind === "integer"))
    return wrong(c, { code: "P604", span }, { operator, type: show(type) });
  if (operator === "+") return { ...expr, span };
  return unaryValue({ kind: "unary", operator, operand: expr, type, span });
}

/** Two operands and the operator between them. */
export type Pair = {
  readonly operator: Operator;
  readonly left: Expr;
  readonly right: Expr;
  readonly span: Span;
};

const rejected = (c: Checker, { operator, left, right, span }: Pair): Expr =>
  wrong(c, { code: "P605", span }, { operator, left: show(left.type), right: show(right.type) });

/** An operator between two operands. */
export function binary(c: Checker, pair: Pair): Expr {
  const { operator, left, right } = pair;
  if (isNothing(left.type)) return left;
  if (isNothing(right.type)) return right;
  switch (operator) {
    case "&&":
    case "||":
      return logical(c, pair);
    case "==":
    case "!=":
      return equality(c, pair);
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
    case "&":
    case "|":
    case "^":
    case "|+|":
    case "|-|":
      return arithmetic(c, pair);
    case "<<":
    case ">>":
      return shift(c, pair);
    case "++":
      return concatenation(c, pair);
  }
}

function logical(c: Checker, { operator, left, right, span }: Pair): Expr {
  const what = `an operand of ${operator}`;
  const first = coerced(c, left, { to: BOOL, what });
  const second = coerced(c, right, { to: BOOL, what });
  return binaryValue({ kind: "binary", operator, left: first, right: second, type: BOOL, span });
}

/** Makes two operands of one type: a number takes the other's width, braces the other's shape. */
export function alike(
  c: Checker,
  { left, right }: { readonly left: Expr; readonly right: Expr },
): readonly [Expr, Expr] | undefined {
  const from = typeOf(left);
  const to = typeOf(right);
  if (from.kind === to.kind && unify(from, to)) return [left, right];
  const second = isSoft(left) ? undefined : converted(c, right, from);
  if (second !== undefined) return [left, second];
  const first = converted(c, left, to);
  return first === undefined ? undefined : [first, right];
}

const isSoft = ({ type }: Expr): boolean =>
  ["integer", "tuple", "record", "invalid", "rest", "serializable enum"].includes(known(type).kind);

const INCOMPARABLE: ReadonlySet<string> = new Set([
  "void",
  "extern",
  "parser",
  "control",
  "package",
  "table",
  "apply result",
  "action run",
  "invalid",
  "rest",
  "list",
  "set",
  "inferred",
]);

function equality(c: Checker, pair: Pair): Expr {
  const both = alike(c, pair);
  const [first, second] = both ?? [pair.left, pair.right];
  const isInvalid = [first, second].some((each) => typeOf(each).kind === "invalid");
  if (both === undefined || isInvalid || INCOMPARABLE.has(typeOf(first).kind))
    return rejected(c, pair);
  const { operator, span } = pair;
  return binaryValue({ kind: "binary", operator, left: first, right: second, type: BOOL, span });
}

function arithmetic(c: Checker, pair: Pair): Expr {
  const operands = { left: numeric(c, pair.left), right: numeric(c, pair.right) };
  const both = alike(c, operands);
  if (both === undefined) return rejected(c, pair);
  const { operator, span } = pair;
  const [left, right] = both;
  const type = typeOf(left);
  const isSaturating = operator === "|+|" || operator === "|-|";
  if (!isNumber(type) || (isSaturating && type.kind === "integer")) return rejected(c, pair);
  if (operator === "/" || operator === "%") {
    const problem = division(c, { ...pair, left, right });
    if (problem !== undefined) return problem;
  }
  const made = COMPARISONS.has(operator) ? BOOL : type;
  return binaryValue({ kind: "binary", operator, left, right, type: made, span });
}

const COMPARISONS: ReadonlySet<Operator> = new Set<Operator>(["<", "<=", ">", ">="]);

/** Division is of unsigned numbers (sections 8.6 and 8.8). */
function division(c: Checker, { operator, left, right, span }: Pair): Expr | undefined {
  if (typeOf(left).kind === "int")
    return wrong(c, { code: "P606", span }, { operator, type: show(left.type) });
  if (right.kind === "integer" && right.value === 0n)
    return wrong(c, { code: "P607", span: right.span }, { operator });
  const negative = [left, right].find((each) => each.kind === "integer" && each.value < 0n);
  if (negative !== undefined) return wrong(c, { code: "P608", span: negative.span }, { operator });
  const isEasy = right.kind === "integer" && (right.value & (right.value - 1n)) === 0n;
  if (isEasy || (isKnown(left) && isKnown(right))) return undefined;
  return wrong(c, { code: "P655", span }, { operator });
}

function shift(c: Checker, pair: Pair): Expr {
  const left = numeric(c, pair.left);
  const right = numeric(c, pair.right);
  const type = typeOf(left);
  if (!isNumber(type) || !isNumber(typeOf(right))) return rejected(c, pair);
  const { operator, span } = pair;
  if (typeOf(right).kind === "int" && right.kind !== "integer")
    return wrong(c, { code: "P610", span: right.span }, { operator, type: show(right.type) });
  if (right.kind === "integer") {
    const problem = shiftBy(c, { ...pair, left, right }, right.value);
    if (problem !== undefined) return problem;
  } else if (type.kind === "integer" && isValue(left)) return rejected(c, pair);
  return binaryValue({ kind: "binary", operator, left, right, type, span });
}

/** What is wrong with a shift by a number that is known. */
function shiftBy(c: Checker, pair: Pair, by: bigint): Expr | undefined {
  const { operator, left, right, span } = pair;
  const type = typeOf(left);
  const count = showNumber(by);
  if (by < 0n) return wrong(c, { code: "P609", span: right.span }, { operator, count });
  if (type.kind === "integer") return by > MOST_BITS ? rejected(c, pair) : undefined;
  if ("width" in type && by >= BigInt(type.width))
    tell(c, { code: "P611", span }, { operator, count, type: show(type) });
  return undefined;
}

/** `++`: of numbers with widths, whose sum it has, and of strings that are values (section 8.6). */
function concatenation(c: Checker, pair: Pair): Expr {
  const left = numeric(c, pair.left);
  const right = numeric(c, pair.right);
  const { operator, span } = pair;
  if (left.kind === "string" && right.kind === "string")
    return { ...left, value: left.value + right.value, span };
  const first = typeOf(left);
  const second = typeOf(right);
  if (!isBits(first) || !isBits(second)) return rejected(c, pair);
  const type: Type = { kind: first.kind, width: first.width + second.width };
  return binaryValue({ kind: "binary", operator, left, right, type, span });
}
