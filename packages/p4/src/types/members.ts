/** What a type is made of. */
import { known } from "./relate.ts";
import type { Type } from "./type.ts";

/** The parts that make a type, with names where they have some; of lists as many as are counted. Undefined when it has no parts, as a list has none that nobody counts. */
export function expectedMembers(
  given: Type,
  count?: number,
): readonly { readonly name?: string; readonly type: Type }[] | undefined {
  const type = known(given);
  switch (type.kind) {
    case "struct":
    case "header":
    case "record":
      return type.fields;
    case "tuple":
      return type.elements.map((element) => ({ type: element }));
    case "stack":
      return Array.from({ length: type.size }, () => ({ type: type.element }));
    case "list":
      return count === undefined
        ? undefined
        : Array.from({ length: count }, () => ({ type: type.element }));
    case "action run":
    case "apply result":
    case "bit":
    case "bool":
    case "control":
    case "enum":
    case "error":
    case "extern":
    case "header_union":
    case "inferred":
    case "int":
    case "integer":
    case "invalid":
    case "match_kind":
    case "newtype":
    case "nothing":
    case "package":
    case "parser":
    case "rest":
    case "serializable enum":
    case "set":
    case "string":
    case "table":
    case "varbit":
    case "variable":
    case "void":
      return undefined;
  }
}
