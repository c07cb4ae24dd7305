/** Calls of v1model's `digest`, which have no object: each type of news is one. */
import type { Program } from "../ir/declaration.ts";
import type { CallExpr } from "../ir/expression.ts";
import type { Statement } from "../ir/statement.ts";
import type { Type } from "../types/type.ts";

/** Types of news that the program's controls and actions send, in order of their first call. */
export function digestTypes({ controls, actions }: Program): readonly Type[] {
  const bodies = [
    ...actions.map(({ body }) => body),
    ...controls.flatMap(({ body, locals }) => [
      ...locals.flatMap((local) => (local.kind === "action" ? [local.body] : [])),
      body,
    ]),
  ];
  return bodies.flatMap(callsIn).flatMap(({ callee, typeArguments }) => {
    const [type] = typeArguments;
    const isDigest = callee.kind === "extern function" && callee.function.name === "digest";
    return isDigest && type !== undefined ? [type] : [];
  });
}

/** Calls that stand as statements. */
function callsIn(statement: Statement): readonly CallExpr[] {
  switch (statement.kind) {
    case "call statement":
      return [statement.call];
    case "block":
      return statement.statements.flatMap(callsIn);
    case "if":
      return [statement.yes, ...(statement.no === undefined ? [] : [statement.no])].flatMap(
        callsIn,
      );
    case "action switch":
    case "value switch":
      return statement.cases.flatMap(({ body }) => callsIn(body));
    case "for":
    case "for in":
      return callsIn(statement.body);
    case "assignment":
    case "break":
    case "continue":
    case "empty":
    case "exit":
    case "return":
    case "variable":
      return [];
  }
}
