/** Braces: lists, structs, `...`, invalid headers (sections 8.13 to 8.15 and 7.3). */
import type { Expr } from "../ir/expression.ts";
import { nothing } from "../ir/value.ts";
import type { Expression, NamedValue } from "../syntax/ast.ts";
import { coerced, defaultOf } from "./coerce.ts";
import { check, type Checker, isNothing, tell, wrong } from "./context.ts";
import { noMember } from "./check-access.ts";
import { alike } from "./check-operators.ts";
import { expectedMembers } from "./members.ts";
import { known, settled } from "./relate.ts";
import { show } from "./show.ts";
import type { Field, Type } from "./type.ts";

/** `{a, b}`; with `...` at its end the rest has default values. */
export function listExpression(
  c: Checker,
  { elements: given, span }: Extract<Expression, { kind: "list" }>,
  expected: Type | undefined,
): Expr {
  const hasRest = given.at(-1)?.kind === "rest";
  const parts = hasRest ? given.slice(0, -1) : given;
  const wanted = expected === undefined ? undefined : expectedMembers(expected, parts.length);
  if (wanted === undefined || expected === undefined) {
    const elements = given.map((each) => check(c, each));
    if (elements.some(({ type }) => isNothing(type))) return nothing(span);
    const type: Type = { kind: "tuple", elements: elements.map((each) => each.type) };
    return { kind: "aggregate", type, elements, span };
  }
  const fits = hasRest ? parts.length <= wanted.length : parts.length === wanted.length;
  if (!fits) {
    const fields = {
      type: show(expected),
      expected: String(wanted.length),
      found: String(parts.length),
    };
    return wrong(c, { code: "P620", span }, fields);
  }
  const elements = wanted.map(({ type, name }, index) => {
    const part = parts[index];
    if (part === undefined) return defaultOf(c, type, span);
    const what = name === undefined ? `element ${index}` : `field ${name}`;
    return coerced(c, check(c, part, type), { to: type, what });
  });
  return { kind: "aggregate", type: settled(expected), elements, span };
}

/** `{x = a, y = b}`; with `...` at its end the rest has default values. */
export function structExpression(
  c: Checker,
  syntax: Extract<Expression, { kind: "struct value" }>,
  expected: Type | undefined,
): Expr {
  const target = expected === undefined ? undefined : known(expected);
  tellTwice(c, syntax.fields);
  if (target !== undefined && (target.kind === "struct" || target.kind === "header"))
    return structAs(c, syntax, target);
  const made = syntax.fields.map(({ name, value }) => ({
    name: name.text,
    value: check(c, value),
  }));
  if (made.some(({ value }) => isNothing(value.type))) return nothing(syntax.span);
  const fields: readonly Field[] = made.map(({ name, value }) => ({
    name,
    type: value.type,
    annotations: [],
  }));
  const elements = made.map(({ value }) => value);
  return { kind: "aggregate", type: { kind: "record", fields }, elements, span: syntax.span };
}

function tellTwice(c: Checker, fields: readonly NamedValue[]): void {
  const seen = new Set<string>();
  for (const { name } of fields) {
    if (seen.has(name.text)) tell(c, { code: "P621", span: name.span }, { name: name.text });
    seen.add(name.text);
  }
}

function structAs(
  c: Checker,
  { fields: given, hasRest, span }: Extract<Expression, { kind: "struct value" }>,
  type: Extract<Type, { kind: "struct" | "header" | "header_union" }>,
): Expr {
  const names = type.fields.map(({ name }) => name);
  for (const { name, value } of given) {
    if (names.includes(name.text)) continue;
    noMember(c, name, { of: show(type), names });
    check(c, value);
  }
  const byName = new Map(given.map((each) => [each.name.text, each.value]));
  const missing = names.filter((name) => !byName.has(name));
  if (missing.length > 0 && !hasRest) {
    const fields = { type: show(type), names: missing.slice(0, 5).join(", ") };
    tell(c, { code: "P622", span }, fields);
  }
  const elements = type.fields.map((field) => {
    const value = byName.get(field.name);
    if (value === undefined) return hasRest ? defaultOf(c, field.type, span) : nothing(span);
    const what = `field ${field.name}`;
    return coerced(c, check(c, value, field.type), { to: field.type, what });
  });
  return { kind: "aggregate", type: settled(type), elements, span };
}

/** `condition ? yes : no`. */
export function conditional(
  c: Checker,
  syntax: Extract<Expression, { kind: "conditional" }>,
  expected: Type | undefined,
): Expr {
  const { span } = syntax;
  const what = "the condition of ?:";
  const condition = coerced(c, check(c, syntax.condition), { to: { kind: "bool" }, what });
  const yes = check(c, syntax.yes, expected);
  const no = check(c, syntax.no, expected);
  if ([condition, yes, no].some(({ type }) => isNothing(type))) return nothing(span);
  const both = alike(c, { left: yes, right: no });
  if (both === undefined)
    return wrong(c, { code: "P623", span }, { yes: show(yes.type), no: show(no.type) });
  if (condition.kind === "bool") return { ...(condition.value ? both[0] : both[1]), span };
  return { kind: "conditional", condition, yes: both[0], no: both[1], type: both[0].type, span };
}
