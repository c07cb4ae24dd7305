/** Statements that nothing leads to (section 12): those behind `return`, `exit`, `break` and `continue`. */
import type { Statement } from "../ir/statement.ts";
import type { Findings } from "../validate/report.ts";

type Leaving = Extract<Statement, { kind: "return" | "exit" | "break" | "continue" }>;

/** Tells the first statement of each list in a body that is never reached. */
export function tellUnreached(found: Findings, body: readonly Statement[]): void {
  leavingList(found, body);
}

/** The statement by which control leaves a list on every way; undefined when it may go on behind it. */
function leavingList(found: Findings, list: readonly Statement[]): Leaving | undefined {
  const left = list.map((each) => leaving(found, each));
  const at = left.findIndex((each) => each !== undefined);
  const by = left[at];
  const behind = list[at + 1];
  if (by !== undefined && behind !== undefined) {
    const related = [{ message: "control leaves here", span: by.span }];
    found.add("P710", { span: behind.span, related }, {});
  }
  return by;
}

const everywhere = (left: readonly (Leaving | undefined)[]): Leaving | undefined =>
  left.includes(undefined) ? undefined : left.at(-1);

function leaving(found: Findings, statement: Statement): Leaving | undefined {
  switch (statement.kind) {
    case "return":
    case "exit":
    case "break":
    case "continue":
      return statement;
    case "block":
      return leavingList(found, statement.statements);
    case "if": {
      const yes = leaving(found, statement.yes);
      return everywhere([yes, statement.no && leaving(found, statement.no)]);
    }
    case "action switch":
    case "value switch": {
      const left = statement.cases.map(({ body }) => leaving(found, body));
      return statement.cases.some((each) => each.isDefault) ? everywhere(left) : undefined;
    }
    case "for":
    case "for in":
      leaving(found, statement.body);
      return undefined;
    case "assignment":
    case "call statement":
    case "empty":
    case "variable":
      return undefined;
  }
}
