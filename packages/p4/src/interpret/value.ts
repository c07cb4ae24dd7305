/**
 * Values of a running program. Numbers of up to 52 bits are JavaScript numbers, wider ones bigint: which of them is a matter of the
 * type, so that programs need not ask while they run. Signed numbers are negative where they are, booleans are booleans, members of
 * enums, errors and match kinds are their names. All that has parts has one shape, for speed.
 */
import type { StackType, StructType, Type } from "../types/type.ts";

/** A struct, header, header union, stack, tuple or list. It is changed in place: whoever keeps it copies it. */
export type Composite = {
  readonly kind: "composite";
  readonly parts: Value[];
  /** Of headers. */
  isValid: boolean;
  /** Of stacks: `nextIndex`. */
  next: number;
};

/** A varbit: never changed. */
type Varbit = { readonly kind: "varbit"; readonly bits: number; readonly value: bigint };

/** Whatever a variable can hold. */
export type Value = number | bigint | boolean | string | Composite | Varbit;

/** The widest numbers that operators on bits of JavaScript numbers compute with. */
export const NARROW = 32;

/** The widest numbers that are no bigint, in bits: sums and differences of two are exact. */
export const EXACT = 52;

/** How a type's numbers are: `width` in bits; `int` without a width is wide and has none. */
export type Scalar = { readonly width: number; readonly isSigned: boolean };

/** How values of a type are built. */
export type Shape =
  | ({ readonly kind: "number" } & Scalar)
  | { readonly kind: "bool" }
  | { readonly kind: "varbit"; readonly width: number }
  | {
      readonly kind: "parts";
      readonly of: "struct" | "header" | "union" | "stack" | "tuple";
      readonly types: readonly Type[];
    }
  /** As many elements as there are. */
  | { readonly kind: "list"; readonly element: Type }
  /** A name; the first one is what variables begin with. Errors are numbered by the program. */
  | { readonly kind: "member"; readonly members: readonly string[] }
  /** What no packet and no variable holds. */
  | { readonly kind: "none" };

const NONE: Shape = { kind: "none" };

type PartsShape = Extract<Shape, { kind: "parts" }>;

const withParts = (of: PartsShape["of"], types: readonly Type[]): Shape => ({
  kind: "parts",
  of,
  types,
});

const fieldTypes = ({ fields }: Extract<Type, { kind: "record" }> | StructType): readonly Type[] =>
  fields.map(({ type }) => type);

const elementTypes = ({ element, size }: StackType): readonly Type[] =>
  Array.from({ length: size }, () => element);

/** The shape of a type's values, below newtypes and serialisable enums. */
export function shapeOf(type: Type): Shape {
  switch (type.kind) {
    case "bit":
    case "int":
      return { kind: "number", width: type.width, isSigned: type.kind === "int" };
    case "integer":
      return { kind: "number", width: Number.POSITIVE_INFINITY, isSigned: true };
    case "serializable enum":
      return shapeOf(type.underlying);
    case "newtype":
      return shapeOf(type.target);
    case "bool":
      return { kind: "bool" };
    case "varbit":
      return { kind: "varbit", width: type.width };
    case "struct":
    case "record":
    case "header":
    case "header_union":
      return withParts(FIELDED[type.kind], fieldTypes(type));
    case "stack":
      return withParts("stack", elementTypes(type));
    case "tuple":
      return withParts("tuple", type.elements);
    case "list":
      return { kind: "list", element: type.element };
    case "enum":
      return { kind: "member", members: type.members };
    case "error":
      return { kind: "member", members: ["NoError"] };
    case "string":
    case "match_kind":
    case "void":
    case "invalid":
    case "rest":
    case "nothing":
    case "set":
    case "extern":
    case "parser":
    case "control":
    case "package":
    case "apply result":
    case "action run":
    case "table":
    case "variable":
    case "inferred":
      return NONE;
  }
}

const FIELDED = {
  struct: "struct",
  record: "struct",
  header: "header",
  header_union: "union",
} as const;

