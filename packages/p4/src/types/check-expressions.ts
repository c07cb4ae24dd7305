/** Expressions by their kind (section 8). */
import type { Expr } from "../ir/expression.ts";
import { boolOf, integerOf, nothing, plain } from "../ir/value.ts";
import type { Expression, Integer } from "../syntax/ast.ts";
import { element, member, noMember, partSelect, slice } from "./check-access.ts";
import { conditional, listExpression, structExpression } from "./check-aggregates.ts";
import { call } from "./check-calls.ts";
import { cast } from "./check-casts.ts";
import { binary, unary } from "./check-operators.ts";
import { fitted } from "./coerce.ts";
import { check, type Checker, entityKind, entityOf, lookUp, typeOf, wrong } from "./context.ts";
import { known } from "./relate.ts";
import { tellRest } from "./rest.ts";
import { show } from "./show.ts";
import type { Type } from "./type.ts";
import { typeFor } from "./type-refs.ts";

/** Judges an expression of any kind. */
export function expression(c: Checker, syntax: Expression, expected?: Type): Expr {
  switch (syntax.kind) {
    case "list":
      return listExpression(c, syntax, isList(expected) ? undefined : expected);
    case "struct value":
      return structExpression(c, syntax, expected);
    case "conditional":
      return conditional(c, syntax, expected);
    case "call":
      return call(c, syntax, expected);
    case "cast": {
      const to = typeFor(c, syntax.type);
      return cast(c, operandOf(c, syntax.operand, to), { to, span: syntax.span });
    }
    case "unary":
      return unary(c, syntax.operator, { operand: check(c, syntax.operand), span: syntax.span });
    case "binary":
      return operation(c, syntax);
    case "member":
    case "index":
    case "slice":
    case "part select":
      return access(c, syntax);
    case "boolean":
    case "integer":
    case "invalid header":
    case "name":
    case "rest":
    case "string":
    case "this":
    case "type":
      return atom(c, syntax);
  }
}

/** Braces become a list only by a cast (section 8.12.2). */
const isList = (type: Type | undefined): boolean =>
  type !== undefined && known(type).kind === "list";

const operandOf = (c: Checker, syntax: Expression, to: Type): Expr =>
  syntax.kind === "list" ? listExpression(c, syntax, to) : check(c, syntax, to);

/** A comparison tells each side what the other is, so that braces may stand on one. */
function operation(c: Checker, syntax: Extract<Expression, { kind: "binary" }>): Expr {
  const { operator, span } = syntax;
  tellRest(c, syntax.left, `an operand of ${operator}`);
  tellRest(c, syntax.right, `an operand of ${operator}`);
  const left = check(c, syntax.left);
  const compares = operator === "==" || operator === "!=";
  const right = check(c, syntax.right, compares ? typeOf(left) : undefined);
  return binary(c, { operator, left, right, span });
}

type Access = Extract<Expression, { kind: "member" | "index" | "slice" | "part select" }>;

function access(c: Checker, syntax: Access): Expr {
  const { span } = syntax;
  if (syntax.kind === "member") return memberOf(c, syntax);
  const of = check(c, syntax.of);
  switch (syntax.kind) {
    case "index":
      return element(c, of, { index: check(c, syntax.index), span });
    case "slice":
      return slice(c, of, { high: check(c, syntax.high), low: check(c, syntax.low), span });
    case "part select":
      return partSelect(c, of, { low: check(c, syntax.low), width: check(c, syntax.width), span });
  }
}

type Atom = Exclude<
  Expression,
  Access | { kind: "list" | "struct value" | "conditional" | "call" | "cast" | "unary" | "binary" }
>;

function atom(c: Checker, syntax: Atom): Expr {
  const { span } = syntax;
  switch (syntax.kind) {
    case "integer":
      return number(c, syntax);
    case "string":
      return { kind: "string", type: plain("string"), value: unescaped(syntax.text), span };
    case "boolean":
      return boolOf(syntax.value, span);
    case "rest":
      return { kind: "aggregate", type: { kind: "rest" }, elements: [], span };
    case "invalid header":
      return { kind: "invalid", type: { kind: "invalid" }, span };
    case "this": {
      const { self } = c.place;
      if (self === undefined) return wrong(c, { code: "P639", span }, {});
      return { kind: "this", type: self, span };
    }
    case "name":
      return named(c, syntax);
    case "type":
      return wrong(
        c,
        { code: "P504", span },
        { name: show(typeFor(c, syntax.type)), found: "a type", expected: "a value" },
      );
  }
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

const unescaped = (text: string): string =>
  text.replaceAll(/\\(.)/gs, (_whole, mark: string) => ESCAPES.get(mark) ?? mark);

function number(c: Checker, { value, width, isSigned, span }: Integer): Expr {
  if (width === undefined) return integerOf(value, plain("integer"), span);
  if (width > 65_536 || (isSigned && width === 0)) {
    const fields = {
      what: "a width",
      value: String(width),
      least: isSigned ? "1" : "0",
      most: "65536",
    };
    return wrong(c, { code: "P508", span }, fields);
  }
  return fitted(c, value, { type: { kind: isSigned ? "int" : "bit", width }, span });
}

function named(c: Checker, syntax: Extract<Expression, { kind: "name" }>): Expr {
  const { name, isGlobal, span } = syntax;
  const entity = lookUp(c, name, isGlobal);
  if (entity === undefined) return nothing(span);
  switch (entity.kind) {
    case "variable": {
      const { variable } = entity;
      return { kind: "variable", variable, type: variable.type, span };
    }
    case "constant":
      return { ...entity.value, span };
    case "instance":
      return { kind: "instance", instance: entity.instance, type: entity.instance.type, span };
    case "table": {
      const { table } = entity;
      return {
        kind: "table",
        table,
        type: { kind: "table", id: table.id, name: table.name },
        span,
      };
    }
    case "action":
    case "functions":
    case "type":
    case "value set": {
      const fields = { name: name.text, found: entityKind(entity), expected: "a value" };
      return wrong(c, { code: "P504", span }, fields);
    }
  }
}

/** Members of types are members of enums, errors and match kinds; all others those of values. */
function memberOf(c: Checker, syntax: Extract<Expression, { kind: "member" }>): Expr {
  const { of, member: name, span } = syntax;
  const type = typeNamed(c, of);
  if (type === undefined) return member(c, check(c, of), { name, span });
  if (type.kind === "nothing") return nothing(span);
  if (type.kind === "serializable enum") {
    const found = type.members.find((each) => each.name === name.text);
    if (found !== undefined) return integerOf(found.value, type, span);
  }
  const names = membersOf(c, type);
  if (!names.includes(name.text)) return noMember(c, name, { of: show(type), names });
  const { kind } = type;
  return kind === "enum" || kind === "error" || kind === "match_kind"
    ? { kind, type, member: name.text, span }
    : nothing(span);
}

/** The names that may stand behind a type's name and a dot. */
function membersOf(c: Checker, type: Type): readonly string[] {
  if (type.kind === "error") return c.draft.errors;
  if (type.kind === "match_kind") return c.draft.matchKinds;
  if (type.kind === "enum") return type.members;
  return type.kind === "serializable enum" ? type.members.map((each) => each.name) : [];
}

function typeNamed(c: Checker, of: Expression): Type | undefined {
  if (of.kind === "type") return typeFor(c, of.type);
  if (of.kind !== "name") return undefined;
  const entity = entityOf(c, of.name, of.isGlobal);
  if (entity !== undefined && entity.kind !== "type") return undefined;
  lookUp(c, of.name, of.isGlobal);
  return entity?.type ?? { kind: "nothing" };
}
