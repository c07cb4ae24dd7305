/** Which argument is for which parameter (section 8.20), and which of several functions of a name is called (section 6.9). */
import type { Parameter } from "../ir/declaration.ts";
import type { Argument as ArgumentSyntax } from "../syntax/ast.ts";
import { type Checker, tell } from "./context.ts";
import type { Span } from "../source/file.ts";

/** What can be said of arguments before their types are known. */
export type Matched = {
  /** For each parameter its argument's place among the arguments; undefined when none is given. */
  readonly places: readonly (number | undefined)[];
};

type Called = { readonly name: string; readonly span: Span };

const mayMiss = ({ isOptional, defaultValue }: Parameter): boolean =>
  isOptional || defaultValue !== undefined;

/** Whether arguments fit parameters by their number and names. */
export function fits(parameters: readonly Parameter[], list: readonly ArgumentSyntax[]): boolean {
  if (list.length > parameters.length) return false;
  const named = list.some(({ name }) => name !== undefined);
  const given = parameters.map(({ name }, index) =>
    named ? list.some((each) => each.name?.text === name) : index < list.length,
  );
  const isAllKnown = list.every(
    ({ name }) => name === undefined || parameters.some((each) => each.name === name.text),
  );
  return isAllKnown && parameters.every((each, index) => given[index] === true || mayMiss(each));
}

/** Finds the argument of each parameter; undefined after an error. */
export function matched(
  c: Checker,
  {
    parameters,
    list,
    called,
  }: {
    readonly parameters: readonly Parameter[];
    readonly list: readonly ArgumentSyntax[];
    readonly called: Called;
  },
): Matched | undefined {
  const named = list.filter(({ name }) => name !== undefined).length;
  if (named > 0 && named < list.length) {
    tell(c, { code: "P624", span: called.span }, { name: called.name });
    return undefined;
  }
  const extra = list[parameters.length];
  if (named === 0 && extra !== undefined) {
    const fields = {
      name: called.name,
      expected: String(parameters.length),
      found: String(list.length),
    };
    tell(c, { code: "P625", span: extra.span }, fields);
    return undefined;
  }
  return named > 0
    ? matchedByName(c, { parameters, list, called })
    : byPlace(c, { parameters, list, called });
}

type Given = {
  readonly parameters: readonly Parameter[];
  readonly list: readonly ArgumentSyntax[];
  readonly called: Called;
};

function byPlace(c: Checker, { parameters, list, called }: Given): Matched | undefined {
  const places = parameters.map((_, index) => (index < list.length ? index : undefined));
  return complete(c, { parameters, places, called });
}

function matchedByName(c: Checker, { parameters, list, called }: Given): Matched | undefined {
  const places: (number | undefined)[] = parameters.map(() => undefined);
  for (const [index, { name }] of list.entries()) {
    if (name === undefined) continue;
    const at = parameters.findIndex((each) => each.name === name.text);
    if (at < 0) {
      tell(c, { code: "P626", span: name.span }, { name: called.name, parameter: name.text });
      return undefined;
    }
    if (places[at] !== undefined) {
      tell(c, { code: "P627", span: name.span }, { parameter: name.text });
      return undefined;
    }
    places[at] = index;
  }
  return complete(c, { parameters, places, called });
}

function complete(
  c: Checker,
  {
    parameters,
    places,
    called,
  }: {
    readonly parameters: readonly Parameter[];
    readonly places: readonly (number | undefined)[];
    readonly called: Called;
  },
): Matched | undefined {
  const missing = parameters.find((each, index) => places[index] === undefined && !mayMiss(each));
  if (missing === undefined) return { places };
  const related = [{ message: "declared here", span: missing.span }];
  tell(
    c,
    { code: "P628", span: called.span, related },
    { name: called.name, parameter: missing.name },
  );
  return undefined;
}
