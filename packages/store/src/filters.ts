/** Checks and conditions that several lists share. */
import { ok, type Result } from "@seam/base";
import { type RawBuilder, sql } from "kysely";
import { invalid, type StoreError } from "./error.ts";
import { isObject, type Json, type JsonObject } from "./json-patch.ts";

/** A span of time: from, inclusive, until `to`, exclusive. */
export type TimeRange = { readonly from?: Date; readonly to?: Date };

type Checked = Result<null, StoreError>;

/** A text of `least` (1) to `most` (253) characters without control characters. */
export function checkText(
  field: string,
  text: string,
  { least = 1, most = 253 }: { readonly least?: number; readonly most?: number } = {},
): Checked {
  // oxlint-disable-next-line eslint/no-control-regex
  const isPlain = text.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(text);
  return isPlain && text.length >= least && text.length <= most
    ? ok(null)
    : invalid(field, `${least} to ${most} characters without control characters`);
}

/** The first check that failed. */
export const firstFault = (...checks: readonly Checked[]): Checked =>
  checks.find(({ ok: passed }) => !passed) ?? ok(null);

/** What PostgreSQL's text cannot hold, replaced by U+FFFD. */
export const storable = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD");

/** The same for every text in a document. */
export function storableJson(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [storable(key), storableItem(item)]),
  );
}

function storableItem(value: Json): Json {
  if (typeof value === "string") return storable(value);
  if (isObject(value)) return storableJson(value);
  return Array.isArray(value) ? value.map((item: Json) => storableItem(item)) : value;
}

/** Rows of a time range; of all times when it is open. */
export function inTime({ from, to }: TimeRange): RawBuilder<boolean> {
  const after = from === undefined ? sql`true` : sql`at >= ${from}`;
  const before = to === undefined ? sql`true` : sql`at < ${to}`;
  return sql<boolean>`(${after} and ${before})`;
}

/** Rows of a project; of all when none is named. */
export const inProject = ({ project }: { readonly project?: string }): RawBuilder<boolean> =>
  project === undefined ? sql`true` : sql<boolean>`project = ${project}`;
