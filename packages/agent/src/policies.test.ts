/** What people are told about refused policies. */
import { expect, test } from "vitest";

import { lackOf } from "./policies.ts";

test("a refusal that missing modules cause names them, and no other does (I14)", () => {
  expect(lackOf({ errno: "ENOENT" })).toMatch(/nft_log, nfnetlink_log or nft_fib_inet: load them/);
  expect(lackOf({ errno: "EINVAL" })).toBe("");
});
