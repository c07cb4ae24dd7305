/** JSON Schema as plain data, read safely: the one view that the validator and the CRD generator share. */

/** A JSON object. */
export type Json = { readonly [key: string]: unknown };

/** Whether `value` is a JSON object. */
export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The object under `key`, or an empty one. */
export function child(schema: Json, key: string): Json {
  const value = schema[key];
  return isJson(value) ? value : {};
}

/** The array under `key`, or an empty one. */
export function list(schema: Json, key: string): readonly unknown[] {
  const value = schema[key];
  return Array.isArray(value) ? value : [];
}

/** Entries of the object under `key` that are schemas. */
export const schemas = (schema: Json, key: string): readonly (readonly [string, Json])[] =>
  Object.entries(child(schema, key)).flatMap(([name, value]) =>
    isJson(value) ? [[name, value] as const] : [],
  );

/** The words of an enum or constant. */
export const words = (schema: Json): readonly unknown[] =>
  "const" in schema ? [schema["const"]] : list(schema, "enum");

/** The schema of a map's values, or null when the object is not a map. */
export const mapValue = (schema: Json): Json | null =>
  schemas(schema, "patternProperties")[0]?.[1] ?? null;
