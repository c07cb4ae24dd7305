/** Parsers, state by state (section 13). */
import { invariant } from "@seam/base";
import type { Keyset, ParserDeclaration, SelectCase, Transition } from "../../ir/declaration.ts";
import type { Type } from "../../types/type.ts";
import { MOST_STATES } from "../parsers.ts";
import { reject, rejectSignal } from "../signals.ts";
import { big, bitsOf, type Value } from "../value.ts";
import { isSame, numberType } from "./expressions.ts";
import { runAll } from "./statements.ts";
import type { Walker } from "./walker.ts";

/** A value of a type that is looked for in a keyset. */
type Key = { readonly value: Value; readonly type: Type };

function fits({ value, type }: Key, keyset: Keyset, walker: Walker): boolean {
  switch (keyset.kind) {
    case "any":
      return true;
    case "value":
      return isSame(value, walker.value(keyset.value), type);
    case "mask": {
      const number = numberType(type);
      const mask = bitsOf(walker.value(keyset.mask), number);
      return (bitsOf(value, number) & mask) === (bitsOf(walker.value(keyset.value), number) & mask);
    }
    case "range":
      return (
        big(value) >= big(walker.value(keyset.first)) &&
        big(value) <= big(walker.value(keyset.last))
      );
    case "value set":
      return false;
  }
}

function caseFits({ keys: keysets }: SelectCase, keys: readonly Key[], walker: Walker): boolean {
  if (!("length" in keysets)) return false;
  return keysets.every((keyset, index) => {
    const key = keys[index];
    invariant(key !== undefined, "a case has a keyset for each key");
    return fits(key, keyset, walker);
  });
}

function nextState(transition: Transition, walker: Walker): string {
  if (transition.kind === "goto") return transition.state;
  const keys = transition.keys.map((key): Key => ({ value: walker.value(key), type: key.type }));
  const found = transition.cases.find((each) => caseFits(each, keys, walker));
  return found?.state ?? reject(walker.machine, "NoMatch");
}

/** Goes from `start` to `accept`, or ends with the parser's error. */
export function parse({ states }: ParserDeclaration, walker: Walker): void {
  let name = "start";
  for (let count = 0; name !== "accept"; count += 1) {
    if (name === "reject") throw rejectSignal;
    if (count > MOST_STATES) reject(walker.machine, "ParserTimeout");
    const state = states.find((each) => each.name === name);
    invariant(state !== undefined, `there is no state ${name}`);
    runAll(state.body, walker);
    name = nextState(state.transition, walker);
  }
}
