/**
 * The file of the node's memory: opened, brought to this version's form, or set aside when it cannot be read. What
 * is lost with it can be had again from the kernel and the runtime (decision 8), so a broken file must never keep
 * the agent from starting; a place where nothing can be written must, because addresses would be given twice.
 */
import { err, ok, type Result } from "@seam/base";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A database that can be read and has this version's tables. */
export type OpenedFile = {
  readonly database: DatabaseSync;
  /** Why what was there before had to be set aside; null when it was usable, or there was nothing. */
  readonly setAside: string | null;
};

/** `PRAGMA user_version`; 0 is what Seam 0.1 wrote, 1 knew no uids of pods. */
const SCHEMA_VERSION = 2;
/** An earlier agent that is still ending lets go within this time. */
const LOCK_MS = 5000;

const TABLES = `
CREATE TABLE IF NOT EXISTS attachment (
  device TEXT PRIMARY KEY, container_id TEXT NOT NULL, if_name TEXT NOT NULL, netns TEXT NOT NULL,
  pod TEXT NOT NULL, mac TEXT NOT NULL, addresses TEXT NOT NULL, host_ports TEXT NOT NULL DEFAULT '[]',
  network TEXT NOT NULL DEFAULT '', pod_uid TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE IF NOT EXISTS cursor (prefix TEXT PRIMARY KEY, place TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
PRAGMA user_version = ${SCHEMA_VERSION};
`;

const columns = new Map([
  [
    "attachment",
    "addresses container_id device host_ports if_name mac netns network pod pod_uid".split(" "),
  ],
  ["cursor", ["place", "prefix"]],
  ["setting", ["name", "value"]],
]);
/** Columns that files of earlier versions may lack. */
const addedSince = new Map([
  ["host_ports", "TEXT NOT NULL DEFAULT '[]'"],
  ["network", "TEXT NOT NULL DEFAULT ''"],
  ["pod_uid", "TEXT NOT NULL DEFAULT ''"],
]);

/** Opens or makes the file; `:memory:` keeps nothing. An error says what to do. */
export function openFile(file: string): Result<OpenedFile, string> {
  if (file !== ":memory:") {
    const made = attempt(() => mkdirSync(path.dirname(file), { recursive: true }));
    if (!made.ok) return err(unusable(file, made.error));
  }
  const first = openAsIs(file);
  if (first.ok) return ok({ database: first.value, setAside: null });
  if (!first.error.broken) return err(unusable(file, first.error.why));
  const moved = attempt(() => setAside(file));
  if (!moved.ok) return err(unusable(file, `${first.error.why}; setting it aside: ${moved.error}`));
  const second = openAsIs(file);
  return second.ok
    ? ok({ database: second.value, setAside: first.error.why })
    : err(unusable(file, second.error.why));
}

/** Why a file cannot be used; a broken one can be replaced by a new one. */
type Fault = { readonly broken: boolean; readonly why: string };

function openAsIs(file: string): Result<DatabaseSync, Fault> {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(file, { timeout: LOCK_MS });
    // With an exclusive lock SQLite needs no shared-memory file, and so opens on a full disk as well.
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    const why = contentFault(database);
    if (why === null) {
      bringUpToDate(database);
      return ok(database);
    }
    database.close();
    return err({ broken: true, why });
  } catch (error) {
    if (database?.isOpen === true) database.close();
    return err({ broken: isBroken(error), why: messageOf(error) });
  }
}

/** What keeps the content from being used; nothing is changed. */
function contentFault(database: DatabaseSync): string | null {
  const damage = String(database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"]);
  if (damage !== "ok") return damage;
  const version = versionOf(database);
  if (version > SCHEMA_VERSION) {
    return `it has form ${version}, of a newer Seam; this one knows forms up to ${SCHEMA_VERSION}`;
  }
  const empty = database.prepare("SELECT name FROM sqlite_schema").get() === undefined;
  if (empty) return null;
  const mayLack = version < SCHEMA_VERSION ? addedSince : new Map<string, string>();
  const foreign = [...columns].find(([table, wanted]) => {
    const present = columnsOf(database, table);
    return (
      present.some((name) => !wanted.includes(name)) ||
      wanted.some((name) => !present.includes(name) && !mayLack.has(name))
    );
  });
  return foreign === undefined ? null : `its table ${foreign[0]} is not one of Seam's`;
}

function bringUpToDate(database: DatabaseSync): void {
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  if (versionOf(database) === SCHEMA_VERSION) return;
  const present = columnsOf(database, "attachment");
  for (const [name, type] of present.length === 0 ? [] : addedSince) {
    if (!present.includes(name)) database.exec(`ALTER TABLE attachment ADD COLUMN ${name} ${type}`);
  }
  database.exec(TABLES);
}

const versionOf = (database: DatabaseSync): number =>
  Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);

const columnsOf = (database: DatabaseSync, table: string): readonly string[] =>
  database
    .prepare(`PRAGMA table_info(${table})`)
    .all()
    .map((row) => String(row["name"]));

/** Moves the file and its log away as one, over what an earlier time left there: one broken file is kept, not many. */
function setAside(file: string): void {
  for (const suffix of ["-wal", "-shm", ""]) {
    rmSync(`${file}.corrupt${suffix}`, { force: true });
  }
  for (const suffix of ["-wal", ""]) {
    try {
      renameSync(`${file}${suffix}`, `${file}.corrupt${suffix}`);
    } catch (error) {
      if (errorField(error, "code") !== "ENOENT") throw error;
    }
  }
  rmSync(`${file}-shm`, { force: true });
}

/** SQLITE_CORRUPT, SQLITE_NOTADB, and SQLITE_ERROR for statements that do not fit the tables. */
const isBroken = (error: unknown): boolean =>
  [11, 26, 1].includes(Number(errorField(error, "errcode")) & 0xff);

const errorField = (error: unknown, name: string): unknown =>
  error instanceof Error ? Object.entries(error).find(([key]) => key === name)?.[1] : undefined;

/** SQLITE_BUSY says only that the database is locked. */
function messageOf(error: unknown): string {
  if (errorField(error, "errcode") === 5) return "another agent has it open";
  return error instanceof Error ? error.message : String(error);
}

function attempt(work: () => void): Result<null, string> {
  try {
    work();
    return ok(null);
  } catch (error) {
    return err(messageOf(error));
  }
}

const unusable = (file: string, why: string): string =>
  `${file} cannot be used: ${why}. The agent keeps there which pod has which address and does not start without it: ` +
  `make its folder writable for root, on a file system with free space.`;
