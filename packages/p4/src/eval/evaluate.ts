/** Expressions whose constructor parameters are known by now, worked out (section 18.1). */
import type { Expr } from "../ir/expression.ts";
import { boolOf, equal, integerOf, isValue } from "../ir/value.ts";
import { underlying } from "../types/show.ts";
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
    case "slice": {
      const of = evaluated(expr.of, values);
      if (of.kind !== "integer") return { ...expr, of };
      const bits = BigInt.asUintN(expr.high - expr.low + 1, of.value >> BigInt(expr.low));
      return integerOf(bits, expr.type, expr.span);
    }
    default:
      return expr;
  }
}

/** A cast of a value, which is allowed, worked out. */
export function castValue(expr: Extract<Expr, { kind: "cast" }>): Expr {
  const { operand, type, span } = expr;
  const under = underlying(type);
  const isSized = under.kind === "bit" || under.kind === "int";
  if (operand.kind === "bool" && isSized) return integerOf(operand.value ? 1n : 0n, type, span);
  if (operand.kind !== "integer") return expr;
  if (under.kind === "bool") return boolOf(operand.value !== 0n, span);
  if (isSized) return integerOf(wrapped(operand.value, under), type, span);
  return under.kind === "integer" ? integerOf(operand.value, type, span) : expr;
}

function unaryValue(expr: Extract<Expr, { kind: "unary" }>): Expr {
  const { operator, operand, type, span } = expr;
  if (operand.kind === "bool") return boolOf(!operand.value, span);
  if (operand.kind !== "integer") return expr;
  const exact = operator === "-" ? -operand.value : ~operand.value;
  return integerOf(computed("+", [exact, 0n], type) ?? exact, type, span);
}

function binaryValue(expr: Extract<Expr, { kind: "binary" }>): Expr {
  const { operator, left, right, type, span } = expr;
  if (left.kind === "bool" && (operator === "&&" || operator === "||"))
    return left.value === (operator === "||") ? left : right;
  if (!isValue(left) || !isValue(right)) return expr;
  if (operator === "==" || operator === "!=")
    return boolOf(equal(left, right) === (operator === "=="), span);
  if (left.kind !== "integer" || right.kind !== "integer") return expr;
  const truth = compared(operator, left.value, right.value);
  if (truth !== undefined) return boolOf(truth, span);
  if (operator === "++" || (right.value === 0n && (operator === "/" || operator === "%")))
    return expr;
  const value = computed(operator, [left.value, right.value], type);
  return value === undefined ? expr : integerOf(value, type, span);
}
