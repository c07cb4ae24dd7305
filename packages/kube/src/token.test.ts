/** How long a token in a file is kept. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { millis } from "@seam/base";
import { afterAll, expect, test } from "vitest";
import { tokenSource } from "./token.ts";

const folder = mkdtempSync(join(tmpdir(), "seam-token-"));
const path = join(folder, "token");
const write = (text: string): void => writeFileSync(path, `${text}\n`);
afterAll(() => rmSync(folder, { recursive: true }));

test("a file is read once, and again after its time", async () => {
  write("one");
  const source = tokenSource({ kind: "file", path }, millis(50));
  expect(await source.read()).toBe("one");
  write("two");
  expect(await source.read()).toBe("one");
  await sleep(60);
  expect(await Promise.all([source.read(), source.read()])).toEqual(["two", "two"]);
});

test("a token that was refused is read anew, and so is one that could not be read", async () => {
  rmSync(path, { force: true });
  const source = tokenSource({ kind: "file", path });
  await expect(source.read()).rejects.toThrow("ENOENT");
  write("one");
  expect(await source.read()).toBe("one");
  write("two");
  source.refused();
  expect(await source.read()).toBe("two");
});

test.each([
  [{ kind: "none" } as const, null],
  [{ kind: "text", text: "t" } as const, "t"],
])("%o stays", async (token, text) => {
  const source = tokenSource(token);
  source.refused();
  expect(await source.read()).toBe(text);
});
