/** How large types are, so that hostile programs, whose types double with each declaration, stay cheap. */
import { known } from "./relate.ts";
import type { Type } from "./type.ts";

/** A type of more parts than this no program needs. */
export const MOST_PARTS = 200_000;

const counted = new WeakMap<Type, number>();

const sum = (types: readonly Type[]): number =>
  types.reduce((before, each) => Math.min(before + partsOf(each), MOST_PARTS + 1), 1);

/** How many parts a type has, one more than the most when they are more; each part that stands twice is counted twice, but looked at once. */
export function partsOf(given: Type): number {
  const type = known(given);
  const before = counted.get(type);
  if (before !== undefined) return before;
  const count = countOf(type);
  if (type.kind !== "inferred") counted.set(type, count);
  return count;
}

function countOf(type: Type): number {
  if ("fields" in type) return sum(type.fields.map((each) => each.type));
  if ("elements" in type) return sum(type.elements);
  if ("arguments" in type) return sum(type.arguments);
  if (!("element" in type)) return 1;
  const size = type.kind === "stack" ? type.size : 1;
  return Math.min(partsOf(type.element) * size, MOST_PARTS + 1);
}
