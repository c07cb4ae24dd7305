/** Both kinds of PostgreSQL for one suite: the embedded one, and Debian's as an external one, each with an empty store. */
import type { Page } from "./page.ts";
import { ask, type DebianPostgres, startDebianPostgres } from "./debian-postgres.fixture.ts";
import { openStore, type Store } from "./store.ts";
import { must, newDirectory, removeDirectory, socketOf } from "./stores.fixture.ts";

/** The kinds of PostgreSQL that a store can have. */
export const KINDS = ["embedded", "external"] as const;
/** One of `KINDS`. */
export type Kind = (typeof KINDS)[number];

/** Rows as pg gives them. */
type Rows = readonly { readonly [column: string]: unknown }[];

/** A store of each kind; dispose of it last. */
export type Both = AsyncDisposable & {
  readonly postgres: DebianPostgres;
  readonly url: (kind: Kind) => string;
  readonly store: (kind: Kind) => Store;
  /** SQL past the store's doors. */
  readonly sql: (kind: Kind, text: string) => Promise<Rows>;
};

/** Starts both; nothing is migrated. */
export async function startBoth(): Promise<Both> {
  const directory = newDirectory();
  const postgres = await startDebianPostgres();
  const urls = { embedded: socketOf(directory), external: await postgres.newDatabase() };
  const stores = {
    embedded: must(await openStore({ directory, whenMissing: "make", whenInUse: "refuse" })),
    external: must(await openStore({ url: urls.external })),
  };
  return {
    postgres,
    url: (kind) => urls[kind],
    store: (kind) => stores[kind],
    sql: async (kind, text) => (await ask(urls[kind], text)).rows,
    [Symbol.asyncDispose]: async () => {
      for (const kind of KINDS) await stores[kind][Symbol.asyncDispose]();
      await postgres[Symbol.asyncDispose]();
      removeDirectory(directory);
    },
  };
}

/** All rows of a list, page after page. */
export async function allPages<T>(
  read: (cursor: { readonly cursor?: string }) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const rows: T[] = [];
  let next: string | null = null;
  do {
    const page: Page<T> = await read(next === null ? {} : { cursor: next });
    rows.push(...page.rows);
    next = page.next;
  } while (next !== null);
  return rows;
}
