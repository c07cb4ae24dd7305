/** The store: everything that Seam keeps in PostgreSQL, embedded or external, behind one typed door (decision 31). */
import { ok } from "@seam/base";
import { sql } from "kysely";
import { type Accounts, createAccounts } from "./accounts.ts";
import { type Audit, createAudit } from "./audit.ts";
import { type Backups, createBackups } from "./backup.ts";
import { type Benchmarks, createBenchmarks } from "./benchmarks.ts";
import { type Database, openDatabase, type Queries } from "./connection.ts";
import { createCredentials, type Credentials } from "./credentials.ts";
import { type DatabaseTarget, readDatabaseUrl } from "./database-url.ts";
import { type Embedded, type EmbeddedSettings, openEmbedded } from "./embedded.ts";
import { failure, type Outcome } from "./error.ts";
import { createFeed, type Feed } from "./feed.ts";
import { createJournal, type Journal } from "./journal.ts";
import { createSchema, type Schema } from "./migrate.ts";
import { createRetention, type Retention } from "./retention.ts";
import { createRevisions, type Revisions } from "./revisions.ts";
import { createRollups, type Rollups } from "./rollups.ts";

/** Which PostgreSQL: one by its URL, 15 or later, or the embedded one in a directory. */
export type StoreSettings = { readonly url: string } | EmbeddedSettings;

/** How the database is. */
export type Health = {
  /** Milliseconds that a trivial question took. */
  readonly latencyMs: number;
  /** Such as `15.18`. */
  readonly serverVersion: string;
  /** Bytes of the whole database on disk. */
  readonly usedBytes: number;
};

/** An open store; disposing of it closes all connections, and stops the embedded database when it is ours. */
export type Store = AsyncDisposable & {
  /** Where it is, without a password. */
  readonly place: string;
  readonly revisions: Revisions;
  readonly journal: Journal;
  readonly audit: Audit;
  readonly accounts: Accounts;
  readonly credentials: Credentials;
  readonly benchmarks: Benchmarks;
  readonly rollups: Rollups;
  readonly retention: Retention;
  readonly feed: Feed;
  readonly schema: Schema;
  readonly backups: Backups;
  readonly health: () => Outcome<Health>;
  /** Since when the database is away; null when it answered the last call. */
  readonly awaySince: () => Date | null;
  /** Process of the embedded database; null for others, and while it starts again. */
  readonly databasePid: () => number | null;
};

/**
 * Opens a store. The embedded database is started and waited for; an external one may be away and is asked at the first call. Nothing is
 * migrated: that is `schema.migrate`.
 */
export async function openStore(settings: StoreSettings): Outcome<Store> {
  if ("url" in settings) {
    const target = readDatabaseUrl(settings.url);
    return target.ok ? ok(storeOf(target.value, null)) : target;
  }
  const embedded = await openEmbedded(settings);
  return embedded.ok ? ok(storeOf(embedded.value.target, embedded.value)) : embedded;
}

function storeOf(target: DatabaseTarget, embedded: Embedded | null): Store {
  const database = openDatabase(target);
  const schema = createSchema(database);
  const feed = createFeed(database);
  return {
    place: placeOf(target),
    revisions: createRevisions(database),
    journal: createJournal(database),
    audit: createAudit(database),
    accounts: createAccounts(database),
    credentials: createCredentials(database),
    benchmarks: createBenchmarks(database),
    rollups: createRollups(database),
    retention: createRetention(database),
    feed,
    schema,
    backups: createBackups(database, schema),
    health: () => healthOf(database),
    awaySince: database.awaySince,
    databasePid: () => embedded?.pid() ?? null,
    [Symbol.asyncDispose]: async () => {
      await feed[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await embedded?.[Symbol.asyncDispose]();
    },
  };
}

const placeOf = ({ host, port, user, database }: DatabaseTarget): string =>
  host.startsWith("/")
    ? `database ${database} at unix socket ${host}`
    : `database ${database} at ${host} port ${port} as ${user}`;

const LEAST_VERSION = 150_000;

function healthOf(database: Database): Outcome<Health> {
  return database.run(async (queries: Queries) => {
    const begin = performance.now();
    const { rows } = await sql<{ version: string; number: number; bytes: number }>`
      select current_setting('server_version') as version,
        current_setting('server_version_num')::integer as number,
        pg_database_size(current_database()) as bytes`.execute(queries);
    const [row] = rows;
    if (row === undefined) return failure("failed", "the database gave no answer");
    if (row.number < LEAST_VERSION)
      return failure("refused", `PostgreSQL ${row.version}: expected 15 or later`);
    const serverVersion = row.version.split(" ")[0] ?? row.version;
    return ok({ latencyMs: performance.now() - begin, serverVersion, usedBytes: row.bytes });
  });
}
