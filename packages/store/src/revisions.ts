/** Every revision of every object that was applied through Seam: who, when, the whole object without secrets, and what it changed. */
import { createHash } from "node:crypto";
import { ok, type Result } from "@seam/base";
import { type Selectable, sql } from "kysely";
import { addAudit, type AuditEntry } from "./audit.ts";
import { type Database, inTransaction, type Queries } from "./connection.ts";
import { failure, invalid, type Outcome, type StoreError } from "./error.ts";
import { publish } from "./feed.ts";
import { checkText, firstFault, inProject, inTime, type TimeRange } from "./filters.ts";
import { isObject, type Json, type JsonObject, patchOf, type PatchStep } from "./json-patch.ts";
import { keysetOf, type Page, type PageRequest } from "./page.ts";
import { redact } from "./redact.ts";
import type { Tables } from "./tables.ts";

/** Which object; `namespace` is empty for those of the whole cluster, `project` for those of none. */
export type ObjectName = {
  readonly project: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
};

/** A revision to be kept. */
export type NewRevision = ObjectName & {
  readonly author: string;
  /** The object as applied; null when it was deleted. At most 2 MiB as JSON. */
  readonly object: JsonObject | null;
  /** The revision that it was made from, 0 for none: `conflict` when another has come since. null: whatever there is. */
  readonly expected: number | null;
  /** The author's own mark of this write: sent again, it answers with the first one's revision. */
  readonly idempotencyKey?: string;
  /** Written in the same transaction. */
  readonly audit?: AuditEntry;
};

/** A revision as kept. */
export type Revision = ObjectName & {
  readonly id: number;
  /** 1 for the first of an object, one more for each. */
  readonly number: number;
  readonly at: Date;
  readonly author: string;
  /** Without secrets; null when this revision deleted the object. */
  readonly object: JsonObject | null;
  /** What it changed (RFC 6902). */
  readonly diff: readonly PatchStep[];
  /** Where secrets were taken (RFC 6901). */
  readonly redacted: readonly string[];
};

/** The outcome of a write. */
export type Put = {
  readonly number: number;
  /** True when this key had already been used for the same write. */
  readonly replayed: boolean;
};

/** What an earlier revision would be applied as. */
export type RestoreCandidate = {
  /** Without what the API server sets itself and without status. */
  readonly object: JsonObject;
  /** The current revision, to be named as `expected`. */
  readonly current: number;
  /** What restoring changes against the current revision. */
  readonly diff: readonly PatchStep[];
  /** Where the live object's secrets must be filled in. */
  readonly redacted: readonly string[];
};

/** Which revisions; absent fields match all. */
export type RevisionFilter = Partial<ObjectName> &
  TimeRange & {
    readonly author?: string;
    /** Only the newest of each object. */
    readonly newestOnly?: boolean;
  };

/** The order of revisions. */
export type RevisionSort = "time" | "name";

/** The revisions of a store. */
export type Revisions = {
  readonly put: (revision: NewRevision) => Outcome<Put>;
  readonly get: (name: ObjectName, number: number) => Outcome<Revision>;
  readonly list: (
    filter: RevisionFilter,
    page: PageRequest<RevisionSort>,
  ) => Outcome<Page<Revision>>;
  /** The write that an author has marked with a key; null when there is none. */
  readonly withKey: (author: string, key: string) => Outcome<Revision | null>;
  readonly restoreCandidate: (name: ObjectName, number: number) => Outcome<RestoreCandidate>;
};

