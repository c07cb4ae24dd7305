/** Values of expressions (specification 1.2.5, section 8), all numbers worked out as bigint and then fitted into their type. */
import { exhaustive, invariant } from "@seam/base";
import { compared, computed } from "../../eval/fold.ts";
import type { BinaryExpr, Expr, StackExpr } from "../../ir/expression.ts";
import type { Type } from "../../types/type.ts";
import { reject } from "../signals.ts";
import {
  big,
  bitsOf,
  composite,
  type Composite,
  copy,
  initial,
  numberOf,
  parts,
  plainType,
  type Scalar,
  scalarOf,
  shapeOf,
  type Value,
} from "../value.ts";
import type { Walker } from "./walker.ts";

type Of<Kind extends Expr["kind"]> = Extract<Expr, { kind: Kind }>;

/** The number's type of an expression that is a number. */
export function numberType(type: Type): Scalar {
  const scalar = scalarOf(type);
  invariant(scalar !== undefined, `${type.kind} is no number`);
  return scalar;
}

const fitted = (value: bigint, type: Type): Value => numberOf(value, numberType(type));

/** An index; whatever no stack has is beyond every stack. */
export const placeOfIndex = (value: Value): number => Number(big(value));

/** Whether two values of a type are the same (sections 8.9 to 8.20). */
export function isSame(left: Value, right: Value, type: Type): boolean {
  if (typeof left !== "object" || typeof right !== "object") return left === right;
  if (left.kind === "composite" && right.kind === "composite") return areSame(left, right, type);
  return (
    left.kind === "varbit" &&
    right.kind === "varbit" &&
    left.value === right.value &&
    left.bits === right.bits
  );
}

function areSame(left: Composite, right: Composite, type: Type): boolean {
  const shape = shapeOf(type);
  const isHeader = shape.kind === "parts" && shape.of === "header";
  if (isHeader && !(left.isValid && right.isValid)) return left.isValid === right.isValid;
  const others = right.parts;
  return (
    left.parts.length === others.length &&
    left.parts.every((each, index) => isSame(each, others[index] ?? "", partType(type, index)))
  );
}

/** The type of a part. */
export function partType(type: Type, index: number): Type {
  const shape = shapeOf(type);
  const found = shape.kind === "list" ? shape.element : undefined;
  const own = shape.kind === "parts" ? shape.types[index] : found;
  invariant(own !== undefined, `${type.kind} has no part ${index}`);
  return own;
}

/** Arithmetic on two numbers of a type, or a shift; divisions by zero give 0. */
export function arithmetic(
  operator: BinaryExpr["operator"],
  [left, right]: readonly [Value, Value],
  type: Type,
): Value {
  const operands = [big(left), big(right)] as const;
  if ((operator === "/" || operator === "%") && operands[1] === 0n) return fitted(0n, type);
  const result = computed(operator, operands, type);
  invariant(result !== undefined, `${operator} is no arithmetic`);
  return fitted(result, type);
}

function binary(expression: BinaryExpr, walker: Walker): Value {
  const { operator, type } = expression;
  const left = walker.value(expression.left);
  if (operator === "&&") return left === true && walker.value(expression.right) === true;
  if (operator === "||") return left === true || walker.value(expression.right) === true;
  const right = walker.value(expression.right);
  if (operator === "==") return isSame(left, right, expression.left.type);
  if (operator === "!=") return !isSame(left, right, expression.left.type);
  if (operator === "++") {
    const low = numberType(expression.right.type);
    return fitted((big(left) << BigInt(low.width)) | bitsOf(right, low), type);
  }
  const truth = compared(operator, big(left), big(right));
  return truth ?? arithmetic(operator, [left, right], type);
}

function cast({ operand, type }: Of<"cast">, walker: Walker): Value {
  const value = walker.value(operand);
  if (scalarOf(type) !== undefined) return fitted(big(value), type);
  if (typeof value === "number" || typeof value === "bigint") return big(value) === 1n;
  if (plainType(type).kind === "header" && operand.type.kind !== "header") {
    return composite(parts(copy(value)).parts, true);
  }
  return value;
}

