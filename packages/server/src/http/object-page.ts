/**
 * Lists of the cluster's objects in pages, sorted and filtered; pure. A page goes on after the values of the object before it, so what
 * is made or deleted meanwhile makes no other object come twice or be left out.
 */
import { createHash } from "node:crypto";
import { err, ok, type Result } from "@seam/base";
import { type KubeObject, withoutManagers } from "@seam/kube";
import { badField, type Problem } from "./problem.ts";

/** What is asked for. */
export type ObjectQuery = {
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string;
  readonly sort: "name" | "created";
  readonly direction: "ascending" | "descending";
  /** Part of the name. */
  readonly search?: string;
  readonly labelSelector?: string;
};

/** One page; `next` is null on the last. */
export type ObjectPage = {
  readonly items: readonly KubeObject[];
  readonly next: string | null;
};

/** What an object is sorted by; the name is unique. */
type Key = readonly [value: string, name: string];

/** The page of all objects of a kind. */
export function pageOf(
  objects: readonly KubeObject[],
  query: ObjectQuery,
): Result<ObjectPage, Problem> {
  const { limit, cursor, sort, direction, search = "" } = query;
  const list = listOf(query);
  const after = cursor === undefined ? null : readCursor(cursor, list);
  if (after === "foreign")
    return err(
      badField("query.cursor", "expected the next of a page with the same filters and order"),
    );
  const sign = direction === "ascending" ? 1 : -1;
  const found = objects
    .filter(({ metadata }) => metadata.name.includes(search))
    .map((object) => ({ object, key: keyOf(object, sort) }))
    .filter(({ key }) => after === null || sign * compare(key, after) > 0)
    .sort((one, other) => sign * compare(one.key, other.key));
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const next = found.length > limit && last !== undefined ? cursorOf(list, last.key) : null;
  return ok({ items: page.map(({ object }) => withoutManagers(object)), next });
}

function keyOf({ metadata }: KubeObject, sort: ObjectQuery["sort"]): Key {
  const created = metadata["creationTimestamp"];
  const value = sort === "created" && typeof created === "string" ? created : "";
  return [value, metadata.name];
}

function compare(one: Key, other: Key): number {
  const [left, right] = one[0] === other[0] ? [one[1], other[1]] : [one[0], other[0]];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

const listOf = ({ sort, direction, search = "", labelSelector = "" }: ObjectQuery): string =>
  createHash("sha256")
    .update(JSON.stringify([sort, direction, search, labelSelector]))
    .digest("base64url")
    .slice(0, 16);

const cursorOf = (list: string, key: Key): string =>
  Buffer.from(JSON.stringify([list, ...key])).toString("base64url");

function readCursor(cursor: string, list: string): Key | "foreign" {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (!Array.isArray(read) || read.length !== 3 || read[0] !== list) return "foreign";
    const [, value, name]: readonly unknown[] = read;
    return typeof value === "string" && typeof name === "string" ? [value, name] : "foreign";
  } catch {
    return "foreign";
  }
}
