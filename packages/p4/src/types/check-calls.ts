/** Calls: what is called, and whether it may be called here (sections 8.18 to 8.20, 6.9, 14.3, appendix F). */
import type { CallExpr, Callee, Expr } from "../ir/expression.ts";
import { nothing } from "../ir/value.ts";
import type { NamedFunction } from "../names/scope.ts";
import type { Call, Expression, Name } from "../syntax/ast.ts";
import { noMember } from "./check-access.ts";
import { passed, type Signature, type Use } from "./check-arguments.ts";
import { headerCall, stackCall } from "./check-builtins.ts";
import { tellCore } from "./check-core.ts";
import { specialized } from "./check-functions.ts";
import { constructed, directApply } from "./check-instances.ts";
import {
  check,
  type Checker,
  entityKind,
  entityOf,
  lookUp,
  tell,
  typeOf,
  wrong,
} from "./context.ts";
import { fits } from "./match-arguments.ts";
import { settled, substituted } from "./relate.ts";
import { typeFor } from "./type-refs.ts";
import { show } from "./show.ts";
import type { ExternType, Type } from "./type.ts";

/** One function that a call may mean. */
type Candidate = {
  readonly signature: Signature;
  readonly callee: Callee;
  readonly function?: NamedFunction;
};

/** Judges a call. */
export function call(c: Checker, syntax: Call, expected: Type | undefined): Expr {
  const { callee, span } = syntax;
  const typeArguments = syntax.typeArguments.map((each) => typeFor(c, each));
  const use: Use = { typeArguments, list: syntax.arguments, span, expected };
  if (callee.kind === "name") return callByName(c, callee, use);
  if (callee.kind === "type") return constructed(c, { type: callee.type, use });
  if (callee.kind !== "member") return wrong(c, { code: "P632", span: callee.span }, {});
  return callOfMember(c, callee, use);
}

function callByName(c: Checker, callee: Extract<Expression, { kind: "name" }>, use: Use): Expr {
  const { name, isGlobal, span } = callee;
  if (c.place.name === name.text && !isGlobal) {
    tell(c, { code: "P649", span }, { name: name.text });
    return unknownCall(c, use);
  }
  const entity = lookUp(c, name, isGlobal);
  if (entity === undefined) return unknownCall(c, use);
  switch (entity.kind) {
    case "functions": {
      const list = entity.list.map((each) => functionCandidate(each));
      return callOneOf(c, { list, name, use });
    }
    case "action":
      return callAction(c, { action: entity.action, name, use });
    case "type": {
      const type = { kind: "named type", isGlobal, name, span } as const;
      return constructed(c, { type, use });
    }
    case "constant":
    case "instance":
    case "table":
    case "value set":
    case "variable": {
      const fields = {
        name: name.text,
        found: entityKind(entity),
        expected: "a function or action",
      };
      tell(c, { code: "P504", span }, fields);
      return unknownCall(c, use);
    }
  }
}

/** Judges arguments of what is not known, for the sake of the errors in them. */
function unknownCall(c: Checker, use: Use): Expr {
  for (const { value } of use.list) if (value !== undefined) check(c, value);
  return nothing(use.span);
}

const functionCandidate = (named: NamedFunction): Candidate => ({
  signature: named,
  callee:
    named.kind === "function"
      ? { kind: "function", function: named }
      : { kind: "extern function", function: named },
  function: named,
});

type Among = { readonly list: readonly Candidate[]; readonly name: Name; readonly use: Use };

/** Calls the candidate that fits by number and names of arguments; among several the first whose types fit. */
function callOneOf(c: Checker, { list, name, use }: Among): Expr {
  const fitting = list.filter(({ signature }) => fits(signature.parameters, use.list));
  const [first, ...others] = fitting.length > 0 ? fitting : list;
  if (first === undefined) return unknownCall(c, use);
  if (fitting.length === 0 && list.length > 1) {
    tell(c, { code: "P633", span: name.span }, { name: name.text, count: String(use.list.length) });
    return unknownCall(c, use);
  }
  if (others.length > 0 && fitting.length > 1 && c.trials < 2) {
    const chosen = fitting.find((each) => works(c, each, use));
    return callCandidate(c, chosen ?? first, use);
  }
  return callCandidate(c, first, use);
}

