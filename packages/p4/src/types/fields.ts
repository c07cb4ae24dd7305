/** Which types may be fields of which (section 7.2.9). */
import { known } from "./relate.ts";
import { isBits, underlying } from "./show.ts";
import type { StructType, Type } from "./type.ts";

const IN_STRUCTS: ReadonlySet<Type["kind"]> = new Set<Type["kind"]>([
  "varbit",
  "bool",
  "error",
  "struct",
  "header",
  "header_union",
  "stack",
  "tuple",
  "enum",
  "serializable enum",
  "newtype",
  "variable",
  "nothing",
  "list",
  "inferred",
]);

/** Whether a type may not be a field of a struct, header or header union. */
export function fieldProblem(kind: StructType["kind"], given: Type): boolean {
  const type = known(given);
  if (type.kind === "variable" || type.kind === "nothing" || type.kind === "inferred") return false;
  if (kind === "struct") return !isBits(type) && !IN_STRUCTS.has(type.kind);
  if (kind === "header_union") return type.kind !== "header";
  return inHeader(type);
}

/** Headers hold bits, varbits, truth values, and structs and arrays of them. */
function inHeader(given: Type): boolean {
  const type = underlying(given);
  if (type.kind === "struct") return type.fields.some((each) => inHeader(each.type));
  if (type.kind === "stack") return inHeader(type.element);
  return (
    !isBits(type) && !["varbit", "bool", "nothing", "variable", "inferred"].includes(type.kind)
  );
}

/** The first field of a type with its arguments put in that may not be one; undefined when all may. */
export function illFormed(type: Type): string | undefined {
  if (type.kind !== "struct" && type.kind !== "header" && type.kind !== "header_union")
    return undefined;
  return type.fields.find((each) => fieldProblem(type.kind, each.type))?.name;
}
