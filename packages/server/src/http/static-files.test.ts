/** The dashboard's files: what is served where, how packed, and for how long (S9). */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { brotliDecompressSync, brotliCompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type App, bareApp } from "./bare-app.ts";
import { addStaticRoutes, readStaticFiles } from "./static-files.ts";

const folder = mkdtempSync(path.join(tmpdir(), "seam-test-static-"));
const PAGE = "<!doctype html><title>Seam</title>";
let app: App;

beforeAll(async () => {
  mkdirSync(path.join(folder, "assets"));
  writeFileSync(path.join(folder, "index.html"), PAGE);
  writeFileSync(path.join(folder, "sources.txt"), "not for anybody");
  writeFileSync(path.join(folder, "assets/a-1.js"), "let a = 1;");
  writeFileSync(path.join(folder, "assets/a-1.js.br"), brotliCompressSync("let a = 1;"));
  const files = readStaticFiles(folder);
  if (files === null) throw new Error("there is a page");
  app = bareApp(null);
  addStaticRoutes(app, files);
  await app.ready();
});

afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

const get = (url: string, headers: { readonly [name: string]: string } = {}) =>
  app.inject({ method: "GET", url, headers });

const HTML = { accept: "text/html,*/*" };

test("a file with a hash in its name is kept for ever, and comes packed to whom can unpack it", async () => {
  const packed = await get("/assets/a-1.js", { "accept-encoding": "gzip, br" });
  expect(packed.headers).toMatchObject({
    "cache-control": "public, max-age=31536000, immutable",
    "content-encoding": "br",
    "content-type": "text/javascript; charset=utf-8",
    vary: "accept-encoding",
  });
  expect(brotliDecompressSync(packed.rawPayload).toString()).toBe("let a = 1;");
  const plain = await get("/assets/a-1.js", { "accept-encoding": "gzip, br;q=0" });
  expect(plain.headers).not.toHaveProperty("content-encoding");
  expect(plain.body).toBe("let a = 1;");
});

test("the page is asked for anew, by its tag, and its policy lets no other program in", async () => {
  const page = await get("/", HTML);
  expect([page.statusCode, page.body]).toEqual([200, PAGE]);
  expect(page.headers["cache-control"]).toBe("no-cache");
  expect(page.headers["content-security-policy"]).toContain("script-src 'self';");
  expect(page.headers["content-security-policy"]).not.toContain("unsafe");
  const again = await get("/", { ...HTML, "if-none-match": String(page.headers.etag) });
  expect([again.statusCode, again.body]).toEqual([304, ""]);
});

test("a folder without a page is no dashboard", () => {
  expect(readStaticFiles(path.join(folder, "assets"))).toBeNull();
});

test("the page answers at its own paths, to browsers alone; what is missing is missing", async () => {
  const status = async (url: string, headers = {}) => (await get(url, headers)).statusCode;
  expect(await status("/projects/lab-a/experiments", HTML)).toBe(200);
  expect(await status("/projects/lab-a/experiments")).toBe(404);
  expect(await status("/api/v1/nowhere", HTML)).toBe(404);
  expect(await status("/assets/a-2.js", HTML)).toBe(404);
  expect(await status("/sources.txt")).toBe(404);
  for (const out of ["/../package.json", "/..%2fpackage.json", "/assets/../../package.json"])
    expect([out, await status(out)]).toEqual([out, 404]);
});
