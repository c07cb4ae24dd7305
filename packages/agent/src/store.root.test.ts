/** The node's memory on a full disk, in a broken file and where nothing can be written: real files, the real kernel. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import { formatAddress } from "@seam/base";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";

import { adoptInterfaces } from "./adopt.ts";
import type { CniAnswer } from "./cni-message.ts";
import { call, inPod, run, useTestNode } from "./node.fixture.ts";
import { devices, environmentOf, withPods } from "./specification.fixture.ts";
import { openNodeStore, type OpenedStore } from "./store.ts";

const node = useTestNode();
const folder = mkdtempSync(path.join(tmpdir(), "seam-test-store-"));
const file = path.join(folder, "agent.db");
const filler = path.join(folder, "filler");

beforeEach(() => void run("mount", "-t", "tmpfs", "-o", "size=256k", "seam-test", folder));
afterEach(() => void run("umount", "-l", folder));
afterAll(() => rmSync(folder, { recursive: true }));

/** Opens the file in place of the store before. */
function open(): OpenedStore {
  node.store[Symbol.dispose]();
  const opened = openNodeStore(file);
  if (!opened.ok) throw new Error(opened.error);
  node.store = opened.value.store;
  return opened.value;
}

/** The store must let go of the folder before it is unmounted. */
function close(): void {
  node.store[Symbol.dispose]();
  const opened = openNodeStore(":memory:");
  if (opened.ok) node.store = opened.value.store;
  expect(adoptInterfaces(node.store)).toMatchObject({ ok: true });
}

const fill = (): void => void run("sh", "-c", `cat /dev/zero > ${filler} 2>/dev/null || true`);
const free = (): void => rmSync(filler);

const ask = (command: "ADD" | "DEL" | "CHECK", id: string): CniAnswer =>
  call(node, command, { container: id, netns: environmentOf(id)["CNI_NETNS"] ?? "" });

const recorded = (): readonly string[] =>
  node.store.attachments().map(({ containerId }) => containerId);
const addresses = (): readonly string[] =>
  node.store.attachments().flatMap((each) => each.addresses.map(formatAddress));

const withTwoPods = async (work: () => void): Promise<void> => withPods(["p1", "p2"], work);

test("on a full disk ADD asks to try again and leaves nothing; STATUS says it; with space all works again", async () => {
  await withTwoPods(() => {
    open();
    fill();
    expect(ask("ADD", "p1")).toMatchObject({
      ok: false,
      error: {
        code: 11,
        msg: "the agent could not remember the change: database or disk is full",
        details: expect.stringContaining("free space"),
      },
    });
    expect([...devices(), ...recorded()]).toEqual([]);
    expect(run("ip", "-n", "seam-test-pod-p1", "-br", "link")).not.toContain("eth0");
    expect(call(node, "STATUS")).toMatchObject({ ok: false, error: { code: 50 } });
    free();
    expect(call(node, "STATUS")).toEqual({ ok: true, value: null });
    expect(ask("ADD", "p1")).toMatchObject({ ok: true });
    expect(recorded()).toEqual(["p1"]);
    ask("DEL", "p1");
    close();
  });
});

test("on a full disk DEL removes the interface, and the record follows when there is space", async () => {
  await withTwoPods(() => {
    open();
    for (const id of ["p1", "p2"]) expect(ask("ADD", id)).toMatchObject({ ok: true });
    const kept = node.store.attachments().find(({ containerId }) => containerId === "p2");
    fill();
    expect(ask("DEL", "p1")).toEqual({ ok: true, value: null });
    expect(devices()).toHaveLength(1);
    expect(recorded()).toEqual(["p2"]);
    // Killed now, the next agent finds the record in the file, and no interface.
    expect(open().setAside).toBeNull();
    expect(recorded()).toEqual(expect.arrayContaining(["p1", "p2"]));
    expect(adoptInterfaces(node.store)).toMatchObject({ ok: true });
    expect(recorded()).toEqual(["p2"]);
    free();
    expect(ask("ADD", "p1")).toMatchObject({ ok: true });
    expect(ask("DEL", "p1")).toMatchObject({ ok: true });
    open();
    expect(recorded()).toEqual(["p2"]);
    expect(node.store.attachments()).toEqual([kept]);
    ask("DEL", "p2");
    close();
  });
});

test("what cannot be rebuilt on a full disk keeps the agent from starting, since addresses could be given twice", async () => {
  await withTwoPods(() => {
    open();
    expect(ask("ADD", "p1")).toMatchObject({ ok: true });
    node.store.remove(devices()[0]!);
    fill();
    expect(adoptInterfaces(node.store)).toMatchObject({
      ok: false,
      error: expect.stringMatching(
        /^the record of seam\w+ cannot be kept: database or disk is full$/,
      ),
    });
    free();
    expect(adoptInterfaces(node.store)).toMatchObject({ ok: true });
    expect(addresses()).toHaveLength(2);
    ask("DEL", "p1");
    close();
  });
});

