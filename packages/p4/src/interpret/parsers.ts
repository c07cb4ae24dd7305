/** Parsers as machines of states (specification 1.2.5, section 13). */
import { invariant } from "@seam/base";
import type {
  Keyset,
  ParserDeclaration,
  SelectCase,
  State,
  Transition,
} from "../ir/declaration.ts";
import { keysetFits } from "./keysets.ts";
import type { Compiler, Step } from "./machine.ts";
import { sequence } from "./statements.ts";
import { reject, rejectSignal } from "./signals.ts";
import type { Value } from "./value.ts";

/** Parsers that go through more states than this end with ParserTimeout: one that goes round without reading never ends. */
export const MOST_STATES = 10_000;

const ACCEPT = -1;
const REJECT = -2;

type Numbering = ReadonlyMap<string, number>;

const numberOfState = (name: string, states: Numbering): number => {
  if (name === "accept") return ACCEPT;
  if (name === "reject") return REJECT;
  const state = states.get(name);
  invariant(state !== undefined, `there is no state ${name}`);
  return state;
};

type Select = Extract<Transition, { kind: "select" }>;
type Chosen = (keys: readonly Value[]) => boolean;

function caseFits(each: SelectCase, { keys }: Select, compiler: Compiler): Chosen {
  if (!("length" in each.keys)) return () => false;
  const fits = each.keys.map((keyset, index) => {
    const key = keys[index];
    invariant(key !== undefined, "a case has more keysets than there are keys");
    return keysetFits(keyset, key.type, compiler);
  });
  return (values) => fits.every((fit, index) => fit(values[index] ?? 0));
}

const onlyKeyset = (keys: SelectCase["keys"]): Keyset | undefined =>
  "length" in keys ? keys[0] : undefined;

/** Cases that are single values, and at the end anything: looked up at once. */
function valueCases(
  { keys, cases }: Select,
  states: Numbering,
  compiler: Compiler,
): ((value: Value) => number | undefined) | undefined {
  if (keys.length !== 1) return undefined;
  const found = new Map<Value, number>();
  for (const { keys: keysets, state } of cases) {
    const keyset = onlyKeyset(keysets);
    if (keyset?.kind === "any") {
      const otherwise = numberOfState(state, states);
      return (value) => found.get(value) ?? otherwise;
    }
    const value = keyset?.kind === "value" ? compiler.constant(keyset.value) : undefined;
    if (value === undefined || typeof value === "object") return undefined;
    if (!found.has(value)) found.set(value, numberOfState(state, states));
  }
  return (value) => found.get(value);
}

function transition(to: Transition, states: Numbering, compiler: Compiler): () => number {
  if (to.kind === "goto") {
    const next = numberOfState(to.state, states);
    return () => next;
  }
  const { machine } = compiler;
  const keys = to.keys.map((key) => compiler.expression(key));
  const simple = valueCases(to, states, compiler);
  const [only] = keys;
  if (simple !== undefined && only !== undefined) {
    return () => simple(only()) ?? reject(machine, "NoMatch");
  }
  const cases = to.cases.map((each) => ({
    fits: caseFits(each, to, compiler),
    next: numberOfState(each.state, states),
  }));
  return () => {
    const values = keys.map((key) => key());
    const found = cases.find(({ fits }) => fits(values));
    return found === undefined ? reject(machine, "NoMatch") : found.next;
  };
}

type Prepared = { readonly name: string; readonly step: Step; readonly next: () => number };

function runStates(states: readonly Prepared[], parser: string, compiler: Compiler): void {
  const { machine } = compiler;
  let at = 0;
  for (let count = 0; at >= 0; count += 1) {
    const state = states[at];
    invariant(state !== undefined, "a parser goes to a state that it has");
    if (count > MOST_STATES) reject(machine, "ParserTimeout");
    machine.trace?.({ kind: "parser", parser, state: state.name });
    state.step();
    at = state.next();
  }
  if (at === REJECT) throw rejectSignal;
}

/** The function of a parser's states, beginning with `start`. */
export function compileStates(declaration: ParserDeclaration, compiler: Compiler): () => void {
  const ordered: readonly State[] = [
    ...declaration.states.filter(({ name }) => name === "start"),
    ...declaration.states.filter(({ name }) => name !== "start"),
  ];
  const numbering = new Map(ordered.map(({ name }, index) => [name, index]));
  const states = ordered.map((state) => ({
    name: state.name,
    step: sequence(state.body.map((each) => compiler.statement(each))),
    next: transition(state.transition, numbering, compiler),
  }));
  const parser = compiler.block?.path ?? declaration.name;
  return () => runStates(states, parser, compiler);
}
