/** How long an object is left alone. */
import { expect, test } from "vitest";
import { restAround } from "./rest.ts";

test.each([
  [0, 200, 100],
  [25, 200, 200],
  [60, 200, 400],
  [100, 300, 400],
  [5000, 1000, 400],
])("around a pass of %i ms an object rests %i ms, an account %i ms", (took, object, account) => {
  expect(restAround(took, "object")).toBe(object);
  expect(restAround(took, "account")).toBe(account);
});
