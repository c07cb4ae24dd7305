/** What can be assigned to (section 6.6): what its indexes depend on is evaluated when the place is looked for. */
import { invariant } from "@seam/base";
import type { Expr, StackExpr } from "../../ir/expression.ts";
import type { Place } from "../machine.ts";
import { big, type Composite, initial, numberOf, parts, type Value } from "../value.ts";
import { numberType, placeOfIndex, stackIndex } from "./expressions.ts";
import type { Walker } from "./walker.ts";

type Of<Kind extends Expr["kind"]> = Extract<Expr, { kind: Kind }>;

/** A part of whatever is at a place when it is looked at. */
const at = (whole: Place, index: number): Place => ({
  get: () => parts(whole.get()).parts[index] ?? 0,
  set: (value) => {
    parts(whole.get()).parts[index] = value;
  },
});

/** A header of a union that is valid is the only one (section 8.20). */
export function onlyOne(union: Composite, index: number): void {
  const isValid = (value: Value | undefined): boolean => parts(value).isValid;
  if (!isValid(union.parts[index])) return;
  union.parts.forEach((part, other) => {
    if (other !== index) parts(part).isValid = false;
  });
}

function field({ of, index }: Of<"field">, walker: Walker): Place {
  const whole = walker.place(of);
  const place = at(whole, index);
  if (of.type.kind !== "header_union") return place;
  return {
    get: place.get,
    set: (value) => {
      place.set(value);
      onlyOne(parts(whole.get()), index);
    },
  };
}

function element({ of, index, type }: Of<"element">, walker: Walker): Place {
  const whole = walker.place(of);
  const found = placeOfIndex(walker.value(index));
  if (found < parts(whole.get()).parts.length) return at(whole, found);
  return { get: () => initial(type), set: () => undefined };
}

/** A part of a number: bits beyond the number are not there, and nothing is written when one of them is asked for. */
function bits(expression: Of<"slice" | "part select">, walker: Walker): Place {
  const { of } = expression;
  const place = walker.place(of);
  const type = numberType(of.type);
  const isSlice = expression.kind === "slice";
  const low = isSlice ? BigInt(expression.low) : big(walker.value(expression.low));
  const width = isSlice ? expression.high - expression.low + 1 : expression.width;
  const size = BigInt(width);
  return {
    get: () =>
      numberOf(BigInt.asUintN(type.width, big(place.get())) >> low, { width, isSigned: false }),
    set: (value) => {
      if (low + size > BigInt(type.width)) return;
      const before = BigInt.asUintN(type.width, big(place.get()));
      const above = (before >> (low + size)) << (low + size);
      const below = BigInt.asUintN(Number(low), before);
      const fresh = BigInt.asUintN(width, big(value)) << low;
      place.set(numberOf(above | fresh | below, type));
    },
  };
}

function variable({ variable: declared }: Of<"variable">, walker: Walker): Place {
  const cell = walker.cell(declared);
  return {
    get: () => cell.value,
    set: (value) => {
      cell.value = value;
    },
  };
}

function stackElement({ kind, of }: StackExpr, walker: Walker): Place {
  const stack = walker.place(of);
  return at(stack, stackIndex(kind, parts(stack.get()), walker));
}

/** The place of an expression that can be assigned to. */
export function placeOf(expression: Expr, walker: Walker): Place {
  const { kind } = expression;
  if (kind === "variable") return variable(expression, walker);
  if (kind === "field") return field(expression, walker);
  if (kind === "element") return element(expression, walker);
  if (kind === "next" || kind === "last") return stackElement(expression, walker);
  invariant(kind === "slice" || kind === "part select", `nothing is assigned to ${kind}`);
  return bits(expression, walker);
}
