/**
 * Operators on numbers (specification 1.2.5, sections 8.5 to 8.7): for each type the function that computes, chosen once. Numbers of up
 * to 32 bits are computed by operators on bits, those of up to 52 bits as numbers where that is exact, wider ones as bigint; all wrap
 * around, or saturate where the operator says so.
 */
import { invariant } from "@seam/base";
import type { Operator } from "../ir/expression.ts";
import { big, EXACT, NARROW, type Scalar, type Value } from "./value.ts";

/** Computes a value of two. */
export type Binary = (left: Value, right: Value) => Value;

type Numbers = (left: number, right: number) => number;
type Bigs = (left: bigint, right: bigint) => bigint;

/** Wraps a whole number of at most 53 bits around. */
function wrapNarrow({ width, isSigned }: Scalar): (value: number) => number {
  const free = NARROW - width;
  if (isSigned) return (value) => (value << free) >> free;
  const mask = width === NARROW ? -1 : (1 << width) - 1;
  return (value) => (value & mask) >>> 0;
}

/** Wraps a whole number of at most 53 bits around to one of up to 52 bits. */
function wrapExact(type: Scalar): (value: number) => number {
  if (type.width <= NARROW) return wrapNarrow(type);
  const size = 2 ** type.width;
  const unsigned = (value: number): number => value - Math.floor(value / size) * size;
  if (!type.isSigned) return unsigned;
  return (value) => {
    const wrapped = unsigned(value);
    return wrapped >= size / 2 ? wrapped - size : wrapped;
  };
}

/** Wraps a whole number around. */
export function wrapWide({ width, isSigned }: Scalar): (value: bigint) => bigint {
  if (width === Number.POSITIVE_INFINITY) return (value) => value;
  return isSigned
    ? (value) => BigInt.asIntN(width, value)
    : (value) => BigInt.asUintN(width, value);
}

const limits = ({ width, isSigned }: Scalar): readonly [bigint, bigint] =>
  isSigned
    ? [-(1n << BigInt(width - 1)), (1n << BigInt(width - 1)) - 1n]
    : [0n, (1n << BigInt(width)) - 1n];

function shiftLeft(type: Scalar): Numbers {
  const wrap = wrapNarrow(type);
  return (left, right) => (right >= type.width ? 0 : wrap(left << right));
}

function shiftRight({ width, isSigned }: Scalar): Numbers {
  if (isSigned) return (left, right) => left >> Math.min(right, width - 1);
  return (left, right) => (right >= width ? 0 : left >>> right);
}

/** Operators whose operands and result have one type. */
type Arithmetic = Exclude<Operator, "++" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "&&" | "||">;

const others = new Set<Operator>(["++", "==", "!=", "<", "<=", ">", ">=", "&&", "||"]);

const isArithmetic = (operator: Operator): operator is Arithmetic => !others.has(operator);

/** Arithmetic of narrow numbers. */
function narrow(operator: Arithmetic, type: Scalar): Numbers {
  const wrap = wrapNarrow(type);
  const [least, most] = limits(type).map(Number);
  switch (operator) {
    case "+":
      return (left, right) => wrap(left + right);
    case "-":
      return (left, right) => wrap(left - right);
    case "*":
      return (left, right) => wrap(Math.imul(left, right));
    case "/":
      return (left, right) => (right === 0 ? 0 : wrap(Math.trunc(left / right)));
    case "%":
      return (left, right) => (right === 0 ? 0 : left % right);
    case "|+|":
      return (left, right) => Math.min(Math.max(left + right, least ?? 0), most ?? 0);
    case "|-|":
      return (left, right) => Math.min(Math.max(left - right, least ?? 0), most ?? 0);
    case "&":
      return (left, right) => wrap(left & right);
    case "|":
      return (left, right) => wrap(left | right);
    case "^":
      return (left, right) => wrap(left ^ right);
    case "<<":
      return shiftLeft(type);
    case ">>":
      return shiftRight(type);
  }
}

/** Arithmetic of numbers of 33 to 52 bits: what is exact as it is, and all else by way of bigint. */
function middle(operator: Arithmetic, type: Scalar): Numbers {
  const wrap = wrapExact(type);
  const [least = 0, most = 0] = limits(type).map(Number);
  if (operator === "+") return (left, right) => wrap(left + right);
  if (operator === "-") return (left, right) => wrap(left - right);
  if (operator === "|+|") return (left, right) => Math.min(Math.max(left + right, least), most);
  if (operator === "|-|") return (left, right) => Math.min(Math.max(left - right, least), most);
  const compute = wide(operator, type);
  return (left, right) => Number(compute(BigInt(left), BigInt(right)));
}

const clamp =
  ([least, most]: readonly [bigint, bigint]) =>
  (value: bigint): bigint => {
    if (value < least) return least;
    return value > most ? most : value;
  };

