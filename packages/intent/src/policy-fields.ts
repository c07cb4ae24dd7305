/** JSON objects of the API, field by field. */
import { err, ok, type Result } from "@seam/base";

/** A JSON object. */
export type Record = { readonly [key: string]: unknown };

/** Whether the value is a JSON object. */
export const isRecord = (value: unknown): value is Record =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The list, or an empty one for what is none. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The object, if it has no field but these: one that is not known might narrow what the others say. */
export function fieldsOf(
  value: unknown,
  path: string,
  known: readonly string[],
): Result<Record, string> {
  if (!isRecord(value)) return err(`${path}: expected an object`);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  return unknown === undefined
    ? ok(value)
    : err(`${path}.${unknown}: expected one of ${known.join(", ")}`);
}
