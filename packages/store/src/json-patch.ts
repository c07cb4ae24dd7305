/** The difference of two JSON documents as a JSON Patch (RFC 6902) of `add`, `remove` and `replace`; pure. */

/** A JSON document. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** One step (RFC 6902, section 4). */
export type PatchStep =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string };

/** True for an object that is no list. */
export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

/** `path` with one more part (RFC 6901, section 3). */
export const pointer = (path: string, part: string | number): string =>
  `${path}/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`;

/** The steps that make `after` of `before`; empty when they are equal, whatever the order of keys. */
export function patchOf(before: Json, after: Json, path = ""): readonly PatchStep[] {
  if (before === after) return [];
  if (isObject(before) && isObject(after)) return objectSteps(before, after, path);
  if (isList(before) && isList(after)) return listSteps(before, after, path);
  return [{ op: "replace", path, value: after }];
}

function objectSteps(before: JsonObject, after: JsonObject, path: string): readonly PatchStep[] {
  const removed = Object.keys(before)
    .filter((key) => !Object.hasOwn(after, key))
    .map((key) => ({ op: "remove" as const, path: pointer(path, key) }));
  const changed = Object.entries(after).flatMap(([key, value]): readonly PatchStep[] => {
    const at = pointer(path, key);
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    return old === undefined ? [{ op: "add", path: at, value }] : patchOf(old, value, at);
  });
  return [...removed, ...changed];
}

/** Lists are compared from both ends, so that one item that came or went is one step. */
function listSteps(
  before: readonly Json[],
  after: readonly Json[],
  path: string,
): readonly PatchStep[] {
  const shorter = Math.min(before.length, after.length);
  const head = commonCount(before, after, shorter);
  const tail = commonCount(before.toReversed(), after.toReversed(), shorter - head);
  const old = before.slice(head, before.length - tail);
  const young = after.slice(head, after.length - tail);
  const both = Math.min(old.length, young.length);
  const changed = old
    .slice(0, both)
    .flatMap((value, index) => patchOf(value, young[index] ?? null, pointer(path, head + index)));
  const removed = old
    .slice(both)
    .map(() => ({ op: "remove" as const, path: pointer(path, head + both) }));
  const added = young.slice(both).map((value, index) => ({
    op: "add" as const,
    path: pointer(path, head + both + index),
    value,
  }));
  return [...changed, ...removed, ...added];
}

function commonCount(left: readonly Json[], right: readonly Json[], limit: number): number {
  let count = 0;
  while (count < limit && patchOf(left[count] ?? null, right[count] ?? null).length === 0)
    count += 1;
  return count;
}
