/** Instances of parsers and controls that are walked through instead of being made into functions. */
import type { Local } from "../../ir/declaration.ts";
import { cellsOf } from "../functions.ts";
import type { Compiler, Evaluator, Flow } from "../machine.ts";
import { makeCall, runAction } from "./calls.ts";
import { valueOf } from "./expressions.ts";
import { parse } from "./parsers.ts";
import { placeOf } from "./places.ts";
import { execute, runAll } from "./statements.ts";
import { type BlockDeclaration, type Ending, type Walker } from "./walker.ts";

/** Tables are known to the control plane before a packet comes. */
function announce(local: Local, walker: Walker): void {
  if (local.kind === "table") walker.table(local);
}

function bodyOf(declaration: BlockDeclaration, walker: Walker): () => void {
  for (const local of declaration.locals) announce(local, walker);
  return () => {
    for (const local of declaration.locals) if (local.kind === "variable") walker.run(local);
    if (declaration.kind === "parser") parse(declaration, walker);
    else runAll(declaration.body.statements, walker);
  };
}

const flows: { readonly [Kind in Ending["kind"]]: Flow } = {
  next: 0,
  return: 1,
  break: 2,
  continue: 3,
};

/** The walk through an instance, for tables and for what architectures bring. */
export const asTree: Evaluator = (around) => {
  const cell = cellsOf();
  const walker: Walker = {
    ...around,
    cell,
    externCalls: new Map(),
    value: (expression) => valueOf(expression, walker),
    place: (expression) => placeOf(expression, walker),
    call: (call) => makeCall(call, walker),
    run: (statement) => execute(statement, walker),
    compiler: () => compiler,
  };
  const compiler: Compiler = {
    ...around,
    cell,
    returned: { value: false },
    expression: (expression) => () => walker.value(expression),
    condition: (expression) => () => walker.value(expression) === true,
    statement: (statement) => () => flows[walker.run(statement).kind],
    store: (expression) => (value) => walker.place(expression).set(value),
    place: (expression) => () => walker.place(expression),
    call: (call) => () => walker.call(call),
    action: (bound) => () => runAction(bound, walker),
    body: (declaration) => bodyOf(declaration, walker),
    constant: (expression) => walker.value(expression),
  };
  return compiler;
};
