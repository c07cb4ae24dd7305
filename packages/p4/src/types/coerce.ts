/** Implicit conversions, and the values that `...` stands for (sections 8.12.2, 8.13 and 7.3). */
import { boundsOf, wrapped } from "../eval/fold.ts";
import { expectedMembers } from "./members.ts";
import type { Expr } from "../ir/expression.ts";
import { boolOf, integerOf, nothing, plain } from "../ir/value.ts";
import type { Span } from "../source/file.ts";
import { type Checker, isNothing, tell, typeOf, wrong } from "./context.ts";
import { known, settled, unify } from "./relate.ts";
import { isBits, show } from "./show.ts";
import type { BitsType, Field, Type } from "./type.ts";

/** A number of a type with a width; when it does not fit a warning is told, and its lowest bits are taken. */
export function fitted(
  c: Checker,
  value: bigint,
  { type, span }: { type: BitsType; span: Span },
): Expr {
  const [least, greatest] = boundsOf(type);
  if (value < least || value > greatest) {
    const fields = {
      value: String(value).slice(0, 60),
      type: show(type),
      result: String(wrapped(value, type)),
    };
    tell(c, { code: "P602", span }, fields);
  }
  return integerOf(wrapped(value, type), type, span);
}

/** An expression as one of a type that it becomes by itself; else an error that names `what` it is. */
export function coerced(c: Checker, expr: Expr, { to, what }: { to: Type; what: string }): Expr {
  const target = known(to);
  if (isNothing(typeOf(expr)) || isNothing(target)) return expr;
  const made = converted(c, expr, target);
  if (made !== undefined) return made;
  const fields = { what, expected: show(target), found: show(expr.type) };
  return wrong(c, { code: "P601", span: expr.span }, fields);
}

/** An expression as one of a type that it becomes by itself; undefined when it does not. */
export function converted(c: Checker, expr: Expr, to: Type): Expr | undefined {
  const target = known(to);
  const { kind } = typeOf(expr);
  if (SOFT.has(kind) && target.kind !== "inferred") {
    const made = softened(c, expr, target);
    if (made !== undefined) return made;
  }
  if (kind === "serializable enum" && isBits(target)) return fromEnum(expr, target);
  return unify(target, expr.type) ? expr : undefined;
}

/** What has no type of its own, such as a number without a width or braces, as one of a type; undefined when it cannot be. */
function softened(c: Checker, expr: Expr, target: Type): Expr | undefined {
  if (expr.kind === "conditional") return convertedBranches(c, expr, target);
  switch (expr.type.kind) {
    case "integer":
      return isBits(target) ? sized(c, expr, target) : undefined;
    case "rest":
      return defaultOf(c, target, expr.span);
    case "invalid":
      return target.kind.startsWith("header") ? { ...expr, type: settled(target) } : undefined;
    case "tuple":
    case "record":
      return expr.kind === "aggregate" ? aggregateAs(c, expr, target) : undefined;
    case "action run":
    case "apply result":
    case "bit":
    case "bool":
    case "control":
    case "enum":
    case "error":
    case "extern":
    case "header":
    case "header_union":
    case "inferred":
    case "int":
    case "list":
    case "match_kind":
    case "newtype":
    case "nothing":
    case "package":
    case "parser":
    case "serializable enum":
    case "set":
    case "stack":
    case "string":
    case "struct":
    case "table":
    case "varbit":
    case "variable":
    case "void":
      return undefined;
  }
}

const SOFT: ReadonlySet<string> = new Set(["integer", "rest", "invalid", "tuple", "record"]);

function convertedBranches(
  c: Checker,
  expr: Extract<Expr, { kind: "conditional" }>,
  to: Type,
): Expr | undefined {
  const yes = converted(c, expr.yes, to);
  const no = converted(c, expr.no, to);
  return yes === undefined || no === undefined ? undefined : { ...expr, yes, no, type: yes.type };
}

function sized(c: Checker, expr: Expr, type: BitsType): Expr {
  if (expr.kind === "integer") return fitted(c, expr.value, { type, span: expr.span });
  return { kind: "cast", type, operand: expr, span: expr.span };
}

/** A serialisable enum becomes the number that it stands for. */
function fromEnum(expr: Expr, target: Type): Expr | undefined {
  const from = typeOf(expr);
  if (from.kind !== "serializable enum" || !unify(from.underlying, target)) return undefined;
  if (expr.kind === "integer") return integerOf(expr.value, target, expr.span);
  return { kind: "cast", type: settled(target), operand: expr, span: expr.span };
}

/** `{a, b}` or `{x = a, y = b}` as what it makes. */
function aggregateAs(
  c: Checker,
  expr: Extract<Expr, { kind: "aggregate" }>,
  target: Type,
): Expr | undefined {
  const from = typeOf(expr);
  const wanted = expectedMembers(target);
  if (wanted === undefined || wanted.length !== expr.elements.length) return undefined;
  const list = from.kind === "record" ? byName(expr.elements, from.fields, wanted) : expr.elements;
  if (list === undefined || (from.kind === "record" && target.kind === "tuple")) return undefined;
  const elements = list.map((each, index) => converted(c, each, wanted[index]?.type ?? each.type));
  if (elements.some((each) => each === undefined)) return undefined;
  return {
    ...expr,
    type: settled(target),
    elements: elements.map((each) => each ?? nothing(expr.span)),
  };
}

function byName(
  elements: readonly Expr[],
  fields: readonly Field[],
  wanted: readonly { readonly name?: string }[],
): readonly Expr[] | undefined {
  const sorted = wanted.map(({ name }) => elements[fields.findIndex((each) => each.name === name)]);
  const made = sorted.flatMap((each) => (each === undefined ? [] : [each]));
  return made.length === wanted.length ? made : undefined;
}

/** The default value of a type; an error when it has none. */
export function defaultOf(c: Checker, given: Type, span: Span): Expr {
  const type = settled(given);
  switch (type.kind) {
    case "bit":
    case "int":
    case "integer":
    case "serializable enum":
      return integerOf(0n, type, span);
    case "bool":
      return boolOf(false, span);
    case "string":
      return { kind: "string", type, value: "", span };
    case "error":
      return { kind: "error", type: plain("error"), member: "NoError", span };
    case "enum":
      return { kind: "enum", type, member: type.members[0] ?? "", span };
    case "newtype":
      return { ...defaultOf(c, type.target, span), type };
    case "header":
    case "header_union":
      return { kind: "invalid", type, span };
    case "nothing":
      return nothing(span);
    case "action run":
    case "apply result":
    case "control":
    case "extern":
    case "inferred":
    case "invalid":
    case "list":
    case "match_kind":
    case "package":
    case "parser":
    case "record":
    case "rest":
    case "set":
    case "stack":
    case "struct":
    case "table":
    case "tuple":
    case "variable":
    case "varbit":
    case "void":
      return defaultAggregate(c, type, span);
  }
}

function defaultAggregate(c: Checker, type: Type, span: Span): Expr {
  const members = expectedMembers(type);
  if (members === undefined) return wrong(c, { code: "P603", span }, { type: show(type) });
  const elements = members.map((each) => defaultOf(c, each.type, span));
  return { kind: "aggregate", type, elements, span };
}
