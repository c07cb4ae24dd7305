/**
 * How many tables of a control have to wait for each other: a table waits for another one when its key, what its actions read, or the
 * condition around it comes from that one. It is the least number of stages of a pipeline in which a table sees what those before it did.
 * Bodies of loops are taken once.
 */
import { instanceNamed, type BlockNode } from "../eval/instances.ts";
import type { Action, Parameter, Table } from "../ir/declaration.ts";
import type { CallExpr, Expr } from "../ir/expression.ts";
import { partsOf, partsOfStatement, statementsOf } from "../ir/parts.ts";
import type { Statement } from "../ir/statement.ts";

/** How many tables stand in a row. */
type Depth = number;

/** Bodies are looked at again for each call, which doubles with each level; beyond this many steps calls are not followed. */
const MOST_STEPS = 200_000;

type World = { deepest: Depth; steps: number };

/** What was written so far. A branch has a layer of its own, so that no branch sees what another one wrote. */
type Layer = {
  /** By place, such as `7.3.ipv4`: the block's id, the variable's, then fields. */
  readonly written: Map<string, Depth>;
  /** The deepest of all that is below a place. */
  readonly below: Map<string, Depth>;
  readonly around: Layer | undefined;
};

/** Where statements stand: in which block, and behind which tables by a condition. */
type Scope = {
  readonly world: World;
  readonly layer: Layer;
  readonly block: BlockNode;
  readonly guard: Depth;
};

const layerIn = (around: Layer | undefined): Layer => ({
  written: new Map(),
  below: new Map(),
  around,
});

/** The tables of a control that wait for each other, in the longest row. */
export function dependentTables(block: BlockNode): Depth {
  const { declaration } = block;
  if (declaration.kind !== "control") return 0;
  const world: World = { deepest: 0, steps: 0 };
  runControl({ world, layer: layerIn(undefined), block, guard: 0 });
  return world.deepest;
}

function runControl(scope: Scope): void {
  const { declaration } = scope.block;
  if (declaration.kind !== "control") return;
  for (const local of declaration.locals) if (local.kind === "variable") run(local, scope);
  run(declaration.body, scope);
}

/** The place of a variable, field or element; elements of a stack are one place. */
function placeOf(expr: Expr, block: BlockNode): string | undefined {
  if (expr.kind === "variable") return `${block.id}.${expr.variable.id}`;
  const of = "of" in expr ? placeOf(expr.of, block) : undefined;
  return of !== undefined && expr.kind === "field" ? `${of}.${expr.field}` : of;
}

const ancestors = (place: string): readonly string[] => {
  const parts = place.split(".");
  return parts.slice(2).map((_, index) => parts.slice(0, index + 2).join("."));
};

function raise(map: Map<string, Depth>, place: string, depth: Depth): void {
  map.set(place, Math.max(depth, map.get(place) ?? 0));
}

function write(place: string, depth: Depth, { written, below }: Layer): void {
  raise(written, place, depth);
  for (const around of ancestors(place)) raise(below, around, depth);
}

function read(place: string, layer: Layer): Depth {
  const around = ancestors(place);
  let depth = 0;
  for (let each: Layer | undefined = layer; each !== undefined; each = each.around) {
    const { written, below } = each;
    const found = [place, ...around].map((name) => written.get(name) ?? 0);
    depth = Math.max(depth, below.get(place) ?? 0, ...found);
  }
  return depth;
}

/** The deepest table that an expression's value comes from; tables and controls that it applies run. */
function depthOf(expr: Expr, scope: Scope): Depth {
  if (expr.kind === "call") return call(expr, scope);
  const place = placeOf(expr, scope.block);
  const own = place === undefined ? 0 : read(place, scope.layer);
  return Math.max(own, ...partsOf(expr).map((part) => depthOf(part, scope)));
}

function assign(target: Expr, depth: Depth, { layer, block, guard }: Scope): void {
  const place = placeOf(target, block);
  if (place !== undefined) write(place, Math.max(depth, guard), layer);
}

function call(expr: CallExpr, scope: Scope): Depth {
  const { callee } = expr;
  if (callee.kind === "table") return table(callee.table, scope);
  const given = expr.arguments.map(({ value }) =>
    value === undefined ? 0 : depthOf(value, scope),
  );
  const object = "of" in callee ? depthOf(callee.of, scope) : 0;
  const depth = Math.max(object, ...given);
  const isFollowed = follow(expr, given, scope);
  if (isFollowed) return depth;
  for (const { parameter, value } of expr.arguments)
    if (value !== undefined && isWritten(parameter)) assign(value, depth, scope);
  if (callee.kind === "stack" || (callee.kind === "header" && callee.method.startsWith("set")))
    assign(callee.of, depth, scope);
  return depth;
}

