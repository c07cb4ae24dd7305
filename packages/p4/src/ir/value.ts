/** Values: expressions that are known when the program is compiled. */
import { settled } from "../types/relate.ts";
import type { Span } from "../source/file.ts";
import type { Type } from "../types/type.ts";
import type { Expr, IntegerValue } from "./expression.ts";

/** A type without parts, as a constant. */
export const plain = <K extends "integer" | "bool" | "string" | "error" | "match_kind" | "void">(
  kind: K,
): { readonly kind: K } => ({ kind });

/** What stands where an error was told. */
export const nothing = (span: Span): Expr => ({
  kind: "aggregate",
  type: { kind: "nothing" },
  elements: [],
  span,
});

/** A number. */
export const integerOf = (value: bigint, type: Type, span: Span): IntegerValue => ({
  kind: "integer",
  type: settled(type),
  value,
  span,
});

/** A truth value. */
export const boolOf = (value: boolean, span: Span): Expr => ({
  kind: "bool",
  type: plain("bool"),
  value,
  span,
});

/** Whether an expression is a value. */
export function isValue(expr: Expr): boolean {
  switch (expr.kind) {
    case "integer":
    case "bool":
    case "string":
    case "enum":
    case "error":
    case "match_kind":
    case "invalid":
      return true;
    case "aggregate":
      return expr.elements.every(isValue);
    case "binary":
    case "call":
    case "cast":
    case "conditional":
    case "element":
    case "field":
    case "hit":
    case "instance":
    case "last":
    case "lastIndex":
    case "miss":
    case "new":
    case "next":
    case "part select":
    case "slice":
    case "table":
    case "this":
    case "unary":
    case "variable":
      return false;
  }
}

/** Whether an expression is known once the block around it is instantiated: values, instances, and what is made of constructor parameters. */
export function isKnown(expr: Expr): boolean {
  switch (expr.kind) {
    case "variable":
      return expr.variable.kind === "parameter" && expr.variable.direction === "none";
    case "instance":
    case "new":
    case "table":
    case "this":
      return true;
    case "aggregate":
      return expr.elements.every(isKnown);
    case "cast":
    case "unary":
      return isKnown(expr.operand);
    case "binary":
      return isKnown(expr.left) && isKnown(expr.right);
    case "conditional":
      return [expr.condition, expr.yes, expr.no].every(isKnown);
    case "field":
    case "slice":
      return isKnown(expr.of);
    case "bool":
    case "call":
    case "element":
    case "enum":
    case "error":
    case "hit":
    case "integer":
    case "invalid":
    case "last":
    case "lastIndex":
    case "match_kind":
    case "miss":
    case "next":
    case "part select":
    case "string":
      return isValue(expr);
  }
}

/** Whether two values are equal; they are of one type. */
export function equal(left: Expr, right: Expr): boolean {
  if (left.kind === "aggregate" && right.kind === "aggregate")
    return (
      left.elements.length === right.elements.length &&
      left.elements.every((each, index) => {
        const other = right.elements[index];
        return other !== undefined && equal(each, other);
      })
    );
  if ("value" in left && "value" in right) return left.value === right.value;
  if ("member" in left && "member" in right) return left.member === right.member;
  return left.kind === "invalid" && right.kind === "invalid";
}
