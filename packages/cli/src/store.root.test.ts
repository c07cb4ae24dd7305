/** The commands of the guide about the store, as a reader runs them, and what they say when something is wrong (S13). */
import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { type DebianPostgres, startDebianPostgres } from "@seam/store/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileOf } from "./chart.fixture.ts";

const execute = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), "seam-test-store-"));
let postgres: DebianPostgres;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  chmodSync(folder, 0o755);
  for (const name of ["bin", "node_modules"]) symlinkSync(fileOf(name), path.join(folder, name));
  postgres = await startDebianPostgres();
  environment = {
    ...process.env,
    SEAM_STORE_DIRECTORY: path.join(folder, "store"),
    DATABASE_URL: await postgres.newDatabase(),
  };
});

afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const shell = async (script: string): Promise<string> => {
  const given = ["-euo", "pipefail", "-c", script];
  const { stdout, stderr } = await execute("bash", given, { cwd: folder, env: environment });
  return stdout + stderr;
};

test("they work as written, and show what the page says", async () => {
  const page = readFileSync(fileOf("docs/guide/store.md"), "utf8");
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block ?? "");
  expect(blocks).toHaveLength(4);
  const said = await shell(blocks.join("\n"));
  expect(said).toContain(`database postgres at unix socket ${folder}/store/run\n`);
  expect(said).toMatch(/PostgreSQL 18\.\d+, \d+ MiB\nschema at 0007-journal-key\nKEPT +FOR\n/);
  expect(said).toMatch(/audit +400 days\n.*revision +for ever\n/s);
  expect(said).toMatch(/seam-store.backup: \d+ rows, schema 0007-journal-key\nrestored \d+ rows/);
  expect(said).toMatch(/PostgreSQL 15\.\d+/);
  expect(said).toContain(
    "from 0007-journal-key to 0004-audit\nfrom 0004-audit to 0007-journal-key\n",
  );
  expect(statSync(path.join(folder, "seam-store.backup")).mode & 0o777).toBe(0o600);
  expect(() => statSync(path.join(folder, "store/data/postmaster.pid"))).toThrow("ENOENT");
}, 120_000);

test.each([
  [
    "status --directory none",
    /there is no store in .*none; make one: seam store migrate --directory/,
  ],
  ["status --directory a --url-file b", /expected --directory or --url-file, not both/],
  ["status --url-file none", /--url-file: ENOENT/],
  ["migrate --to 0001-feed", /from 0007-journal-key to 0001-feed drops tables.*say --discard/],
  ["migrate --to 7", /step: expected one of nothing, 0001-feed/],
  ["backup seam-store.backup", /seam-store.backup: expected a name that is not taken/],
  ["restore bin/seam --directory new", /bin\/seam is damaged: incorrect header check/],
  ["restore none --directory new", /ENOENT/],
])("seam store %s: refused with what to do", async (words, message) => {
  await expect(shell(`bin/seam store ${words}`)).rejects.toThrow(message);
});

test("a backup that was cut is refused before anything is written", async () => {
  const file = path.join(folder, "seam-store.backup");
  truncateSync(file, statSync(file).size - 20);
  const words = "restore seam-store.backup --directory cut";
  await expect(shell(`bin/seam store ${words}`)).rejects.toThrow(/damaged: .*Nothing was restored/);
  expect(existsSync(path.join(folder, "cut"))).toBe(false);
});