/** A number's type; undefined for all that is no number. */
export function scalarOf(type: Type): Scalar | undefined {
  const shape = shapeOf(type);
  return shape.kind === "number" ? shape : undefined;
}

/** The type below newtypes. */
export const plainType = (type: Type): Type =>
  type.kind === "newtype" ? plainType(type.target) : type;

/** A value with parts. */
export const composite = (values: Value[], isValid: boolean): Composite => ({
  kind: "composite",
  parts: values,
  isValid,
  next: 0,
});

/** The value that has parts; anything else would be a mistake of the type checker. */
export function parts(value: Value | undefined): Composite {
  if (typeof value === "object" && value.kind === "composite") return value;
  throw new Error("bug in Seam: a value has no parts");
}

/** The part at a place. */
export function partAt(value: Composite, index: number): Value {
  const part = value.parts[index];
  if (part !== undefined) return part;
  throw new Error(`bug in Seam: a value has no part ${index}`);
}

/** A copy that shares nothing that can change. */
export function copy(value: Value): Value {
  if (typeof value !== "object" || value.kind === "varbit") return value;
  const copied = value.parts.slice();
  for (let index = 0; index < copied.length; index += 1) {
    const part = copied[index];
    if (typeof part === "object") copied[index] = copy(part);
  }
  return { kind: "composite", parts: copied, isValid: value.isValid, next: value.next };
}

/** A number as it is kept: within 52 bits a JavaScript number, else bigint; beyond its type it wraps around. */
export function numberOf(value: bigint, { width, isSigned }: Scalar): number | bigint {
  if (width === Number.POSITIVE_INFINITY) return value;
  const wrapped = isSigned ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value);
  return width <= EXACT ? Number(wrapped) : wrapped;
}

/** A number as bigint, whichever of both it is kept as. */
export const big = (value: Value): bigint =>
  typeof value === "bigint" ? value : BigInt(Number(value));

/** The bits of a number without its sign. */
export function bitsOf(value: Value, { width }: Scalar): bigint {
  const whole = big(value);
  return width === Number.POSITIVE_INFINITY ? whole : BigInt.asUintN(width, whole);
}

/** A number as it may be used for an index or length; beyond 2^53 it is infinite. */
export const indexOf = (value: Value): number => {
  const index = Number(value);
  return Number.isSafeInteger(index) ? index : Number.POSITIVE_INFINITY;
};

/** Makers of initial values by their types, as they are needed for every packet. */
const makers = new WeakMap<Type, () => Value>();

/** The function that makes what a variable without a value holds: zeros, false, the first member; headers are invalid. */
export function maker(type: Type): () => Value {
  const known = makers.get(type);
  if (known !== undefined) return known;
  const make = makerOf(shapeOf(type));
  makers.set(type, make);
  return make;
}

/** What a variable without a value holds. */
export const initial = (type: Type): Value => maker(type)();

function makerOf(shape: Shape): () => Value {
  if (shape.kind === "parts") {
    const makes = shape.types.map(maker);
    const first = makes.map((make) => make());
    // Parts that never change are shared, and copied at once.
    if (first.every((part) => !isComposite(part))) return () => composite(first.slice(), false);
    return () => {
      const values: Value[] = [];
      for (let index = 0; index < makes.length; index += 1) values.push(makes[index]?.() ?? 0);
      return composite(values, false);
    };
  }
  if (shape.kind === "list") return () => composite([], false);
  const value = plainInitial(shape);
  return () => value;
}

const isComposite = (value: Value): boolean =>
  typeof value === "object" && value.kind === "composite";

function plainInitial(shape: Exclude<Shape, { kind: "parts" | "list" }>): Value {
  switch (shape.kind) {
    case "number":
      return numberOf(0n, shape);
    case "bool":
      return false;
    case "varbit":
      return { kind: "varbit", bits: 0, value: 0n };
    case "member":
      return shape.members[0] ?? "";
    case "none":
      return "";
  }
}

/** A member's name, or a string. */
export const nameOf = (value: Value | undefined): string =>
  typeof value === "string" ? value : "";
