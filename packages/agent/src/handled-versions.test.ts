/** Which versions are news. */
import { expect, test } from "vitest";

import { createHandledVersions } from "./handled-versions.ts";

test("a version is told when objects of its kind changed, not when bookmarks moved it on", () => {
  let version: string | null = "10";
  const handled = createHandledVersions();
  handled.follow("A", () => version);
  handled.touch("not followed");
  expect([...handled.read()]).toEqual([["A", "10"]]);
  version = "20";
  expect([...handled.read()]).toEqual([["A", "10"]]);
  handled.touch("A");
  expect([...handled.read()]).toEqual([["A", "20"]]);
});

test("while a list is made anew the version before it stays, and the list's is told when it is whole", () => {
  let version: string | null = "10";
  const handled = createHandledVersions();
  handled.follow("A", () => version);
  handled.read();
  handled.touch("A");
  version = null;
  expect([...handled.read()]).toEqual([["A", "10"]]);
  // An older one too, as after a restored backup.
  version = "7";
  expect([...handled.read()]).toEqual([["A", "7"]]);
});

test("a kind that was never listed whole is not told", () => {
  const handled = createHandledVersions();
  handled.follow("A", () => null);
  handled.follow("B", () => "3");
  expect([...handled.read()]).toEqual([["B", "3"]]);
});
