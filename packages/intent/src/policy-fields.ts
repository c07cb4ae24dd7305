/** JSON objects of the API, field by field. */
import { err, ok, type Result } from "@seam/base";

/** A JSON object. */
export type Record = { readonly [key: string]: unknown };

/** Whether the value is a JSON object. */
export const isRecord = (value: unknown): value is Record =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The specification of an object; empty where there is none. */
export const specOf = (object: unknown): Record =>
  isRecord(object) && isRecord(object["spec"]) ? object["spec"] : {};

/** The labels of an object; none where it has no metadata. */
export function labelsOf(object: unknown): { readonly [key: string]: string } {
  const { metadata = {} } = isRecord(object) ? object : {};
  const labels = isRecord(metadata) && isRecord(metadata["labels"]) ? metadata["labels"] : {};
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]));
}

/** The list; an empty one for what is missing. */
export function listAt(
  fields: Record,
  key: string,
  path: string,
): Result<readonly unknown[], string> {
  const value = fields[key] ?? [];
  return Array.isArray(value) ? ok(value) : err(`${path}.${key}: expected a list`);
}

/** Each item of a list as it is read; the first that cannot be is the error. */
export function readEach<Item, T>(
  items: readonly Item[],
  path: string,
  read: (item: Item, path: string) => Result<T, string>,
): Result<readonly T[], string> {
  const all: T[] = [];
  for (const [at, item] of items.entries()) {
    const one = read(item, `${path}[${at}]`);
    if (!one.ok) return one;
    all.push(one.value);
  }
  return ok(all);
}

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

/** Reads that go on after what could not be read. */
export type Collector = {
  readonly faults: string[];
  /** What was read, or this in place of what could not be. */
  readonly given: <T>(read: Result<T, string>, otherwise: T) => T;
  /** The value, if all could be read. */
  readonly result: <T>(value: T) => Result<T, string>;
};

/** Nothing was read yet. */
export function collect(): Collector {
  const faults: string[] = [];
  return {
    faults,
    given: (read, otherwise) => {
      if (read.ok) return read.value;
      faults.push(read.error);
      return otherwise;
    },
    result: (value) => (faults.length === 0 ? ok(value) : err(faults.join("; "))),
  };
}
