/**
 * Arguments: their types, the type arguments that they tell, their directions (sections 6.8 and 8.20). First those whose type does not
 * depend on the parameter's, as they say what type parameters are; then numbers without a width, braces and the like.
 */
import type { Parameter } from "../ir/declaration.ts";
import type { Argument, Expr } from "../ir/expression.ts";
import { nothing } from "../ir/value.ts";
import type { Span } from "../source/file.ts";
import type { Argument as ArgumentSyntax, Expression } from "../syntax/ast.ts";
import { isAssignable } from "./check-access.ts";
import { coerced } from "./coerce.ts";
import { check, type Checker, isNothing, tell, typeOf, wrong } from "./context.ts";
import { matched } from "./match-arguments.ts";
import { inferred, isOpen, loosen, settled, substituted, unify } from "./relate.ts";
import { tellRest } from "./rest.ts";
import { show } from "./show.ts";
import type { Type, VariableType } from "./type.ts";
import { ofBearableSize, wellFormed } from "./type-refs.ts";

/** What is called, as far as its arguments care. */
export type Signature = {
  readonly name: string;
  readonly typeParameters: readonly VariableType[];
  readonly parameters: readonly Parameter[];
  readonly result: Type;
};

/** How it is called. */
export type Use = {
  readonly typeArguments: readonly Type[];
  readonly list: readonly ArgumentSyntax[];
  readonly span: Span;
  readonly expected: Type | undefined;
};

/** Arguments with their types, one per parameter. */
export type Passed = {
  readonly typeArguments: readonly Type[];
  readonly arguments: readonly Argument[];
  readonly order: readonly number[];
  readonly result: Type;
};

/** Judges the arguments of a call; undefined after an error that leaves its type unknown. */
export function passed(c: Checker, signature: Signature, use: Use): Passed | undefined {
  const { name, typeParameters, parameters } = signature;
  const given = use.typeArguments.length;
  if (given > 0 && given !== typeParameters.length) {
    const fields = { name, expected: String(typeParameters.length), found: String(given) };
    tell(c, { code: "P505", span: use.span }, fields);
    return undefined;
  }
  const match = matched(c, { parameters, list: use.list, called: { name, span: use.span } });
  if (match === undefined) {
    for (const { value } of use.list) if (value !== undefined) check(c, value);
    return undefined;
  }
  const types = typeParameters.map((each, at) => use.typeArguments[at] ?? inferred(each.name));
  const put = (type: Type): Type => substituted(type, typeParameters, types);
  const slots = parameters.map((parameter, index) => {
    const syntax = use.list[match.places[index] ?? -1];
    return { parameter: { ...parameter, type: put(parameter.type) }, syntax };
  });
  const values = evaluated(c, slots);
  const result = ofBearableSize(c, put(signature.result), use.span);
  inferRest(slots, { result, expected: use.expected, given: use.typeArguments });
  if (!allInferred(c, { types, typeParameters, use, name })) return undefined;
  const list = slots.map(({ parameter, syntax }, index) => {
    const type = wellFormed(c, settled(parameter.type), use.span);
    if (type.kind === "integer" && parameter.direction.endsWith("out"))
      tell(
        c,
        { code: "P506", span: use.span },
        { type: "int", what: `parameter ${parameter.name}` },
      );
    return finished(c, { parameter: { ...parameter, type }, value: values[index], syntax });
  });
  return {
    typeArguments: types.map(settled),
    arguments: list,
    order: orderOf(match.places),
    result: wellFormed(c, settled(result), use.span),
  };
}

/** What arguments did not tell, the expected result may; what belongs to optional parameters that are not given nobody does. */
function inferRest(
  slots: readonly Slot[],
  {
    result,
    expected,
    given,
  }: {
    readonly result: Type;
    readonly expected: Type | undefined;
    /** Type arguments as written: for a `_` of which nothing is said anything will do. */
    readonly given: readonly Type[];
  },
): void {
  if (expected !== undefined && isOpen(result)) unify(result, expected);
  for (const { parameter, syntax } of slots)
    if (syntax === undefined && parameter.isOptional) loosen(parameter.type);
  for (const type of given) if (type.kind === "inferred") loosen(type);
}

