/** `seam store`: the store's state, its schema, backup and restore, on the embedded PostgreSQL or another. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { err, ok, type Result } from "@seam/base";
import {
  checkBackup,
  type Copied,
  type Health,
  openStore,
  type Policy,
  type SchemaStatus,
  type Store,
  type StoreError,
  type StoreSettings,
} from "@seam/store";
import { table } from "./render.ts";
import { print } from "./session.ts";

/** Which store. */
export type StorePlace = { readonly directory?: string; readonly urlFile?: string };

/** The same, and whether the embedded one may be made. */
type Place = StorePlace & { readonly mayMake?: boolean };

type StatusFlags = StorePlace & { readonly output: "table" | "json" };
type MigrateFlags = StorePlace & { readonly to?: string; readonly discard?: boolean };

/** Where the embedded PostgreSQL is when nothing is named. */
const defaultDirectory = process.env["SEAM_STORE_DIRECTORY"] ?? "/var/lib/seam/store";
const EXIT_INTERRUPTED = 130;

/** The action of `seam store status`. */
export async function status(options: StatusFlags): Promise<void> {
  await withStore(options, async (store) => {
    const read = await readStatus(store);
    if (!read.ok) return read;
    print(options.output === "json" ? JSON.stringify(read.value, null, 2) : statusText(read.value));
    return ok(null);
  });
}

/** The action of `seam store migrate`. */
export async function migrate({ to, discard, ...place }: MigrateFlags): Promise<void> {
  await withStore({ ...place, mayMake: true }, async (store) => {
    const migrated = await store.schema.migrate(to, discard);
    if (!migrated.ok) return migrated;
    const { from, to: now } = migrated.value;
    const step = now ?? "nothing";
    print(from === now ? `the schema is at ${step}` : `from ${from ?? "nothing"} to ${step}`);
    return migrated;
  });
}

/** The action of `seam store backup`. */
export async function backup(file: string, place: StorePlace): Promise<void> {
  await withStore(place, async (store) => {
    const done = await store.backups.backup(path.resolve(file));
    if (done.ok) print(`${file}: ${copiedText(done.value)}`);
    return done;
  });
}

/** The action of `seam store restore`. */
export async function restore(file: string, place: StorePlace): Promise<void> {
  // Before an empty store is made for nothing.
  const checked = await checkBackup(path.resolve(file));
  if (!checked.ok) {
    fail(checked.error.message);
    return;
  }
  await withStore({ ...place, mayMake: true }, async (store) => {
    const done = await store.backups.restore(path.resolve(file));
    if (done.ok) print(`restored ${copiedText(done.value)}`);
    return done;
  });
}

const copiedText = ({ rows, migration }: Copied): string => `${rows} rows, schema ${migration}`;

/** Opens the store, uses it and closes it; a failure is told, and the process ends with 1. */
async function withStore(
  place: Place,
  use: (store: Store) => Promise<Result<unknown, StoreError>>,
): Promise<void> {
  const settings = settingsOf(place);
  const opened = settings.ok ? await openStore(settings.value) : settings;
  if (!opened.ok) {
    fail(opened.error.message);
    return;
  }
  // Leaving by process.exit lets the embedded database stop in order; dying of a signal would leave it behind.
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => process.exit(EXIT_INTERRUPTED));
  await using store = opened.value;
  const used = await use(store);
  if (!used.ok) fail(used.error.message);
}

function fail(message: string): void {
  process.stderr.write(`seam: ${message}\n`);
  process.exitCode = 1;
}

/** The store that the options, or the environment, name. */
export function settingsOf({
  directory,
  urlFile,
  mayMake,
}: Place): Result<StoreSettings, StoreError> {
  if (directory !== undefined && urlFile !== undefined)
    return refused("expected --directory or --url-file, not both");
  if (urlFile !== undefined) return urlIn(urlFile);
  const url = process.env["SEAM_DATABASE_URL"] ?? "";
  if (directory === undefined && url !== "") return ok({ url });
  const whenMissing = mayMake === true ? "make" : "refuse";
  const place = path.resolve(directory ?? defaultDirectory);
  return ok({ directory: place, whenMissing, whenInUse: "attach" });
}

function urlIn(file: string): Result<StoreSettings, StoreError> {
  try {
    return ok({ url: readFileSync(file, "utf8").trim() });
  } catch (error) {
    return refused(`--url-file: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const refused = (message: string): Result<never, StoreError> => err({ code: "invalid", message });

type Status = {
  readonly place: string;
  readonly health: Health;
  readonly schema: SchemaStatus;
  /** Empty before the schema has any. */
  readonly retention: readonly Policy[];
};

async function readStatus(store: Store): Promise<Result<Status, StoreError>> {
  const health = await store.health();
  if (!health.ok) return health;
  const schema = await store.schema.status();
  if (!schema.ok) return schema;
  const isEmpty = schema.value.current === null;
  const retention = isEmpty ? ok([]) : await store.retention.list();
  if (!retention.ok) return retention;
  const { place } = store;
  return ok({ place, health: health.value, schema: schema.value, retention: retention.value });
}

function statusText({ place, health, schema, retention }: Status): string {
  const { current, pending } = schema;
  const todo = pending.length === 0 ? "" : `; to do: ${pending.join(", ")} (seam store migrate)`;
  const lines = [
    place,
    `PostgreSQL ${health.serverVersion}, ${Math.ceil(health.usedBytes / 2 ** 20)} MiB`,
    `schema at ${current ?? "nothing"}${todo}`,
  ];
  const rows = retention.map(({ stream, keepDays }) => [
    stream,
    keepDays === null ? "for ever" : `${keepDays} days`,
  ]);
  return rows.length === 0
    ? lines.join("\n")
    : `${lines.join("\n")}\n${table([["KEPT", "FOR"], ...rows])}`;
}
