/** What can be assigned to (section 6.6): what its indexes depend on is evaluated when the place is looked for. */
import type { Expr } from "../../ir/expression.ts";
import type { Place } from "../machine.ts";
import { big, type Composite, initial, numberOf, parts, type Value } from "../value.ts";
import { numberType, placeOfIndex, stackIndex } from "./expressions.ts";
import type { Walker } from "./walker.ts";

type Of<Kind extends Expr["kind"]> = Extract<Expr, { kind: Kind }>;

const at = (whole: Composite, index: number): Place => ({
  get: () => whole.parts[index] ?? 0,
  set: (value) => {
    whole.parts[index] = value;
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
  const whole = parts(walker.value(of));
  const place = at(whole, index);
  if (of.type.kind !== "header_union") return place;
  return {
    get: place.get,
    set: (value) => {
      place.set(value);
      onlyOne(whole, index);
    },
  };
}

function element({ of, index, type }: Of<"element">, walker: Walker): Place {
  const whole = parts(walker.value(of));
  const found = placeOfIndex(walker.value(index));
  if (found < whole.parts.length) return at(whole, found);
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

/** The place of an expression that can be assigned to. */
export function placeOf(expression: Expr, walker: Walker): Place {
  switch (expression.kind) {
    case "variable": {
      const cell = walker.cell(expression.variable);
      return {
        get: () => cell.value,
        set: (value) => {
          cell.value = value;
        },
      };
    }
    case "field":
      return field(expression, walker);
    case "element":
      return element(expression, walker);
    case "next":
    case "last": {
      const stack = parts(walker.value(expression.of));
      return at(stack, stackIndex(expression.kind === "next" ? "next" : "last", stack, walker));
    }
    case "slice":
    case "part select":
      return bits(expression, walker);
    default:
      throw new Error(`bug in Seam: nothing is assigned to ${expression.kind}`);
  }
}
