/** Parts of values: members, elements, slices (sections 8.6, 8.9, 8.16 to 8.18). */
import { sliceValue } from "../eval/evaluate.ts";
import type { Expr, StackExpr } from "../ir/expression.ts";
import { integerOf, isValue, plain } from "../ir/value.ts";
import { similar } from "../names/similar.ts";
import type { Span } from "../source/file.ts";
import type { Name } from "../syntax/ast.ts";
import { converted } from "./coerce.ts";
import { type Checker, isNothing, tell, typeOf, wrong } from "./context.ts";
import { known } from "./relate.ts";
import { isBits, show, showNumber, underlying } from "./show.ts";
import type { Field, StackType, Type } from "./type.ts";

/** Tells that something has no member of a name, with the one that was meant when there is a similar one. */
export function noMember(
  c: Checker,
  name: Name,
  { of, names }: { readonly of: string; readonly names: readonly string[] },
): Expr {
  const meant = similar(name.text, names);
  if (meant === undefined)
    return wrong(c, { code: "P613", span: name.span }, { name: name.text, of });
  return wrong(c, { code: "P614", span: name.span }, { name: name.text, of, meant });
}

/** `of.name`, where it is not called. */
export function member(
  c: Checker,
  of: Expr,
  { name, span }: { readonly name: Name; readonly span: Span },
): Expr {
  const type = typeOf(of);
  switch (type.kind) {
    case "nothing":
      return of;
    case "struct":
    case "header":
    case "header_union":
    case "record":
      return fieldOf(c, { of, fields: type.fields, name, span });
    case "stack":
      return stackMember(c, { of, type, name, span });
    case "apply result":
      return outcome(c, of, { name, span });
    case "action run":
    case "bit":
    case "bool":
    case "control":
    case "enum":
    case "error":
    case "extern":
    case "inferred":
    case "int":
    case "integer":
    case "invalid":
    case "list":
    case "match_kind":
    case "newtype":
    case "package":
    case "parser":
    case "rest":
    case "serializable enum":
    case "set":
    case "string":
    case "table":
    case "tuple":
    case "varbit":
    case "variable":
    case "void":
      return noMember(c, name, { of: show(type), names: [] });
  }
}

type FieldAccess = {
  readonly of: Expr;
  readonly fields: readonly Field[];
  readonly name: Name;
  readonly span: Span;
};

function fieldOf(c: Checker, { of, fields, name, span }: FieldAccess): Expr {
  const index = fields.findIndex((each) => each.name === name.text);
  const field = fields[index];
  if (field === undefined) {
    const names = fields.map((each) => each.name);
    return noMember(c, name, { of: show(of.type), names });
  }
  const part = of.kind === "aggregate" ? of.elements[index] : undefined;
  if (part !== undefined) return { ...part, span };
  return { kind: "field", of, field: name.text, index, type: known(field.type), span };
}

type StackAccess = {
  readonly of: Expr;
  readonly type: StackType;
  readonly name: Name;
  readonly span: Span;
};

const BIT_32: Type = { kind: "bit", width: 32 };

function stackMember(c: Checker, { of, type, name, span }: StackAccess): Expr {
  const { text } = name;
  const item = known(type.element);
  if (text === "size") return integerOf(BigInt(type.size), BIT_32, span);
  const isStack = ["header", "header_union", "variable"].includes(item.kind);
  if (!isStack || (text !== "next" && text !== "last" && text !== "lastIndex")) {
    const names = isStack ? ["next", "last", "lastIndex", "size"] : ["size"];
    return noMember(c, name, { of: show(type), names });
  }
  if (c.place.kind !== "parser" && c.place.kind !== "state")
    tell(c, { code: "P615", span: name.span }, { name: text });
  const result: Type = text === "lastIndex" ? BIT_32 : item;
  const made: StackExpr = { kind: text, of, type: result, span };
  return made;
}

/** `t.apply().hit` and its like. */
function outcome(c: Checker, of: Expr, { name, span }: { name: Name; span: Span }): Expr {
  const { text } = name;
  const type = typeOf(of);
  if (of.kind === "call" && (text === "hit" || text === "miss"))
    return { kind: text, apply: of, type: plain("bool"), span };
  if (type.kind === "apply result" && text === "action_run")
    return { ...of, type: { kind: "action run", table: type.table } };
  return noMember(c, name, { of: show(type), names: ["hit", "miss", "action_run"] });
}

/** `of[index]`. */
export function element(
  c: Checker,
  of: Expr,
  { index, span }: { readonly index: Expr; readonly span: Span },
): Expr {
  const type = typeOf(of);
  if (isNothing(type) || isNothing(index.type)) return { ...of, type: { kind: "nothing" } };
  const kind = underlying(index.type);
  if (kind.kind !== "integer" && !isBits(kind)) {
    const fields = { what: "an index", expected: "a number", found: show(index.type) };
    return wrong(c, { code: "P601", span: index.span }, fields);
  }
  if (type.kind === "stack")
    return elementAt(c, { of, index, span, count: type.size, type: known(type.element) });
  if (type.kind === "list")
    return elementAt(c, { of, index, span, count: undefined, type: known(type.element) });
  if (type.kind !== "tuple") return wrong(c, { code: "P616", span }, { type: show(type) });
  if (index.kind !== "integer")
    return wrong(c, { code: "P507", span: index.span }, { what: "the index of a tuple" });
  const item = type.elements[Number(index.value)] ?? { kind: "nothing" };
  return elementAt(c, { of, index, span, count: type.elements.length, type: known(item) });
}

