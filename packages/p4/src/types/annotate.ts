/** Annotations with their values (section 20). */
import type { Annotation } from "../ir/annotation.ts";
import { isValue } from "../ir/value.ts";
import type { Annotation as Syntax, Expression } from "../syntax/ast.ts";
import type { Expr } from "../ir/expression.ts";
import { check, type Checker, isNothing, tell } from "./context.ts";

/** Annotations as the typed program has them; expressions in them are worked out. */
export function annotated(c: Checker, list: readonly Syntax[]): readonly Annotation[] {
  return list.map(({ name, body, span }) => {
    const bare = { name: name.text, tokens: [], values: [], named: [], span };
    switch (body.kind) {
      case "none":
        return bare;
      case "tokens":
      case "pragma":
        return { ...bare, tokens: body.tokens };
      case "expressions":
        return { ...bare, values: body.expressions.map((each) => known(c, each)) };
      case "named": {
        const named = body.values.map((each) => ({
          name: each.name.text,
          value: known(c, each.value),
        }));
        return { ...bare, named };
      }
    }
  });
}

function known(c: Checker, syntax: Expression): Expr {
  const expr = check(c, syntax);
  if (!isNothing(expr.type) && !isValue(expr))
    tell(c, { code: "P507", span: expr.span }, { what: "a value of an annotation" });
  return expr;
}

/** The text of `@deprecated`, as a part of an entity. */
export function deprecation(list: readonly Syntax[]): { readonly deprecated?: string } {
  const found = list.find((each) => each.name.text === "deprecated");
  if (found === undefined) return {};
  const text =
    found.body.kind === "tokens" ? found.body.tokens.join("").replaceAll(/^"|"$/g, "") : "";
  return { deprecated: text };
}
