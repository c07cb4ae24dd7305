/** Parts of keys, parameters and headers, numbered (P4Runtime 1.5, section 6.4.1: from 1 on, or by `@id`). */
import type { Annotation } from "../ir/annotation.ts";
import type { TableKey, ValueSet } from "../ir/declaration.ts";
import type { Type } from "../types/type.ts";
import { annotatedOf, annotationNumber } from "./annotated.ts";
import type { ActionInfo, MatchField } from "./p4info.ts";
import { wideOf } from "./types.ts";

/** Puts a number to each: that of its `@id`, or the next one that is free. */
function numbered<T extends { readonly annotations: readonly Annotation[] }>(
  items: readonly T[],
): readonly { readonly id: number; readonly item: T }[] {
  const given = new Map(items.map((item) => [item, annotationNumber(item.annotations, "id")]));
  const taken = new Set([...given.values()].map(Number));
  let last = 0;
  return items.map((item) => {
    const own = given.get(item);
    if (own !== undefined) return { id: Number(own), item };
    do last += 1;
    while (taken.has(last));
    return { id: last, item };
  });
}

/** Parameters, or fields of a header: numbered, with what is said of them and how wide they are. */
export const namedFields = (
  items: readonly {
    readonly name: string;
    readonly type: Type;
    readonly annotations: readonly Annotation[];
  }[],
): ActionInfo["params"] =>
  numbered(items).map(({ id, item }) => ({
    id,
    name: item.name,
    ...annotatedOf(item.annotations),
    ...wideOf(item.type),
  }));

const MATCH_TYPES: ReadonlyMap<string, NonNullable<MatchField["match_type"]>> = new Map([
  ["exact", "EXACT"],
  ["lpm", "LPM"],
  ["ternary", "TERNARY"],
  ["range", "RANGE"],
  ["optional", "OPTIONAL"],
]);

function matchOf(kind: string): Pick<MatchField, "match_type" | "other_match_type"> {
  const known = MATCH_TYPES.get(kind);
  return known === undefined ? { other_match_type: kind } : { match_type: known };
}

/** Of a table; keys of a selector are only for its hash. */
export const matchFields = (keys: readonly TableKey[]): readonly MatchField[] =>
  numbered(keys.filter(({ matchKind }) => matchKind !== "selector")).map(({ id, item }) => ({
    id,
    name: item.keyName,
    ...annotatedOf(item.annotations),
    ...wideOf(item.expression.type),
    ...matchOf(item.matchKind),
  }));

/** Of a value set: the fields of its struct, matched as `@match` says, or its one value, exactly. */
export function valueSetFields({ type }: ValueSet): readonly MatchField[] {
  if (type.kind !== "struct") return [{ id: 1, ...wideOf(type), match_type: "EXACT" }];
  return numbered(type.fields).map(({ id, item }) => {
    const match = item.annotations.find(({ name }) => name === "match");
    const rest = item.annotations.filter(({ name }) => name !== "match");
    return {
      id,
      name: item.name,
      ...annotatedOf(rest),
      ...wideOf(item.type),
      ...matchOf(match?.tokens.join("").trim() ?? "exact"),
    };
  });
}