function unary({ operator, operand, type }: Of<"unary">, walker: Walker): Value {
  const value = walker.value(operand);
  switch (operator) {
    case "!":
      return value !== true;
    case "~":
      return fitted(-big(value) - 1n, type);
    case "-":
      return fitted(-big(value), type);
  }
}

/** Bits of a number from `low` on; beyond it they are 0. */
function bits(
  value: Value,
  type: Type,
  cut: { readonly low: bigint; readonly width: number },
): Value {
  const whole = bitsOf(value, numberType(type));
  return numberOf(whole >> cut.low, { width: cut.width, isSigned: false });
}

/** The element of a stack that `next` or `last` is. */
export function stackIndex(kind: StackExpr["kind"], stack: Composite, walker: Walker): number {
  const index = kind === "next" ? stack.next : stack.next - 1;
  if (index < 0 || index >= stack.parts.length) reject(walker.machine, "StackOutOfBounds");
  return index;
}

function stackPart({ kind, of, type }: StackExpr, walker: Walker): Value {
  const stack = parts(walker.value(of));
  if (kind === "lastIndex") return fitted(BigInt(stack.next) - 1n, type);
  const element = stack.parts[stackIndex(kind, stack, walker)];
  invariant(element !== undefined, "a stack has its next element");
  return element;
}

function variable({ variable: declared }: Of<"variable">, walker: Walker): Value {
  const known = walker.block?.values.get(declared.id);
  return known === undefined ? walker.cell(declared).value : walker.value(known);
}

function outcome({ kind, apply }: Of<"hit" | "miss">, walker: Walker): Value {
  const { callee } = apply;
  invariant(callee.kind === "table", "hit is of tables");
  walker.call(apply);
  return walker.table(callee.table).isHit === (kind === "hit");
}

/** A part of a number, a stack or something with fields. */
function part(
  expression: Of<"field" | "element" | "slice" | "part select">,
  walker: Walker,
): Value {
  const { of, type } = expression;
  const whole = walker.value(of);
  switch (expression.kind) {
    case "field":
      return parts(whole).parts[expression.index] ?? initial(type);
    case "element":
      return parts(whole).parts[placeOfIndex(walker.value(expression.index))] ?? initial(type);
    case "slice":
      return bits(whole, of.type, {
        low: BigInt(expression.low),
        width: expression.high - expression.low + 1,
      });
    case "part select":
      return bits(whole, of.type, {
        low: big(walker.value(expression.low)),
        width: expression.width,
      });
  }
}

function aggregate({ elements, type }: Of<"aggregate">, walker: Walker): Value {
  const values = elements.map((each) => copy(walker.value(each)));
  return composite(values, plainType(type).kind === "header");
}

/** The value of an expression. */
export function valueOf(expression: Expr, walker: Walker): Value {
  switch (expression.kind) {
    case "integer":
      return fitted(expression.value, expression.type);
    case "bool":
    case "string":
      return expression.value;
    case "enum":
    case "error":
    case "match_kind":
      return expression.member;
    case "invalid":
      return initial(expression.type);
    case "aggregate":
      return aggregate(expression, walker);
    case "variable":
      return variable(expression, walker);
    case "field":
    case "element":
    case "slice":
    case "part select":
      return part(expression, walker);
    case "next":
    case "last":
    case "lastIndex":
      return stackPart(expression, walker);
    case "conditional":
      return walker.value(
        walker.value(expression.condition) === true ? expression.yes : expression.no,
      );
    case "unary":
      return unary(expression, walker);
    case "binary":
      return binary(expression, walker);
    case "cast":
      return cast(expression, walker);
    case "hit":
    case "miss":
      return outcome(expression, walker);
    case "call":
      return walker.call(expression);
    case "instance":
    case "this":
    case "new":
    case "table":
      return "";
    default:
      return exhaustive(expression);
  }
}
