/** Paths to fields, and sorting by them. */
import { expect, test } from "vitest";
import { parseFieldPath, sortedBy, valueAt } from "./field-path.ts";

const object = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "a", labels: { "app.kubernetes.io/name": "x" } },
  spec: { containers: [{ name: "first" }, { name: "second" }] },
};

test.each([
  [".metadata.name", "a"],
  ["metadata.name", "a"],
  ["{.metadata.name}", "a"],
  ["{$.metadata.name}", "a"],
  [".spec.containers[1].name", "second"],
  [String.raw`.metadata.labels.app\.kubernetes\.io/name`, "x"],
  [".metadata.labels['app.kubernetes.io/name']", "x"],
  [".metadata.name.more", undefined],
  [".spec.containers[7].name", undefined],
])("%s", (text, value) => {
  const path = parseFieldPath(text);
  expect(valueAt(object, path.ok ? path.value : ["no path"])).toBe(value);
});

test.each([
  [".spec.containers[*].name", "[*].name"],
  ["{.metadata", ".{.metadata"],
  [".metadata..name", "..name"],
  ["", "."],
])("%j cannot be read", (text, rest) => {
  expect(parseFieldPath(text)).toMatchObject({
    ok: false,
    error: { code: "BadInput", message: `cannot read the path "${text}" from "${rest}" on` },
  });
});

test("numbers are sorted by value, texts with numbers as people read them, nothing comes last", () => {
  const order = (...values: readonly unknown[]): readonly unknown[] => {
    const items = values.map((value) => ({ object: { ...object, value }, value }));
    return sortedBy(items, ["value"]).map(({ value }) => value);
  };
  expect(order(10, 9, 100)).toEqual([9, 10, 100]);
  expect(order("pod-10", undefined, "pod-9")).toEqual(["pod-9", "pod-10", undefined]);
  expect(order("2026-01-02T00:00:00Z", "2025-12-31T00:00:00Z")).toEqual([
    "2025-12-31T00:00:00Z",
    "2026-01-02T00:00:00Z",
  ]);
});