/** Shifts of wide numbers; beyond the width nothing is left, and no huge number is made on the way. */
function wideShift(operator: "<<" | ">>", type: Scalar): Bigs {
  const wrap = wrapWide(type);
  const most = type.width === Number.POSITIVE_INFINITY ? undefined : BigInt(type.width);
  if (operator === "<<") {
    return (left, right) => (most !== undefined && right >= most ? 0n : wrap(left << right));
  }
  return (left, right) => left >> (most !== undefined && right > most ? most : right);
}

/** Arithmetic of wide numbers. */
function wide(operator: Arithmetic, type: Scalar): Bigs {
  const wrap = wrapWide(type);
  switch (operator) {
    case "+":
      return (left, right) => wrap(left + right);
    case "-":
      return (left, right) => wrap(left - right);
    case "*":
      return (left, right) => wrap(left * right);
    case "/":
      return (left, right) => (right === 0n ? 0n : wrap(left / right));
    case "%":
      return (left, right) => (right === 0n ? 0n : left % right);
    case "|+|": {
      const limit = clamp(limits(type));
      return (left, right) => limit(left + right);
    }
    case "|-|": {
      const limit = clamp(limits(type));
      return (left, right) => limit(left - right);
    }
    case "&":
      return (left, right) => left & right;
    case "|":
      return (left, right) => left | right;
    case "^":
      return (left, right) => left ^ right;
    case "<<":
    case ">>":
      return wideShift(operator, type);
  }
}

/** The function of an arithmetic operator for a type; `++` and comparisons are elsewhere. */
export function arithmetic(operator: Operator, type: Scalar): Binary {
  invariant(isArithmetic(operator), `${operator} is no arithmetic`);
  if (type.width <= EXACT) {
    const compute = type.width <= NARROW ? narrow(operator, type) : middle(operator, type);
    return (left, right) => compute(Number(left), Number(right));
  }
  const compute = wide(operator, type);
  return (left, right) => compute(big(left), big(right));
}

/** Negation and complement for a type. */
export function unary(operator: "~" | "-", type: Scalar): (value: Value) => Value {
  if (type.width <= EXACT) {
    const wrap = wrapExact(type);
    if (operator === "~") return (value) => wrap(-1 - Number(value));
    return (value) => wrap(0 - Number(value));
  }
  const wrap = wrapWide(type);
  if (operator === "~") return (value) => wrap(~big(value));
  return (value) => wrap(-big(value));
}

/** The bits of the left value in front of those of the right one. */
export function concatenation(left: Scalar, right: Scalar, result: Scalar): Binary {
  if (result.width <= EXACT) {
    const [low, wrap] = [wrapExact({ ...right, isSigned: false }), wrapExact(result)];
    const high = wrapExact({ ...left, isSigned: false });
    const factor = 2 ** right.width;
    return (one, two) => wrap(high(Number(one)) * factor + low(Number(two)));
  }
  const shift = BigInt(right.width);
  const wrap = wrapWide(result);
  return (one, two) => wrap((big(one) << shift) | BigInt.asUintN(right.width, big(two)));
}

/** A number of one type as one of another (section 8.12.1). */
export function converted(from: Scalar, to: Scalar): (value: Value) => Value {
  if (to.width <= EXACT) {
    const wrap = wrapExact(to);
    if (from.width <= EXACT) return (value) => wrap(Number(value));
    return (value) => wrap(Number(BigInt.asUintN(EXACT, big(value))));
  }
  const wrap = wrapWide(to);
  return (value) => wrap(big(value));
}

/** Bits `high` to `low` of a number, without a sign. */
export function sliced(of: Scalar, high: number, low: number): (value: Value) => Value {
  const width = high - low + 1;
  const wrap = wrapExact({ width: Math.min(width, EXACT), isSigned: false });
  if (of.width <= NARROW) return (value) => wrap(Number(value) >> low);
  if (of.width <= EXACT) {
    const factor = 2 ** low;
    return (value) => wrap(Math.floor(Number(value) / factor));
  }
  const shift = BigInt(low);
  if (width <= EXACT) return (value) => Number(BigInt.asUintN(width, big(value) >> shift));
  return (value) => BigInt.asUintN(width, big(value) >> shift);
}

/** A number with its bits `high` to `low` replaced. */
export function replaced(
  of: Scalar,
  high: number,
  low: number,
): (value: Value, bits: Value) => Value {
  const mask = ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
  if (of.width <= NARROW) {
    const [wrap, care] = [wrapNarrow(of), Number(mask)];
    return (value, bits) => wrap((Number(value) & ~care) | ((Number(bits) << low) & care));
  }
  const shift = BigInt(low);
  const wrap = wrapWide(of);
  const compute = (value: Value, bits: Value): bigint =>
    wrap((big(value) & ~mask) | ((big(bits) << shift) & mask));
  if (of.width > EXACT) return compute;
  return (value, bits) => Number(compute(value, bits));
}
