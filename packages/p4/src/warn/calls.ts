/** Expressions in the order in which they are evaluated: what they read, what calls set, what conditions tell (sections 6.8 and 8). */
import type { Table } from "../ir/declaration.ts";
import type { Argument, CallExpr, Expr } from "../ir/expression.ts";
import { either, type Facts, followed, NOWHERE, whereSet, whereUnset } from "./facts.ts";
import { located } from "./layout.ts";
import { type Flow, madeValid, tellInvalid, tellUnset, written } from "./places.ts";
import { partsOf } from "./tree.ts";

/** What holds where a condition is true, and where it is false. */
export function condition(flow: Flow, expr: Expr): readonly [Facts, Facts] {
  if (expr.kind === "bool") return expr.value ? [flow.facts, NOWHERE] : [NOWHERE, flow.facts];
  if (expr.kind === "unary") {
    const [yes, no] = condition(flow, expr.operand);
    return [no, yes];
  }
  if (expr.kind === "binary" && expr.operator === "&&") {
    const [yes, no] = condition(flow, expr.left);
    flow.facts = yes;
    const [both, second] = condition(flow, expr.right);
    return [both, either(no, second)];
  }
  if (expr.kind === "binary" && expr.operator === "||") {
    const [yes, no] = condition(flow, expr.left);
    flow.facts = no;
    const [second, none] = condition(flow, expr.right);
    return [either(yes, second), none];
  }
  read(flow, expr);
  return validity(flow, expr);
}

function validity({ layouts, facts }: Flow, expr: Expr): readonly [Facts, Facts] {
  if (expr.kind !== "call" || expr.callee.kind !== "header" || expr.callee.method !== "isValid")
    return [facts, facts];
  const place = located(layouts, expr.callee.of);
  if (place?.layout.kind !== "header" || place.isPart) return [facts, facts];
  const { bits } = place.layout;
  return [whereSet(facts, bits), whereUnset(facts, bits)];
}

const isOfTruth = (expr: Expr): boolean =>
  (expr.kind === "unary" && expr.operator === "!") ||
  (expr.kind === "binary" && (expr.operator === "&&" || expr.operator === "||"));

/** Evaluates an expression. */
export function read(flow: Flow, expr: Expr): void {
  if (isOfTruth(expr)) flow.facts = either(...condition(flow, expr));
  else if (expr.kind === "conditional") chosen(flow, expr);
  else if (expr.kind === "call") call(flow, expr);
  else if (expr.kind === "variable" || "of" in expr) readPlace(flow, expr);
  else for (const part of partsOf(expr)) read(flow, part);
}

function chosen(flow: Flow, expr: Extract<Expr, { kind: "conditional" }>): void {
  const [yes, no] = condition(flow, expr.condition);
  flow.facts = yes;
  read(flow, expr.yes);
  const { facts } = flow;
  flow.facts = no;
  read(flow, expr.no);
  flow.facts = either(facts, flow.facts);
}

function readPlace(flow: Flow, expr: Expr): void {
  readIndexes(flow, expr);
  tellInvalid(flow, expr);
  tellUnset(flow, expr);
}

/** Evaluates what a place needs to be known: indexes, and what is no variable. */
export function readIndexes(flow: Flow, expr: Expr): void {
  if (expr.kind === "variable") return;
  if (!("of" in expr)) {
    read(flow, expr);
    return;
  }
  readIndexes(flow, expr.of);
  if (expr.kind === "element") read(flow, expr.index);
  if (expr.kind === "part select") read(flow, expr.low);
}

/** Evaluates a call. */
export function call(flow: Flow, expr: CallExpr): void {
  const { callee } = expr;
  switch (callee.kind) {
    case "header":
      readIndexes(flow, callee.of);
      if (callee.method === "setValid") madeValid(flow, callee.of, true);
      if (callee.method === "setInvalid") madeValid(flow, callee.of, false);
      return;
    case "table":
      readKeys(flow, callee.table);
      entered(flow, callee.table.id);
      return;
    case "action":
      passed(flow, expr.arguments, () => entered(flow, callee.action.id));
      return;
    case "method":
      passed(flow, expr.arguments, () => undefined);
      if (callee.method.name === "extract") extracted(flow, expr);
      return;
    case "apply":
    case "extern function":
    case "function":
    case "stack":
      passed(flow, expr.arguments, () => undefined);
  }
}

/** `packet.extract(header)` makes a header valid. */
function extracted(flow: Flow, { arguments: list }: CallExpr): void {
  const header = list[0]?.value;
  if (header !== undefined) madeValid(flow, header, true);
}

/** Copies arguments in, runs what is called, and copies them out (section 6.8). */
function passed(flow: Flow, list: readonly Argument[], run: () => void): void {
  for (const { parameter, value } of list) {
    if (value === undefined) continue;
    if (parameter.direction === "out") readIndexes(flow, value);
    else read(flow, value);
  }
  run();
  for (const { parameter, value } of list) {
    if (value === undefined || parameter.direction === "in" || parameter.direction === "none")
      continue;
    tellInvalid(flow, value);
    written(flow, value);
  }
}

/** Runs an action or table of the control; others change nothing but their arguments. */
export function entered(flow: Flow, id: number): void {
  const { facts, found, entries } = flow;
  if (found !== undefined) entries.set(id, either(entries.get(id) ?? NOWHERE, facts));
  const effect = flow.effects.get(id);
  if (effect === undefined) return;
  flow.exited = either(flow.exited, followed(facts, effect.exited));
  flow.facts = followed(facts, effect.end);
}

/** Evaluates a table's keys. */
export function readKeys(flow: Flow, { keys }: Table): void {
  for (const { expression } of keys) read(flow, expression);
}

/** Goes through the actions of a table: what holds behind any of them, or behind none. */
export function anyAction(flow: Flow, { actions, defaultAction }: Table): void {
  const { facts } = flow;
  const isListed = actions.some(({ action }) => action === defaultAction?.action);
  let end = isListed ? NOWHERE : facts;
  for (const each of actions) {
    flow.facts = facts;
    passed(flow, each.arguments, () => entered(flow, each.action.id));
    end = either(end, flow.facts);
  }
  flow.facts = end;
}
