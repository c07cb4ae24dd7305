/** The small pure parts: cycles, lifetimes, conditions, and comparison with what the API server keeps. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { settle, newsIn, type Finding } from "./condition.ts";
import { contains } from "./contains.ts";
import { findCycle, type Waiter } from "./dependency.ts";
import { durationOf, lifetimeAt } from "./lifetime.ts";

test.each<[string, readonly Waiter[], readonly string[] | null]>([
  ["none", [{ name: "a" }, { name: "b", after: ["a"] }], null],
  [
    "a diamond",
    [
      { name: "d", after: ["b", "c"] },
      { name: "b", after: ["a"] },
      { name: "c", after: ["a"] },
      { name: "a" },
    ],
    null,
  ],
  [
    "two",
    [
      { name: "a", after: ["b"] },
      { name: "b", after: ["a"] },
    ],
    ["a", "b", "a"],
  ],
  [
    "a tail into three",
    [
      { name: "t", after: ["a"] },
      { name: "a", after: ["b"] },
      { name: "b", after: ["c"] },
      { name: "c", after: ["a"] },
    ],
    ["a", "b", "c", "a"],
  ],
])("cycle: %s", (_, workloads, cycle) => {
  expect(findCycle(workloads)).toEqual(cycle);
});

test("a cycle is found exactly when taking away startable workloads leaves some", () => {
  const names = ["a", "b", "c", "d", "e"];
  const graph = fc
    .array(fc.uniqueArray(fc.constantFrom(...names)), { minLength: 5, maxLength: 5 })
    .map((edges) => names.map((name, index) => ({ name, after: edges[index] ?? [] })));
  fc.assert(
    fc.property(graph, (workloads) => {
      const started = new Set<string>();
      for (const _ of names)
        for (const { name, after } of workloads)
          if (after.every((other) => started.has(other))) started.add(name);
      const cycle = findCycle(workloads);
      expect(cycle === null).toBe(started.size === names.length);
      for (const [index, name] of (cycle ?? []).slice(0, -1).entries())
        expect(workloads.find((item) => item.name === name)?.after).toContain(cycle?.[index + 1]);
    }),
  );
});

test.each([
  ["90s", 90_000],
  ["1d12h", 129_600_000],
  ["2m30s", 150_000],
])("%s is %i ms", (text, expected) => {
  expect(durationOf(text)).toBe(expected);
});

const hour = 3_600_000;
test.each([
  ["no lifetime", undefined, 0, { kind: "endless" }],
  ["long before", "24h", 0, { kind: "running", endsAt: 24 * hour, next: 24 * hour - 600_000 }],
  ["ten minutes before", "24h", 24 * hour - 600_000, { kind: "ending", next: 600_000 }],
  ["a tenth before, as that is shorter", "100s", 90_000, { kind: "ending", next: 10_000 }],
  ["just before that", "100s", 89_999, { kind: "running", next: 1 }],
  ["at the end", "100s", 100_000, { kind: "over", endsAt: 100_000 }],
])("lifetime: %s", (...[, text, now, expected]) => {
  expect(lifetimeAt(text, { createdAt: 0, now })).toMatchObject(expected);
});

const finding = (status: "True" | "False", reason: string): Finding => ({
  type: "Ready",
  status,
  reason,
  message: "m",
});

test("a condition keeps its time while its status is the same, also for another reason", () => {
  const first = settle([finding("False", "A")], [], { generation: 1, now: 1000 });
  const same = settle([finding("False", "B")], first, { generation: 2, now: 9000 });
  const other = settle([finding("True", "C")], same, { generation: 2, now: 9000 });
  expect([first, same, other].map(([item]) => item?.lastTransitionTime)).toEqual([
    "1970-01-01T00:00:01Z",
    "1970-01-01T00:00:01Z",
    "1970-01-01T00:00:09Z",
  ]);
  expect(same[0]?.observedGeneration).toBe(2);
  expect(newsIn([finding("False", "A")], first)).toEqual([]);
  expect(newsIn([finding("False", "B")], first)).toHaveLength(1);
});

test.each([
  ["defaults of the server", { a: 1, b: 2 }, { a: 1 }, true],
  ["another value", { a: 1 }, { a: 2 }, false],
  ["a missing field", {}, { a: { b: 1 } }, false],
  ["a longer list", { a: [1, 2] }, { a: [1] }, false],
  ["inside a list", { a: [{ x: 1, y: 2 }] }, { a: [{ x: 1 }] }, true],
  ["a quantity rewritten", { requests: { cpu: "500m" } }, { requests: { cpu: "0.5" } }, true],
  ["memory rewritten", { limits: { memory: "1Gi" } }, { limits: { memory: "1024Mi" } }, true],
  ["another quantity", { limits: { cpu: "1" } }, { limits: { cpu: "2" } }, false],
  ["a limit too many", { limits: { cpu: "1", memory: "1" } }, { limits: { cpu: "1" } }, false],
  ["text that looks like a quantity", { a: "1000m" }, { a: "1" }, false],
])("contains: %s", (...[, real, wanted, expected]) => {
  expect(contains(real, wanted)).toBe(expected);
});

test("an object contains itself, whatever the server adds", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.integer()), (value, more) => {
      const wanted = { value };
      expect(contains(wanted, wanted)).toBe(true);
      expect(contains({ ...more, ...wanted }, wanted)).toBe(true);
    }),
  );
});
