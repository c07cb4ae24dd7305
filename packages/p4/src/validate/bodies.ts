/** Rules about statements: where those that leave something may stand, and names of a block (sections 12 and 6.5.3). */
import type { Block, Statement } from "../syntax/ast-program.ts";
import { distinct, type Findings } from "./report.ts";

/** What a statement is in. */
export type Inside = {
  /** Such as "an action", for messages. */
  readonly what: string;
  readonly isLoop: boolean;
  /** Whether `return` gives a value: in functions with a result it must, elsewhere it must not. */
  readonly returns: "a value" | "nothing";
  readonly mayExit: boolean;
};

/** Judges a block and all in it. */
export function judgeBlock(found: Findings, block: Block, inside: Inside): void {
  judgeStatements(found, block.statements, inside);
}

/** Judges the statements of one scope. */
export function judgeStatements(
  found: Findings,
  statements: readonly Statement[],
  inside: Inside,
): void {
  const declared = statements.flatMap((each) =>
    each.kind === "variable" || each.kind === "constant" ? [each.name] : [],
  );
  distinct(found, declared, "name");
  for (const each of statements) judgeStatement(found, each, inside);
}

function judgeStatement(found: Findings, statement: Statement, inside: Inside): void {
  switch (statement.kind) {
    case "break":
    case "continue":
      if (!inside.isLoop) found.add("P402", { span: statement.span }, { word: statement.kind });
      return;
    case "exit":
      if (!inside.mayExit) found.add("P403", { span: statement.span }, { what: inside.what });
      return;
    case "return":
      judgeReturn(found, statement, inside);
      return;
    case "block":
      judgeStatements(found, statement.statements, inside);
      return;
    case "if":
      judgeStatement(found, statement.yes, inside);
      if (statement.no !== undefined) judgeStatement(found, statement.no, inside);
      return;
    case "switch":
      for (const { body } of statement.cases)
        if (body !== undefined) judgeBlock(found, body, inside);
      return;
    case "for":
    case "for in":
      judgeStatement(found, statement.body, { ...inside, isLoop: true });
      return;
    case "assignment":
    case "call statement":
    case "variable":
    case "constant":
    case "empty":
  }
}

function judgeReturn(
  found: Findings,
  { value, span }: Extract<Statement, { kind: "return" }>,
  { what, returns }: Inside,
): void {
  if (value !== undefined && returns === "nothing")
    found.add("P404", { span: value.span }, { what });
  if (value === undefined && returns === "a value") found.add("P405", { span }, { what });
}
