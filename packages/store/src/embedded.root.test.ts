/** The embedded PostgreSQL through everything that ends it: nothing that was acknowledged is lost, and it comes back by itself (S13). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ask } from "./debian-postgres.fixture.ts";
import { openStore, type Store } from "./store.ts";
import {
  logLine,
  must,
  mustFail,
  newDirectory,
  openMigrated,
  removeDirectory,
  revision,
  socketOf,
} from "./stores.fixture.ts";

const directory = newDirectory();
const settings = { directory, whenMissing: "make", whenInUse: "refuse" } as const;

beforeAll(async () => {
  const store = await openMigrated(settings);
  await store[Symbol.asyncDispose]();
});

afterAll(() => {
  removeDirectory(directory);
});

/** Numbers of the rows that are in the journal. */
async function keptRows(): Promise<ReadonlySet<number>> {
  const { rows } = await ask(socketOf(directory), "select id::int from seam.journal");
  return new Set(rows.map((row: { id: number }) => row.id));
}

test("kill -9 of the database amid writes: calls fail at once, it comes back, all acknowledged is there", async () => {
  await using store = await openMigrated(settings);
  const stop = new AbortController();
  const seen: number[] = [];
  const following = (async (): Promise<void> => {
    for await (const changes of store.feed.follow({ after: 0, signal: stop.signal }))
      if (changes.ok) seen.push(...changes.value.map(({ sequence }) => sequence));
  })();
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const acknowledged: number[] = [];
  const failures: { readonly words: string; readonly tookMs: number }[] = [];
  const writer = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const begin = performance.now();
      const written = await store.journal.append([logLine("w"), logLine("v")]);
      if (written.ok) acknowledged.push(...written.value);
      else {
        failures.push({ words: mustFail(written), tookMs: performance.now() - begin });
        await pause(5);
      }
    }
  };
  const writers = Promise.all(Array.from({ length: 6 }, writer));
  for (let kill = 0; kill < 3; kill += 1) {
    const count = acknowledged.length;
    await expect.poll(() => acknowledged.length, { timeout: 30_000 }).toBeGreaterThan(count + 40);
    await expect.poll(() => store.databasePid(), { timeout: 30_000 }).not.toBeNull();
    process.kill(store.databasePid()!, "SIGKILL");
    await expect.poll(() => store.awaySince(), { timeout: 30_000 }).not.toBeNull();
    await expect.poll(() => store.awaySince(), { timeout: 30_000 }).toBeNull();
  }
  stop.abort();
  await writers;
  const kept = await keptRows();
  expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  expect(failures.length).toBeGreaterThan(10);
  expect(failures.filter(({ words }) => !words.startsWith("unavailable: "))).toEqual([]);
  expect(failures.filter(({ tookMs }) => tookMs > 20_000)).toEqual([]);
  expect(delay.max / 1e6).toBeLessThan(10_000);
  await following;
  expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => index + 1));
}, 120_000);

/** A program of its own that writes, tells what was acknowledged, and never ends by itself. */
const WRITER = `
  const { openStore } = await import(${JSON.stringify(path.join(import.meta.dirname, "index.ts"))});
  const opened = await openStore({ directory: ${JSON.stringify(directory)}, whenMissing: "make", whenInUse: "refuse" });
  if (!opened.ok) throw new Error(opened.error.message);
  const line = { stream: "log", level: "info", project: "", source: "s", subject: "", reason: "", message: "m", fields: {} };
  for (;;) {
    const written = await opened.value.journal.append([line]);
    if (written.ok) process.stdout.write(written.value[0] + "\\n");
  }`;

test("kill -9 of the program: its database is ended by the next one, and all acknowledged is there", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", WRITER], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const acknowledged: number[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => acknowledged.push(Number(line)));
  await expect.poll(() => acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(50);
  expect(mustFail(await openStore(settings))).toContain(
    `is in use by process ${child.pid}; stop that one`,
  );
  {
    await using attached = must(await openStore({ ...settings, whenInUse: "attach" }));
    expect(attached.databasePid()).toBeNull();
    expect(must(await attached.health()).serverVersion).toMatch(/^18/);
  }
  const orphan = Number.parseInt(readFileSync(`${directory}/data/postmaster.pid`, "utf8"), 10);
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  expect(readlinkSync(`/proc/${orphan}/cwd`)).toBe(`${directory}/data`);
  await using store = await openMigrated(settings);
  expect(store.databasePid()).not.toBe(orphan);
  expect(existsSync(`/proc/${orphan}/cwd`)).toBe(false);
  const kept = await keptRows();
  expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  must(await store.journal.append([logLine("goes on")]));
}, 120_000);

test("an orderly end leaves no process, socket or lock, and a later start finds everything", async () => {
  let pid = 0;
  {
    await using store = await openMigrated(settings);
    pid = store.databasePid()!;
    must(await store.revisions.put(revision("kept")));
  }
  const left = [
    `/proc/${pid}`,
    `${directory}/data/postmaster.pid`,
    `${directory}/run/.s.PGSQL.5432`,
  ];
  expect(left.filter((file) => existsSync(file))).toEqual([]);
  await using again = await openMigrated(settings);
  const name = { project: "first", kind: "Experiment", namespace: "first", name: "kept" };
  expect(must(await again.revisions.get(name, 1)).author).toBe("ada");
});

test("what a crashed machine leaves is cleared: a foreign process number, a socket, a half-made directory", async () => {
  const pidFile = `${directory}/data/postmaster.pid`;
  writeFileSync(pidFile, `${process.pid}\n${directory}/data\n1\n5432\n${directory}/run\n\n`);
  writeFileSync(
    `${directory}/run/.s.PGSQL.5432.lock`,
    `${process.pid}\n${directory}/data\n1\n5432\n`,
  );
  mkdirSync(`${directory}/data.new`);
  mkdirSync(`${directory}/program-0.new`);
  await using store = await openMigrated(settings);
  expect(must(await store.health()).serverVersion).toMatch(/^18/);
});

test("a data directory of another version is refused with what to do, and stays as it is", async () => {
  const file = `${directory}/data/PG_VERSION`;
  writeFileSync(file, "17\n");
  expect(mustFail(await openStore(settings))).toBe(
    `refused: ${directory}/data is of PostgreSQL 17, and this Seam has 18. Nothing was changed. To go on, with the Seam that made it run: seam store backup FILE; then with this one, after moving ${directory} away: seam store restore FILE`,
  );
  expect(readFileSync(file, "utf8")).toBe("17\n");
  writeFileSync(file, "18\n");
  await using store: Store = await openMigrated(settings);
  must(await store.health());
});

test("a directory that cannot work is refused with the reason", async () => {
  const closed = newDirectory();
  chmodSync(closed, 0o700);
  const inside = `${closed}/store`;
  expect(mustFail(await openStore({ ...settings, directory: inside }))).toBe(
    `refused: ${closed} is closed to seam-store, who runs the database; choose another directory, or run: chmod o+x ${closed}`,
  );
  removeDirectory(closed);
  expect(
    mustFail(await openStore({ ...settings, directory: "/tmp/seam-none", whenMissing: "refuse" })),
  ).toBe(
    "refused: there is no store in /tmp/seam-none; make one: seam store migrate --directory /tmp/seam-none",
  );
  for (const [given, why] of [
    ["relative", /invalid: store directory: expected an absolute path/],
    [`/tmp/${"x".repeat(90)}`, /at most \d+ bytes/],
    ["/etc/hostname/store", /refused: the store's directory/],
  ] as const)
    expect(mustFail(await openStore({ ...settings, directory: given }))).toMatch(why);
});
