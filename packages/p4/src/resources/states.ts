/** Parsers: their loops, their longest ways and what these extract. */
import { instanceNamed, type BlockNode } from "../eval/instances.ts";
import type { ParserDeclaration, State } from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import { expressionsIn } from "../ir/parts.ts";
import type { Span } from "../source/file.ts";
import type { Bits, ParserResources } from "./needs.ts";
import { sum, widthOf } from "./widths.ts";

/** Where states lead back to one before them. */
type Loop = { readonly from: State; readonly to: string; readonly span: Span };

type Targets = { readonly to: string; readonly span: Span };

function targetsOf({ transition }: State): readonly Targets[] {
  if (transition.kind === "goto") return [{ to: transition.state, span: transition.span }];
  return transition.cases.map(({ state, span }) => ({ to: state, span }));
}

type Walk = {
  /** States that can be reached, each behind all that it leads to, but for loops. */
  readonly order: readonly State[];
  readonly loops: readonly Loop[];
};

/** Goes through the states from `start` on, without recursion: there may be very many. */
export function walkOf({ states }: ParserDeclaration): Walk {
  const byName = new Map(states.map((state) => [state.name, state]));
  const started = new Set<string>();
  const done = new Set<string>();
  const order: State[] = [];
  const loops: Loop[] = [];
  const first = byName.get("start");
  const path: { readonly state: State; readonly open: Targets[] }[] = [];
  const enter = (state: State): void => {
    started.add(state.name);
    path.push({ state, open: [...targetsOf(state)] });
  };
  if (first !== undefined) enter(first);
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const target = top.open.shift();
    if (target === undefined) {
      path.pop();
      done.add(top.state.name);
      order.push(top.state);
      continue;
    }
    const state = byName.get(target.to);
    if (state !== undefined && !started.has(target.to)) enter(state);
    else if (state !== undefined && !done.has(target.to))
      loops.push({ from: top.state, ...target });
  }
  return { order, loops };
}

/** The longest way through the states, by what each of them counts; loops are gone through once. */
function longest({ order, loops }: Walk, weightOf: (state: State) => number): number {
  const found = new Map<string, number>();
  const isLoop = (from: State, to: string): boolean =>
    loops.some((loop) => loop.from === from && loop.to === to);
  let last = 0;
  for (const state of order) {
    const next = targetsOf(state)
      .filter(({ to }) => !isLoop(state, to))
      .map(({ to }) => found.get(to) ?? 0);
    last = weightOf(state) + next.reduce((most, each) => Math.max(most, each), 0);
    found.set(state.name, last);
  }
  return last;
}

/** Whether a state leads to itself. */
function isInLoop(state: State, { order, loops }: Walk): boolean {
  if (loops.length === 0) return false;
  const byName = new Map(order.map((each) => [each.name, each]));
  const seen = new Set<string>();
  const waiting = targetsOf(state).map(({ to }) => to);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === state.name) return true;
    const next = byName.get(name);
    if (next === undefined || seen.has(name)) continue;
    seen.add(name);
    waiting.push(...targetsOf(next).map(({ to }) => to));
  }
  return false;
}

/** The header that an expression extracts, and how often a loop may do it: a stack's `next` as often as the stack has elements. */
function extractedBits(expr: Expr, isLoop: boolean): Bits {
  if (expr.kind !== "call" || expr.callee.kind !== "method") return 0;
  const { method } = expr.callee;
  const argument = expr.arguments[0]?.value;
  if (method.name !== "extract" || argument === undefined) return 0;
  const stack = argument.kind === "next" ? argument.of.type : undefined;
  const times = isLoop && stack?.kind === "stack" ? stack.size : 1;
  return times * widthOf(argument.type);
}

/** What a parser needs; those that it applies count in the states that apply them. */
export function parserResources(node: BlockNode): ParserResources | undefined {
  const { declaration } = node;
  if (declaration.kind !== "parser") return undefined;
  const walk = walkOf(declaration);
  const bits = (state: State): Bits => {
    const isLoop = isInLoop(state, walk);
    const all = state.body.flatMap(expressionsIn);
    const inner = all.flatMap((expr) => appliedIn(expr, node));
    return (
      sum(all.map((expr) => extractedBits(expr, isLoop))) +
      8 * sum(inner.map(({ headerBytes }) => headerBytes))
    );
  };
  return {
    name: node.path,
    states: walk.order.length,
    depth: longest(walk, () => 1),
    headerBytes: Math.ceil(longest(walk, bits) / 8),
    hasLoops: walk.loops.length > 0,
  };
}

function appliedIn(expr: Expr, node: BlockNode): readonly ParserResources[] {
  if (expr.kind !== "call" || expr.callee.kind !== "apply") return [];
  const inner = instanceNamed(expr.callee.of, node.instances);
  if (inner?.kind !== "parser") return [];
  const needed = parserResources(inner);
  return needed === undefined ? [] : [needed];
}
