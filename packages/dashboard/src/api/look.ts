/** Looks into objects of the cluster, of which only the outer form is known here. */

/** What is at a path of fields; undefined where there is nothing. */
export const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (inner, step) =>
      typeof inner === "object" && inner !== null ? Reflect.get(inner, step) : undefined,
    value,
  );

/** A text there; empty when there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === "string" || typeof found === "number" ? String(found) : "";
}

/** A number there; 0 when there is none. */
export function numberAt(value: unknown, ...path: readonly string[]): number {
  const found = at(value, ...path);
  return typeof found === "number" ? found : 0;
}

/** A list there; empty when there is none. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The fields there. */
export const entriesAt = (
  value: unknown,
  ...path: readonly string[]
): readonly (readonly [string, unknown])[] => Object.entries(Object(at(value, ...path)));

/** Whether an object, such as a node, says by its condition that it is ready. */
export const isReady = (object: unknown): boolean =>
  listAt(object, "status", "conditions").some(
    (each) => textAt(each, "type") === "Ready" && textAt(each, "status") === "True",
  );
