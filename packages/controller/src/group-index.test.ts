import { expect, test } from "vitest";
import { createGroupIndex } from "./group-index.ts";

test("the index follows objects that move between groups and tells both", () => {
  const index = createGroupIndex<{ readonly group: string }>(({ group }) => group);
  const set = (key: string, group: string): readonly string[] =>
    index.accept({ kind: "set", key, value: { group } });
  expect(set("1", "a")).toEqual(["a"]);
  expect(set("2", "a")).toEqual(["a"]);
  expect(set("1", "b")).toEqual(["a", "b"]);
  expect(index.membersOf("a")).toHaveLength(1);
  expect(index.accept({ kind: "deleted", key: "1", value: { group: "b" } })).toEqual(["b"]);
  expect(index.membersOf("b")).toEqual([]);
});
