/** The graph of a parser's states: what is never reached, what never accepts, and loops that never end (sections 13.2 to 13.6). */
import type { ParserDeclaration, State, Transition } from "../ir/declaration.ts";
import type { Statement } from "../ir/statement.ts";
import type { Findings } from "../validate/report.ts";
import { components } from "./components.ts";
import { eachPart, eachStatement, expressionsIn } from "./tree.ts";

/** The states that a transition may lead to, by name, each once. */
export const targetsOf = (transition: Transition): readonly string[] =>
  transition.kind === "goto"
    ? [transition.state]
    : [...new Set(transition.cases.map(({ state }) => state))];

/** The names of the states that a parser gets to from its start, `accept` and `reject` too. */
function reachedFrom(states: ReadonlyMap<string, State>): ReadonlySet<string> {
  const reached = new Set(["start"]);
  for (const name of reached) {
    const state = states.get(name);
    for (const target of state === undefined ? [] : targetsOf(state.transition))
      reached.add(target);
  }
  return reached;
}

/** Judges the states of a parser. */
export function tellStates(found: Findings, { name, span, states }: ParserDeclaration): void {
  const reached = reachedFrom(new Map(states.map((each) => [each.name, each])));
  for (const state of states) {
    if (!reached.has(state.name)) found.add("P711", { span: state.span }, { name: state.name });
    tellTransition(found, state);
  }
  if (!reached.has("accept")) found.add("P712", { span }, { name });
  tellLoops(
    found,
    states.filter((each) => reached.has(each.name)),
  );
}

/** The checker gives a state without a transition one to `reject`, whose place is the state. */
function tellTransition(found: Findings, { name, span, transition }: State): void {
  if (transition.kind === "goto" && transition.span === span) found.add("P720", { span }, { name });
}

/** What a state does that may end a loop: it takes from the packet, or it changes what transitions look at. */
type Progress = "takes" | "changes" | "none";

/** Calls that take nothing from the packet and change nothing that a program sees. */
const HARMLESS: ReadonlySet<string> = new Set(["lookahead", "length", "verify"]);

function progressOf({ body }: State): Progress {
  let progress: Progress = "none";
  eachStatement(body, (statement) => {
    if (takesFrom(statement)) progress = "takes";
    else if (statement.kind === "assignment" && progress === "none") progress = "changes";
  });
  return progress;
}

/** Whether something is called that may take from the packet: all but what is known not to. */
function takesFrom(statement: Statement): boolean {
  let takes = false;
  for (const expr of expressionsIn(statement))
    eachPart(expr, (part) => {
      if (part.kind !== "call" || part.callee.kind === "header") return;
      const { callee } = part;
      const isKnown = callee.kind === "method" || callee.kind === "extern function";
      const name = callee.kind === "method" ? callee.method.name : "";
      const called = callee.kind === "extern function" ? callee.function.name : name;
      if (!isKnown || !HARMLESS.has(called)) takes = true;
    });
  return takes;
}

/** So many states of a loop are named. */
const MOST_NAMES = 6;

function tellLoops(found: Findings, states: readonly State[]): void {
  const progress = new Map(states.map((each) => [each.name, progressOf(each)]));
  const idle = states.filter(({ name }) => progress.get(name) !== "takes");
  const numbers = new Map(idle.map(({ name }, index) => [name, index]));
  const graph = idle.map(({ transition }) =>
    targetsOf(transition).flatMap((name) => numbers.get(name) ?? []),
  );
  for (const nodes of components(graph)) {
    const loop = nodes.toSorted((a, b) => a - b).flatMap((node) => idle[node] ?? []);
    const [first] = loop;
    const names = new Set(loop.map(({ name }) => name));
    const isLoop = loop.length > 1 || nodes.some((node) => graph[node]?.includes(node) === true);
    if (first === undefined || !isLoop) continue;
    const changes = loop.some(({ name }) => progress.get(name) === "changes");
    if (changes && loop.some(({ transition }) => mayLeave(transition, names))) continue;
    const shown = [...names].slice(0, MOST_NAMES).join(", ");
    found.add("P721", { span: first.span }, { names: shown });
  }
}

/** Whether a transition may lead out of a loop; without a default also by the error NoMatch. */
const mayLeave = (transition: Transition, names: ReadonlySet<string>): boolean =>
  transition.kind === "select" || targetsOf(transition).some((name) => !names.has(name));
