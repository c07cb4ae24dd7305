/** How many bits types and numbers take. */
import type { Bits } from "./needs.ts";
import type { Type } from "../types/type.ts";

/** Bits that count what there are so many of: 0 for one or none. */
export const bitsFor = (count: number): Bits => (count <= 1 ? 0 : Math.ceil(Math.log2(count)));

/** Errors and enums without a type are numbers of 32 bits to most targets. */
const UNTYPED_BITS = 32;

/** Bits of a value, a `varbit` with its greatest width; validity of headers is not counted. */
export function widthOf(type: Type): Bits {
  switch (type.kind) {
    case "bit":
    case "int":
    case "varbit":
      return type.width;
    case "bool":
      return 1;
    case "enum":
    case "error":
      return UNTYPED_BITS;
    case "serializable enum":
      return widthOf(type.underlying);
    case "newtype":
      return widthOf(type.target);
    case "struct":
    case "header":
    case "record":
      return sum(type.fields.map((field) => widthOf(field.type)));
    case "header_union":
      return Math.max(0, ...type.fields.map((field) => widthOf(field.type)));
    case "stack":
      return type.size * widthOf(type.element);
    case "tuple":
      return sum(type.elements.map(widthOf));
    case "action run":
    case "apply result":
    case "control":
    case "extern":
    case "inferred":
    case "integer":
    case "invalid":
    case "list":
    case "match_kind":
    case "nothing":
    case "package":
    case "parser":
    case "rest":
    case "set":
    case "string":
    case "table":
    case "variable":
    case "void":
      return 0;
  }
}

/** The sum of numbers. */
export const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, each) => total + each, 0);
