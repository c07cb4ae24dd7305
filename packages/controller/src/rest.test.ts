/** How long an object is left alone. */
import { expect, test } from "vitest";
import { restAfter } from "./rest.ts";

test.each([
  [0, 200, 100],
  [60, 200, 180],
  [100, 300, 300],
  [5000, 1000, 300],
])("after a pass of %i ms an object rests %i ms, an account %i ms", (took, object, account) => {
  expect(restAfter(took, "object")).toBe(object);
  expect(restAfter(took, "account")).toBe(account);
});
