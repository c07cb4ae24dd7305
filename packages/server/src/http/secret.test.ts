/** Secrets and passwords (S12). */
import { expect, test } from "vitest";
import { csrfOf, hashOfPassword, hashOfSecret, isPassword, isSame, newSecret } from "./secret.ts";

test("S12: a password is known by its hash alone, which is another one each time", async () => {
  const [one, other] = [await hashOfPassword("päss word"), await hashOfPassword("päss word")];
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(one).not.toBe(other);
  expect([await isPassword("päss word", one), await isPassword("päss word", other)]).toEqual([
    true,
    true,
  ]);
  // The same letter, composed or not (Unicode, annex 15).
  expect(await isPassword("pa\u0308ss word", one)).toBe(true);
  expect(await isPassword("pass word", one)).toBe(false);
  expect([await isPassword("", null), await isPassword("x", "plain")]).toEqual([false, false]);
});

/** Of `password` with the salt `somesaltsomesalt`, by the reference implementation (Debian's argon2 20171227). */
const KNOWN =
  "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$K13EBUiG7JV+9ZxztmHFTdb7J0WQsnj2V8bZaqyPptE";

test("S12: hashes are those of RFC 9106's function", async () => {
  expect(await isPassword("password", KNOWN)).toBe(true);
  expect(await isPassword("Password", KNOWN)).toBe(false);
});

test("S12: secrets are long, and neither their hashes nor a session's mark tell them", () => {
  const secret = newSecret();
  expect(secret).toMatch(/^seam_[\w-]{43}$/);
  expect(newSecret()).not.toBe(secret);
  expect(hashOfSecret(secret)).toMatch(/^[0-9a-f]{64}$/);
  expect(csrfOf(secret)).not.toBe(hashOfSecret(secret));
  expect([isSame(secret, secret), isSame(secret, `${secret}x`), isSame("", "")]).toEqual([
    true,
    false,
    true,
  ]);
});
