/**
 * On both kinds of PostgreSQL (S13): each step of the schema forward, back and forward again on rows; pages while rows are written; the feed
 * under concurrent writers; backups. In this order, as each works on what the one before left.
 */
import { rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allPages, type Both, type Kind, KINDS, startBoth } from "./both.fixture.ts";
import { ask } from "./debian-postgres.fixture.ts";
import type { Change } from "./feed.ts";
import { NOTHING } from "./migrate.ts";
import { MIGRATION_NAMES } from "./migrations.ts";
import { openStore, type Store, type StoreSettings } from "./store.ts";
import {
  logLine,
  must,
  mustFail,
  newDirectory,
  removeDirectory,
  revision,
  socketOf,
} from "./stores.fixture.ts";

let both: Both;
const store = (kind: Kind): Store => both.store(kind);

beforeAll(async () => {
  both = await startBoth();
});

afterAll(async () => {
  await both[Symbol.asyncDispose]();
});

/** Rows for the tables that a step makes. */
const ROWS: { readonly [step: string]: string } = {
  "0001-feed": "select seam.publish('log', '{first,first}', '{1,2}')",
  "0002-revisions": `insert into seam.revision (project, kind, namespace, name, number, author, diff, redacted, request_hash)
    values ('p', 'k', 'n', 'x', 1, 'a', '[]', '[]', 'h')`,
  "0003-journal": `insert into seam.journal (stream, level, project, source, subject, reason, message, fields)
    values ('log', 'info', 'p', 's', '', '', 'words', '{}')`,
  "0004-audit": `insert into seam.audit (actor, action, project, resource, source_address, result, reason)
    values ('a', 'x', 'p', 'r', '10.0.0.1', 'denied', '')`,
  "0005-measurements": `insert into seam.rollup (at, metric, labels, resolution_seconds, min_value, max_value, sum_value, sample_count)
    values (now(), 'm', '{}', 60, 1, 2, 3, 4);
    insert into seam.benchmark (project, name, author, spec_hash, document) values ('p', 'b', 'a', 'h', '{}')`,
  "0006-accounts": `insert into seam.account (name, groups) values (gen_random_uuid()::text, '[]');
    insert into seam.credential (kind, account, label, secret_hash, scopes, expires_at)
    select 'token', name, '', name, '[]', now() from seam.account on conflict do nothing`,
  // Keys go with the column.
  "0007-journal-key": `insert into seam.journal (stream, level, project, source, subject, reason, message, fields)
    values ('event', 'info', 'p', 's', '', '', 'words', '{}')`,
};

/** Every table, column, index, constraint, trigger and function of the schema, as PostgreSQL tells them. */
const SHAPE = `
  select 'column' as what, table_name || '.' || column_name || ' ' || data_type || ' ' || coalesce(column_default, '') ||
    is_nullable || is_identity || coalesce(generation_expression, '') as text
    from information_schema.columns where table_schema = 'seam'
  union all select 'index', indexdef from pg_indexes where schemaname = 'seam'
  union all select 'constraint', conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'seam'::regnamespace and contype <> 'n'
  union all select 'trigger', pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = tgrelid
    where relnamespace = 'seam'::regnamespace and not tgisinternal
  union all select 'function', pg_get_functiondef(oid) from pg_proc where pronamespace = 'seam'::regnamespace
  order by 1, 2`;

const TABLES = "select tablename from pg_tables where schemaname = 'seam' order by 1";

const PAGE = { limit: 1, sort: "time", direction: "ascending" } as const;

const MADE_BY: { readonly [table: string]: string } = {
  feed_head: "0001-feed",
  change: "0001-feed",
  revision: "0002-revisions",
  journal: "0003-journal",
  audit: "0004-audit",
};

/** True for a table that an earlier step made. */
const filledBefore = (table: string, step: string): boolean => (MADE_BY[table] ?? step) < step;

