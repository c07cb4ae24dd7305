/** Parsers: states and their transitions (section 13). */
import type {
  ParserDeclaration,
  SelectCase,
  State,
  Transition,
  ValueSet,
} from "../ir/declaration.ts";
import type { Name } from "../syntax/ast.ts";
import type {
  State as StateSyntax,
  Transition as TransitionSyntax,
  ValueSet as ValueSetSyntax,
} from "../syntax/ast-program.ts";
import { annotated } from "./annotate.ts";
import { keysets } from "./check-keysets.ts";
import {
  check,
  type Checker,
  declare,
  isNothing,
  newId,
  placed,
  scoped,
  tell,
  tellUndeclared,
} from "./context.ts";
import { known, settled } from "./relate.ts";
import { isBits, show, underlying } from "./show.ts";
import type { Type } from "./type.ts";
import { numberFor, typeFor } from "./type-refs.ts";

/** Judges the states of a parser in its scope. */
export function states(c: Checker, list: readonly StateSyntax[]): ParserDeclaration["states"] {
  const names = [...list.map(({ name }) => name.text), "accept", "reject"];
  return placed(c, { kind: "state", result: { kind: "void" } }, () =>
    list.map((each) => state(c, each, names)),
  );
}

function state(c: Checker, syntax: StateSyntax, names: readonly string[]): State {
  const { name, span } = syntax;
  return scoped(c, () => {
    const body = syntax.statements.flatMap((each) => c.rules.statement(c, each));
    const annotations = annotated(c, syntax.annotations);
    const head = { kind: "state", id: newId(c), name: name.text, annotations, span } as const;
    const { transition } = syntax;
    if (transition === undefined)
      return { ...head, body, transition: { kind: "goto", state: "reject", span } };
    return { ...head, body, transition: transitionOf(c, transition, names) };
  });
}

function tellState(c: Checker, name: Name, names: readonly string[]): void {
  if (!names.includes(name.text)) tellUndeclared(c, name, names);
}

function transitionOf(c: Checker, syntax: TransitionSyntax, names: readonly string[]): Transition {
  const { span } = syntax;
  if (syntax.kind === "goto") {
    tellState(c, syntax.state, names);
    return { kind: "goto", state: syntax.state.text, span };
  }
  const keys = syntax.keys.map((each) => check(c, each));
  for (const key of keys) tellKey(c, settled(key.type), key.span);
  const types = keys.map(({ type }) => known(type));
  const cases = syntax.cases.map((each): SelectCase => {
    tellState(c, each.state, names);
    return { keys: keysets(c, each.keyset, types), state: each.state.text, span: each.span };
  });
  return { kind: "select", keys, cases, span };
}

function tellKey(c: Checker, type: Type, span: StateSyntax["span"]): void {
  const { kind } = underlying(type);
  if (isBits(underlying(type)) || KEYS.has(kind)) return;
  tell(c, { code: "P506", span }, { type: show(type), what: "the key of a select" });
}

const KEYS: ReadonlySet<string> = new Set([
  "bool",
  "enum",
  "error",
  "integer",
  "nothing",
  "struct",
  "tuple",
  "variable",
  "varbit",
]);

/** Judges a value set and declares it. */
export function valueSet(c: Checker, syntax: ValueSetSyntax): ValueSet {
  const { name, span } = syntax;
  const type = typeFor(c, syntax.type);
  const size = numberFor(c, syntax.capacity, { what: "the size of a value set", least: 1n }) ?? 1;
  const { kind } = underlying(type);
  if (!isNothing(type) && !isBits(underlying(type)) && !KEYS.has(kind))
    tell(
      c,
      { code: "P506", span: syntax.type.span },
      { type: show(type), what: "a member of a value set" },
    );
  const annotations = annotated(c, syntax.annotations);
  const set: ValueSet = {
    kind: "value set",
    id: newId(c),
    name: name.text,
    annotations,
    span,
    type,
    size,
  };
  declare(c, name.text, { kind: "value set", set, span: name.span });
  return set;
}
