/** URLs of databases: what they mean, and that no refusal repeats one. */
import { expect, test } from "vitest";
import { readDatabaseUrl } from "./database-url.ts";

const SECRET = "s3cr%40t";

test.each([
  [
    `postgres://u:${SECRET}@localhost/d`,
    { host: "localhost", port: 5432, user: "u", password: "s3cr@t", database: "d", ssl: false },
  ],
  [
    "postgresql://u@/d?host=/run/postgresql&port=5433",
    { host: "/run/postgresql", port: 5433, user: "u", database: "d", ssl: false },
  ],
  [
    "postgres:///d?host=/run&user=u",
    { host: "/run", port: 5432, user: "u", database: "d", ssl: false },
  ],
  ["postgres://u@[::1]:9/d", { host: "::1", port: 9, user: "u", database: "d", ssl: false }],
])("%s is read", (url, target) => {
  expect(readDatabaseUrl(url)).toEqual({ ok: true, value: target });
});

test.each([
  ["db.example.org/d", true, true],
  ["db.example.org/d?sslmode=verify-ca", true, false],
  ["db.example.org/d?sslmode=require", false, false],
])("%s: a certificate is checked: %s, its name: %s", (place, isChecked, isNamed) => {
  const read = readDatabaseUrl(`postgres://u@${place}`);
  const ssl = read.ok ? read.value.ssl : read.error;
  expect(ssl).toMatchObject({ rejectUnauthorized: isChecked });
  expect("checkServerIdentity" in Object(ssl)).toBe(!isNamed);
});

test.each([
  ["", "database URL: expected postgres://USER:PASSWORD@HOST"],
  [`mysql://u:${SECRET}@h/d`, "database URL: expected"],
  [`postgres://u:${SECRET}@h`, "database URL: expected"],
  [`postgres://u:${SECRET}@h1,h2:99999/d`, "database URL: expected"],
  [`postgres://u:${SECRET}%@/d`, "database URL: expected"],
  [`postgres://u:${SECRET}@/d`, "database URL: expected"],
  [
    `postgres://u:${SECRET}@h/d?sslmode=prefer`,
    "sslmode of the database URL: expected one of disable",
  ],
  [
    `postgres://u:${SECRET}@h/d?options=-cx`,
    "parameter options of the database URL: expected one of",
  ],
])("%s is refused without being repeated", (url, words) => {
  const read = readDatabaseUrl(url);
  const message = read.ok ? "" : read.error.message;
  expect(message).toContain(words);
  expect(message).not.toMatch(/s3cr/);
});
