/**
 * Values that are read before anything sets them, fields of headers that are not valid, and `out` parameters that nothing sets
 * (sections 6.8, 7.2.2, 8.25). Actions, tables and states are gone through once for their effect and once to tell what is wrong in them,
 * when it is known what holds wherever they begin; so the cost does not grow with the ways through a program.
 */
import type {
  Action,
  ControlDeclaration,
  FunctionDeclaration,
  Instance,
  Local,
  Parameter,
  ParserDeclaration,
  Program,
  State,
  Table,
} from "../ir/declaration.ts";
import type { Statement } from "../ir/statement.ts";
import { known } from "../types/relate.ts";
import type { Findings } from "../validate/report.ts";
import { anyAction, read } from "./calls.ts";
import { components } from "./components.ts";
import { either, type Facts, followed, isSame, NOWHERE, START, unchanged } from "./facts.ts";
import { run, runAll } from "./flow.ts";
import { allBits, follow, type Layouts, noLayouts } from "./layout.ts";
import { beginning, type Effect, type Flow, tellOut } from "./places.ts";
import { targetsOf } from "./states.ts";
import { eachStatement } from "./tree.ts";

const flowFrom = (
  facts: Facts,
  { layouts, found, effects, entries }: Pick<Flow, "layouts" | "found" | "effects" | "entries">,
): Flow => ({
  layouts,
  found,
  effects,
  entries,
  facts,
  returned: NOWHERE,
  exited: NOWHERE,
  broke: NOWHERE,
  continued: NOWHERE,
});

function followIn(layouts: Layouts, list: readonly Statement[]): void {
  eachStatement(list, (each) => {
    if (each.kind === "variable" || each.kind === "for in") follow(layouts, each.variable);
  });
}

/** A body with its parameters: of a function, an action, or a method of an instance. */
type Body = { readonly parameters: readonly Parameter[]; readonly body: Action["body"] };

/** Judges a body that sees no variables but its own. */
function tellBody(found: Findings, { parameters, body }: Body): void {
  const layouts = noLayouts();
  for (const each of parameters) follow(layouts, each);
  followIn(layouts, body.statements);
  const facts = beginning(START, layouts, parameters);
  const flow = flowFrom(facts, { layouts, found, effects: new Map(), entries: new Map() });
  run(flow, body);
  tellOut(flow, either(flow.facts, flow.returned), parameters);
}

type Block = ParserDeclaration | ControlDeclaration;

/** The variables of a parser or control, and of all that is declared in it. */
function layoutsOf(block: Block): Layouts {
  const layouts = noLayouts();
  for (const each of block.parameters) follow(layouts, each);
  for (const local of block.locals) {
    if (local.kind === "variable") follow(layouts, local.variable);
    if (local.kind !== "action") continue;
    for (const each of local.parameters) follow(layouts, each);
    followIn(layouts, local.body.statements);
  }
  const bodies = block.kind === "parser" ? block.states.map(({ body }) => body) : [[block.body]];
  for (const body of bodies) followIn(layouts, body);
  return layouts;
}

/** What holds where a block's own statements begin: its variables are declared. */
function afterLocals(flow: Flow, locals: readonly Local[]): void {
  for (const local of locals) if (local.kind === "variable") run(flow, local);
}

/** Goes through an action from where it begins. */
function runAction(flow: Flow, { parameters, body }: Action): Facts {
  flow.facts = beginning(flow.facts, flow.layouts, parameters);
  run(flow, body);
  return either(flow.facts, flow.returned);
}

function runTable(flow: Flow, table: Table): Facts {
  anyAction(flow, table);
  return flow.facts;
}

const runLocal = (flow: Flow, local: Action | Table): Facts =>
  local.kind === "action" ? runAction(flow, local) : runTable(flow, local);

/** What the actions and tables of a control do; each knows those that are declared before it. */
function effectsOf(layouts: Layouts, locals: readonly (Action | Table)[]): Map<number, Effect> {
  const effects = new Map<number, Effect>();
  const before = unchanged(allBits(layouts));
  for (const local of locals) {
    const flow = flowFrom(before, { layouts, found: undefined, effects, entries: new Map() });
    const end = runLocal(flow, local);
    effects.set(local.id, { end, exited: flow.exited });
  }
  return effects;
}

/** Structs are what an architecture hands from block to block: one that has nothing to say of it leaves it alone. */
const isPlain = ({ type }: Parameter): boolean => known(type).kind !== "struct";

