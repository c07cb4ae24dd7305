/** Fingerprints of entries: the content counts, not where or when its file was made. */
import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, expect, test } from "vitest";

import { fingerprint } from "./rootfs.ts";

const folder = mkdtempSync(path.join(tmpdir(), "seam-test-rootfs-"));
afterAll(() => rmSync(folder, { recursive: true }));

function print(file: {
  readonly name: string;
  readonly text: string;
  readonly mode?: number;
}): string {
  const from = path.join(folder, file.name);
  writeFileSync(from, file.text);
  utimesSync(from, 1, 1);
  chmodSync(from, file.mode ?? 0o644);
  return fingerprint({ kind: "file", from, to: "/x" });
}

test("equal content from another folder at another time has the same fingerprint", () => {
  const first = print({ name: "a", text: "one" });
  utimesSync(path.join(folder, "a"), 5, 5);
  expect(print({ name: "b", text: "one" })).toBe(first);
});

test("other content of the same size and time, or another mode, has another fingerprint", () => {
  const first = print({ name: "a", text: "one" });
  expect(print({ name: "a", text: "two" })).not.toBe(first);
  expect(print({ name: "a", text: "one", mode: 0o755 })).not.toBe(first);
});
