/** Functions and actions (sections 10 and 14.1). Generic functions are judged once as they are, and once for each choice of types. */
import type { Action, FunctionDeclaration } from "../ir/declaration.ts";
import type { Block, Statement } from "../ir/statement.ts";
import type { NamedFunction } from "../names/scope.ts";
import type {
  Action as ActionSyntax,
  Block as BlockSyntax,
  FunctionDeclaration as Syntax,
} from "../syntax/ast-program.ts";
import { annotated } from "./annotate.ts";
import {
  declareParameters,
  runTimeParameters,
  specialization,
  typeParameters,
} from "./check-parameters.ts";
import { type Checker, newId, type Place, placed, scoped, tell } from "./context.ts";
import { show } from "./show.ts";
import type { Type } from "./type.ts";
import { typeFor } from "./type-refs.ts";

/** Judges statements in braces, with a scope of their own. */
export function blockOf(c: Checker, { annotations, statements, span }: BlockSyntax): Block {
  return scoped(c, () => ({
    kind: "block",
    annotations: annotated(c, annotations),
    statements: statements.flatMap((each) => c.rules.statement(c, each)),
    span,
  }));
}

/** Whether control never gets behind a statement without returning. */
function returns(statement: Statement): boolean {
  switch (statement.kind) {
    case "return":
    case "exit":
      return true;
    case "block":
      return statement.statements.some(returns);
    case "if":
      return statement.no !== undefined && returns(statement.yes) && returns(statement.no);
    case "value switch":
    case "action switch":
      return (
        statement.cases.some(({ isDefault }) => isDefault) &&
        statement.cases.every(({ body }) => returns(body))
      );
    case "assignment":
    case "break":
    case "call statement":
    case "continue":
    case "empty":
    case "for":
    case "for in":
    case "variable":
      return false;
  }
}

/** Judges a function's head and body in the current scope; `self` is what `this` is in it. */
export function functionOf(c: Checker, syntax: Syntax, self?: Type): FunctionDeclaration {
  return scoped(c, () => {
    const variables = typeParameters(c, syntax.typeParameters);
    return functionWith(c, syntax, { variables, self });
  });
}

type With = {
  readonly variables: FunctionDeclaration["typeParameters"];
  readonly self: Type | undefined;
};

function functionWith(c: Checker, syntax: Syntax, { variables, self }: With): FunctionDeclaration {
  const { name, span } = syntax;
  const result = typeFor(c, syntax.result);
  const parameters = runTimeParameters(c, syntax.parameters, "other");
  declareParameters(c, parameters, self === undefined ? "chosen" : "given");
  const place: Place = { kind: "function", result, ...(self !== undefined && { self }) };
  const body = placed(c, place, () => blockOf(c, syntax.body));
  if (result.kind !== "void" && result.kind !== "nothing" && !returns(body))
    tell(c, { code: "P641", span: name.span }, { name: name.text, type: show(result) });
  const annotations = annotated(c, syntax.annotations);
  return {
    kind: "function",
    id: newId(c),
    name: name.text,
    annotations,
    span,
    typeParameters: variables,
    parameters,
    result,
    body,
  };
}

/** A function as its name stands for it. */
export function namedFunction(c: Checker, syntax: Syntax): NamedFunction {
  const { scope } = c;
  const made = functionOf(c, syntax);
  if (made.typeParameters.length > 0)
    return { ...made, generic: { syntax, scope, made: new Map() } };
  c.draft.functions.push(made);
  return made;
}

/** A function with its type parameters bound; made once for each choice. */
export function specialized(
  c: Checker,
  named: Extract<NamedFunction, { kind: "function" }>,
  list: readonly Type[],
): FunctionDeclaration {
  const { generic } = named;
  if (generic === undefined) return named;
  const make = (): FunctionDeclaration => {
    const made = functionWith(c, generic.syntax, { variables: [], self: undefined });
    c.draft.functions.push(made);
    return made;
  };
  return specialization(c, generic, { list, make });
}

/** Judges an action. */
export function actionOf(c: Checker, syntax: ActionSyntax): Action {
  return scoped(c, () => {
    const { name, span } = syntax;
    const parameters = runTimeParameters(c, syntax.parameters, "action");
    declareParameters(c, parameters, "chosen");
    const place: Place = { kind: "action", result: { kind: "void" }, name: name.text };
    const body = placed(c, place, () => blockOf(c, syntax.body));
    const annotations = annotated(c, syntax.annotations);
    return { kind: "action", id: newId(c), name: name.text, annotations, span, parameters, body };
  });
}
