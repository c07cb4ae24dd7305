/** Statements of the typed program as functions (specification 1.2.5, section 12). */
import { exhaustive, invariant } from "@seam/base";
import type { Statement } from "../ir/statement.ts";
import { arithmetic } from "./arithmetic.ts";
import { sameOf } from "./equality.ts";
import { kept, scalar } from "./expressions.ts";
import type { Compiler, Flow, Step } from "./machine.ts";
import { isFixed } from "./places.ts";
import { exitSignal, Fault } from "./signals.ts";
import { big, copy, initial, numberOf, parts, type Value } from "./value.ts";

type Of<Kind extends Statement["kind"]> = Extract<Statement, { kind: Kind }>;

const NEXT = 0;
const RETURN = 1;
const BREAK = 2;
const CONTINUE = 3;

/** Loops that go on longer than this end the run. */
export const MOST_ROUNDS = 1_000_000;

/** Statements one after the other, until one leaves them. */
export function sequence(steps: readonly Step[]): Step {
  const [first, second] = steps;
  if (first === undefined) return () => NEXT;
  if (second === undefined) return first;
  return () => {
    for (let index = 0; index < steps.length; index += 1) {
      const flow = steps[index]?.() ?? NEXT;
      if (flow !== NEXT) return flow;
    }
    return NEXT;
  };
}

function combined({ target, operator, value }: Of<"assignment">, compiler: Compiler): Step {
  invariant(operator !== undefined, "an assignment has an operator");
  const [find, run] = [compiler.place(target), compiler.expression(value)];
  const compute = arithmetic(operator, scalar(target.type));
  return () => {
    const place = find();
    place.set(compute(place.get(), run()));
    return NEXT;
  };
}

function assignment(statement: Of<"assignment">, compiler: Compiler): Step {
  const { target, operator, value } = statement;
  if (operator !== undefined) return combined(statement, compiler);
  const run = kept(value, compiler);
  if (isFixed(target)) {
    const store = compiler.store(target);
    return () => {
      store(run());
      return NEXT;
    };
  }
  const find = compiler.place(target);
  return () => {
    const place = find();
    place.set(run());
    return NEXT;
  };
}

function variable({ variable: declared, value }: Of<"variable">, compiler: Compiler): Step {
  const cell = compiler.cell(declared);
  const run = value === undefined ? (): Value => initial(declared.type) : kept(value, compiler);
  return () => {
    cell.value = run();
    return NEXT;
  };
}

function conditional({ condition, yes, no }: Of<"if">, compiler: Compiler): Step {
  const test = compiler.condition(condition);
  const first = compiler.statement(yes);
  const second = no === undefined ? (): Flow => NEXT : compiler.statement(no);
  return () => (test() ? first() : second());
}

function actionSwitch({ apply, cases }: Of<"action switch">, compiler: Compiler): Step {
  const { callee } = apply;
  invariant(callee.kind === "table", "a switch is on a table's action");
  const table = compiler.table(callee.table);
  const run = compiler.call(apply);
  const bodies = new Map<number, Step>();
  let otherwise: Step = () => NEXT;
  for (const { actions, isDefault, body } of cases) {
    const step = compiler.statement(body);
    for (const action of actions) bodies.set(action.id, step);
    if (isDefault) otherwise = step;
  }
  return () => {
    run();
    return (bodies.get(table.ran) ?? otherwise)();
  };
}

function valueSwitch({ subject, cases }: Of<"value switch">, compiler: Compiler): Step {
  const run = compiler.expression(subject);
  const same = sameOf(subject.type);
  const labels: { readonly label: Value; readonly step: Step }[] = [];
  let otherwise: Step = () => NEXT;
  for (const { labels: written, isDefault, body } of cases) {
    const step = compiler.statement(body);
    for (const label of written) labels.push({ label: compiler.constant(label), step });
    if (isDefault) otherwise = step;
  }
  return () => {
    const value = run();
    const found = labels.find(({ label }) => same(label, value));
    return (found?.step ?? otherwise)();
  };
}

/** Goes round while there is a next round; the body may break, continue or return. */
function loop(body: Step, next: (round: number) => boolean): Flow {
  for (let round = 0; next(round); round += 1) {
    if (round > MOST_ROUNDS) throw new Fault(`a loop goes round more than ${MOST_ROUNDS} times`);
    const flow = body();
    if (flow === RETURN) return RETURN;
    if (flow === BREAK) return NEXT;
  }
  return NEXT;
}

function forLoop({ init, condition, update, body }: Of<"for">, compiler: Compiler): Step {
  const begin = sequence(init.map((each) => compiler.statement(each)));
  const test = compiler.condition(condition);
  const step = sequence(update.map((each) => compiler.statement(each)));
  const inner = compiler.statement(body);
  return () => {
    begin();
    return loop(inner, (round) => {
      if (round > 0) step();
      return test();
    });
  };
}

/** Over whole numbers or elements: the collection is evaluated once. */
function forIn({ variable: declared, collection, body }: Of<"for in">, compiler: Compiler): Step {
  const cell = compiler.cell(declared);
  const inner = compiler.statement(body);
  if (collection.kind === "elements") {
    const run = compiler.expression(collection.of);
    return () => {
      const all = parts(copy(run())).parts;
      return loop(inner, (round) => {
        const element = all[round];
        if (element !== undefined) cell.value = element;
        return element !== undefined;
      });
    };
  }
  const [first, last] = [
    compiler.expression(collection.first),
    compiler.expression(collection.last),
  ];
  const type = scalar(declared.type);
  return () => {
    const from = big(first());
    const end = big(last());
    return loop(inner, (round) => {
      const now = from + BigInt(round);
      cell.value = numberOf(now, type);
      return now <= end;
    });
  };
}

function returning({ value }: Of<"return">, compiler: Compiler): Step {
  if (value === undefined) return () => RETURN;
  const { returned } = compiler;
  const run = kept(value, compiler);
  return () => {
    returned.value = run();
    return RETURN;
  };
}

function leaf(statement: Of<"exit" | "break" | "continue" | "empty">): Step {
  switch (statement.kind) {
    case "exit":
      return () => {
        throw exitSignal;
      };
    case "break":
      return () => BREAK;
    case "continue":
      return () => CONTINUE;
    case "empty":
      return () => NEXT;
  }
}

/** The function of a statement. */
export function compileStatement(statement: Statement, compiler: Compiler): Step {
  switch (statement.kind) {
    case "assignment":
      return assignment(statement, compiler);
    case "call statement": {
      const run = compiler.call(statement.call);
      return () => {
        run();
        return NEXT;
      };
    }
    case "variable":
      return variable(statement, compiler);
    case "block":
      return sequence(statement.statements.map((each) => compiler.statement(each)));
    case "if":
      return conditional(statement, compiler);
    case "action switch":
      return actionSwitch(statement, compiler);
    case "value switch":
      return valueSwitch(statement, compiler);
    case "for":
      return forLoop(statement, compiler);
    case "for in":
      return forIn(statement, compiler);
    case "return":
      return returning(statement, compiler);
    case "exit":
    case "break":
    case "continue":
    case "empty":
      return leaf(statement);
    default:
      return exhaustive(statement);
  }
}
