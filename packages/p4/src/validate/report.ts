/** How the rules tell what they find. */
import type { Code, Fields } from "../source/catalogue.ts";
import { diagnose, type Diagnostic, type Related } from "../source/diagnostic.ts";
import type { Span } from "../source/file.ts";
import type { Name } from "../syntax/ast.ts";

/** What the rules found so far, and a way to add to it. */
export type Findings = {
  readonly list: Diagnostic[];
  readonly add: <C extends Code>(
    code: C,
    at: { readonly span: Span; readonly related?: readonly Related[] },
    fields: Fields<C>,
  ) => void;
};

/** No findings yet. */
export function findings(): Findings {
  const list: Diagnostic[] = [];
  return {
    list,
    add: (code, { span, related = [] }, fields) => {
      list.push(diagnose(code, span, { fields, related }));
    },
  };
}

/** Tells each name that stands twice in a list; `what` is such as "field". */
export function distinct(found: Findings, names: readonly Name[], what: string): void {
  const seen = new Map<string, Name>();
  for (const name of names) {
    const earlier = seen.get(name.text);
    if (earlier === undefined) seen.set(name.text, name);
    else {
      const related = [{ message: "declared here first", span: earlier.span }];
      found.add("P401", { span: name.span, related }, { what, name: name.text });
    }
  }
}
