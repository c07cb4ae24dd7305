/** Brings the schema to a step, forward or back; two processes that do so at once wait for each other. */
import { ok } from "@seam/base";
import { Migrator, NO_MIGRATIONS } from "kysely/migration";
import { type Database, type Queries, SCHEMA } from "./connection.ts";
import { failure, invalid, messageOf, type Outcome } from "./error.ts";
import { MIGRATION_NAMES, MIGRATIONS } from "./migrations.ts";

/** How far the schema is. */
export type SchemaStatus = {
  /** The newest step that is done; null before the first. */
  readonly current: string | null;
  /** The newest step that this Seam knows. */
  readonly latest: string;
  /** Steps that are not done, in order. */
  readonly pending: readonly string[];
};

/** What a migration did. */
export type Migrated = {
  readonly from: string | null;
  readonly to: string | null;
};

/** The step before the first: no tables. */
export const NOTHING = "nothing";

/** The schema of one database. */
export type Schema = {
  readonly status: () => Outcome<SchemaStatus>;
  /**
   * Goes to the named step, or to the newest; each step is whole or not done. Going back drops what later steps hold, so it is `refused`
   * without `discard`; the step before the first is called `nothing`.
   */
  readonly migrate: (to?: string, discard?: boolean) => Outcome<Migrated>;
};

const LATEST = MIGRATION_NAMES.at(-1) ?? NOTHING;

/** The schema of a database. */
export const createSchema = (database: Database): Schema => ({
  status: () => database.run(schemaStatus),
  migrate: (to = LATEST, discard = false) =>
    database.patiently((queries) => migrate(queries, to, discard)),
});

/** How far the schema is; reads only. */
export async function schemaStatus(queries: Queries): Outcome<SchemaStatus> {
  const known = await queries.introspection.getTables({ withInternalKyselyTables: true });
  const exists = known.some((table) => table.schema === SCHEMA && table.name === DONE);
  const done = exists ? await doneSteps(queries) : [];
  const foreign = done.find((name) => !MIGRATION_NAMES.includes(name));
  if (foreign !== undefined) {
    const what = `the database has step ${foreign}, of a newer Seam`;
    return failure(
      "refused",
      `${what}; use that Seam, or go back with it: seam store migrate --to`,
    );
  }
  const pending = MIGRATION_NAMES.filter((name) => !done.includes(name));
  return ok({ current: done.at(-1) ?? null, latest: LATEST, pending });
}

const DONE = "kysely_migration";

async function doneSteps(queries: Queries): Promise<readonly string[]> {
  const rows = await queries
    .withTables<{ readonly kysely_migration: { readonly name: string } }>()
    .selectFrom(DONE)
    .select("name")
    .orderBy("name")
    .execute();
  return rows.map(({ name }) => name);
}

async function migrate(queries: Queries, to: string, discard: boolean): Outcome<Migrated> {
  if (to !== NOTHING && !MIGRATION_NAMES.includes(to))
    return invalid("step", `one of ${[NOTHING, ...MIGRATION_NAMES].join(", ")}`);
  const before = await schemaStatus(queries);
  if (!before.ok) return before;
  const { current } = before.value;
  if (!discard && isBack(current, to)) {
    const what = `going back from ${current} to ${to} drops tables with their rows`;
    return failure("refused", `${what}; make a backup, then say --discard`);
  }
  const migrator = new Migrator({
    db: queries.withoutPlugins(),
    provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) },
    migrationTableSchema: SCHEMA,
  });
  const isNothing = to === NOTHING;
  const { error } = await migrator.migrateTo(isNothing ? NO_MIGRATIONS : to);
  if (error !== undefined) throw new Error(messageOf(error), { cause: error });
  return ok({ from: current, to: isNothing ? null : to });
}

const isBack = (from: string | null, to: string): from is string =>
  from !== null && MIGRATION_NAMES.indexOf(to) < MIGRATION_NAMES.indexOf(from);