/** Whether a call has no errors; what it tells is forgotten. */
function works(c: Checker, candidate: Candidate, use: Use): boolean {
  const { list } = c.found;
  const before = list.length;
  c.trials += 1;
  passed(c, candidate.signature, use);
  c.trials -= 1;
  return list.splice(before).every(({ severity }) => severity !== "error");
}

function callCandidate(c: Checker, candidate: Candidate, use: Use): Expr {
  const made = passed(c, candidate.signature, use);
  if (made === undefined) return nothing(use.span);
  const { typeArguments, arguments: list, order, result } = made;
  const { function: named } = candidate;
  const callee: Callee =
    named?.kind === "function"
      ? { kind: "function", function: specialized(c, named, typeArguments) }
      : candidate.callee;
  const node: CallExpr = {
    kind: "call",
    callee,
    typeArguments,
    arguments: list,
    order,
    type: result,
    span: use.span,
  };
  tellCore(c, node);
  return named?.name === "static_assert" ? asserted(c, node) : node;
}

/** `static_assert`: judged now (appendix D). */
function asserted(c: Checker, node: CallExpr): Expr {
  const [condition, text] = node.arguments.map(({ value }) => value);
  const { span } = node;
  if (condition === undefined || condition.type.kind === "nothing") return node;
  if (condition.kind !== "bool")
    return wrong(
      c,
      { code: "P507", span: condition.span },
      { what: "the condition of static_assert" },
    );
  const message = text?.kind === "string" && text.value !== "" ? `: ${text.value}` : "";
  if (!condition.value) tell(c, { code: "P634", span }, { message });
  return { kind: "bool", type: node.type, value: condition.value, span };
}

/** An action's call: from an apply block, an action or a state's control. All parameters have arguments (section 14.1.1). */
function callAction(
  c: Checker,
  {
    action,
    name,
    use,
  }: {
    readonly action: Extract<Callee, { kind: "action" }>["action"];
    readonly name: Name;
    readonly use: Use;
  },
): Expr {
  if (c.place.kind === "state" || c.place.kind === "function" || c.place.kind === "parser")
    tell(
      c,
      { code: "P635", span: name.span },
      { what: `action ${name.text}`, where: PLACES[c.place.kind] },
    );
  const signature = {
    name: action.name,
    typeParameters: [],
    parameters: action.parameters,
    result: { kind: "void" },
  } as const;
  return callCandidate(c, { signature, callee: { kind: "action", action } }, use);
}

const PLACES = {
  top: "at the top level",
  parser: "in a parser",
  state: "in a parser",
  control: "outside of an apply block",
  apply: "in an apply block",
  action: "in an action",
  function: "in a function",
} as const;

function callOfMember(c: Checker, callee: Extract<Expression, { kind: "member" }>, use: Use): Expr {
  const { of, member: name } = callee;
  if (name.text === "apply") {
    const direct = directApply(c, { of, use });
    if (direct !== undefined)
      return direct.kind === "instance" || direct.kind === "new"
        ? applyBlock(c, { of: direct, name, use })
        : direct;
  }
  const onType = typeNamed(c, of);
  if (onType !== undefined)
    return (
      headerCall(c, { of: { ...nothing(of.span), type: onType }, name, use }) ??
      noMethod(c, name, onType)
    );
  const object = check(c, of);
  return callMethod(c, { of: object, name, use });
}

/** The type when a type's name stands where a value does, such as in `H.minSizeInBits()`. */
function typeNamed(c: Checker, of: Expression): Type | undefined {
  if (of.kind === "type" && !(of.type.kind === "base type" && of.type.name === "error"))
    return typeFor(c, of.type);
  if (of.kind !== "name") return undefined;
  const entity = entityOf(c, of.name, of.isGlobal);
  return entity?.kind === "type" && entity.type.kind !== "extern"
    ? typeFor(c, { kind: "named type", isGlobal: of.isGlobal, name: of.name, span: of.span })
    : undefined;
}

