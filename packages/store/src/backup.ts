/** Backup and restore of everything, between any two databases that this Seam can use: rows as JSON, so neither version nor kind matters. */
import { ok } from "@seam/base";
import { sql } from "kysely";
import { type Database, inTransaction, type Queries } from "./connection.ts";
import { failure, type Outcome, storeErrorOf } from "./error.ts";
import { NOTHING, type Schema, schemaStatus } from "./migrate.ts";
import { MIGRATION_NAMES } from "./migrations.ts";
import { checkBackup, type Head, isTaken, rowsOf, writeBackup } from "./snapshot-file.ts";

/** What a backup or a restore did. */
export type Copied = {
  readonly rows: number;
  /** The step of the schema that the rows had. */
  readonly migration: string;
};

/** Backup and restore of a store. */
export type Backups = {
  /** Writes all rows, as they are at one moment while others go on, into a new file of mode 0600. */
  readonly backup: (file: string) => Outcome<Copied>;
  /** Reads a backup into an empty store, in one transaction, and brings it to the newest step. */
  readonly restore: (file: string) => Outcome<Copied>;
};

/** Tables in the order in which they are written, each with its key. */
const TABLES = [
  ["feed_head", "only_row"],
  ["retention", "stream"],
  ["revision", "id"],
  ["journal", "id"],
  ["audit", "id"],
  ["benchmark", "id"],
  ["rollup", "id"],
  ["account", "name"],
  ["credential", "id"],
  ["change", "sequence"],
] as const;
type TableName = (typeof TABLES)[number][0];

/** What every migrated database has from the start. */
const NEVER_EMPTY = new Set(["feed_head", "retention"]);
const BATCH_ROWS = 500;

/** Backup and restore of a database. */
export const createBackups = (database: Database, schema: Schema): Backups => ({
  backup: async (file) => {
    if (await isTaken(file))
      return failure("invalid", `${file}: expected a name that is not taken`);
    return database.patiently((queries) => backup(queries, file));
  },
  restore: (file) => restore(database, schema, file),
});

async function backup(queries: Queries, file: string): Outcome<Copied> {
  const status = await schemaStatus(queries);
  if (!status.ok) return status;
  const { current } = status.value;
  if (current === null) return failure("refused", "the database is empty; run: seam store migrate");
  const rows = await queries
    .transaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute(async (inside) => {
      const columns = await columnsOf(inside);
      const head: Head = {
        format: "seam-store",
        formatVersion: 1,
        migration: current,
        madeAt: new Date().toISOString(),
        columns,
      };
      return writeBackup(file, head, allRows(inside, columns));
    });
  return ok({ rows, migration: current });
}

type Columns = Head["columns"];

/** The columns of each table that is there, without those that the database works out. */
async function columnsOf(queries: Queries): Promise<Columns> {
  const { rows } = await sql<{ readonly table_name: string; readonly column_name: string }>`
    select table_name, column_name from information_schema.columns
    where table_schema = 'seam' and is_generated = 'NEVER' order by table_name, ordinal_position`.execute(
    queries,
  );
  const names = TABLES.map(([table]) => [
    table,
    rows.filter((row) => row.table_name === table).map((row) => row.column_name),
  ]);
  return Object.fromEntries(names.filter(([, columns]) => columns?.length !== 0));
}

async function* allRows(
  queries: Queries,
  columns: Columns,
): AsyncGenerator<{ readonly word: string; readonly json: string }> {
  for (const [table, key] of TABLES) {
    const names = columns[table];
    if (names === undefined) continue;
    const list = sql.join(names.map((name) => sql.ref(name)));
    await sql`declare rows no scroll cursor for
      select row_to_json(kept)::text as json from (
        select ${list} from seam.${sql.ref(table)} order by ${sql.ref(key)}) kept`.execute(queries);
    for (;;) {
      const batch = await sql<{ json: string }>`fetch ${sql.lit(BATCH_ROWS)} from rows`.execute(
        queries,
      );
      yield* batch.rows.map(({ json }) => ({ word: table, json }));
      if (batch.rows.length < BATCH_ROWS) break;
    }
    await sql`close rows`.execute(queries);
  }
}

