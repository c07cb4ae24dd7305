/** Instances of parsers and controls as functions that are made once; every variable has a cell of its own. */
import type { ControlDeclaration, Local, ParserDeclaration } from "../ir/declaration.ts";
import { actionCall, compileCall } from "./calls.ts";
import { compileExpression } from "./expressions.ts";
import type { Cell, Compiler, Evaluator, Step } from "./machine.ts";
import { compileStates } from "./parsers.ts";
import { compilePlace, compileStore } from "./places.ts";
import { compileStatement, sequence } from "./statements.ts";
import { traced } from "./trace.ts";
import { initial } from "./value.ts";

/** Cells by the ids of variables, made when they are first asked for. */
export function cellsOf(): Compiler["cell"] {
  const cells = new Map<number, Cell>();
  return ({ id, type }) => {
    const known = cells.get(id);
    if (known !== undefined) return known;
    const cell = { value: initial(type) };
    cells.set(id, cell);
    return cell;
  };
}

/** What locals of a block do each time it is applied; tables and instances are made now, so that the control plane sees them. */
function localStep(local: Local, compiler: Compiler): readonly Step[] {
  if (local.kind === "table") compiler.table(local);
  return local.kind === "variable" ? [compiler.statement(local)] : [];
}

function bodyOf(
  declaration: ParserDeclaration | ControlDeclaration,
  compiler: Compiler,
): () => void {
  const locals = sequence(declaration.locals.flatMap((local) => localStep(local, compiler)));
  if (declaration.kind === "parser") {
    const states = compileStates(declaration, compiler);
    return () => {
      locals();
      states();
    };
  }
  const body = sequence(declaration.body.statements.map((each) => compiler.statement(each)));
  return () => {
    locals();
    body();
  };
}

/** The functions of an instance. */
export const asFunctions: Evaluator = (around) => {
  const { machine } = around;
  const compiler: Compiler = {
    ...around,
    cell: cellsOf(),
    returned: { value: false },
    expression: (expression) => compileExpression(expression, compiler),
    condition: (expression) => {
      const run = compileExpression(expression, compiler);
      return () => run() === true;
    },
    statement: (statement) => {
      const step = compileStatement(statement, compiler);
      return machine.trace === undefined ? step : traced(statement, step, compiler);
    },
    store: (expression) => compileStore(expression, compiler),
    place: (expression) => compilePlace(expression, compiler),
    call: (call) => compileCall(call, compiler),
    action: (bound) => actionCall(bound, compiler),
    body: (declaration) => bodyOf(declaration, compiler),
    constant: (expression) => compileExpression(expression, compiler)(),
  };
  return compiler;
};
