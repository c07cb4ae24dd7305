/** What differs between two states of an object. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { asWritten, fieldChanges } from "./object-difference.ts";

test.each<[string, unknown, unknown, readonly string[]]>([
  ["nothing", { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []],
  ["a value", { a: 1 }, { a: 2 }, [".a: 1 2"]],
  ["a field more", { a: 1 }, { a: 1, b: { c: 2 } }, [".b: undefined [object Object]"]],
  ["a field less", { a: { b: 1 } }, { a: {} }, [".a.b: 1 undefined"]],
  [
    "an item called by its name, wherever it stands",
    { items: [{ name: "x", size: 1 }, { name: "y" }] },
    { items: [{ name: "y" }, { name: "x", size: 2 }] },
    [".items[x].size: 1 2"],
  ],
  [
    "an item without a name",
    { items: [1, 2] },
    { items: [1, 3, 4] },
    [".items[1]: 2 3", ".items[2]: undefined 4"],
  ],
  [
    "two items of one name",
    { a: [{ name: "x" }, { name: "x", b: 1 }] },
    { a: [{ name: "x" }, { name: "x", b: 2 }] },
    [".a[1].b: 1 2"],
  ],
  ["a key with dots", { "a.b/c": 1 }, { "a.b/c": 2 }, ["['a.b/c']: 1 2"]],
  ["another kind of value", { a: [1] }, { a: { b: 1 } }, [".a: 1 [object Object]"]],
])("%s", (...[, before, after, expected]) => {
  const changes = fieldChanges(before, after);
  expect(
    changes.map((each) => `${each.path}: ${String(each.before)} ${String(each.after)}`),
  ).toEqual(expected);
});

test("there is no change exactly when both are equal", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      expect(fieldChanges(one, one)).toEqual([]);
      const same = JSON.stringify(one) === JSON.stringify(other);
      expect(fieldChanges(one, other).length === 0).toBe(same || sameContent(one, other));
    }),
  );
});

/** Equal apart from the order of keys, and of items that all have names. */
function sameContent(one: unknown, other: unknown): boolean {
  return JSON.stringify(ordered(one)) === JSON.stringify(ordered(other));
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, ordered(inner)] as const);
  return Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

test("what only the API server writes is left out", () => {
  const written = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "a", labels: { b: "c" } },
    spec: { clusterIP: "None" },
  };
  const read = {
    ...written,
    metadata: {
      ...written.metadata,
      uid: "u",
      generation: 3,
      resourceVersion: "9",
      creationTimestamp: "2026-11-26T00:00:00Z",
      managedFields: [],
      annotations: { "seam.ucsd.edu/applied": "0123" },
    },
    status: { phase: "x" },
  };
  expect(fieldChanges(asWritten(read), asWritten(written))).toEqual([]);
});
