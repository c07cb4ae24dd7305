/** An external PostgreSQL that goes and comes back, hangs, wants TLS and a password; and PostgreSQL's own tools on it (S13). */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ask,
  type DebianPostgres,
  PASSWORD,
  startDebianPostgres,
} from "./debian-postgres.fixture.ts";
import { openStore, type Store } from "./store.ts";
import { logLine, must, mustFail, openMigrated, revision } from "./stores.fixture.ts";

const execute = promisify(execFile);
let postgres: DebianPostgres;
let url: string;
let store: Store;

beforeAll(async () => {
  postgres = await startDebianPostgres();
  url = await postgres.newDatabase();
  store = await openMigrated({ url });
});

afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

const name = { project: "first", kind: "Experiment", namespace: "first", name: "a" };

test("while it is away all calls fail and none waits for it, and they go on when it is back", async () => {
  must(await store.revisions.put(revision("a")));
  await postgres.signal("SIGINT");
  const begin = performance.now();
  const calls = Array.from({ length: 300 }, (_, index) =>
    index % 2 === 0 ? store.revisions.get(name, 1) : store.journal.append([logLine("x")]),
  );
  for (const outcome of await Promise.all(calls))
    expect(mustFail(outcome)).toMatch(/^unavailable: the database is away/);
  expect(performance.now() - begin).toBeLessThan(20_000);
  expect(store.awaySince()).toBeInstanceOf(Date);
  await postgres.start();
  await expect
    .poll(async () => (await store.revisions.get(name, 1)).ok, { timeout: 30_000 })
    .toBe(true);
  expect(store.awaySince()).toBeNull();
  must(await store.revisions.put(revision("a", { expected: 1 })));
});

test("one that hangs is given up in 3 s, and then at once", async () => {
  await using fresh = must(await openStore({ url }));
  await postgres.signal("SIGSTOP");
  const took: number[] = [];
  for (const _ of [1, 2, 3]) {
    const begin = performance.now();
    expect(mustFail(await fresh.health())).toMatch(/^unavailable: the database is away/);
    took.push(performance.now() - begin);
  }
  await postgres.signal("SIGCONT");
  expect(took[0]).toBeLessThan(20_000);
  expect(took[1]).toBeLessThan(2500);
  await expect.poll(async () => (await fresh.health()).ok, { timeout: 30_000 }).toBe(true);
});

test("TLS is checked as asked, and no message holds the password", async () => {
  const { folder, port } = postgres;
  const secret = encodeURIComponent(PASSWORD);
  const over = async (host: string, parameters: string, password = secret): Promise<string> => {
    const given = `postgres://seam:${password}@${host}:${port}/postgres?${parameters}`;
    const opened = await openStore({ url: given });
    if (!opened.ok) return opened.error.message;
    await using tried = opened.value;
    const health = await tried.health();
    const said = `${tried.place} ${JSON.stringify(health)}`;
    expect(said).not.toContain(PASSWORD);
    expect(said).not.toContain(secret);
    return health.ok ? "ok" : mustFail(health);
  };
  const ca = `sslrootcert=${folder}/ca.crt`;
  expect(await over("localhost", `sslmode=verify-full&${ca}`)).toBe("ok");
  expect(await over("127.0.0.1", `sslmode=verify-ca&${ca}`)).toBe("ok");
  expect(await over("127.0.0.1", "sslmode=require")).toBe("ok");
  const check = /^refused: .*; check sslmode and sslrootcert of the database's URL$/;
  expect(await over("127.0.0.1", `sslmode=verify-full&${ca}`)).toMatch(check);
  expect(await over("localhost", `sslmode=verify-full&sslrootcert=${folder}/other.crt`)).toMatch(
    check,
  );
  expect(await over("localhost", `sslmode=verify-full&sslrootcert=${folder}/none`)).toContain(
    "ENOENT",
  );
  expect(await over("127.0.0.1", "sslmode=disable")).toMatch(/^refused: .*pg_hba.conf/);
  expect(await over("127.0.0.1", "sslmode=require", "wrong")).toBe(
    'refused: password authentication failed for user "seam"; check user and password of the database\'s URL',
  );
});

test("a statement that waits too long for a lock ends, and the database does not count as away", async () => {
  const holder = ask(url, "begin; lock table seam.journal; select pg_sleep(2.5); commit");
  await expect
    .poll(
      async () =>
        (await ask(url, "select from pg_locks where mode = 'AccessExclusiveLock'")).rowCount,
    )
    .toBe(1);
  const written = await store.journal.append([logLine("x")]);
  expect(mustFail(written)).toMatch(/^unavailable: the database is busy: .*lock timeout/);
  expect(store.awaySince()).toBeNull();
  await holder;
});

test("pg_dump and pg_restore make the same store of an empty database", async () => {
  const copy = await postgres.newDatabase();
  const file = `${postgres.folder}/dump`;
  await execute("pg_dump", ["--format=custom", `--file=${file}`, url]);
  await execute("pg_restore", ["--no-owner", `--dbname=${copy}`, file]);
  await using other = must(await openStore({ url: copy }));
  expect(must(await other.schema.status()).pending).toEqual([]);
  const page = { limit: 100, sort: "time", direction: "ascending" } as const;
  const [kept, read] = [await store.revisions.list({}, page), await other.revisions.list({}, page)];
  expect(must(read)).toEqual(must(kept));
  await expect(ask(copy, "truncate seam.audit")).rejects.toThrow("append only");
});