/** The parameters that have arguments, in the order of the arguments. */
const orderOf = (places: readonly (number | undefined)[]): readonly number[] =>
  places
    .flatMap((place, index) => (place === undefined ? [] : [{ place, index }]))
    .sort((left, right) => left.place - right.place)
    .map(({ index }) => index);

type Slot = { readonly parameter: Parameter; readonly syntax: ArgumentSyntax | undefined };

const SOFT: ReadonlySet<Expression["kind"]> = new Set<Expression["kind"]>([
  "list",
  "struct value",
  "rest",
  "invalid header",
  "conditional",
]);

/** Values of arguments, in two rounds; undefined where there is none. */
function evaluated(c: Checker, slots: readonly Slot[]): readonly (Expr | undefined)[] {
  const first = slots.map(({ parameter, syntax }): Expr | undefined => {
    const value = syntax?.value;
    if (value === undefined) return undefined;
    tellRest(c, value, "an argument");
    if (isLate(value, parameter)) return undefined;
    const expr = check(c, value, parameter.type);
    const waits = typeOf(expr).kind === "integer" && isOpen(parameter.type);
    return waits ? expr : passedAs(c, expr, parameter);
  });
  return slots.map(({ parameter, syntax }, index) => {
    const value = syntax?.value;
    const expr = first[index];
    if (expr !== undefined)
      return typeOf(expr).kind === "integer" ? passedAs(c, expr, parameter) : expr;
    return value === undefined
      ? undefined
      : passedAs(c, check(c, value, parameter.type), parameter);
  });
}

const isLate = (value: Expression, { type }: Parameter): boolean =>
  SOFT.has(value.kind) && isOpen(type);

/** An argument as its parameter takes it: `out` and `inout` take variables of just their type. */
function passedAs(c: Checker, expr: Expr, parameter: Parameter): Expr {
  const { name, type, direction } = parameter;
  if (isNothing(expr.type)) return expr;
  const what = `the argument of ${name}`;
  if (direction === "in" || direction === "none") return coerced(c, expr, { to: type, what });
  if (!isAssignable(expr)) {
    const related = [{ message: `${direction} ${name}`, span: parameter.span }];
    return wrong(c, { code: "P629", span: expr.span, related }, { direction, name });
  }
  if (unify(type, expr.type)) return expr;
  const fields = { what, expected: show(type), found: show(expr.type) };
  return wrong(c, { code: "P601", span: expr.span }, fields);
}

function allInferred(
  c: Checker,
  {
    types,
    typeParameters,
    use,
    name,
  }: {
    readonly types: readonly Type[];
    readonly typeParameters: readonly VariableType[];
    readonly use: Use;
    readonly name: string;
  },
): boolean {
  const open = types.findIndex(isOpen);
  if (open < 0) return true;
  tell(c, { code: "P630", span: use.span }, { name, type: typeParameters[open]?.name ?? "_" });
  return false;
}

type Finish = Slot & { readonly value: Expr | undefined };

/** One argument: what was given, else the default value; `_` only where nothing is read. */
function finished(c: Checker, { parameter, value, syntax }: Finish): Argument {
  if (value !== undefined) return { parameter, value };
  if (syntax !== undefined && syntax.value === undefined && parameter.direction !== "out") {
    tell(c, { code: "P631", span: syntax.span }, { name: parameter.name });
    return { parameter, value: nothing(syntax.span) };
  }
  const { defaultValue } = parameter;
  return defaultValue === undefined || syntax !== undefined
    ? { parameter }
    : { parameter, value: defaultValue };
}
