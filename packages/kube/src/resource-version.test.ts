/** The order of resourceVersions (KEP-5504). */
import { expect, test } from "vitest";
import { hasReached, latestVersion } from "./resource-version.ts";

test.each([
  ["7", "7", true],
  ["10", "9", true],
  ["9", "10", false],
  ["123456789012345678901234567890", "99999999999999999999", true],
  // As doubles these two are the same number.
  ["9007199254740992", "9007199254740993", false],
  ["9007199254740993", "9007199254740992", true],
])("%s has reached %s: %s", (version, wanted, expected) => {
  expect(hasReached(version, wanted)).toBe(expected);
});

test.each(["", "0", "007", "-1", "1e9", " 1", "x"])("%j is no version, before or after", (text) => {
  expect([hasReached(text, "1"), hasReached("1", text), hasReached(text, text)]).toEqual([
    false,
    false,
    false,
  ]);
});

test("the latest is a number, whatever stands beside it", () => {
  expect(latestVersion(["9", "10", "", "8"])).toBe("10");
  expect(latestVersion(["x"])).toBeNull();
  expect(latestVersion([])).toBeNull();
});
