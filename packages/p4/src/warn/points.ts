/** What keysets take, as sets of numbers: enum members, truth values and errors are numbered. */
import { boundsOf } from "../eval/fold.ts";
import type { Keyset } from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import { isBits, underlying } from "../types/show.ts";
import type { Type } from "../types/type.ts";

/** All values of a key, from first to last, and how messages show one. */
export type Domain = {
  readonly first: bigint;
  readonly last: bigint;
  readonly width: number;
  readonly show: (value: bigint) => string;
};

/** Values of a key. A mask takes a value whose bits under the mask are `value`. What is not known is `opaque`. */
export type Points =
  | { readonly kind: "interval"; readonly first: bigint; readonly last: bigint }
  | { readonly kind: "mask"; readonly value: bigint; readonly mask: bigint }
  | { readonly kind: "any" }
  | { readonly kind: "opaque" };

const ANY: Points = { kind: "any" };
const OPAQUE: Points = { kind: "opaque" };

const membersDomain = (names: readonly string[], of: string): Domain => ({
  first: 0n,
  last: BigInt(names.length - 1),
  width: 0,
  show: (value) => `${of}.${names[Number(value)] ?? value}`,
});

/** The values of a type; undefined when they cannot be numbered. `errors` are the program's. */
export function domainOf(given: Type, errors: readonly string[]): Domain | undefined {
  const type = underlying(given);
  if (isBits(type)) {
    const [first, last] = boundsOf(type);
    const width = type.kind === "bit" ? type.width : 0;
    return { first, last, width, show: String };
  }
  if (type.kind === "bool")
    return { first: 0n, last: 1n, width: 0, show: (value) => String(value === 1n) };
  if (type.kind === "enum") return membersDomain(type.members, type.name);
  return type.kind === "error" ? membersDomain(errors, "error") : undefined;
}

/** The number of a value; undefined when it is not known or has none. */
function numberOf(value: Expr, errors: readonly string[]): bigint | undefined {
  if (value.kind === "integer") return value.value;
  if (value.kind === "bool") return value.value ? 1n : 0n;
  if (value.kind === "error") return BigInt(errors.indexOf(value.member));
  const { type } = value;
  if (value.kind !== "enum" || type.kind !== "enum") return undefined;
  return BigInt(type.members.indexOf(value.member));
}

function spread(first: bigint | undefined, last: bigint | undefined): Points {
  return first === undefined || last === undefined ? OPAQUE : { kind: "interval", first, last };
}

/** A mask as the simplest set: ones before zeros make an interval. Masks of signed numbers are not looked into. */
function masked(value: bigint | undefined, mask: bigint | undefined, width: number): Points {
  if (value === undefined || mask === undefined || width === 0) return OPAQUE;
  if (mask === 0n) return ANY;
  const rest = (1n << BigInt(width)) - 1n - mask;
  const least = value & mask;
  if ((rest & (rest + 1n)) === 0n) return spread(least, least | rest);
  return { kind: "mask", value: least, mask };
}

/** What a keyset takes of a key's values. */
export function pointsOf(
  set: Keyset,
  { domain, errors }: { readonly domain: Domain | undefined; readonly errors: readonly string[] },
): Points {
  if (set.kind === "any") return ANY;
  if (domain === undefined) return OPAQUE;
  const number = (expr: Expr): bigint | undefined => numberOf(expr, errors);
  switch (set.kind) {
    case "value": {
      const value = number(set.value);
      return spread(value, value);
    }
    case "range":
      return spread(number(set.first), number(set.last));
    case "mask":
      return masked(number(set.value), number(set.mask), domain.width);
    case "value set":
      return OPAQUE;
  }
}

/** Whether a set takes a value; of what is opaque it is not known, and false. */
export function takes(points: Points, value: bigint): boolean {
  switch (points.kind) {
    case "any":
      return true;
    case "opaque":
      return false;
    case "interval":
      return points.first <= value && value <= points.last;
    case "mask":
      return (value & points.mask) === points.value;
  }
}

/** Whether one set takes, for sure, all that another takes. */
export function covers(points: Points, other: Points): boolean {
  if (points.kind === "any") return true;
  if (points.kind === "opaque" || other.kind === "opaque" || other.kind === "any") return false;
  if (points.kind === "interval")
    return points.first <= leastOf(other) && isBelow(other, points.last);
  if (other.kind === "interval") return other.first === other.last && takes(points, other.first);
  return (points.mask & other.mask) === points.mask && takes(points, other.value);
}

type Known = Exclude<Points, { kind: "any" | "opaque" }>;

const leastOf = (points: Known): bigint =>
  points.kind === "interval" ? points.first : points.value;

/** Whether all of a set is at most a value: of a mask that is no prefix it is not known. */
const isBelow = (points: Known, last: bigint): boolean =>
  points.kind === "interval" && points.last <= last;

/** Whether two sets have, for sure, a value in common. */
export function overlap(left: Points, right: Points): boolean {
  if (left.kind === "opaque" || right.kind === "opaque") return false;
  return left.kind === "any" || right.kind === "any" || meet(left, right);
}

function meet(left: Known, right: Known): boolean {
  if (left.kind === "interval")
    return right.kind === "interval"
      ? left.first <= right.last && right.first <= left.last
      : meetMask(left, right);
  if (right.kind === "interval") return meetMask(right, left);
  return ((left.value ^ right.value) & left.mask & right.mask) === 0n;
}

type Interval = Extract<Points, { kind: "interval" }>;
type Mask = Extract<Points, { kind: "mask" }>;

/** Of an interval and a mask it is known when the interval is a prefix. */
function meetMask({ first, last }: Interval, { value, mask }: Mask): boolean {
  const free = first ^ last;
  const isPrefix = (free & (free + 1n)) === 0n && (first & free) === 0n;
  return isPrefix && ((value ^ first) & mask & ~free) === 0n;
}
