/** Annotations of the typed program (section 20). */
import type { Span } from "../source/file.ts";
import type { Expr } from "./expression.ts";

/**
 * An annotation. `@name(tokens)` has its tokens as written, strings with their quotes; `@name[a, b]` its values and `@name[k = v]` its
 * named values, all known.
 */
export type Annotation = {
  readonly name: string;
  readonly tokens: readonly string[];
  readonly values: readonly Expr[];
  readonly named: readonly { readonly name: string; readonly value: Expr }[];
  readonly span: Span;
};

/** The text of the only string of an annotation, such as that of `@name("x")`; undefined when there is none. */
export function annotationText(
  annotations: readonly Annotation[],
  name: string,
): string | undefined {
  const token = annotations.find((each) => each.name === name)?.tokens.find((each) => each !== " ");
  return token?.startsWith('"') === true ? token.slice(1, -1) : undefined;
}