/** The revisions of a database. */
export const createRevisions = (database: Database): Revisions => ({
  put: async (revision) => {
    const fault = faultOf(revision);
    if (!fault.ok) return fault;
    return database.run((queries) => inTransaction(queries, (inside) => put(inside, revision)));
  },
  get: (name, number) => database.run((queries) => get(queries, name, number)),
  list: async (filter, request) => {
    const keyset = keysetOf(request, SORTS, filter);
    if (!keyset.ok) return keyset;
    const { after, order, limit, page } = keyset.value;
    return database.run(async (queries) => {
      const rows = await matching(queries, filter)
        .where(after)
        .orderBy(order)
        .limit(limit)
        .execute();
      const { next } = page(rows);
      return ok({ rows: page(rows).rows.map(revisionOf), next });
    });
  },
  withKey: (author, key) =>
    database.run(async (queries) => {
      const row = await withKey(queries, author, key);
      return ok(row === undefined ? null : revisionOf(row));
    }),
  restoreCandidate: (name, number) =>
    database.run((queries) => restoreCandidate(queries, name, number)),
});

const SORTS = {
  time: ["at", "id"],
  name: ["kind", "namespace", "name", "number", "id"],
} as const;
const MOST_BYTES = 2 * 2 ** 20;

function faultOf({ object, expected, ...rest }: NewRevision): Result<null, StoreError> {
  const { project, kind, namespace, name, author, idempotencyKey = "-" } = rest;
  const texts = firstFault(
    checkText("project", project, { least: 0 }),
    checkText("kind", kind),
    checkText("namespace", namespace, { least: 0 }),
    checkText("name", name),
    checkText("author", author),
    checkText("idempotencyKey", idempotencyKey),
  );
  if (!texts.ok) return texts;
  if (expected !== null && (!Number.isSafeInteger(expected) || expected < 0))
    return invalid("expected", "the number of a revision, 0 for none, or null");
  const text = JSON.stringify(object);
  if (Buffer.byteLength(text) > MOST_BYTES)
    return invalid("object", `at most ${MOST_BYTES} bytes of JSON`);
  return /\\u0000|\\ud[89a-f]../.test(text)
    ? invalid("object", "text without NUL and without halves of surrogate pairs")
    : ok(null);
}

async function put(queries: Queries, revision: NewRevision): Outcome<Put> {
  const { author, idempotencyKey: key, audit } = revision;
  const requestHash = hashOf(revision);
  // Writes of one object, and those with one key, wait for each other until the transaction ends; always in this order.
  if (key !== undefined) await lock(queries, ["key", author, key]);
  await lock(queries, identityOf(revision));
  const earlier = key === undefined ? undefined : await withKey(queries, author, key);
  if (earlier !== undefined) {
    return earlier.request_hash === requestHash
      ? ok({ number: earlier.number, replayed: true })
      : failure("conflict", `idempotency key ${key} was used for another write`);
  }
  const newest = await newestOf(queries, revision);
  const current = newest?.number ?? 0;
  if (revision.expected !== null && revision.expected !== current) {
    const { kind, name, expected } = revision;
    const what = `${kind} ${name} is at revision ${current}, not ${expected}`;
    return failure("conflict", `${what}; read it again`);
  }
  const id = await insert(queries, { revision, requestHash, newest });
  if (audit !== undefined) await addAudit(queries, audit);
  await publish(queries, "revision", [{ project: revision.project, rowId: id }]);
  return ok({ number: current + 1, replayed: false });
}

type Newest = { readonly number: number; readonly object: JsonObject | null };
type Insertion = {
  readonly revision: NewRevision;
  readonly requestHash: string;
  readonly newest: Newest | undefined;
};

