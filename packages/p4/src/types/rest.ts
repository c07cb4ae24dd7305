/** Where `...` may stand: where variables and constants get values, and nowhere else (section 7.3). */
import type { Expression } from "../syntax/ast.ts";
import { type Checker, tell } from "./context.ts";

/** The place of `...` in an expression; undefined when it has none. Calls in it tell their own. */
function restIn(syntax: Expression): Expression["span"] | undefined {
  switch (syntax.kind) {
    case "rest":
      return syntax.span;
    case "list":
      return firstOf(syntax.elements);
    case "struct value":
      return syntax.hasRest ? syntax.span : firstOf(syntax.fields.map(({ value }) => value));
    case "cast":
      return restIn(syntax.operand);
    case "conditional":
      return restIn(syntax.yes) ?? restIn(syntax.no);
    case "binary":
    case "boolean":
    case "call":
    case "index":
    case "integer":
    case "invalid header":
    case "member":
    case "name":
    case "part select":
    case "slice":
    case "string":
    case "this":
    case "type":
    case "unary":
      return undefined;
  }
}

function firstOf(list: readonly Expression[]): Expression["span"] | undefined {
  for (const each of list) {
    const span = restIn(each);
    if (span !== undefined) return span;
  }
  return undefined;
}

/** Tells `...` in an expression that stands where none may. */
export function tellRest(c: Checker, syntax: Expression, where: string): void {
  const span = restIn(syntax);
  if (span !== undefined) tell(c, { code: "P653", span }, { where });
}
