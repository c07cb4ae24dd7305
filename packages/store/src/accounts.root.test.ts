/** Accounts, sessions and tokens, as the server needs them, on the embedded PostgreSQL (S12). */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AuditEntry } from "./audit.ts";
import type { NewCredential } from "./credentials.ts";
import type { Store } from "./store.ts";
import { must, mustFail, newDirectory, openMigrated, removeDirectory } from "./stores.fixture.ts";

const directory = newDirectory();
let store: Store;

beforeAll(async () => {
  store = await openMigrated({ directory, whenMissing: "make", whenInUse: "refuse" });
});

afterAll(async () => {
  await store[Symbol.asyncDispose]();
  removeDirectory(directory);
});

const entry = (action: string): AuditEntry => ({
  actor: "root",
  action,
  project: "",
  resource: "account/ada",
  before: null,
  after: null,
  sourceAddress: null,
  result: "allowed",
  reason: "",
});

const credential = (more: Partial<NewCredential> = {}): NewCredential => ({
  kind: "token",
  account: "ada",
  label: "ci",
  secretHash: "h1",
  scopes: ["read"],
  expiresAt: new Date(Date.now() + 60_000),
  ...more,
});

const make = async (name: string): Promise<void> => {
  must(await store.accounts.create({ name, groups: ["g"], passwordHash: "hash" }, entry("make")));
};

test("an account is made once, changed and removed, each with its row of the audit (S12)", async () => {
  await make("ada");
  const again = store.accounts.create(
    { name: "ada", groups: [], passwordHash: null },
    entry("twice"),
  );
  expect(mustFail(await again)).toBe("conflict: there is an account ada already");
  must(await store.accounts.change("ada", { groups: ["x", "y"] }, entry("groups")));
  expect(must(await store.accounts.get("ada"))).toMatchObject({
    groups: ["x", "y"],
    passwordHash: "hash",
    isDisabled: false,
  });
  must(await store.accounts.remove("ada", entry("remove")));
  expect(mustFail(await store.accounts.remove("ada", entry("again")))).toMatch(/^not-found/);
  const page = { limit: 10, sort: "time", direction: "ascending" } as const;
  const { rows } = must(await store.audit.list({ resource: "account/ada" }, page));
  expect(rows.map(({ action }) => action)).toEqual(["make", "groups", "remove"]);
});

test("the fifth wrong password locks an account, a right one or a new one opens it", async () => {
  await make("eve");
  const lock = async (): Promise<Date | null> => must(await store.accounts.get("eve")).lockedUntil;
  for (let tries = 0; tries < 4; tries += 1) must(await store.accounts.failed("eve"));
  expect(await lock()).toBeNull();
  must(await store.accounts.failed("eve"));
  expect(((await lock())?.getTime() ?? 0) - Date.now()).toBeGreaterThan(50_000);
  must(await store.accounts.failed("eve"));
  expect(((await lock())?.getTime() ?? 0) - Date.now()).toBeGreaterThan(110_000);
  for (let tries = 0; tries < 40; tries += 1) must(await store.accounts.failed("eve"));
  expect(((await lock())?.getTime() ?? 0) - Date.now()).toBeLessThanOrEqual(3_600_000);
  must(await store.accounts.succeeded("eve"));
  expect(await lock()).toBeNull();
});

test("a credential lets in until it is over, revoked, or its account is disabled", async () => {
  await make("bob");
  const { credentials } = store;
  const issue = async (more: Partial<NewCredential>): Promise<number> =>
    must(await credentials.issue(credential({ account: "bob", ...more }), entry("issue")));
  const id = await issue({});
  await issue({ secretHash: "h2", kind: "session" });
  await issue({ secretHash: "h3", expiresAt: new Date(Date.now() - 1) });
  const found = must(await credentials.find("token", "h1"));
  expect(found).toMatchObject({ id, account: "bob", groups: ["g"], scopes: ["read"] });
  expect(must(await credentials.find("session", "h1"))).toBeNull();
  expect(must(await credentials.find("token", "h3"))).toBeNull();
  expect(must(await credentials.list("bob", "token")).map(({ label }) => label)).toEqual(["ci"]);
  expect(must(await credentials.list("bob", "token"))[0]?.usedAt).toBeInstanceOf(Date);
  expect(must(await credentials.expire())).toBe(1);
  must(await store.accounts.change("bob", { isDisabled: true }, entry("disable")));
  expect(must(await credentials.find("token", "h1"))).toBeNull();
  const opened = { isDisabled: false, passwordHash: "new" };
  must(await store.accounts.change("bob", opened, entry("enable")));
  expect(must(await credentials.find("token", "h1"))).not.toBeNull();
  expect(must(await credentials.find("session", "h2"))).toBeNull();
  expect(mustFail(await credentials.revoke("eve", id, entry("revoke")))).toMatch(/^not-found/);
  must(await credentials.revoke("bob", id, entry("revoke")));
  expect(must(await credentials.find("token", "h1"))).toBeNull();
});
