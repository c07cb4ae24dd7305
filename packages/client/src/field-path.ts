/** Paths to fields as kubectl takes them, `.metadata.name` or `{.status.phase}`, and sorting by what is there. */
import { err, ok, type Result } from "@seam/base";
import { isJson, type KubeObject } from "@seam/kube";
import type { SeamError } from "./error.ts";

/** Keys of objects and positions in lists, from the outside in. */
export type FieldPath = readonly (string | number)[];

// One step: .key, where \. is a dot in the key; [3]; or ['any key'].
const STEP = /\.((?:\\.|[^.[\]{}\\'"\s])+)|\[(\d+)\]|\['([^']+)'\]/y;

/** Reads a path; the error says which part cannot be read. */
export function parseFieldPath(text: string): Result<FieldPath, SeamError> {
  const inner = /^\{(.*)\}$/.exec(text)?.[1] ?? text;
  const bare = inner.replace(/^\$/, "");
  const path = /^[.[]/.test(bare) ? bare : `.${bare}`;
  const steps: (string | number)[] = [];
  const step = new RegExp(STEP);
  while (step.lastIndex < path.length) {
    const at = step.lastIndex;
    const found = step.exec(path);
    if (found === null) return err(unreadable(text, path.slice(at)));
    const [, key, position, quoted] = found;
    steps.push(position === undefined ? (quoted ?? unescaped(key ?? "")) : Number(position));
  }
  return ok(steps);
}

const unescaped = (key: string): string => key.replaceAll(/\\(.)/g, "$1");

const unreadable = (text: string, rest: string): SeamError => ({
  code: "BadInput",
  message: `cannot read the path "${text}" from "${rest}" on`,
  hint: "Expected field names with a dot before each, such as .metadata.creationTimestamp or .spec.workloads[0].replicas; \\. is a dot in a name.",
  details: [],
});

/** What is at the path; undefined when there is nothing. */
export function valueAt(value: unknown, path: FieldPath): unknown {
  let at = value;
  for (const step of path) {
    if (typeof step === "number") at = Array.isArray(at) ? at[step] : undefined;
    else at = isJson(at) ? at[step] : undefined;
  }
  return at;
}

/** The items in the order of the field: numbers by value, all else as text; those without the field come last. */
export function sortedBy<T extends { readonly object: KubeObject }>(
  items: readonly T[],
  path: FieldPath,
): readonly T[] {
  return items
    .map((item) => ({ item, value: valueAt(item.object, path) }))
    .toSorted((a, b) => compare(a.value, b.value))
    .map(({ item }) => item);
}

function compare(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return textFor(a).localeCompare(textFor(b), "en", { numeric: true });
}

const textFor = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);
