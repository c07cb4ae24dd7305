/**
 * The one way to the database: a pool whose calls end in time, and a gate that lets calls fail at once while the database is away
 * and lets them through again when it is back.
 */
import { err, ok, type Result } from "@seam/base";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { DatabaseTarget } from "./database-url.ts";
import { failure, isAway, type Outcome, type StoreError, storeErrorOf } from "./error.ts";
import { createGate } from "./gate.ts";
import type { Tables } from "./tables.ts";

/** The schema that holds all of Seam's tables. */
export const SCHEMA = "seam";

const CONNECT_MS = 3000;
const STATEMENT_MS = 10_000;
const LOCK_MS = 2000;
const IDLE_TRANSACTION_MS = 30_000;
/** The client's own limit, for servers that no packet reaches any more. */
const ANSWER_MS = 15_000;

/** Queries of one database. */
export type Queries = Kysely<Tables>;

/** A database that can be asked. */
export type Database = AsyncDisposable & {
  /** Runs `work`; what it throws becomes an error value. Nothing is waited for longer than 15 s. */
  readonly run: <T>(work: (queries: Queries) => Outcome<T>) => Outcome<T>;
  /** The same without limits of time, on a connection of its own: migrations, backups. */
  readonly patiently: <T>(work: (queries: Queries) => Outcome<T>) => Outcome<T>;
  /** A connection of its own, not yet connected: for LISTEN. */
  readonly newClient: () => pg.Client;
  readonly awaySince: () => Date | null;
};

/** bigint as a number: identities and sequences stay below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === pg.types.builtins.INT8 && format !== "binary"
      ? (text: string): number => Number(text)
      : pg.types.getTypeParser(oid, format),
};

/** Opens a pool; nothing is connected before the first call. `target` is read for each new connection. */
export function openDatabase(target: DatabaseTarget): Database {
  const base = { ...target, types, keepAlive: true, application_name: "seam" };
  const config: pg.PoolConfig = {
    ...base,
    max: 10,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: 60_000,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
    query_timeout: ANSWER_MS,
  };
  const queries = queriesOf(config);
  const gate = createGate(() => performance.now());
  const attempt = async <T>(
    on: Queries,
    work: (queries: Queries) => Outcome<T>,
  ): Promise<Result<T, StoreError>> => {
    try {
      const outcome = await work(on.withSchema(SCHEMA));
      gate.succeeded();
      return outcome;
    } catch (error) {
      if (isAway(error)) gate.failed();
      else gate.succeeded();
      return err(storeErrorOf(error));
    }
  };
  const whenOpen = async <T>(use: () => Outcome<T>): Outcome<T> =>
    gate.enter() ? use() : failure("unavailable", "the database is away; it is tried again");
  return {
    run: (work) => whenOpen(() => attempt(queries, work)),
    patiently: (work) =>
      whenOpen(async () => {
        const own = queriesOf({ ...base, max: 2, connectionTimeoutMillis: CONNECT_MS });
        try {
          return await attempt(own, work);
        } finally {
          await own.destroy();
        }
      }),
    newClient: () => new pg.Client({ ...base, connectionTimeoutMillis: CONNECT_MS }),
    awaySince: () => {
      const since = gate.awaySince();
      return since === null ? null : new Date(performance.timeOrigin + since);
    },
    [Symbol.asyncDispose]: () => queries.destroy(),
  };
}

function queriesOf(config: pg.PoolConfig): Queries {
  const pool = new pg.Pool(config);
  // A connection that breaks, idle or between two statements of a transaction, is found out by the next call; unheard, it would end us.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

/** Runs `work` in one transaction, which is undone when the answer is an error. */
export async function inTransaction<T>(
  queries: Queries,
  work: (queries: Queries) => Outcome<T>,
): Outcome<T> {
  try {
    return ok(await queries.transaction().execute(async (inside) => valueOf(await work(inside))));
  } catch (error) {
    if (error instanceof Undo) return err(error.error);
    throw error;
  }
}

/** Carries an error value out of a transaction that must be undone. */
class Undo extends Error {
  readonly error: StoreError;
  constructor(error: StoreError) {
    super(error.message);
    this.error = error;
  }
}

function valueOf<T>(outcome: Result<T, StoreError>): T {
  if (outcome.ok) return outcome.value;
  throw new Undo(outcome.error);
}
