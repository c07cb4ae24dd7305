/** What is kept, on both kinds of database: the embedded PostgreSQL of npm, and Debian's PostgreSQL 15 as an external one (S13). */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AuditEntry } from "./audit.ts";
import { allPages, type Both, type Kind, KINDS, startBoth } from "./both.fixture.ts";
import { ask } from "./debian-postgres.fixture.ts";
import { MIGRATION_NAMES } from "./migrations.ts";
import type { Store } from "./store.ts";
import { experiment, logLine, must, mustFail, revision } from "./stores.fixture.ts";

let both: Both;
const store = (kind: Kind): Store => both.store(kind);

beforeAll(async () => {
  both = await startBoth();
  for (const kind of KINDS) must(await store(kind).schema.migrate());
});

afterAll(async () => {
  await both[Symbol.asyncDispose]();
});

const newestFirst = { limit: 100, sort: "time", direction: "descending" } as const;

const audited: AuditEntry = {
  actor: "ada",
  action: "update",
  project: "first",
  resource: "Experiment/first/a",
  before: null,
  after: { kind: "Secret", data: { key: "c2VjcmV0" } },
  sourceAddress: "2001:db8::7",
  result: "allowed",
  reason: "",
};

describe.each(KINDS)("%s PostgreSQL", (kind) => {
  test("it tells its version, place and schema", async () => {
    const health = must(await store(kind).health());
    expect(health.serverVersion).toMatch(kind === "embedded" ? /^18\./ : /^15\./);
    expect(health.usedBytes).toBeGreaterThan(1e6);
    expect(store(kind).place).toContain("unix socket");
    const status = must(await store(kind).schema.status());
    expect(status).toEqual({
      current: MIGRATION_NAMES.at(-1),
      latest: status.current,
      pending: [],
    });
  });

  test("each revision is kept whole, with author, number and difference", async () => {
    const { revisions } = store(kind);
    const name = { project: "first", kind: "Experiment", namespace: "first", name: "diff" };
    const first = must(await revisions.put(revision("diff", { expected: 0 })));
    const second = must(
      await revisions.put(
        revision("diff", { expected: 1, author: "bob", object: experiment("diff", 3) }),
      ),
    );
    must(await revisions.put(revision("diff", { object: null })));
    expect([first.number, second.number]).toEqual([1, 2]);
    const read = must(await revisions.get(name, 2));
    expect(read).toMatchObject({ ...name, number: 2, author: "bob", redacted: [] });
    expect(read.object).toEqual(experiment("diff", 3));
    expect(read.diff).toEqual([{ op: "replace", path: "/spec/replicas", value: 3 }]);
    expect(must(await revisions.get(name, 3)).object).toBeNull();
    expect(mustFail(await revisions.get(name, 4))).toBe(
      "not-found: Experiment diff has no revision 4",
    );
    const candidate = must(await revisions.restoreCandidate(name, 1));
    expect(candidate).toMatchObject({ current: 3, redacted: [], object: experiment("diff", 1) });
    expect(candidate.diff).toEqual([{ op: "replace", path: "", value: experiment("diff", 1) }]);
    expect(mustFail(await revisions.restoreCandidate(name, 3))).toContain("deleted it");
  });

  test("of writers that started from the same revision one wins, and the others are told", async () => {
    const { revisions } = store(kind);
    must(await revisions.put(revision("race")));
    const tries = Array.from({ length: 12 }, (_, index) =>
      revisions.put(revision("race", { expected: 1, object: experiment("race", index) })),
    );
    const outcomes = await Promise.all(tries);
    const lost = outcomes.filter((outcome) => !outcome.ok).map(mustFail);
    expect(lost).toHaveLength(11);
    expect(new Set(lost)).toEqual(
      new Set(["conflict: Experiment race is at revision 2, not 1; read it again"]),
    );
  });

  test("a write that is sent again with its key is done once, also at the same time", async () => {
    const { revisions } = store(kind);
    const write = revision("again", { idempotencyKey: "key-1", audit: audited });
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => revisions.put(write)));
    const puts = outcomes.map(must);
    expect(puts.map(({ number }) => number)).toEqual(Array(8).fill(1));
    expect(puts.filter(({ replayed }) => !replayed)).toHaveLength(1);
    const other = await revisions.put({ ...write, object: experiment("again", 9) });
    expect(mustFail(other)).toBe("conflict: idempotency key key-1 was used for another write");
    must(await revisions.put({ ...write, author: "bob" }));
    const rows = await both.sql(
      kind,
      "select count(*)::int from seam.audit where resource like '%/a'",
    );
    expect(rows).toEqual([{ count: 2 }]);
  });

  test("no secret is in the database, and restoring says which are missing", async () => {
    const { revisions, audit, journal } = store(kind);
    const object = {
      kind: "Secret",
      metadata: { name: "s", resourceVersion: "7", managedFields: [{ f: "hunter2" }] },
      data: { key: "hunter2" },
    };
    must(await revisions.put(revision("s", { kind: "Secret", object })));
    must(await audit.append({ ...audited, after: object }));
    must(await journal.append([logLine("x", { fields: { password: "hunter2" } })]));
    const dump = await both.sql(
      kind,
      `select (select string_agg(r::text, '') from seam.revision r)
        || (select string_agg(a::text, '') from seam.audit a)
        || (select string_agg(j::text, '') from seam.journal j) as text`,
    );
    expect(String(dump[0]?.["text"])).toContain("<redacted>");
    expect(String(dump[0]?.["text"])).not.toContain("hunter2");
    const name = { project: "first", kind: "Secret", namespace: "first", name: "s" };
    expect(must(await revisions.restoreCandidate(name, 1))).toMatchObject({
      object: { kind: "Secret", metadata: { name: "s" }, data: { key: "<redacted>" } },
      redacted: ["/data/key"],
    });
  });

  test.each([
    ["project", revision("x", { project: "a\nb" })],
    ["name", revision("")],
    ["author", revision("x", { author: "" })],
    ["expected", revision("x", { expected: 1.5 })],
    ["object", revision("x", { object: { kind: "a\0b" } })],
    ["object", revision("x", { object: { kind: "\uD800" } })],
    ["object", revision("x", { object: { kind: "x".repeat(2 ** 21) } })],
  ])("a wrong %s is refused and named", async (field, wrong) => {
    expect(mustFail(await store(kind).revisions.put(wrong))).toMatch(
      new RegExp(`^invalid: ${field}: expected `),
    );
  });

  test("revisions are filtered and sorted, the newest of each object too", async () => {
    const { revisions } = store(kind);
    for (const name of ["b", "a", "a", "c"])
      must(await revisions.put(revision(name, { project: "sorted" })));
    const byName = { limit: 2, sort: "name", direction: "ascending" } as const;
    const rows = await allPages(async (cursor) =>
      must(await revisions.list({ project: "sorted", newestOnly: true }, { ...byName, ...cursor })),
    );
    expect(rows.map(({ name, number }) => `${name}${number}`)).toEqual(["a2", "b1", "c1"]);
    const none = must(await revisions.list({ project: "sorted", author: "bob" }, newestFirst));
    expect(none).toEqual({ rows: [], next: null });
    const future = { project: "sorted", from: new Date(Date.now() + 60_000) };
    expect(must(await revisions.list(future, newestFirst)).rows).toEqual([]);
  });

  test("a cursor is good for its own list alone, and a wrong page is refused", async () => {
    const { revisions } = store(kind);
    const page = must(await revisions.list({ project: "sorted" }, { ...newestFirst, limit: 1 }));
    const cursor = page.next!;
    for (const given of [
      { ...newestFirst, cursor: "nonsense" },
      { ...newestFirst, cursor, direction: "ascending" as const },
    ])
      expect(mustFail(await revisions.list({ project: "sorted" }, given))).toContain("cursor");
    expect(mustFail(await revisions.list({}, { ...newestFirst, cursor }))).toContain("cursor");
    expect(mustFail(await revisions.list({}, { ...newestFirst, limit: 0 }))).toContain("limit");
  });

  test("events and logs are found by words and time, whatever is in them", async () => {
    const { journal } = store(kind);
    const at = new Date(Date.now() - 86_400_000);
    const event = { stream: "event", level: "warning", subject: "Pod/first/web-0" } as const;
    must(
      await journal.append([
        logLine("the tunnel to n2 is down", { at, fields: { node: "n2", odd: "a\0b\uD800" } }),
        logLine("the tunnel to n3 is up"),
        logLine("odd: \0 and \uDFFF \u2028 end"),
        logLine("tunnel refused", { ...event, reason: "FailedAttach" }),
      ]),
    );
    const found = async (text: string, more: object = {}): Promise<readonly string[]> => {
      const filter = { stream: "log", text, ...more } as const;
      return must(await journal.search(filter, newestFirst)).rows.map(({ message }) => message);
    };
    expect(await found("tunnel -up")).toEqual(["the tunnel to n2 is down"]);
    expect(await found('"to n3"')).toEqual(["the tunnel to n3 is up"]);
    expect(await found("odd")).toEqual(["odd: \uFFFD and \uFFFD \u2028 end"]);
    expect(await found("it's (a | b:*) & !'")).toEqual([]);
    expect(await found("failedattach", { stream: "event" })).toEqual(["tunnel refused"]);
    const until = { to: new Date(at.getTime() + 1) };
    const [entry] = must(await journal.search({ stream: "log", ...until }, newestFirst)).rows;
    expect(entry).toMatchObject({ at, fields: { node: "n2", odd: "a\uFFFDb\uFFFD" } });
    expect(mustFail(await journal.append([logLine("x", { source: "" })]))).toContain(
      "entries[0].source: expected",
    );
  });

  test("an entry that has a key is kept once, whoever tells it again", async () => {
    const { journal } = store(kind);
    const told = (key: string, message: string) => logLine(message, { source: "again", key });
    const first = must(await journal.append([told("a/1", "first"), logLine("no key")]));
    expect(first).toHaveLength(2);
    const again = [told("a/1", "second"), told("a/2", "third"), logLine("no key")];
    expect(must(await journal.append(again))).toHaveLength(2);
    const kept = must(await journal.search({ stream: "log", source: "again" }, newestFirst)).rows;
    expect(kept.map(({ message }) => message).toSorted()).toEqual(["first", "third"]);
  });

  test("the audit tells who, what and from where; nobody can change or delete it early", async () => {
    const { audit, retention } = store(kind);
    const denied = { ...audited, actor: "eve", result: "denied", reason: "viewer" } as const;
    must(await audit.append(denied));
    const [row] = must(await audit.list({ actor: "eve" }, newestFirst)).rows;
    expect(row).toMatchObject({
      ...denied,
      after: { kind: "Secret", data: { key: "<redacted>" } },
    });
    for (const text of [
      "update seam.audit set actor = 'bob'",
      "delete from seam.audit",
      "truncate seam.audit",
      "update seam.retention set least_days = 1 where stream = 'audit'",
      "delete from seam.retention where stream = 'audit'",
      "update seam.retention set keep_days = 1 where stream = 'audit'",
    ])
      await expect(ask(both.url(kind), text)).rejects.toThrow(/append only|fixed|check/);
    expect(mustFail(await retention.set("audit", 30, "ada"))).toContain("90 to 36500 days");
    expect(mustFail(await audit.append({ ...audited, sourceAddress: "here" }))).toContain(
      "sourceAddress",
    );
  });

  test("what is older than its retention goes, and the newest revisions stay", async () => {
    const { retention, audit } = store(kind);
    await both.sql(
      kind,
      `insert into seam.audit (at, actor, action, project, resource, result, reason)
         values (now() - interval '120 days', 'old', 'x', '', '', 'allowed', '');
       insert into seam.journal (stream, at, level, project, source, subject, reason, message, fields)
         select 'log', now() - interval '31 days', 'info', 'old', 's', '', '', 'm', '{}'
           from generate_series(1, 6000);
       insert into seam.revision (project, kind, namespace, name, number, at, author, diff, redacted, request_hash)
         select 'old', 'K', '', 'n', n, now() - interval '99 days', 'a', '[]', '[]', '' from generate_series(1, 3) n`,
    );
    must(await retention.set("audit", 100, "ada"));
    must(await retention.set("revision", 30, "ada"));
    const gone = must(await retention.apply());
    expect([gone.get("audit"), gone.get("log"), gone.get("revision")]).toEqual([1, 6000, 2]);
    expect(must(await retention.apply()).get("log")).toBe(0);
    const [change] = must(await audit.list({ action: "set-retention" }, newestFirst)).rows;
    expect(change).toMatchObject({ resource: "retention/revision", after: { keepDays: 30 } });
    must(await retention.set("revision", null, "ada"));
  });

  test("results of benchmarks and roll-ups are kept and found", async () => {
    const { benchmarks, rollups } = store(kind);
    const result = { project: "first", name: "throughput", author: "ada", specHash: "abc" };
    const id = must(await benchmarks.put({ ...result, document: { cases: [1.5] } }));
    expect(must(await benchmarks.get(id))).toMatchObject({ ...result, document: { cases: [1.5] } });
    const page = { limit: 10, sort: "name", direction: "ascending" } as const;
    expect(must(await benchmarks.list({ specHash: "abc" }, page)).rows).toHaveLength(1);
    const at = new Date("2026-05-01T00:00:00Z");
    const one = {
      metric: "seam_pod_tx_bytes_total",
      labels: { pod: "web-0", node: "n1" },
      resolutionSeconds: 300,
      at,
      minValue: 0.1,
      maxValue: 1e300,
      sumValue: -0.3,
      sampleCount: 20,
    };
    must(await rollups.put([one, { ...one, labels: { pod: "web-1" } }]));
    must(await rollups.put([{ ...one, labels: { node: "n1", pod: "web-0" }, sampleCount: 21 }]));
    const filter = { metric: one.metric, resolutionSeconds: 300, labels: { node: "n1" } };
    const read = must(await rollups.list(filter, newestFirst)).rows;
    expect(read).toEqual([{ ...one, sampleCount: 21 }]);
    expect(mustFail(await rollups.put([{ ...one, sumValue: NaN }]))).toContain("rollups[0]");
  });
});