describe.each(KINDS)("%s PostgreSQL", (kind) => {
  const rowsOf = (text: string): ReturnType<Both["sql"]> => both.sql(kind, text);
  const contents = async (): Promise<ReadonlyMap<string, unknown>> => {
    const tables = await rowsOf(TABLES);
    const names = tables.map(({ tablename }) => String(tablename));
    const ours = names.filter((name) => !name.startsWith("kysely_"));
    const read = ours.map(
      async (name) => [name, await rowsOf(`select * from seam.${name} order by 1`)] as const,
    );
    return new Map(await Promise.all(read));
  };

  test("each step goes forward, back and forward on rows, and leaves the others as they were", async () => {
    await using opened = must(await openStore({ url: both.url(kind) }));
    expect(must(await opened.schema.status())).toMatchObject({ current: null });
    expect(mustFail(await opened.journal.search({ stream: "log" }, PAGE))).toMatch(
      /^refused: .*run: seam store migrate$/,
    );
    let before: string = NOTHING;
    for (const step of MIGRATION_NAMES) {
      const earlier = before === NOTHING ? null : await rowsOf(SHAPE);
      must(await opened.schema.migrate(step));
      const shape = await rowsOf(SHAPE);
      await rowsOf(ROWS[step]!);
      const kept = await contents();
      expect(mustFail(await opened.schema.migrate(before))).toContain("drops tables");
      must(await opened.schema.migrate(before, true));
      expect(before === NOTHING ? null : await rowsOf(SHAPE)).toEqual(earlier);
      must(await opened.schema.migrate(step));
      expect(await rowsOf(SHAPE)).toEqual(shape);
      const again = await contents();
      const others = [...kept].filter(([name]) => name !== "retention" && filledBefore(name, step));
      expect(others.map(([name]) => [name, again.get(name)])).toEqual(others);
      await rowsOf(ROWS[step]!);
      before = step;
    }
    expect(MIGRATION_NAMES).toHaveLength(Object.keys(ROWS).length);
    const latest = must(await opened.schema.migrate());
    expect(latest).toEqual({ from: before, to: before });
  });

  test("two programs that migrate at once wait for each other", async () => {
    await using one = must(await openStore({ url: both.url(kind) }));
    await using two = must(await openStore({ url: both.url(kind) }));
    must(await one.schema.migrate(NOTHING, true));
    const outcomes = await Promise.all([one.schema.migrate(), two.schema.migrate()]);
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true]);
    expect(must(await one.schema.status()).pending).toEqual([]);
    expect(mustFail(await one.schema.migrate("0009-x"))).toContain("step: expected one of nothing");
  });

  test("a database of a newer Seam is left alone", async () => {
    await using opened = must(await openStore({ url: both.url(kind) }));
    await rowsOf("insert into seam.kysely_migration values ('9999-later', 'now')");
    for (const outcome of [await opened.schema.status(), await opened.schema.migrate()])
      expect(mustFail(outcome)).toMatch(/^refused: the database has step 9999-later/);
    await rowsOf("delete from seam.kysely_migration where name = '9999-later'");
  });

  test("pages lose and repeat no row while rows are written (property)", async () => {
    const { journal } = store(kind);
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          times: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 40 }),
          limit: fc.integer({ min: 1, max: 7 }),
          direction: fc.constantFrom("ascending" as const, "descending" as const),
          later: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 8 }),
        }),
        async ({ times, later, ...request }) => {
          round += 1;
          const project = `pages-${round}`;
          // Few distinct times, so that pages end between rows of the same one.
          const lineAt = (moment: number): ReturnType<typeof logLine> =>
            logLine("m", { project, at: new Date(1_700_000_000_000 + moment) });
          const ids = must(await journal.append(times.map(lineAt)));
          const moments = [...later];
          const seen = await allPages(async (cursor) => {
            const filter = { stream: "log", project } as const;
            const page = must(
              await journal.search(filter, { sort: "time", ...request, ...cursor }),
            );
            must(await journal.append(moments.splice(0, 1).map(lineAt)));
            return page;
          });
          const counted = Map.groupBy(seen, ({ id }) => id);
          expect([...counted.values()].filter((rows) => rows.length > 1)).toEqual([]);
          expect(ids.filter((id) => !counted.has(id))).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("the feed is whole, in order and without repeats under concurrent writers, and resumes anywhere", async () => {
    const { feed, journal, revisions } = store(kind);
    const before = must(await feed.head());
    const stop = new AbortController();
    const follow = async (after: number, until: number): Promise<readonly Change[]> => {
      const seen: Change[] = [];
      for await (const changes of feed.follow({ after, signal: stop.signal })) {
        seen.push(...must(changes));
        if (seen.length >= until) return seen;
      }
      return seen;
    };
    const writers = 12;
    const writes = 15;
    const total = writers * writes * 2 + 2;
    const live = follow(before, total);
    // One that began first and ends last, one that ends late after it got its number, and one that is undone.
    const row =
      "begin; insert into seam.journal (stream, level, project, source, subject, reason, message, fields) values ('log', 'info', '', 's', '', '', 'slow', '{}')";
    const number = "select seam.publish('log', '{first}', array[lastval()])";
    const others = ["commit", "commit", "rollback"].map((end, index) =>
      ask(
        both.url(kind),
        `${row}; select pg_sleep(${0.2 - index * 0.1}); ${number}; select pg_sleep(0.1); ${end}`,
      ),
    );
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let write = 0; write < writes; write += 1) {
          must(await journal.append([logLine("w")]));
          must(await revisions.put(revision(`feed-${writer}`)));
        }
      }),
    );
    await Promise.all(others);
    const seen = await live;
    const numbers = seen.map(({ sequence }) => sequence);
    const expected = Array.from({ length: total }, (_, index) => before + 1 + index);
    expect(numbers).toEqual(expected);
    expect(new Set(seen.map(({ topic, rowId }) => `${topic}/${rowId}`)).size).toBe(seen.length);
    const middle = before + 100;
    expect(await follow(middle, seen.length - 100)).toEqual(seen.slice(100));
    expect(mustFail(await feed.read(before + 1e6, 10))).toMatch(/^gone: no changes after/);
    const quiet = follow(must(await feed.head()), 1);
    await pause(50);
    stop.abort();
    expect(await quiet).toEqual([]);
  });

  test("a reader that comes after old changes went is told to read anew", async () => {
    const { feed, retention } = store(kind);
    await both.sql(
      kind,
      `update seam.change set at = now() - interval '8 days'
         where sequence < (select sequence from seam.feed_head)`,
    );
    must(await retention.apply());
    const head = must(await feed.head());
    expect(mustFail(await feed.read(1, 10))).toContain(`the oldest kept is ${head}`);
    expect(must(await feed.read(0, 10))).toHaveLength(1);
    expect(must(await feed.read(head, 10))).toEqual([]);
  });

  test("a backup holds all of the moment and restores on the other kind, row by row", async () => {
    const file = path.join(both.postgres.folder, `${kind}.backup`);
    const done = must(await store(kind).backups.backup(file));
    expect(mustFail(await store(kind).backups.backup(file))).toContain("not taken");
    expect(mustFail(await store(kind).backups.restore(file))).toContain("has rows already");
    const place = newDirectory();
    const settings: StoreSettings =
      kind === "external"
        ? { directory: place, whenMissing: "make", whenInUse: "refuse" }
        : { url: await both.postgres.newDatabase() };
    const url = "url" in settings ? settings.url : socketOf(place);
    {
      await using other = must(await openStore(settings));
      expect(must(await other.backups.restore(file)).rows).toBe(done.rows);
      for (const table of ["revision", "journal", "audit", "benchmark", "rollup", "change"]) {
        const text = `select count(*)::int as rows, md5(string_agg(md5(t::text), '' order by t::text collate "C")) from seam.${table} t`;
        expect((await ask(url, text)).rows).toEqual(await both.sql(kind, text));
      }
      expect(must(await other.retention.list())).toEqual(must(await store(kind).retention.list()));
      expect(must(await other.feed.head())).toBe(must(await store(kind).feed.head()));
      must(await other.journal.append([logLine("goes on")]));
    }
    rmSync(file);
    removeDirectory(place);
  });
});
