/** Arithmetic on values when the program is compiled, with the semantics of section 8: widths wrap, saturate or concatenate. */
import type { Operator } from "../ir/expression.ts";
import { isBits } from "../types/show.ts";
import type { BitsType, Type } from "../types/type.ts";

/** A number within a width: its lowest bits, as the type's sign says. */
export const wrapped = (value: bigint, { kind, width }: BitsType): bigint =>
  kind === "int" ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value);

/** The least and greatest number of a type. */
export const boundsOf = ({ kind, width }: BitsType): readonly [bigint, bigint] => {
  const size = BigInt(width);
  if (kind !== "int") return [0n, (1n << size) - 1n];
  return width === 0 ? [0n, 0n] : [-(1n << (size - 1n)), (1n << (size - 1n)) - 1n];
};

const clamped = (value: bigint, type: BitsType): bigint => {
  const [least, greatest] = boundsOf(type);
  if (value < least) return least;
  return value > greatest ? greatest : value;
};

/** More bits than this no shift of an `int` makes. */
export const MOST_BITS = 65_536n;

const ARITHMETIC: { readonly [operator: string]: (left: bigint, right: bigint) => bigint } = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "|+|": (left, right) => left + right,
  "|-|": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
  "&": (left, right) => left & right,
  "|": (left, right) => left | right,
  "^": (left, right) => left ^ right,
};

const COMPARISONS: { readonly [operator: string]: (left: bigint, right: bigint) => boolean } = {
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
};

/** Compares two numbers; undefined when the operator does not compare. */
export const compared = (operator: Operator, left: bigint, right: bigint): boolean | undefined =>
  COMPARISONS[operator]?.(left, right);

function shifted(operator: "<<" | ">>", left: bigint, right: bigint): bigint {
  if (operator === "<<") return right > MOST_BITS ? 0n : left << right;
  return left >> right;
}

/**
 * Works out arithmetic on numbers of one type, or a shift; undefined when the operator gives no number. The divisor is not 0 and no
 * shift is negative: that was told before.
 */
export function computed(
  operator: Operator,
  operands: readonly [bigint, bigint],
  type: Type,
): bigint | undefined {
  const exact = exactly(operator, operands);
  if (exact === undefined || !isBits(type)) return exact;
  return operator === "|+|" || operator === "|-|" ? clamped(exact, type) : wrapped(exact, type);
}

function exactly(operator: Operator, [left, right]: readonly [bigint, bigint]): bigint | undefined {
  if (operator === "<<" || operator === ">>") return shifted(operator, left, right);
  return ARITHMETIC[operator]?.(left, right);
}