type ElementAccess = {
  readonly of: Expr;
  readonly index: Expr;
  readonly span: Span;
  readonly count: number | undefined;
  readonly type: Type;
};

function elementAt(c: Checker, { of, index, span, count, type }: ElementAccess): Expr {
  if (
    index.kind === "integer" &&
    count !== undefined &&
    (index.value < 0n || index.value >= BigInt(count))
  ) {
    const fields = {
      index: showNumber(index.value),
      type: show(of.type),
      last: String(count - 1),
    };
    return wrong(c, { code: "P617", span: index.span }, fields);
  }
  const part =
    of.kind === "aggregate" && index.kind === "integer"
      ? of.elements[Number(index.value)]
      : undefined;
  return part === undefined ? { kind: "element", of, index, type, span } : { ...part, span };
}

type Bounds = { readonly high: Expr; readonly low: Expr; readonly span: Span };

/** Bits for what slices are of: numbers, also serialisable enums. */
function sliceable(c: Checker, of: Expr): Expr | undefined {
  const type = typeOf(of);
  if (type.kind === "serializable enum") return converted(c, of, underlying(type));
  return isBits(type) || type.kind === "integer" ? of : undefined;
}

/** `of[high:low]`. */
export function slice(c: Checker, of: Expr, { high, low, span }: Bounds): Expr {
  const bits = sliceable(c, of);
  if ([of, high, low].some(({ type }) => isNothing(type)))
    return { ...of, type: { kind: "nothing" } };
  if (bits === undefined) return wrong(c, { code: "P618", span }, { type: show(of.type) });
  if (high.kind !== "integer" || low.kind !== "integer") {
    const unknown = high.kind === "integer" ? low : high;
    return wrong(c, { code: "P507", span: unknown.span }, { what: "a bound of a slice" });
  }
  const type = typeOf(bits);
  if (high.value < low.value || !holds(type, { first: low.value, last: high.value })) {
    const fields = {
      high: showNumber(high.value),
      low: showNumber(low.value),
      type: show(type),
    };
    return wrong(c, { code: "P619", span }, fields);
  }
  return sliced(bits, { high: Number(high.value), low: Number(low.value), span });
}

function sliced(of: Expr, { high, low, span }: { high: number; low: number; span: Span }): Expr {
  const type: Type = { kind: "bit", width: high - low + 1 };
  return sliceValue({ kind: "slice", of, high, low, type, span });
}

type Part = { readonly low: Expr; readonly width: Expr; readonly span: Span };

/** `of[low+:width]`. */
export function partSelect(c: Checker, of: Expr, { low, width, span }: Part): Expr {
  if ([of, low, width].some(({ type }) => isNothing(type)))
    return { ...of, type: { kind: "nothing" } };
  const bits = sliceable(c, of);
  if (bits === undefined) return wrong(c, { code: "P618", span }, { type: show(of.type) });
  if (width.kind !== "integer")
    return wrong(c, { code: "P507", span: width.span }, { what: "the width of a slice" });
  const start = underlying(low.type);
  if (start.kind !== "integer" && start.kind !== "bit") {
    const found = show(low.type);
    const fields = { what: "the start of a slice", expected: "an unsigned number", found };
    return wrong(c, { code: "P601", span: low.span }, fields);
  }
  const first = low.kind === "integer" ? low.value : 0n;
  const last = first + width.value - 1n;
  if (!holds(typeOf(bits), { first, last })) {
    const fields = { high: showNumber(last), low: showNumber(first), type: show(typeOf(bits)) };
    return wrong(c, { code: "P619", span }, fields);
  }
  return parted(bits, { first, low, width: Number(width.value), span });
}

type Parted = {
  /** Where it begins, when that is known. */
  readonly first: bigint;
  readonly low: Expr;
  readonly width: number;
  readonly span: Span;
};

/** A part that was found to be right; one of no bits has the only value of its type. */
function parted(of: Expr, { first, low, width, span }: Parted): Expr {
  const start = Number(first);
  if (low.kind === "integer" && width > 0)
    return sliced(of, { high: start + width - 1, low: start, span });
  const type: Type = { kind: "bit", width };
  return width === 0 && isValue(of)
    ? integerOf(0n, type, span)
    : { kind: "part select", of, low, width, type, span };
}

/** Whether a number has all bits from first to last; a part may be of no bits. */
function holds(
  type: Type,
  { first, last }: { readonly first: bigint; readonly last: bigint },
): boolean {
  const width = "width" in type ? BigInt(type.width) : 65_536n;
  return first >= 0n && last >= first - 1n && last < width;
}

/** Whether an expression may be assigned to, or be an argument of `out` (section 6.7). */
export function isAssignable(expr: Expr): boolean {
  switch (expr.kind) {
    case "variable":
      return (
        expr.variable.kind === "variable" ||
        expr.variable.direction === "out" ||
        expr.variable.direction === "inout"
      );
    case "field":
    case "slice":
    case "part select":
    case "next":
    case "last":
      return isAssignable(expr.of);
    case "element":
      return typeOf(expr.of).kind !== "tuple" && isAssignable(expr.of);
    case "aggregate":
    case "binary":
    case "bool":
    case "call":
    case "cast":
    case "conditional":
    case "enum":
    case "error":
    case "hit":
    case "instance":
    case "integer":
    case "invalid":
    case "lastIndex":
    case "match_kind":
    case "miss":
    case "new":
    case "string":
    case "table":
    case "this":
    case "unary":
      return false;
  }
}