async function restore(database: Database, schema: Schema, file: string): Outcome<Copied> {
  const head = await checkBackup(file);
  if (!head.ok) return head;
  const { migration, columns } = head.value;
  if (!MIGRATION_NAMES.includes(migration))
    return failure(
      "refused",
      `${file} has step ${migration}, of a newer Seam; restore it with that`,
    );
  const empty = await database.patiently(refuseRows);
  if (!empty.ok) return empty;
  const emptied = await schema.migrate(NOTHING, true);
  if (!emptied.ok) return emptied;
  const prepared = await schema.migrate(migration);
  if (!prepared.ok) return prepared;
  const rows = await database.patiently((queries) =>
    inTransaction(queries, (inside) => load(inside, file, columns)),
  );
  if (!rows.ok) return rows;
  const migrated = await schema.migrate();
  return migrated.ok ? ok({ rows: rows.value, migration }) : migrated;
}

/** Refuses a database that has rows. */
async function refuseRows(queries: Queries): Outcome<null> {
  const present = await columnsOf(queries);
  const names = Object.keys(present).filter((name) => !NEVER_EMPTY.has(name));
  for (const table of names) {
    const { rows } = await sql`select from seam.${sql.ref(table)} limit 1`.execute(queries);
    if (rows.length > 0) {
      const what = `the store has rows already (table ${table})`;
      return failure(
        "refused",
        `${what}; restore into an empty one: another directory or database`,
      );
    }
  }
  return ok(null);
}

async function load(queries: Queries, file: string, columns: Columns): Outcome<number> {
  let batch: string[] = [];
  let table = "";
  let count = 0;
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await insert(queries, { table, columns: columns[table] ?? [], batch });
    count += batch.length;
    batch = [];
  };
  try {
    for await (const { word, json } of rowsOf(file)) {
      if (word !== table || batch.length === BATCH_ROWS) await flush();
      table = word;
      batch.push(json);
    }
    await flush();
    for (const name of Object.keys(columns).filter((each) => isNumbered(columns[each]))) {
      await sql`select setval(pg_get_serial_sequence(${`seam.${name}`}, 'id'),
        coalesce((select max(id) from seam.${sql.ref(name)}), 0) + 1, false)`.execute(queries);
    }
    return ok(count);
  } catch (error) {
    const { code, message } = storeErrorOf(error);
    return failure(code, `${message}. Nothing was restored`);
  }
}

const isNumbered = (columns: readonly string[] | undefined): boolean =>
  columns?.includes("id") === true;

type Batch = {
  readonly table: string;
  readonly columns: readonly string[];
  readonly batch: readonly string[];
};

async function insert(queries: Queries, { table, columns, batch }: Batch): Promise<void> {
  const list = sql.join(columns.map((name) => sql.ref(name)));
  const known: readonly TableName[] = TABLES.map(([name]) => name);
  const target = known.find((name) => name === table);
  if (target === undefined) throw new Error(`a row of an unknown table ${table}`);
  await sql`insert into seam.${sql.ref(target)} (${list}) overriding system value
    select ${list} from json_populate_recordset(null::seam.${sql.ref(target)}, ${`[${batch.join(",")}]`}::json)
    ${whenPresent(target)}`.execute(queries);
}

/** Rows that the schema brings with it take the values of the backup. */
function whenPresent(table: TableName): ReturnType<typeof sql> {
  if (table === "feed_head")
    return sql`on conflict (only_row) do update set sequence = excluded.sequence`;
  if (table === "retention")
    return sql`on conflict (stream) do update set keep_days = excluded.keep_days`;
  return sql``;
}
