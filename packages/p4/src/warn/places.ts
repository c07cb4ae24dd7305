/** Reading and writing variables and parts of them, as to what is set and valid. */
import type { Parameter, Variable } from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import type { Related } from "../source/diagnostic.ts";
import type { Findings } from "../validate/report.ts";
import { type Facts, withMaybeSet, withSet, withUnknown, withUnset } from "./facts.ts";
import { headerBits, type Layout, type Layouts, type Located, located } from "./layout.ts";

/** What an action or table does to what is known. */
export type Effect = {
  readonly end: Facts;
  /** Where it ends the whole control. */
  readonly exited: Facts;
};

/** The state of going through a body. Without `found` nothing is told: only its effect is wanted. */
export type Flow = {
  readonly layouts: Layouts;
  readonly found: Findings | undefined;
  /** Effects of actions and tables of the control, by their ids. */
  readonly effects: ReadonlyMap<number, Effect>;
  /** What holds wherever one of them begins; filled when things are told. */
  readonly entries: Map<number, Facts>;
  /** What holds here. */
  facts: Facts;
  /** What holds where `return`, `exit`, `break` and `continue` stand. */
  returned: Facts;
  exited: Facts;
  broke: Facts;
  continued: Facts;
};

/** A place as a program names it, without slices. */
function nameOf(expr: Expr): string {
  if (expr.kind === "variable") return expr.variable.name;
  if (expr.kind === "field") return `${nameOf(expr.of)}.${expr.field}`;
  if (expr.kind === "next" || expr.kind === "last") return `${nameOf(expr.of)}.${expr.kind}`;
  if (expr.kind === "element")
    return `${nameOf(expr.of)}[${expr.index.kind === "integer" ? expr.index.value : "..."}]`;
  return "of" in expr ? nameOf(expr.of) : "this";
}

function variableIn(expr: Expr): Variable | Parameter | undefined {
  if (expr.kind === "variable") return expr.variable;
  return "of" in expr ? variableIn(expr.of) : undefined;
}

function declaredAt(expr: Expr): readonly Related[] {
  const variable = variableIn(expr);
  return variable === undefined ? [] : [{ message: "declared here", span: variable.span }];
}

const isUnset = ({ unset, set }: Facts, bits: bigint): boolean =>
  bits !== 0n && (unset & bits) === bits && (set & bits) === 0n;

/** Tells a field of a header that is certainly not valid. */
export function tellInvalid(flow: Flow, expr: Expr): void {
  const { found, facts } = flow;
  if (found === undefined) return;
  if (expr.kind !== "field" || expr.of.type.kind !== "header") {
    if ("of" in expr) tellInvalid(flow, expr.of);
    return;
  }
  const header = located(flow.layouts, expr.of);
  if (header?.layout.kind !== "header" || !isUnset(facts, header.layout.bits)) return;
  found.add("P733", { span: expr.span, related: declaredAt(expr) }, { name: nameOf(expr) });
  flow.facts = withSet(facts, header.layout.bits);
}

/** Tells a value that is read and was not set; once on each way. */
export function tellUnset(flow: Flow, expr: Expr): void {
  const place = located(flow.layouts, expr);
  const { found, facts } = flow;
  if (place === undefined || found === undefined) return;
  const { layout } = place;
  const bits = layout.bits & ~headerBits(layout);
  const isCertain = isUnset(facts, bits) && isUnset(facts, layout.bits);
  const isOpen = layout.kind === "value" && (facts.unset & bits) !== 0n;
  if (!isCertain && !isOpen) return;
  const at = { span: expr.span, related: declaredAt(expr) };
  found.add(isCertain ? "P730" : "P731", at, { name: nameOf(expr) });
  flow.facts = withSet(facts, bits);
}

/** What holds behind a place was set to a value, which is not known when an `out` argument was. */
export function written(flow: Flow, target: Expr, value?: Expr): void {
  const place = located(flow.layouts, target);
  if (place !== undefined) flow.facts = assigned(flow.facts, place, { target, value });
}

type Written = { readonly target: Expr; readonly value: Expr | undefined };

function assigned(facts: Facts, { layout, isPart }: Located, { target, value }: Written): Facts {
  if (!isPart) return setTo(facts, layout, value);
  if (layout.kind !== "header") return withSet(facts, layout.bits);
  const isField = target.kind === "field" && target.of.type.kind === "header";
  return isField ? facts : withMaybeSet(facts, layout.bits);
}

/** What holds behind a whole variable was set. */
export function setTo(facts: Facts, layout: Layout, value?: Expr): Facts {
  if (layout.kind === "value") return withSet(facts, layout.bits);
  if (layout.kind === "header") return headerSetTo(facts, layout.bits, value);
  if (layout.bits === 0n) return facts;
  if (value?.kind !== "aggregate") {
    const headers = headerBits(layout);
    return withUnknown(withSet(facts, layout.bits & ~headers), headers);
  }
  return layout.fields.reduce(
    (sum, each, index) => (each === undefined ? sum : setTo(sum, each, value.elements[index])),
    facts,
  );
}

function headerSetTo(facts: Facts, bits: bigint, value: Expr | undefined): Facts {
  if (value?.kind === "invalid") return withUnset(facts, bits);
  const isMade = value?.kind === "aggregate" && value.type.kind === "header";
  return isMade ? withSet(facts, bits) : withUnknown(facts, bits);
}

/** What holds behind a header became valid or not. */
export function madeValid(flow: Flow, header: Expr, isValid: boolean): void {
  const place = located(flow.layouts, header);
  if (place?.layout.kind !== "header") return;
  const { bits } = place.layout;
  if (!place.isPart) flow.facts = isValid ? withSet(flow.facts, bits) : withUnset(flow.facts, bits);
  else if (isValid) flow.facts = withMaybeSet(flow.facts, bits);
}

/** What holds at the beginning of a body for its parameters: of `out` ones nothing is set, headers of others may be valid. */
export function beginning(facts: Facts, layouts: Layouts, parameters: readonly Parameter[]): Facts {
  return parameters.reduce((sum, { id, direction }) => {
    const bits = layouts.byId.get(id)?.bits ?? 0n;
    return direction === "out" ? withUnset(sum, bits) : withUnknown(sum, bits);
  }, facts);
}

/** Tells `out` parameters of which nothing is set at the end, on no way. */
export function tellOut(flow: Flow, end: Facts, parameters: readonly Parameter[]): void {
  for (const { id, direction, name, span } of parameters) {
    const layout = flow.layouts.byId.get(id);
    if (direction !== "out" || layout === undefined) continue;
    const bits = layout.bits & ~headerBits(layout);
    if (isUnset(end, bits) && (end.set & layout.bits) === 0n)
      flow.found?.add("P732", { span }, { name });
  }
}