type OfObject = { readonly of: Expr; readonly name: Name; readonly use: Use };

const noMethod = (c: Checker, name: Name, type: Type): Expr =>
  noMember(c, name, {
    of: show(type),
    names: type.kind === "extern" ? type.methods.map((each) => each.name) : [],
  });

function callMethod(c: Checker, { of, name, use }: OfObject): Expr {
  const type = typeOf(of);
  const sized = type.kind === "nothing" ? undefined : headerCall(c, { of, name, use });
  if (sized !== undefined) return sized;
  switch (type.kind) {
    case "nothing":
      return unknownCall(c, use);
    case "stack":
      return stackCall(c, { of, name, use }) ?? noMethod(c, name, type);
    case "extern":
      return callExternMethod(c, { of, name, use, type });
    case "table":
      return applyTable(c, { of, name, use });
    case "parser":
    case "control":
      return name.text === "apply" ? applyBlock(c, { of, name, use }) : noMethod(c, name, type);
    case "action run":
    case "apply result":
    case "bit":
    case "bool":
    case "enum":
    case "error":
    case "header":
    case "header_union":
    case "inferred":
    case "int":
    case "integer":
    case "invalid":
    case "list":
    case "match_kind":
    case "newtype":
    case "package":
    case "record":
    case "rest":
    case "serializable enum":
    case "set":
    case "string":
    case "struct":
    case "tuple":
    case "varbit":
    case "variable":
    case "void":
      unknownCall(c, use);
      return noMethod(c, name, type);
  }
}

function callExternMethod(
  c: Checker,
  { of, name, use, type }: OfObject & { readonly type: ExternType },
): Expr {
  const methods = type.methods.filter((each) => each.name === name.text);
  if (methods.length === 0) {
    unknownCall(c, use);
    return noMethod(c, name, type);
  }
  if (of.kind === "new") c.implicit.push(of.instance);
  const put = (each: Type): Type => substituted(each, type.typeParameters, type.arguments);
  const list = methods.map((method): Candidate => {
    const parameters = method.parameters.map((each) => ({ ...each, type: put(each.type) }));
    const signature = { ...method, parameters, result: put(method.result) };
    return { signature, callee: { kind: "method", of, method } };
  });
  return callOneOf(c, { list, name, use });
}

function applyTable(c: Checker, { of, name, use }: OfObject): Expr {
  if (of.kind !== "table" || name.text !== "apply")
    return noMember(c, name, { of: "a table", names: ["apply"] });
  const { table } = of;
  if (c.place.kind !== "apply")
    tell(
      c,
      { code: "P635", span: use.span },
      { what: `table ${table.name}`, where: PLACES[c.place.kind] },
    );
  const signature: Signature = {
    name: table.name,
    typeParameters: [],
    parameters: [],
    result: { kind: "apply result", table: table.id },
  };
  return callCandidate(c, { signature, callee: { kind: "table", table } }, use);
}

/** A parser's or control's `apply`: parsers in states, controls in apply blocks (sections 13.10 and 14.3). */
function applyBlock(c: Checker, { of, use }: OfObject): Expr {
  const type = settled(of.type);
  if (type.kind !== "parser" && type.kind !== "control") return unknownCall(c, use);
  const allowed = type.kind === "parser" ? "state" : "apply";
  if (c.place.kind !== allowed)
    tell(
      c,
      { code: "P635", span: use.span },
      { what: `${type.kind} ${type.name}`, where: PLACES[c.place.kind] },
    );
  const signature = {
    name: type.name,
    typeParameters: [],
    parameters: type.parameters,
    result: { kind: "void" },
  } as const;
  return callCandidate(c, { signature, callee: { kind: "apply", of } }, use);
}
