/** How long an object is left alone. */
import { expect, test } from "vitest";
import { restAfter } from "./rest.ts";

test.each([
  [0, 200],
  [60, 200],
  [100, 300],
  [5000, 1000],
])("after a pass of %i ms it rests %i ms", (took, rest) => {
  expect(restAfter(took)).toBe(rest);
});
