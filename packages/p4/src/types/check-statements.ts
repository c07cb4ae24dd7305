/** Statements (section 12). */
import type { Variable } from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import type { Statement } from "../ir/statement.ts";
import { isKnown, nothing } from "../ir/value.ts";
import type {
  Assignment,
  AssignmentOperator,
  Constant,
  ForIn,
  Statement as Syntax,
  Variable as VariableSyntax,
} from "../syntax/ast-program.ts";
import { annotated, deprecation } from "./annotate.ts";
import { isAssignable } from "./check-access.ts";
import { blockOf } from "./check-functions.ts";
import { binary } from "./check-operators.ts";
import { switchStatement } from "./check-switch.ts";
import { coerced } from "./coerce.ts";
import { check, type Checker, declare, isNothing, newId, scoped, tell, typeOf } from "./context.ts";
import type { Operator } from "../ir/expression.ts";
import { isOpen, known } from "./relate.ts";
import { isBits, show, underlying } from "./show.ts";
import { tellRest } from "./rest.ts";
import type { Type } from "./type.ts";
import { typeFor } from "./type-refs.ts";

const BOOL: Type = { kind: "bool" };

/** Judges a statement; a constant leaves nothing behind. */
export function statement(c: Checker, syntax: Syntax): readonly Statement[] {
  switch (syntax.kind) {
    case "constant":
      constant(c, syntax);
      return [];
    case "variable":
      return [variable(c, syntax)];
    case "call statement": {
      const call = check(c, syntax.call);
      return call.kind === "call" ? [{ kind: "call statement", call, span: syntax.span }] : [];
    }
    case "empty":
      return [];
    case "assignment":
    case "block":
    case "break":
    case "continue":
    case "exit":
    case "for":
    case "for in":
    case "if":
    case "return":
    case "switch":
      return [other(c, syntax)];
  }
}

type Other = Exclude<Syntax, { kind: "constant" | "variable" | "call statement" | "empty" }>;

function other(c: Checker, syntax: Other): Statement {
  switch (syntax.kind) {
    case "assignment":
      return assignment(c, syntax);
    case "block":
      return blockOf(c, syntax);
    case "if":
      return conditional(c, syntax);
    case "switch":
      return switchStatement(c, syntax);
    case "for":
      return loop(c, syntax);
    case "for in":
      return loopOver(c, syntax);
    case "return":
      return returned(c, syntax);
    case "exit":
    case "break":
    case "continue":
      return { kind: syntax.kind, span: syntax.span };
  }
}

const OPERATORS: { readonly [K in Exclude<AssignmentOperator, "=">]: Operator } = {
  "*=": "*",
  "/=": "/",
  "%=": "%",
  "+=": "+",
  "-=": "-",
  "|+|=": "|+|",
  "|-|=": "|-|",
  "<<=": "<<",
  ">>=": ">>",
  "&=": "&",
  "|=": "|",
  "^=": "^",
};

function assignment(c: Checker, syntax: Assignment): Statement {
  const { operator: sign, span } = syntax;
  const target = check(c, syntax.target);
  const { type } = target;
  if (!isNothing(type) && !isAssignable(target))
    tell(c, { code: "P636", span: target.span }, { what: "this" });
  const given = check(c, syntax.value, type);
  if (sign === "=") {
    const value = coerced(c, given, { to: type, what: "the value" });
    return { kind: "assignment", target, value, span };
  }
  const operator = OPERATORS[sign];
  const made = binary(c, { operator, left: target, right: given, span });
  const whole = coerced(c, made, { to: type, what: "the value" });
  const value = whole.kind === "binary" ? whole.right : whole;
  return { kind: "assignment", target, operator, value, span };
}

function conditional(c: Checker, syntax: Extract<Syntax, { kind: "if" }>): Statement {
  const what = "the condition of if";
  const condition = coerced(c, check(c, syntax.condition), { to: BOOL, what });
  const yes = single(c, syntax.yes);
  const made = { kind: "if", condition, yes, span: syntax.span } as const;
  return syntax.no === undefined ? made : { ...made, no: single(c, syntax.no) };
}

/** A statement that stands alone, in a scope of its own. */
function single(c: Checker, syntax: Syntax): Statement {
  const [first, ...others] = scoped(c, () => statement(c, syntax));
  if (first === undefined) return { kind: "empty", span: syntax.span };
  return others.length === 0 ? first : { kind: "empty", span: syntax.span };
}

function loop(c: Checker, syntax: Extract<Syntax, { kind: "for" }>): Statement {
  return scoped(c, () => {
    const init = syntax.init.flatMap((each) => statement(c, each));
    const what = "the condition of for";
    const condition = coerced(c, check(c, syntax.condition), { to: BOOL, what });
    const update = syntax.update.flatMap((each) => statement(c, each));
    return {
      kind: "for",
      init,
      condition,
      update,
      body: single(c, syntax.body),
      span: syntax.span,
    };
  });
}

