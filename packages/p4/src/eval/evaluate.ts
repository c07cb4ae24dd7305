/** Expressions whose constructor parameters are known by now, worked out (section 18.1). */
import type { BinaryExpr, Expr, SliceExpr } from "../ir/expression.ts";
import { boolOf, equal, integerOf, isValue } from "../ir/value.ts";
import { isBits, underlying } from "../types/show.ts";
import { compared, computed, wrapped } from "./fold.ts";

/** Values of constructor parameters, by their ids. */
export type Values = ReadonlyMap<number, Expr>;

/** An expression with the values of constructor parameters put in; what is still not known stays as it is. */
export function evaluated(expr: Expr, values: Values): Expr {
  if (values.size === 0) return expr;
  switch (expr.kind) {
    case "variable":
      return values.get(expr.variable.id) ?? expr;
    case "cast":
      return castValue({ ...expr, operand: evaluated(expr.operand, values) });
    case "unary":
      return unaryValue({ ...expr, operand: evaluated(expr.operand, values) });
    case "binary": {
      const left = evaluated(expr.left, values);
      return binaryValue({ ...expr, left, right: evaluated(expr.right, values) });
    }
    case "conditional": {
      const condition = evaluated(expr.condition, values);
      if (condition.kind === "bool") return evaluated(condition.value ? expr.yes : expr.no, values);
      return { ...expr, condition };
    }
    case "aggregate":
      return { ...expr, elements: expr.elements.map((each) => evaluated(each, values)) };
    case "field": {
      const of = evaluated(expr.of, values);
      const part = of.kind === "aggregate" ? of.elements[expr.index] : undefined;
      return part ?? { ...expr, of };
    }
    case "slice":
      return sliceValue({ ...expr, of: evaluated(expr.of, values) });
    case "bool":
    case "call":
    case "element":
    case "enum":
    case "error":
    case "hit":
    case "instance":
    case "integer":
    case "invalid":
    case "last":
    case "lastIndex":
    case "match_kind":
    case "miss":
    case "new":
    case "next":
    case "part select":
    case "string":
    case "table":
    case "this":
      return expr;
  }
}

/** A slice of a value, whose bounds are right, worked out. */
export function sliceValue(expr: SliceExpr): Expr {
  const { of, high, low, type, span } = expr;
  if (of.kind !== "integer") return expr;
  return integerOf(BigInt.asUintN(high - low + 1, of.value >> BigInt(low)), type, span);
}

/** A cast of a value, which is allowed, worked out. */
export function castValue(expr: Extract<Expr, { kind: "cast" }>): Expr {
  const { operand, type, span } = expr;
  const under = underlying(type);
  if (operand.kind === "bool" && isBits(under))
    return integerOf(operand.value ? 1n : 0n, type, span);
  if (operand.kind !== "integer") return expr;
  if (under.kind === "bool") return boolOf(operand.value !== 0n, span);
  if (isBits(under)) return integerOf(wrapped(operand.value, under), type, span);
  return under.kind === "integer" ? integerOf(operand.value, type, span) : expr;
}

/** An operator before a value worked out. */
export function unaryValue(expr: Extract<Expr, { kind: "unary" }>): Expr {
  const { operator, operand, type, span } = expr;
  if (operand.kind === "bool") return boolOf(!operand.value, span);
  if (operand.kind !== "integer") return expr;
  const exact = operator === "-" ? -operand.value : ~operand.value;
  return integerOf(computed("+", [exact, 0n], type) ?? exact, type, span);
}

/** An operator between values, which is allowed, worked out. */
export function binaryValue(expr: BinaryExpr): Expr {
  const { operator, left, right, span } = expr;
  switch (operator) {
    case "&&":
    case "||":
      if (left.kind !== "bool") return expr;
      return { ...(left.value === (operator === "||") ? left : right), span };
    case "==":
    case "!=":
      if (!isValue(left) || !isValue(right)) return expr;
      return boolOf(equal(left, right) === (operator === "=="), span);
    case "++":
      return concatenated(expr);
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
    case "|+|":
    case "|-|":
    case "&":
    case "|":
    case "^":
    case "<<":
    case ">>":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return calculated(expr);
  }
}

function calculated(expr: BinaryExpr): Expr {
  const { operator, left, right, type, span } = expr;
  if (left.kind !== "integer" || right.kind !== "integer") return expr;
  const truth = compared(operator, left.value, right.value);
  if (truth !== undefined) return boolOf(truth, span);
  if (right.value === 0n && (operator === "/" || operator === "%")) return expr;
  const value = computed(operator, [left.value, right.value], type);
  return value === undefined ? expr : integerOf(value, type, span);
}

function concatenated(expr: BinaryExpr): Expr {
  const { left, right, type, span } = expr;
  const low = right.type;
  if (left.kind !== "integer" || right.kind !== "integer" || !("width" in low)) return expr;
  const bits = (left.value << BigInt(low.width)) | BigInt.asUintN(low.width, right.value);
  return integerOf(computed("|", [bits, 0n], type) ?? bits, type, span);
}
