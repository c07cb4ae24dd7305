/** Events and logs: appended in batches, found by words and time, kept for as long as the retention says. */
import { ok, type Result } from "@seam/base";
import { sql } from "kysely";
import { type Database, inTransaction, type Queries } from "./connection.ts";
import { invalid, type Outcome, type StoreError } from "./error.ts";
import { publish } from "./feed.ts";
import { checkText, firstFault, inProject, inTime, storable, storableJson } from "./filters.ts";
import type { TimeRange } from "./filters.ts";
import type { JsonObject } from "./json-patch.ts";
import { keysetOf, type Page, type PageRequest } from "./page.ts";
import { redact } from "./redact.ts";
import type { Level } from "./tables.ts";

/** One event or line of a log. NUL and halves of surrogate pairs in its texts become U+FFFD; secrets in `fields` are taken out. */
export type NewEntry = {
  /** `event` for what happened to an object, `log` for what a program wrote. */
  readonly stream: "event" | "log";
  /** When it happened; the database's time when absent. */
  readonly at?: Date;
  readonly level: Level;
  /** Empty for what belongs to no project. */
  readonly project: string;
  /** The program that tells it, such as `seam-agent/n1`. */
  readonly source: string;
  /** What it is about, such as `Pod/first/server-0`; empty when about nothing. */
  readonly subject: string;
  /** One word of an event, such as `Scheduled`; empty in logs. */
  readonly reason: string;
  /** At most 64 KiB; more is cut off. */
  readonly message: string;
  readonly fields: JsonObject;
  /** What tells it from all others: another one with the same key is left out. Absent: it may be there twice. */
  readonly key?: string;
};

/** An entry as kept. */
export type Entry = Omit<NewEntry, "key"> & { readonly id: number; readonly at: Date };

/** Which entries; absent fields match all. */
export type EntryFilter = TimeRange & {
  readonly stream: "event" | "log";
  readonly project?: string;
  readonly level?: Level;
  readonly source?: string;
  readonly subject?: string;
  /** Words of subject, reason or message, as in a web search: `vxlan -timeout "no route"`. */
  readonly text?: string;
};

/** The events and logs of a store. */
export type Journal = {
  /** Appends up to 1,000 entries, all or none; the numbers of the rows of those whose key was not there. */
  readonly append: (entries: readonly NewEntry[]) => Outcome<readonly number[]>;
  readonly search: (filter: EntryFilter, page: PageRequest<"time">) => Outcome<Page<Entry>>;
};

const MOST_ENTRIES = 1000;
const MOST_CHARACTERS = 65_536;
/** Of more, PostgreSQL's search would index nothing at all (1 MiB a row). */
const MOST_FIELD_BYTES = 262_144;

/** The events and logs of a database. */
export const createJournal = (database: Database): Journal => ({
  append: async (entries) => {
    const fault = faultOf(entries);
    if (!fault.ok || entries.length === 0) return fault.ok ? ok([]) : fault;
    return database.run((queries) => inTransaction(queries, (inside) => append(inside, entries)));
  },
  search: async (filter, request) => {
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

function faultOf(entries: readonly NewEntry[]): Result<null, StoreError> {
  if (entries.length > MOST_ENTRIES) return invalid("entries", `at most ${MOST_ENTRIES}`);
  const checks = entries.map((entry, index) =>
    firstFault(
      checkText(`entries[${index}].project`, entry.project, { least: 0 }),
      checkText(`entries[${index}].source`, entry.source),
      checkText(`entries[${index}].subject`, entry.subject, { least: 0, most: 1024 }),
      checkText(`entries[${index}].reason`, entry.reason, { least: 0 }),
      entry.key === undefined ? ok(null) : checkText(`entries[${index}].key`, entry.key),
      JSON.stringify(entry.fields).length <= MOST_FIELD_BYTES
        ? ok(null)
        : invalid(`entries[${index}].fields`, `at most ${MOST_FIELD_BYTES} bytes of JSON`),
    ),
  );
  return firstFault(...checks);
}

async function append(queries: Queries, entries: readonly NewEntry[]): Outcome<readonly number[]> {
  const rows = await queries
    .insertInto("journal")
    .values(
      entries.map(({ stream, at = new Date(), level, project, source, ...said }) => ({
        stream,
        at,
        level,
        project,
        source,
        subject: said.subject,
        reason: said.reason,
        message: storable(said.message.slice(0, MOST_CHARACTERS)),
        fields: JSON.stringify(storableJson(redact(said.fields).object)),
        key: said.key ?? null,
      })),
    )
    .onConflict((conflict) => conflict.column("key").doNothing())
    .returning(["id", "project", "stream"])
    .execute();
  for (const topic of ["event", "log"] as const) {
    const told = rows.filter(({ stream }) => stream === topic);
    await publish(
      queries,
      topic,
      told.map(({ project, id }) => ({ project, rowId: id })),
    );
  }
  return ok(rows.map(({ id }) => id));
}

function matching(queries: Queries, filter: EntryFilter) {
  const { level, source, subject, text } = filter;
  let query = queries
    .selectFrom("journal")
    .select(["id", "stream", "at", "level", "project", "source", "subject", "reason", "message"])
    .select("fields")
    .where("stream", "=", filter.stream)
    .where(inProject(filter))
    .where(inTime(filter));
  if (level !== undefined) query = query.where("level", "=", level);
  if (source !== undefined) query = query.where("source", "=", storable(source));
  if (subject !== undefined) query = query.where("subject", "=", storable(subject));
  if (text === undefined) return query;
  return query.where(sql<boolean>`words @@ websearch_to_tsquery('simple', ${storable(text)})`);
}
