/** Statements (specification 1.2.5, section 12), executed where they stand. */
import { exhaustive, invariant } from "@seam/base";
import type { Statement } from "../../ir/statement.ts";
import { exitSignal, Fault } from "../signals.ts";
import { MOST_ROUNDS } from "../statements.ts";
import { big, copy, initial, numberOf, parts, type Value } from "../value.ts";
import { arithmetic, isSame, numberType } from "./expressions.ts";
import { type Ending, NEXT, type Walker } from "./walker.ts";

type Of<Kind extends Statement["kind"]> = Extract<Statement, { kind: Kind }>;

/** Statements in order, until one does not go on. */
export function runAll(statements: readonly Statement[], walker: Walker): Ending {
  for (const statement of statements) {
    const ending = walker.run(statement);
    if (ending.kind !== "next") return ending;
  }
  return NEXT;
}

function assign({ target, operator, value }: Of<"assignment">, walker: Walker): Ending {
  const place = walker.place(target);
  if (operator === undefined) place.set(copy(walker.value(value)));
  else {
    const before = place.get();
    place.set(arithmetic(operator, [before, walker.value(value)], target.type));
  }
  return NEXT;
}

function actionSwitch({ apply, cases }: Of<"action switch">, walker: Walker): Ending {
  const { callee } = apply;
  invariant(callee.kind === "table", "a switch is on a table's action");
  walker.call(apply);
  const { ran } = walker.table(callee.table);
  const named = cases.find(({ actions }) => actions.some(({ id }) => id === ran));
  const found = named ?? cases.find(({ isDefault }) => isDefault);
  return found === undefined ? NEXT : walker.run(found.body);
}

function valueSwitch({ subject, cases }: Of<"value switch">, walker: Walker): Ending {
  const value = walker.value(subject);
  const named = cases.find(({ labels }) =>
    labels.some((label) => isSame(walker.value(label), value, subject.type)),
  );
  const found = named ?? cases.find(({ isDefault }) => isDefault);
  return found === undefined ? NEXT : walker.run(found.body);
}

/** One round of a loop; undefined when the loop goes on. */
function round(body: Statement, count: number, walker: Walker): Ending | undefined {
  if (count > MOST_ROUNDS) throw new Fault(`a loop goes round more than ${MOST_ROUNDS} times`);
  const ending = walker.run(body);
  if (ending.kind === "break") return NEXT;
  return ending.kind === "return" ? ending : undefined;
}

function forLoop({ init, condition, update, body }: Of<"for">, walker: Walker): Ending {
  runAll(init, walker);
  for (let count = 0; walker.value(condition) === true; count += 1) {
    const ending = round(body, count, walker);
    if (ending !== undefined) return ending;
    runAll(update, walker);
  }
  return NEXT;
}

/** What a loop goes over, one by one: numbers from first to last, or the elements as they were before it. */
function* membersOf({ collection, variable }: Of<"for in">, walker: Walker): Generator<Value> {
  if (collection.kind === "elements") {
    yield* parts(copy(walker.value(collection.of))).parts;
    return;
  }
  const first = big(walker.value(collection.first));
  const last = big(walker.value(collection.last));
  for (let now = first; now <= last; now += 1n) yield numberOf(now, numberType(variable.type));
}

function forIn(loop: Of<"for in">, walker: Walker): Ending {
  const cell = walker.cell(loop.variable);
  let count = 0;
  for (const member of membersOf(loop, walker)) {
    cell.value = member;
    const ending = round(loop.body, count, walker);
    if (ending !== undefined) return ending;
    count += 1;
  }
  return NEXT;
}

/** Executes a statement. */
export function execute(statement: Statement, walker: Walker): Ending {
  switch (statement.kind) {
    case "assignment":
      return assign(statement, walker);
    case "call statement":
      walker.call(statement.call);
      return NEXT;
    case "variable": {
      const { variable, value } = statement;
      walker.cell(variable).value =
        value === undefined ? initial(variable.type) : copy(walker.value(value));
      return NEXT;
    }
    case "block":
      return runAll(statement.statements, walker);
    case "if": {
      const { condition, yes, no } = statement;
      if (walker.value(condition) === true) return walker.run(yes);
      return no === undefined ? NEXT : walker.run(no);
    }
    case "action switch":
      return actionSwitch(statement, walker);
    case "value switch":
      return valueSwitch(statement, walker);
    case "for":
      return forLoop(statement, walker);
    case "for in":
      return forIn(statement, walker);
    case "return": {
      const { value } = statement;
      return value === undefined
        ? { kind: "return" }
        : { kind: "return", value: copy(walker.value(value)) };
    }
    case "exit":
      throw exitSignal;
    case "break":
    case "continue":
      return { kind: statement.kind };
    case "empty":
      return NEXT;
    default:
      return exhaustive(statement);
  }
}
