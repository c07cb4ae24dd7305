/** What a type is made of. */
import { known } from "./relate.ts";
import type { Type } from "./type.ts";

/** The parts that make a type, with names where they have some; of lists as many as are given. Undefined when it has no parts. */
export function expectedMembers(
  given: Type,
  count: number,
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
      return Array.from({ length: count }, () => ({ type: type.element }));
    default:
      return undefined;
  }
}