function tellControl(found: Findings, control: ControlDeclaration): void {
  const layouts = layoutsOf(control);
  const { locals, parameters, body } = control;
  const inner = locals.flatMap((each) =>
    each.kind === "action" || each.kind === "table" ? [each] : [],
  );
  const effects = effectsOf(layouts, inner);
  const shared = { layouts, found, effects, entries: new Map<number, Facts>() };
  const flow = flowFrom(beginning(START, layouts, parameters), shared);
  afterLocals(flow, locals);
  run(flow, body);
  const end = either(either(flow.facts, flow.returned), flow.exited);
  tellOut(flow, end, parameters.filter(isPlain));
  for (const local of inner.toReversed()) {
    const entry = shared.entries.get(local.id);
    if (entry === undefined) continue;
    const flowIn = flowFrom(entry, shared);
    const left = runLocal(flowIn, local);
    if (local.kind === "action") tellOut(flowIn, left, local.parameters);
  }
}

/** Goes through a state and the keys of its select. */
function runState(flow: Flow, { body, transition }: State): Facts {
  runAll(flow, body);
  if (transition.kind === "select") for (const key of transition.keys) read(flow, key);
  return flow.facts;
}

/** The states, each behind those that lead to it, apart from loops. */
function ordered(states: readonly State[]): readonly State[] {
  const numbers = new Map(states.map(({ name }, index) => [name, index]));
  const graph = states.map(({ transition }) =>
    targetsOf(transition).flatMap((name) => numbers.get(name) ?? []),
  );
  const order = components(graph).toReversed().flat();
  return order.flatMap((node) => states[node] ?? []);
}

/** Rounds through the states of a parser, after which it is given up; programs need as many as their loops are deep, and two. */
const MOST_ROUNDS = 16;

/** What holds wherever states begin, by their names; undefined when it takes too long to find out. */
function entriesOf(
  states: readonly State[],
  { start, effects }: { readonly start: Facts; readonly effects: ReadonlyMap<string, Facts> },
): ReadonlyMap<string, Facts> | undefined {
  const entries = new Map([["start", start]]);
  const order = ordered(states);
  for (let round = 0; round < MOST_ROUNDS; round += 1)
    if (!spread(order, entries, effects)) return entries;
  return undefined;
}

/** One round: whether something became known. */
function spread(
  states: readonly State[],
  entries: Map<string, Facts>,
  effects: ReadonlyMap<string, Facts>,
): boolean {
  let isNew = false;
  for (const { name, transition } of states) {
    const entry = entries.get(name);
    if (entry === undefined) continue;
    const end = followed(entry, effects.get(name) ?? NOWHERE);
    for (const target of targetsOf(transition)) {
      const before = entries.get(target);
      const joined = either(before ?? NOWHERE, end);
      if (before !== undefined && isSame(before, joined)) continue;
      entries.set(target, joined);
      isNew = true;
    }
  }
  return isNew;
}

function tellParser(found: Findings, parser: ParserDeclaration): void {
  const { states, parameters, locals } = parser;
  const layouts = layoutsOf(parser);
  const shared = { layouts, effects: new Map<number, Effect>(), entries: new Map<number, Facts>() };
  const effects = new Map<string, Facts>();
  for (const state of states) {
    const flow = flowFrom(unchanged(allBits(layouts)), { ...shared, found: undefined });
    effects.set(state.name, runState(flow, state));
  }
  const flow = flowFrom(beginning(START, layouts, parameters), { ...shared, found });
  afterLocals(flow, locals);
  const entries = entriesOf(states, { start: flow.facts, effects });
  for (const state of states) {
    const entry = entries?.get(state.name);
    if (entry !== undefined) runState(flowFrom(entry, { ...shared, found }), state);
  }
  tellOut(flow, entries?.get("accept") ?? NOWHERE, parameters.filter(isPlain));
}

const methodsOf = (instance: Instance): readonly FunctionDeclaration[] => [
  ...instance.methods,
  ...instance.instances.flatMap(methodsOf),
];

/** Judges all bodies of a program. */
export function tellUninitialised(found: Findings, program: Program): void {
  const { functions, actions, parsers, controls, instances } = program;
  const locals = [...parsers, ...controls].flatMap((each) => each.locals);
  const owned = [...instances, ...locals.filter((each) => each.kind === "instance")];
  for (const each of [...functions, ...actions, ...owned.flatMap(methodsOf)]) tellBody(found, each);
  for (const each of parsers) tellParser(found, each);
  for (const each of controls) tellControl(found, each);
}
