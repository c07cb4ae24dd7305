/** Types as messages show them: as P4 writes them. */
import { known } from "./relate.ts";
import type { BitsType, Type } from "./type.ts";

const list = (types: readonly Type[]): string => types.map(show).join(", ");

const generic = (name: string, types: readonly Type[]): string =>
  types.length === 0 ? name : `${name}<${list(types)}>`;

/** A type as P4 writes it. */
export function show(given: Type): string {
  const type = known(given);
  switch (type.kind) {
    case "bit":
    case "int":
    case "varbit":
      return `${type.kind}<${type.width}>`;
    case "integer":
      return "int";
    case "stack":
      return `${show(type.element)}[${type.size}]`;
    case "tuple":
      return `tuple<${list(type.elements)}>`;
    case "list":
    case "set":
      return `${type.kind}<${show(type.element)}>`;
    case "record":
      return `{${type.fields.map(({ name }) => name).join(", ")}}`;
    case "invalid":
      return "{#}";
    case "rest":
      return "...";
    case "inferred":
      return type.name;
    case "nothing":
      return "_";
    case "apply result":
      return "the result of apply";
    case "action run":
      return "action_run";
    case "bool":
    case "control":
    case "enum":
    case "error":
    case "extern":
    case "header":
    case "header_union":
    case "match_kind":
    case "newtype":
    case "package":
    case "parser":
    case "serializable enum":
    case "string":
    case "struct":
    case "table":
    case "variable":
    case "void":
      return shownName(type);
  }
}

function shownName(type: Type): string {
  if ("arguments" in type) return generic(type.name, type.arguments);
  return "name" in type ? type.name : type.kind;
}

/** A text that two types have in common only when they are the same: names alone may stand for different types in different scopes. */
export function identity(given: Type): string {
  const type = known(given);
  if ("id" in type) return `${type.id}<${"arguments" in type ? identities(type.arguments) : ""}>`;
  if ("elements" in type) return `(${identities(type.elements)})`;
  if ("fields" in type) {
    const fields = type.fields.map((each) => `${each.name} ${identity(each.type)}`);
    return `{${fields.join()}}`;
  }
  if (!("element" in type)) return show(type);
  return `${type.kind}[${type.kind === "stack" ? type.size : ""}] ${identity(type.element)}`;
}

const identities = (types: readonly Type[]): string => types.map(identity).join();

/** A number as messages show it, of which a hostile program may have a very long one. */
export const showNumber = (value: bigint): string => String(value).slice(0, 40);

/** Whether a type is a number with a width. */
export const isBits = (type: Type): type is BitsType & { readonly kind: "bit" | "int" } =>
  type.kind === "bit" || type.kind === "int";

/** The bits or other type under newtypes and serialisable enums. */
export function underlying(given: Type): Type {
  const type = known(given);
  if (type.kind === "newtype") return underlying(type.target);
  return type.kind === "serializable enum" ? underlying(type.underlying) : type;
}
