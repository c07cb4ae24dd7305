/** Which connections have lost their own address. */
import { expect, test } from "vitest";
import { isStranded } from "./stranded.ts";

const own = new Set(["127.0.0.1", "10.0.0.1", "fd00::1", "fe80::5"]);

test.each([
  ["10.0.0.1", false],
  ["10.0.0.2", true],
  ["::ffff:10.0.0.1", false],
  ["::ffff:10.0.0.2", true],
  ["fd00::1", false],
  ["fd00::2", true],
  ["fe80::5%eth0", false],
  ["127.9.9.9", false],
  ["::1", false],
])("%s: %s", (address, stranded) => {
  expect(isStranded(address, own)).toBe(stranded);
});
