/** Annotations with their values (section 20). */
import type { Annotation } from "../ir/annotation.ts";
import { isValue } from "../ir/value.ts";
import type { Annotation as Syntax, Expression } from "../syntax/ast.ts";
import type { Expr } from "../ir/expression.ts";
import { check, type Checker, isNothing, tell } from "./context.ts";

/** Annotations as the typed program has them; expressions in them are worked out. */
export function annotated(c: Checker, list: readonly Syntax[]): readonly Annotation[] {
  const made = list.map((each) => annotationOf(c, each));
  for (const [index, { name, span }] of made.entries()) {
    const isTwice = made.slice(0, index).some((each) => each.name === name);
    if (isTwice && isStructured(list[index])) tell(c, { code: "P659", span }, { name });
  }
  return made;
}

const isStructured = (syntax: Syntax | undefined): boolean =>
  syntax !== undefined && ["expressions", "named"].includes(syntax.body.kind);

function annotationOf(c: Checker, { name, body, span }: Syntax): Annotation {
  const bare = { name: name.text, tokens: [], values: [], named: [], span };
  switch (body.kind) {
    case "none":
      return bare;
    case "tokens":
    case "pragma":
      tellTokens(c, name, body.tokens);
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
}

/** Annotations of which the language or P4Runtime says what is in their parentheses. */
const EXPECTED: ReadonlyMap<string, { readonly pattern: RegExp; readonly expected: string }> =
  new Map([
    ["name", { pattern: /^"/, expected: "a string" }],
    [
      "p4runtime_translation",
      {
        pattern: /^"[^"]*",(bit<\d+>|string|\d+)$/,
        expected: "a URI, and bit<W>, string or a width",
      },
    ],
  ]);

function tellTokens(c: Checker, { text, span }: Syntax["name"], tokens: readonly string[]): void {
  const rule = EXPECTED.get(text);
  const written = tokens.join("").replaceAll(/\s/g, "");
  if (rule !== undefined && !rule.pattern.test(written))
    tell(c, { code: "P658", span }, { name: text, expected: rule.expected });
}

const VALUES = "numbers, truth values and strings";

function known(c: Checker, syntax: Expression): Expr {
  const expr = check(c, syntax);
  const isPlain = ["integer", "bool", "string"].includes(expr.kind);
  if (isNothing(expr.type) || isPlain) return expr;
  if (isValue(expr))
    tell(c, { code: "P658", span: expr.span }, { name: "annotation", expected: VALUES });
  else tell(c, { code: "P507", span: expr.span }, { what: "a value of an annotation" });
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
