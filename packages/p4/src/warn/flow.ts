/** Statements, as to what they set and read (section 12). */
import type { Statement } from "../ir/statement.ts";
import { call, condition, entered, read, readIndexes, readKeys } from "./calls.ts";
import {
  either,
  type Facts,
  followed,
  NOWHERE,
  withMaybeSet,
  withSet,
  withUnknown,
  withUnset,
} from "./facts.ts";
import { allBits } from "./layout.ts";
import { type Flow, setTo, tellInvalid, written } from "./places.ts";

/** Goes through statements in order. */
export function runAll(flow: Flow, list: readonly Statement[]): void {
  for (const each of list) run(flow, each);
}

/** Goes through a statement: `flow` is as it is behind it. */
export function run(flow: Flow, statement: Statement): void {
  switch (statement.kind) {
    case "assignment":
      assignment(flow, statement);
      return;
    case "call statement":
      call(flow, statement.call);
      return;
    case "variable":
      declared(flow, statement);
      return;
    case "block":
      runAll(flow, statement.statements);
      return;
    case "if":
      conditional(flow, statement);
      return;
    case "action switch":
      actionSwitch(flow, statement);
      return;
    case "value switch":
      valueSwitch(flow, statement);
      return;
    case "for":
      loop(flow, statement);
      return;
    case "for in":
      loopOver(flow, statement);
      return;
    case "return":
    case "exit":
    case "break":
    case "continue":
      left(flow, statement);
      return;
    case "empty":
  }
}

function assignment(
  flow: Flow,
  { target, operator, value }: Extract<Statement, { kind: "assignment" }>,
): void {
  if (operator === undefined) readIndexes(flow, target);
  else read(flow, target);
  read(flow, value);
  tellInvalid(flow, target);
  written(flow, target, value);
}

function declared(flow: Flow, { variable, value }: Extract<Statement, { kind: "variable" }>): void {
  if (value !== undefined) read(flow, value);
  const layout = flow.layouts.byId.get(variable.id);
  if (layout === undefined) return;
  flow.facts =
    value === undefined ? withUnset(flow.facts, layout.bits) : setTo(flow.facts, layout, value);
}

function conditional(flow: Flow, statement: Extract<Statement, { kind: "if" }>): void {
  const [yes, no] = condition(flow, statement.condition);
  flow.facts = yes;
  run(flow, statement.yes);
  const { facts } = flow;
  flow.facts = no;
  if (statement.no !== undefined) run(flow, statement.no);
  flow.facts = either(facts, flow.facts);
}

/** Runs bodies that begin with some facts, and joins where they end with `none`, on which no body runs. */
function branches(
  flow: Flow,
  cases: readonly { readonly from: Facts; readonly body: Statement }[],
  none: Facts,
): void {
  let end = none;
  for (const { from, body } of cases) {
    flow.facts = from;
    run(flow, body);
    end = either(end, flow.facts);
  }
  flow.facts = end;
}

function valueSwitch(
  flow: Flow,
  { subject, cases }: Extract<Statement, { kind: "value switch" }>,
): void {
  read(flow, subject);
  const { facts: from } = flow;
  const hasDefault = cases.some(({ isDefault }) => isDefault);
  const bodies = cases.map(({ body }) => ({ from, body }));
  branches(flow, bodies, hasDefault ? NOWHERE : from);
}

/** In each case the table ran one of some actions; in the default, or behind the switch, any. */
function actionSwitch(
  flow: Flow,
  { apply, cases }: Extract<Statement, { kind: "action switch" }>,
): void {
  if (apply.callee.kind !== "table") return;
  const { table } = apply.callee;
  readKeys(flow, table);
  const { facts: before } = flow;
  entered(flow, table.id);
  const { facts: behind } = flow;
  const bodies = cases.map(({ actions, isDefault, body }) => {
    const effects = actions.map(({ id }) => flow.effects.get(id)?.end);
    const from = effects.map((end) => (end === undefined ? before : followed(before, end)));
    return { body, from: isDefault ? behind : from.reduce(either, NOWHERE) };
  });
  branches(flow, bodies, cases.some(({ isDefault }) => isDefault) ? NOWHERE : behind);
}

/** What holds in a loop's body, however often it ran: all may have been set in it. */
function loosened({ layouts, facts }: Flow): Facts {
  return withUnknown(withMaybeSet(facts, allBits(layouts)), layouts.headers);
}

/** Runs a loop's body, and `update` behind it. A loop is taken to run at least once. */
function looped(flow: Flow, body: Statement, update: readonly Statement[]): void {
  const { broke, continued } = flow;
  flow.broke = NOWHERE;
  flow.continued = NOWHERE;
  run(flow, body);
  flow.facts = either(flow.facts, flow.continued);
  runAll(flow, update);
  flow.facts = either(flow.facts, flow.broke);
  flow.broke = broke;
  flow.continued = continued;
}

function loop(flow: Flow, statement: Extract<Statement, { kind: "for" }>): void {
  runAll(flow, statement.init);
  flow.facts = loosened(flow);
  const [yes] = condition(flow, statement.condition);
  flow.facts = yes;
  looped(flow, statement.body, statement.update);
}

function loopOver(
  flow: Flow,
  { variable, collection, body }: Extract<Statement, { kind: "for in" }>,
): void {
  if (collection.kind === "elements") read(flow, collection.of);
  else for (const each of [collection.first, collection.last]) read(flow, each);
  const bits = flow.layouts.byId.get(variable.id)?.bits ?? 0n;
  flow.facts = withSet(loosened(flow), bits);
  looped(flow, body, []);
}

function left(
  flow: Flow,
  statement: Extract<Statement, { kind: "return" | "exit" | "break" | "continue" }>,
): void {
  if (statement.kind === "return" && statement.value !== undefined) read(flow, statement.value);
  const { facts } = flow;
  flow.facts = NOWHERE;
  switch (statement.kind) {
    case "return":
      flow.returned = either(flow.returned, facts);
      return;
    case "exit":
      flow.exited = either(flow.exited, facts);
      return;
    case "break":
      flow.broke = either(flow.broke, facts);
      return;
    case "continue":
      flow.continued = either(flow.continued, facts);
  }
}
