/** What is in what: parts of expressions and statements, and all statements of a program. */
import type {
  ControlDeclaration,
  Instance,
  ParserDeclaration,
  Program,
} from "../ir/declaration.ts";
import type { Callee, Expr } from "../ir/expression.ts";
import type { Statement } from "../ir/statement.ts";

const calleeParts = (callee: Callee): readonly Expr[] => ("of" in callee ? [callee.of] : []);

/** The parts of an expression, in the order in which they are evaluated. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "aggregate":
      return expr.elements;
    case "binary":
      return [expr.left, expr.right];
    case "unary":
    case "cast":
      return [expr.operand];
    case "conditional":
      return [expr.condition, expr.yes, expr.no];
    case "element":
      return [expr.of, expr.index];
    case "part select":
      return [expr.of, expr.low];
    case "field":
    case "slice":
    case "next":
    case "last":
    case "lastIndex":
      return [expr.of];
    case "hit":
    case "miss":
      return [expr.apply];
    case "call":
      return [...calleeParts(expr.callee), ...argumentsOf(expr)];
    case "bool":
    case "enum":
    case "error":
    case "instance":
    case "integer":
    case "invalid":
    case "match_kind":
    case "new":
    case "string":
    case "table":
    case "this":
    case "variable":
      return [];
  }
}

const argumentsOf = (call: Extract<Expr, { kind: "call" }>): readonly Expr[] =>
  call.arguments.flatMap(({ value }) => (value === undefined ? [] : [value]));

/** Calls `visit` for an expression and all in it. */
export function eachPart(expr: Expr, visit: (part: Expr) => void): void {
  visit(expr);
  for (const part of partsOf(expr)) eachPart(part, visit);
}

/** The statements that stand directly in another. */
function inside(statement: Statement): readonly Statement[] {
  switch (statement.kind) {
    case "block":
      return statement.statements;
    case "if":
      return statement.no === undefined ? [statement.yes] : [statement.yes, statement.no];
    case "action switch":
    case "value switch":
      return statement.cases.map(({ body }) => body);
    case "for":
      return [...statement.init, ...statement.update, statement.body];
    case "for in":
      return [statement.body];
    case "assignment":
    case "break":
    case "call statement":
    case "continue":
    case "empty":
    case "exit":
    case "return":
    case "variable":
      return [];
  }
}

/** The expressions that stand directly in a statement. */
export function expressionsIn(statement: Statement): readonly Expr[] {
  switch (statement.kind) {
    case "assignment":
      return [statement.target, statement.value];
    case "call statement":
      return [statement.call];
    case "variable":
    case "return":
      return statement.value === undefined ? [] : [statement.value];
    case "if":
    case "for":
      return [statement.condition];
    case "action switch":
      return [statement.apply];
    case "value switch":
      return [statement.subject];
    case "for in": {
      const { collection } = statement;
      return collection.kind === "range" ? [collection.first, collection.last] : [collection.of];
    }
    case "block":
    case "break":
    case "continue":
    case "empty":
    case "exit":
      return [];
  }
}

/** Calls `visit` for each statement of a list and all in it. */
export function eachStatement(
  list: readonly Statement[],
  visit: (statement: Statement) => void,
): void {
  for (const statement of list) {
    visit(statement);
    eachStatement(inside(statement), visit);
  }
}

const methodsOf = (instance: Instance): readonly (readonly Statement[])[] => [
  ...instance.methods.map(({ body }) => body.statements),
  ...instance.instances.flatMap(methodsOf),
];

function localLists({
  locals,
}: ParserDeclaration | ControlDeclaration): readonly (readonly Statement[])[] {
  return locals.flatMap((local): readonly (readonly Statement[])[] => {
    switch (local.kind) {
      case "variable":
        return [[local]];
      case "action":
      case "function":
        return [local.body.statements];
      case "instance":
        return methodsOf(local);
      case "table":
      case "value set":
        return [];
    }
  });
}

/** The bodies of a program: lists of statements that stand in no other. */
export function bodiesOf(program: Program): readonly (readonly Statement[])[] {
  const { functions, actions, parsers, controls, instances } = program;
  return [
    ...[...functions, ...actions].map(({ body }) => body.statements),
    ...instances.flatMap(methodsOf),
    ...parsers.flatMap((each) => [...localLists(each), ...each.states.map(({ body }) => body)]),
    ...controls.flatMap((each) => [...localLists(each), each.body.statements]),
  ];
}
