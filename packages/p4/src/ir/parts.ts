/** What expressions and statements are made of, for whoever looks through a whole program. */
import type { Callee, Expr } from "./expression.ts";
import type { Statement } from "./statement.ts";

/** The object of a call, where it is an expression. */
const objectOf = (callee: Callee): readonly Expr[] => ("of" in callee ? [callee.of] : []);

/** What an expression is directly made of, in the order of evaluation but for named arguments. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "aggregate":
      return expr.elements;
    case "field":
    case "last":
    case "lastIndex":
    case "next":
    case "slice":
      return [expr.of];
    case "element":
      return [expr.of, expr.index];
    case "part select":
      return [expr.of, expr.low];
    case "cast":
    case "unary":
      return [expr.operand];
    case "binary":
      return [expr.left, expr.right];
    case "conditional":
      return [expr.condition, expr.yes, expr.no];
    case "hit":
    case "miss":
      return [expr.apply];
    case "call":
      return [...objectOf(expr.callee), ...expr.arguments.flatMap(({ value }) => value ?? [])];
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

/** An expression with all that it is made of. */
export const expressionsOf = (expr: Expr): readonly Expr[] => [
  expr,
  ...partsOf(expr).flatMap(expressionsOf),
];

type Parts = { readonly expressions: readonly Expr[]; readonly statements: readonly Statement[] };

const present = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);

/** What a statement is directly made of. */
export function partsOfStatement(statement: Statement): Parts {
  switch (statement.kind) {
    case "assignment":
      return { expressions: [statement.target, statement.value], statements: [] };
    case "call statement":
      return { expressions: [statement.call], statements: [] };
    case "variable":
    case "return":
      return { expressions: present(statement.value), statements: [] };
    case "block":
      return { expressions: [], statements: statement.statements };
    case "if":
      return {
        expressions: [statement.condition],
        statements: [statement.yes, ...present(statement.no)],
      };
    case "action switch":
      return {
        expressions: [statement.apply],
        statements: statement.cases.map(({ body }) => body),
      };
    case "value switch":
      return {
        expressions: [statement.subject],
        statements: statement.cases.map(({ body }) => body),
      };
    case "for": {
      const { init, condition, update, body } = statement;
      return { expressions: [condition], statements: [...init, ...update, body] };
    }
    case "for in": {
      const { collection, body } = statement;
      const over =
        collection.kind === "range" ? [collection.first, collection.last] : [collection.of];
      return { expressions: over, statements: [body] };
    }
    case "break":
    case "continue":
    case "empty":
    case "exit":
      return { expressions: [], statements: [] };
  }
}

/** A statement with all statements in it. */
export const statementsOf = (statement: Statement): readonly Statement[] => [
  statement,
  ...partsOfStatement(statement).statements.flatMap(statementsOf),
];

/** All expressions of a statement, also of those in it. */
export const expressionsIn = (statement: Statement): readonly Expr[] =>
  statementsOf(statement)
    .flatMap((each) => partsOfStatement(each).expressions)
    .flatMap(expressionsOf);