const isWritten = ({ direction }: Parameter): boolean =>
  direction === "out" || direction === "inout";

type Body = {
  readonly parameters: readonly Parameter[];
  readonly run: (scope: Scope) => void;
  readonly block: BlockNode;
};

/** The body that a call runs, where the program has it. */
function bodyOf({ callee }: CallExpr, { block }: Scope): Body | undefined {
  if (callee.kind === "action" || callee.kind === "function") {
    const declaration = callee.kind === "action" ? callee.action : callee.function;
    const { parameters, body } = declaration;
    return { parameters, run: (scope) => run(body, scope), block };
  }
  if (callee.kind !== "apply") return undefined;
  const inner = instanceNamed(callee.of, block.instances);
  if (inner?.kind !== "control") return undefined;
  return { parameters: inner.declaration.parameters, run: runControl, block: inner };
}

/** Runs a body with its arguments copied in and out; false when there is none, or when there were too many steps. */
function follow(expr: CallExpr, given: readonly Depth[], scope: Scope): boolean {
  const body = bodyOf(expr, scope);
  if (body === undefined || scope.world.steps > MOST_STEPS) return false;
  const { layer } = scope;
  for (const [index, parameter] of body.parameters.entries())
    write(`${body.block.id}.${parameter.id}`, given[index] ?? 0, layer);
  body.run({ ...scope, block: body.block });
  for (const { parameter, value } of expr.arguments)
    if (value !== undefined && isWritten(parameter))
      assign(value, read(`${body.block.id}.${parameter.id}`, layer), scope);
  return true;
}

/** A table runs behind all that its key, its actions and the condition around it come from. */
function table({ keys, actions }: Table, scope: Scope): Depth {
  const { world, guard } = scope;
  const keyDepths = keys.map(({ expression }) => depthOf(expression, scope));
  const actionDepths = actions.map(({ action }) => actionDepth(action, scope));
  const depth = 1 + Math.max(guard, ...keyDepths, ...actionDepths);
  world.deepest = Math.max(world.deepest, depth);
  oneOf(
    actions.map(({ action }) => action.body),
    { ...scope, guard: depth },
  );
  return depth;
}

/** What an action reads. */
function actionDepth({ body }: Action, scope: Scope): Depth {
  const values = statementsOf(body).flatMap((each) =>
    each.kind === "assignment" ? [each.value] : [],
  );
  return Math.max(0, ...values.map((value) => depthOf(value, scope)));
}

function all(statements: readonly Statement[], scope: Scope): void {
  for (const each of statements) run(each, scope);
}

/** Runs statements of which one runs, and joins what they write. */
function oneOf(statements: readonly Statement[], scope: Scope): void {
  const layers = statements.map((each) => {
    const layer = layerIn(scope.layer);
    run(each, { ...scope, layer });
    return layer;
  });
  for (const { written, below } of layers) {
    for (const [place, depth] of written) raise(scope.layer.written, place, depth);
    for (const [place, depth] of below) raise(scope.layer.below, place, depth);
  }
}

function run(statement: Statement, scope: Scope): void {
  scope.world.steps += 1;
  switch (statement.kind) {
    case "assignment":
      assign(statement.target, depthOf(statement.value, scope), scope);
      return;
    case "variable":
      if (statement.value !== undefined)
        write(
          `${scope.block.id}.${statement.variable.id}`,
          Math.max(scope.guard, depthOf(statement.value, scope)),
          scope.layer,
        );
      return;
    case "call statement":
      depthOf(statement.call, scope);
      return;
    case "block":
      all(statement.statements, scope);
      return;
    case "if":
      oneOf(partsOfStatement(statement).statements, guarded(statement.condition, scope));
      return;
    case "action switch":
      oneOf(partsOfStatement(statement).statements, guarded(statement.apply, scope));
      return;
    case "value switch":
      oneOf(partsOfStatement(statement).statements, guarded(statement.subject, scope));
      return;
    case "for":
      all(statement.init, scope);
      all([statement.body, ...statement.update], guarded(statement.condition, scope));
      return;
    case "for in":
      run(statement.body, scope);
      return;
    case "return":
      if (statement.value !== undefined) depthOf(statement.value, scope);
      return;
    case "break":
    case "continue":
    case "empty":
    case "exit":
  }
}

const guarded = (condition: Expr, scope: Scope): Scope => ({
  ...scope,
  guard: Math.max(scope.guard, depthOf(condition, scope)),
});