/** What is made of a good file. */
const damages: readonly {
  readonly what: string;
  readonly damage: () => void;
  readonly why: RegExp;
}[] = [
  {
    what: "random bytes",
    damage: () => writeFileSync(file, randomBytes(8192)),
    why: /not a database/,
  },
  {
    what: "half of the file",
    damage: () => truncateSync(file, statSync(file).size / 2),
    why: /malformed|page/i,
  },
  {
    what: "a page of noise",
    damage: () => {
      const bytes = readFileSync(file);
      randomBytes(4000).copy(bytes, 4096);
      writeFileSync(file, bytes);
    },
    why: /malformed|page|tree/i,
  },
  {
    what: "a database of something else",
    damage: () => other("CREATE TABLE attachment (x); PRAGMA user_version = 1"),
    why: /its table attachment is not one of Seam's/,
  },
  {
    what: "a database of something else, without a version",
    damage: () => other("CREATE TABLE cursor (x)"),
    why: /its table attachment is not one of Seam's/,
  },
  {
    what: "a file of a newer Seam",
    damage: () => edit("PRAGMA user_version = 99"),
    why: /form 99, of a newer Seam/,
  },
];

function edit(sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

function other(sql: string): void {
  rmSync(file);
  edit(sql);
}

test.each(damages)("$what is set aside, and nothing is given twice", async ({ damage, why }) => {
  await withTwoPods(() => {
    open();
    expect(ask("ADD", "p1")).toMatchObject({ ok: true });
    const before = addresses();
    for (const _ of ["once", "and again"]) {
      node.store[Symbol.dispose]();
      damage();
      const broken = readFileSync(file);
      const opened = openNodeStore(file);
      if (!opened.ok) throw new Error(opened.error);
      node.store = opened.value.store;
      expect(opened.value.setAside).toMatch(why);
      expect(readFileSync(`${file}.corrupt`).equals(broken)).toBe(true);
      expect(readdirSync(folder).filter((name) => name.includes("corrupt"))).toHaveLength(1);
      expect(node.store.attachments()).toEqual([]);
      expect(adoptInterfaces(node.store)).toMatchObject({ ok: true });
      expect(addresses()).toEqual(before);
    }
    expect(ask("ADD", "p2")).toMatchObject({ ok: true });
    expect(new Set(addresses()).size).toBe(4);
    for (const id of ["p1", "p2"]) expect(ask("DEL", id)).toMatchObject({ ok: true });
    close();
  });
});

test("a file of Seam 0.1 is taken over with its records", () => {
  node.store[Symbol.dispose]();
  edit(`CREATE TABLE attachment (device TEXT PRIMARY KEY, container_id TEXT NOT NULL, if_name TEXT NOT NULL,
    netns TEXT NOT NULL, pod TEXT NOT NULL, mac TEXT NOT NULL, addresses TEXT NOT NULL) STRICT;
    CREATE TABLE cursor (prefix TEXT PRIMARY KEY, place TEXT NOT NULL) STRICT;
    CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    INSERT INTO attachment VALUES ('seam0', 'c1', 'eth0', '/n', 'a/b', '02:00:00:00:00:01', '10.244.7.1');`);
  const opened = openNodeStore(file);
  expect(opened).toMatchObject({ ok: true, value: { setAside: null } });
  if (opened.ok) node.store = opened.value.store;
  expect(node.store.attachments()).toMatchObject([
    { device: "seam0", pod: "a/b", network: "", hostPorts: [] },
  ]);
  node.store.remove("seam0");
  close();
});

test("where nothing can be written the error names the file and says what to do", () => {
  run("mount", "-o", "remount,ro", folder);
  for (const place of [file, path.join(folder, "deeper", "agent.db")]) {
    const opened = openNodeStore(place);
    expect(opened).toMatchObject({
      ok: false,
      error: expect.stringContaining(`${place} cannot be used: `),
    });
    expect(opened).toMatchObject({ error: expect.stringContaining("make its folder writable") });
  }
  run("mount", "-o", "remount,rw", folder);
  open();
  node.store.set("a", "b");
  node.store[Symbol.dispose]();
  run("mount", "-o", "remount,ro", folder);
  expect(openNodeStore(file)).toMatchObject({ ok: false, error: expect.stringContaining(file) });
  expect(existsSync(`${file}.corrupt`)).toBe(false);
  run("mount", "-o", "remount,rw", folder);
  expect(open().setAside).toBeNull();
  expect(node.store.setting("a")).toBe("b");
  close();
});

test("without any space at the first start the error says so", () => {
  fill();
  expect(openNodeStore(file)).toMatchObject({
    ok: false,
    error: expect.stringMatching(/agent\.db cannot be used: .*full.* free space/),
  });
});

test("two agents never share a file", () => {
  open();
  expect(openNodeStore(file)).toMatchObject({
    ok: false,
    error: expect.stringContaining("another agent has it open"),
  });
  close();
  expect(inPod("-br", "link")).toContain("lo");
});
