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
  const from = typeOf(expr);
  if (expr.kind === "conditional" && SOFT.has(from.kind)) return convertedBranches(c, expr, target);
  switch (from.kind) {
    case "integer":
      if (target.kind === "bit" || target.kind === "int") return sized(c, expr, target);
      break;
    case "serializable enum":
      if (isBits(target)) return fromEnum(expr, target);
      break;
    case "rest":
      return target.kind === "inferred" ? undefined : defaultOf(c, target, expr.span);
    case "invalid":
      if (target.kind === "header" || target.kind === "header_union")
        return { ...expr, type: settled(target) };
      break;
    case "tuple":
    case "record":
      if (expr.kind === "aggregate" && target.kind !== "inferred")
        return aggregateAs(c, expr, target);
      break;
    default:
  }
  return unify(target, from) ? expr : undefined;
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
  const wanted = expectedMembers(target, expr.elements.length);
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
    case "varbit":
      return integerOf(0n, type, span);
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
    default:
      return defaultAggregate(c, type, span);
  }
}

function defaultAggregate(c: Checker, type: Type, span: Span): Expr {
  const members = type.kind === "list" ? undefined : expectedMembers(type, 0);
  if (members === undefined) return wrong(c, { code: "P603", span }, { type: show(type) });
  const elements = members.map((each) => defaultOf(c, each.type, span));
  return { kind: "aggregate", type, elements, span };
}
