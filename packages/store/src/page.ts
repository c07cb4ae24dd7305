/**
 * Lists in pages by keyset: a page goes on after the values of the row before it, so rows that are written meanwhile make no row come
 * twice or be left out, and a late page costs what the first does. A cursor is opaque, and good for the list that gave it alone.
 */
import { createHash } from "node:crypto";
import { ok, type Result } from "@seam/base";
import { type RawBuilder, sql } from "kysely";
import { invalid, type StoreError } from "./error.ts";

/** Which page, and how it is sorted. */
export type PageRequest<Sort extends string> = {
  /** Rows in a page, 1 to 1,000. */
  readonly limit: number;
  /** `next` of the page before; absent for the first. */
  readonly cursor?: string;
  readonly sort: Sort;
  readonly direction: "ascending" | "descending";
};

/** Rows, and where the next page begins; `next` is null on the last. */
export type Page<T> = { readonly rows: readonly T[]; readonly next: string | null };

/** The columns that a list is sorted by, each named as in SQL; the last is unique. */
export type SortKeys<Sort extends string> = { readonly [sort in Sort]: readonly string[] };

/** How one page is asked for. */
export type Keyset = {
  /** A condition on rows. */
  readonly after: RawBuilder<boolean>;
  readonly order: RawBuilder<unknown>;
  /** One more than the page has, so that the last is known. */
  readonly limit: number;
  /** The page of the rows that were read; `keys` gives the sorted columns' values as a cursor keeps them. */
  readonly page: <T extends object>(rows: readonly T[]) => Page<T>;
};

type CursorKey = string | number;
const MOST = 1000;

/** Reads a request for a page of the list with these keys and filters. */
export function keysetOf<Sort extends string>(
  request: PageRequest<Sort>,
  keys: SortKeys<Sort>,
  filter: object,
): Result<Keyset, StoreError> {
  const { limit, sort, direction } = request;
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    return invalid("limit", `a whole number from 1 to ${MOST}`);
  const columns = Object.hasOwn(keys, sort) ? keys[sort] : [];
  if (columns.length === 0) return invalid("sort", `one of ${Object.keys(keys).join(", ")}`);
  const list = listOf([sort, direction, filter]);
  const values = request.cursor === undefined ? null : readCursor(request.cursor, list);
  if (values !== null && values.length !== columns.length)
    return invalid("cursor", "the next of a page with the same filters and order");
  return ok({
    ...orderOf(columns, direction, values),
    limit: limit + 1,
    page: (rows) => {
      const last = rows[limit - 1];
      const more = rows.length > limit && last !== undefined;
      const shown = rows.slice(0, limit);
      return { rows: shown, next: more ? cursorOf(list, valuesOf(last, columns)) : null };
    },
  });
}

function orderOf(
  columns: readonly string[],
  direction: "ascending" | "descending",
  values: readonly CursorKey[] | null,
): Pick<Keyset, "after" | "order"> {
  const refs = sql.join(columns.map((column) => sql.ref(column)));
  const [sign, way] = direction === "ascending" ? [sql`>`, sql`asc`] : [sql`<`, sql`desc`];
  return {
    after: values === null ? sql`true` : sql`(${refs}) ${sign} (${sql.join([...values])})`,
    order: sql.join(columns.map((column) => sql`${sql.ref(column)} ${way}`)),
  };
}

/** What tells one list from another. */
const listOf = (parts: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 16);

const cursorOf = (list: string, values: readonly CursorKey[]): string =>
  Buffer.from(JSON.stringify([list, ...values])).toString("base64url");

function readCursor(cursor: string, list: string): readonly CursorKey[] {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (!Array.isArray(read) || read[0] !== list) return [];
    const values: readonly unknown[] = read.slice(1);
    return values.every(isKey) ? values : [];
  } catch {
    return [];
  }
}

const isKey = (value: unknown): value is CursorKey =>
  typeof value === "string" ? !value.includes("\0") : Number.isSafeInteger(value);

function valuesOf(row: object, columns: readonly string[]): readonly CursorKey[] {
  const fields = new Map<string, unknown>(Object.entries(row));
  return columns.map((column) => {
    const value = fields.get(column);
    if (value instanceof Date) return value.toISOString();
    return typeof value === "number" ? value : String(value);
  });
}