async function insert(queries: Queries, given: Insertion): Promise<number> {
  const { revision, requestHash, newest } = given;
  const { project, kind, namespace, name, author } = revision;
  const { object, pointers } =
    revision.object === null ? { object: null, pointers: [] } : redact(revision.object);
  const before = newest ?? { number: 0, object: null };
  const { id } = await queries
    .insertInto("revision")
    .values({
      project,
      kind,
      namespace,
      name,
      author,
      number: before.number + 1,
      object: object === null ? null : JSON.stringify(object),
      diff: JSON.stringify(patchOf(before.object, object)),
      redacted: JSON.stringify(pointers),
      idempotency_key: revision.idempotencyKey ?? null,
      request_hash: requestHash,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

const identityOf = ({ project, kind, namespace, name }: ObjectName): readonly string[] => [
  "object",
  project,
  kind,
  namespace,
  name,
];

const lock = (queries: Queries, parts: readonly string[]): Promise<unknown> =>
  sql`select pg_advisory_xact_lock(hashtextextended(${JSON.stringify(parts)}, 0))`.execute(queries);

/** What makes two requests the same. The hash is over what is kept, so that it tells nothing of a secret. */
function hashOf({ object, expected, author, ...name }: NewRevision): string {
  const kept = object === null ? null : redact(object).object;
  const parts = [...identityOf(name), author, expected, kept];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

const withKey = (
  queries: Queries,
  author: string,
  key: string,
): Promise<Selectable<Tables["revision"]> | undefined> =>
  queries
    .selectFrom("revision")
    .selectAll()
    .where("author", "=", author)
    .where("idempotency_key", "=", key)
    .executeTakeFirst();

const newestOf = (queries: Queries, name: ObjectName): Promise<Newest | undefined> =>
  ofObject(queries, name)
    .select(["number", "object"])
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();

const ofObject = (queries: Queries, { project, kind, namespace, name }: ObjectName) =>
  queries
    .selectFrom("revision")
    .where("project", "=", project)
    .where("kind", "=", kind)
    .where("namespace", "=", namespace)
    .where("name", "=", name);

async function get(queries: Queries, name: ObjectName, number: number): Outcome<Revision> {
  const row = await ofObject(queries, name)
    .selectAll()
    .where("number", "=", number)
    .executeTakeFirst();
  return row === undefined
    ? failure("not-found", `${name.kind} ${name.name} has no revision ${number}`)
    : ok(revisionOf(row));
}

function matching(queries: Queries, filter: RevisionFilter) {
  const { kind, namespace, name, author } = filter;
  let query = queries.selectFrom("revision").selectAll();
  query = query.where(inProject(filter)).where(inTime(filter));
  if (kind !== undefined) query = query.where("kind", "=", kind);
  if (namespace !== undefined) query = query.where("namespace", "=", namespace);
  if (name !== undefined) query = query.where("name", "=", name);
  if (author !== undefined) query = query.where("author", "=", author);
  if (filter.newestOnly !== true) return query;
  return query.where(
    sql<boolean>`not exists (select from seam.revision newer
      where (newer.project, newer.kind, newer.namespace, newer.name) =
            (revision.project, revision.kind, revision.namespace, revision.name)
        and newer.number > revision.number)`,
  );
}

const revisionOf = (row: Selectable<Tables["revision"]>): Revision => {
  const { project, kind, namespace, name, id, number, at, author, object, redacted } = row;
  const diff = row.diff;
  return { project, kind, namespace, name, id, number, at, author, object, diff, redacted };
};

/** Fields of metadata that the API server sets. */
const SERVER_SET = new Set([
  "resourceVersion",
  "uid",
  "creationTimestamp",
  "generation",
  "managedFields",
  "selfLink",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
]);

async function restoreCandidate(
  queries: Queries,
  name: ObjectName,
  number: number,
): Outcome<RestoreCandidate> {
  const found = await get(queries, name, number);
  if (!found.ok) return found;
  const { object, redacted } = found.value;
  if (object === null) {
    const what = `revision ${number} of ${name.kind} ${name.name} deleted it`;
    return failure("not-found", `${what}; choose the one before`);
  }
  const newest = await newestOf(queries, name);
  const wanted = appliable(object);
  const live = newest?.object ?? null;
  const diff = patchOf(live === null ? null : appliable(live), wanted);
  return ok({ object: wanted, current: newest?.number ?? number, diff, redacted });
}

function appliable(object: JsonObject): JsonObject {
  const { status: _status, metadata = {}, ...rest } = object;
  const kept = isObject(metadata)
    ? Object.fromEntries(Object.entries(metadata).filter(([key]) => !SERVER_SET.has(key)))
    : metadata;
  return { ...rest, metadata: kept satisfies Json };
}
