/**
 * The simulator's cross-check: the same programs, walked through node by node, with exact arithmetic and copies wherever a value is kept.
 * Written apart from the functions that `interpret` makes, and as plainly as possible: it shares with them only how values look, tables,
 * and the objects and functions of architectures.
 */
import type { ControlDeclaration, ParserDeclaration } from "../../ir/declaration.ts";
import type { CallExpr, Expr } from "../../ir/expression.ts";
import type { Statement } from "../../ir/statement.ts";
import type { Around, Compiler, Place, Run } from "../machine.ts";
import type { Value } from "../value.ts";

/** One instance of a parser or control while it is walked through; the parts of the walk reach each other by it. */
export type Walker = Around & {
  readonly cell: Compiler["cell"];
  /** The value of an expression; with parts it is the one that stands there. */
  readonly value: (expression: Expr) => Value;
  readonly place: (expression: Expr) => Place;
  readonly call: (call: CallExpr) => Value;
  readonly run: (statement: Statement) => Ending;
  readonly compiler: () => Compiler;
  /** Calls of externs, which keep things for themselves and are made once for each place of the program. */
  readonly externCalls: Map<CallExpr, Run>;
};

/** How a statement ended; with a value when a function returned one. */
export type Ending =
  | { readonly kind: "next" | "break" | "continue" }
  | { readonly kind: "return"; readonly value?: Value };

/** The end of a statement behind which the next one runs. */
export const NEXT: Ending = { kind: "next" };

/** What a parser or control is declared as. */
export type BlockDeclaration = ParserDeclaration | ControlDeclaration;
