/** Which Go versions build the tools as they are. */
import { expect, test } from "vitest";

import { isNewEnough } from "./go-program.ts";

test.each([
  { text: "go version go1.26.8 linux/amd64", expected: true },
  { text: "go version go1.27rc1 linux/amd64", expected: true },
  { text: "go version go2.0 linux/amd64", expected: true },
  { text: "go version go1.19.8 linux/amd64", expected: false },
  { text: "no version", expected: false },
])("$text: $expected", ({ text, expected }) => {
  expect(isNewEnough(text)).toBe(expected);
});
