/** The audit: who did what, from where, and how it ended. The database itself refuses to change or delete its rows (migration 0004). */
import { isIP } from "node:net";
import { ok, type Result } from "@seam/base";
import { type Database, inTransaction, type Queries } from "./connection.ts";
import { invalid, type Outcome, type StoreError } from "./error.ts";
import { publish } from "./feed.ts";
import { checkText, firstFault, inProject, inTime, storable, type TimeRange } from "./filters.ts";
import { storableJson } from "./filters.ts";
import type { JsonObject } from "./json-patch.ts";
import { keysetOf, type Page, type PageRequest } from "./page.ts";
import { redact } from "./redact.ts";
import type { AuditResult } from "./tables.ts";

/** What is to be audited. */
export type AuditEntry = {
  /** The user or service account, as the API server names it. */
  readonly actor: string;
  /** A verb, such as `create` or `login`. */
  readonly action: string;
  /** Empty for what belongs to no project. */
  readonly project: string;
  /** What was acted on, such as `Experiment/first/first-experiment`. */
  readonly resource: string;
  /** The object before and after, kept without secrets; null when there was none. */
  readonly before: JsonObject | null;
  readonly after: JsonObject | null;
  /** IPv4 or IPv6 address of the caller; null for this machine. */
  readonly sourceAddress: string | null;
  readonly result: AuditResult;
  /** Why it was denied or failed; empty when allowed. */
  readonly reason: string;
};

/** An audited call as kept. */
export type Audited = AuditEntry & { readonly id: number; readonly at: Date };

/** Which calls; absent fields match all. */
export type AuditFilter = TimeRange & {
  readonly project?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly result?: AuditResult;
};

/** The audit of a store. */
export type Audit = {
  readonly append: (entry: AuditEntry) => Outcome<number>;
  readonly list: (filter: AuditFilter, page: PageRequest<"time">) => Outcome<Page<Audited>>;
};

/** The audit of a database. */
export const createAudit = (database: Database): Audit => ({
  append: (entry) =>
    database.run((queries) => inTransaction(queries, (inside) => addAudit(inside, entry))),
  list: async (filter, request) => {
    const keyset = keysetOf(request, { time: ["at", "id"] }, filter);
    if (!keyset.ok) return keyset;
    const { after, order, limit, page } = keyset.value;
    return database.run(async (queries) => {
      const rows = await matching(queries, filter)
        .where(after)
        .orderBy(order)
        .limit(limit)
        .execute();
      return ok(page(rows));
    });
  },
});

/** Appends within a transaction that does more. */
export async function addAudit(queries: Queries, entry: AuditEntry): Outcome<number> {
  const fault = faultOf(entry);
  if (!fault.ok) return fault;
  const { actor, action, project, resource, before, after, sourceAddress, result } = entry;
  const { id } = await queries
    .insertInto("audit")
    .values({
      actor,
      action,
      project,
      resource,
      before: textOf(before),
      after: textOf(after),
      source_address: sourceAddress,
      result,
      reason: storable(entry.reason),
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  await publish(queries, "audit", [{ project, rowId: id }]);
  return ok(id);
}

const textOf = (object: JsonObject | null): string | null =>
  object === null ? null : JSON.stringify(storableJson(redact(object).object));

function faultOf({ sourceAddress, ...entry }: AuditEntry): Result<null, StoreError> {
  return firstFault(
    checkText("actor", entry.actor),
    checkText("action", entry.action),
    checkText("project", entry.project, { least: 0 }),
    checkText("resource", entry.resource, { least: 0, most: 1024 }),
    sourceAddress === null || isIP(sourceAddress) !== 0
      ? ok(null)
      : invalid("sourceAddress", "an IPv4 or IPv6 address, or null"),
  );
}

function matching(queries: Queries, filter: AuditFilter) {
  const { actor, action, resource, result } = filter;
  let query = queries
    .selectFrom("audit")
    .select(["id", "at", "actor", "action", "project", "resource", "before", "after"])
    .select(["source_address as sourceAddress", "result", "reason"])
    .where(inProject(filter))
    .where(inTime(filter));
  if (actor !== undefined) query = query.where("actor", "=", actor);
  if (action !== undefined) query = query.where("action", "=", action);
  if (resource !== undefined) query = query.where("resource", "=", resource);
  return result === undefined ? query : query.where("result", "=", result);
}