function loopOver(c: Checker, { variable: syntax, collection, body, span }: ForIn): Statement {
  return scoped(c, () => {
    const declared = localVariable(c, syntax);
    const { type } = declared;
    if (collection.kind === "range") {
      tellRange(c, type, collection.span);
      const to: Type = isBits(underlying(type)) ? type : { kind: "nothing" };
      const bound = (each: typeof collection.first): Expr =>
        coerced(c, check(c, each, to), { to, what: "a bound of the range" });
      const range = {
        kind: "range",
        first: bound(collection.first),
        last: bound(collection.last),
      } as const;
      enter(c, declared);
      return { kind: "for in", variable: declared, collection: range, body: single(c, body), span };
    }
    const of = check(c, collection);
    tellElements(c, { type, of });
    enter(c, declared);
    const made = { kind: "elements", of } as const;
    return { kind: "for in", variable: declared, collection: made, body: single(c, body), span };
  });
}

function tellRange(c: Checker, type: Type, span: Variable["span"]): void {
  if (isNothing(type) || isBits(underlying(type))) return;
  const fields = {
    what: "the variable of a range",
    expected: "a number with a width",
    found: show(type),
  };
  tell(c, { code: "P601", span }, fields);
}

function tellElements(c: Checker, { type, of }: { readonly type: Type; readonly of: Expr }): void {
  const from = typeOf(of);
  if (isNothing(from) || isNothing(type)) return;
  if (from.kind !== "stack" && from.kind !== "list" && from.kind !== "tuple") {
    const fields = {
      what: "what is gone over",
      expected: "a range, stack or list",
      found: show(from),
    };
    tell(c, { code: "P601", span: of.span }, fields);
    return;
  }
  const elements = from.kind === "tuple" ? from.elements : [from.element];
  const trial: Expr = { kind: "this", type: elements[0] ?? type, span: of.span };
  coerced(c, trial, { to: type, what: "an element" });
}

function returned(
  c: Checker,
  { value: syntax, span }: Extract<Syntax, { kind: "return" }>,
): Statement {
  if (syntax === undefined) return { kind: "return", span };
  const { result } = c.place;
  tellRest(c, syntax, "a return statement");
  const value = coerced(c, check(c, syntax, result), { to: result, what: "the result" });
  return { kind: "return", value, span };
}

const NOT_STORED: ReadonlySet<Type["kind"]> = new Set<Type["kind"]>([
  ...([
    "void",
    "integer",
    "string",
    "match_kind",
    "extern",
    "parser",
    "control",
    "package",
  ] as const),
  "set",
  "list",
  "table",
]);

function localVariable(
  c: Checker,
  { type: ref, name, annotations, span }: VariableSyntax,
): Variable {
  const type = typeFor(c, ref);
  if (NOT_STORED.has(known(type).kind) || isOpen(type))
    tell(c, { code: "P506", span: ref.span }, { type: show(type), what: "a variable" });
  const { text } = name;
  return {
    kind: "variable",
    id: newId(c),
    name: text,
    annotations: annotated(c, annotations),
    span,
    type,
  };
}

function enter(c: Checker, made: Variable): void {
  declare(c, made.name, { kind: "variable", variable: made, span: made.span });
}

/** Judges a variable and declares it. */
export function variable(
  c: Checker,
  syntax: VariableSyntax,
): Extract<Statement, { kind: "variable" }> {
  const made = localVariable(c, syntax);
  const what = `the value of ${made.name}`;
  const value =
    syntax.value === undefined
      ? undefined
      : coerced(c, check(c, syntax.value, made.type), { to: made.type, what });
  enter(c, made);
  const node = { kind: "variable", variable: made, span: syntax.span } as const;
  return value === undefined ? node : { ...node, value };
}

const NOT_CONSTANT: ReadonlySet<Type["kind"]> = new Set<Type["kind"]>([
  "void",
  "match_kind",
  "extern",
  "parser",
  "control",
  "package",
  "set",
  "table",
]);

/** Judges a constant and declares it. */
export function constant(
  c: Checker,
  { name, type: ref, value: syntax, annotations }: Constant,
): void {
  const given = typeFor(c, ref);
  annotated(c, annotations);
  const what = `the value of ${name.text}`;
  const isConstant = !NOT_CONSTANT.has(known(given).kind) && !isOpen(given);
  if (!isConstant)
    tell(c, { code: "P506", span: ref.span }, { type: show(given), what: "a constant" });
  const type: Type = isConstant ? given : { kind: "nothing" };
  const value = coerced(c, check(c, syntax, type), { to: type, what });
  const isGood = isNothing(value.type) || isKnown(value);
  if (!isGood) tell(c, { code: "P507", span: value.span }, { what });
  const entity = { kind: "constant", value: isGood ? value : nothing(value.span) } as const;
  declare(c, name.text, { ...entity, span: name.span, ...deprecation(annotations) });
}
