/** Depth is that of the parsed document, and is known in time also for texts that are no JSON. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { isDeep, MOST_LEVELS } from "./json-depth.ts";

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null
    ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
    : 0;

test("S14: a document is deep when it has more levels than the most", () => {
  const nested = (levels: number, inner: string): string =>
    `${"[".repeat(levels)}${inner}${"]".repeat(levels)}`;
  const levels = fc.integer({ min: MOST_LEVELS - 4, max: MOST_LEVELS + 1 });
  fc.assert(
    fc.property(levels, fc.json({ maxDepth: 4 }), (count, inner) => {
      const text = nested(count, inner);
      expect(isDeep(text)).toBe(depthOf(JSON.parse(text)) > MOST_LEVELS);
    }),
  );
});

test.each([
  ["brackets in texts", JSON.stringify("[{".repeat(200)), false],
  ["quotes in texts", JSON.stringify(['"\\', ...Array.from({ length: 200 }, () => "[")]), false],
  ["siblings", `[${"[],".repeat(200)}[]]`, false],
  ["what is never closed", '"\\'.repeat(300_000), false],
  ["what is only opened", "[".repeat(1_000_000), true],
])("S14: %s", (_, text, isTooDeep) => {
  expect(isDeep(text)).toBe(isTooDeep);
});
