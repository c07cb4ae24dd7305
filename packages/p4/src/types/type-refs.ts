/** Types where they are used: names, widths and arguments become types (section 7). */
import type { Span } from "../source/file.ts";
import type { Expression, NamedType as NamedRef, TypeRef } from "../syntax/ast.ts";
import type { NamedType } from "../names/scope.ts";
import { check, type Checker, entityKind, isNothing, lookUp, tell, typeOf } from "./context.ts";
import { illFormed } from "./fields.ts";
import { MOST_PARTS, partsOf } from "./parts.ts";
import { inferred, known, substituted } from "./relate.ts";
import { isBits, show, underlying } from "./show.ts";
import type { Type } from "./type.ts";

const NOTHING: Type = { kind: "nothing" };

/** The widest number, and the largest stack: more than hardware has, and still cheap. */
const WIDEST = 65_536;

/** The type that a reference stands for. */
export const typeFor = (c: Checker, ref: TypeRef): Type =>
  ofBearableSize(c, typeOfRef(c, ref), ref.span);

/** A type, unless it is so large that looking at it takes long. */
export function ofBearableSize(c: Checker, type: Type, span: Span): Type {
  if (partsOf(type) <= MOST_PARTS) return type;
  tell(c, { code: "P905", span }, { limit: String(MOST_PARTS) });
  return NOTHING;
}

function typeOfRef(c: Checker, ref: TypeRef): Type {
  switch (ref.kind) {
    case "base type":
      return baseType(ref.name);
    case "sized type": {
      const width = numberFor(c, ref.width, {
        what: "a width",
        least: ref.base === "int" ? 1n : 0n,
      });
      return width === undefined ? NOTHING : { kind: ref.base, width };
    }
    case "named type": {
      const named = namedType(c, ref);
      return named === undefined ? NOTHING : applied(c, { named, list: [], span: ref.span });
    }
    case "specialized type": {
      const list = ref.arguments.map((each) => typeFor(c, each));
      const named = namedType(c, ref.base);
      return named === undefined ? NOTHING : applied(c, { named, list, span: ref.span });
    }
    case "stack type":
      return stackType(c, ref);
    case "tuple type":
      return { kind: "tuple", elements: ref.arguments.map((each) => tupleElement(c, each)) };
    case "list type":
      return { kind: "list", element: typeFor(c, ref.element) };
    case "any type":
      return inferred("_");
  }
}

function baseType(name: Extract<TypeRef, { kind: "base type" }>["name"]): Type {
  if (name === "bit") return { kind: "bit", width: 1 };
  return { kind: name === "int" ? "integer" : name };
}

/** The type that a name stands for; without one an error is told. */
export function namedType(c: Checker, { name, isGlobal }: NamedRef): NamedType | undefined {
  const entity = lookUp(c, name, isGlobal);
  if (entity === undefined) return undefined;
  if (entity.kind === "type") return entity;
  const fields = { name: name.text, found: entityKind(entity), expected: "a type" };
  tell(c, { code: "P504", span: name.span }, fields);
  return undefined;
}

/** A type by its name with its arguments. */
function applied(
  c: Checker,
  {
    named: { type, parameters },
    list,
    span,
  }: { readonly named: NamedType; readonly list: readonly Type[]; readonly span: Span },
): Type {
  if (list.length === parameters.length)
    return wellFormed(c, substituted(type, parameters, list), span);
  const fields = {
    name: show("arguments" in type ? { ...type, arguments: [] } : type),
    expected: String(parameters.length),
    found: String(list.length),
  };
  tell(c, { code: "P505", span }, fields);
  return NOTHING;
}

/** A type with its arguments put in; an error when fields are then of types that may not be fields. */
export function wellFormed(c: Checker, type: Type, span: Span): Type {
  const name = illFormed(type);
  if (name === undefined) return type;
  tell(c, { code: "P648", span }, { type: show(type), name });
  return NOTHING;
}

/** The type of an element of a tuple that is written as one (section 7.2.9). */
function tupleElement(c: Checker, ref: TypeRef): Type {
  const type = typeFor(c, ref);
  if (!NOT_IN_TUPLES.has(known(type).kind)) return type;
  tell(c, { code: "P506", span: ref.span }, { type: show(type), what: "an element of a tuple" });
  return NOTHING;
}

const NOT_IN_TUPLES: ReadonlySet<string> = new Set([
  "void",
  "string",
  "match_kind",
  "extern",
  "parser",
  "control",
  "package",
]);

function stackType(c: Checker, ref: Extract<TypeRef, { kind: "stack type" }>): Type {
  const element = typeFor(c, ref.element);
  const size = numberFor(c, ref.size, { what: "the size of a stack", least: 1n });
  if (size === undefined || isNothing(element)) return NOTHING;
  if (!CANNOT_BE_STACKED.has(known(element).kind)) return { kind: "stack", element, size };
  tell(c, { code: "P506", span: ref.element.span }, { type: show(element), what: "an element" });
  return NOTHING;
}

const CANNOT_BE_STACKED: ReadonlySet<string> = new Set([
  "integer",
  "string",
  "void",
  "match_kind",
  "extern",
  "parser",
  "control",
  "package",
  "list",
  "set",
  "varbit",
]);

type Wanted = { readonly what: string; readonly least: bigint };

/** A number that is known and not too large, such as a width; undefined after an error. */
export function numberFor(
  c: Checker,
  syntax: Expression,
  { what, least }: Wanted,
): number | undefined {
  const expr = check(c, syntax);
  const type = typeOf(expr);
  if (isNothing(type)) return undefined;
  if (type.kind !== "integer" && !isBits(underlying(type))) {
    tell(c, { code: "P601", span: expr.span }, { what, expected: "a number", found: show(type) });
    return undefined;
  }
  if (expr.kind !== "integer") {
    tell(c, { code: "P507", span: expr.span }, { what });
    return undefined;
  }
  if (expr.value >= least && expr.value <= BigInt(WIDEST)) return Number(expr.value);
  const bounds = { least: String(least), most: String(WIDEST) };
  tell(c, { code: "P508", span: expr.span }, { what, value: String(expr.value), ...bounds });
  return undefined;
}
