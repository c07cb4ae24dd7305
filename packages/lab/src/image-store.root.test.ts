/** A containerd that starts with images kept in the cache has them, shares what it never changes, and changes nothing for others. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { fillImageStore } from "./image-store.ts";
import { labImage } from "./images.ts";

const binFolder = process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools";
const folder = mkdtempSync("/tmp/seam-test-image-store-");
const cache = process.env["XDG_CACHE_HOME"];
let archives: readonly string[] = [];

beforeAll(async () => {
  archives = [(await labImage("pause", binFolder)).archive];
  process.env["XDG_CACHE_HOME"] = path.join(folder, "cache");
});

afterAll(() => {
  if (cache === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = cache;
  rmSync(folder, { recursive: true, force: true });
});

const blobsOf = (root: string): readonly string[] =>
  readdirSync(path.join(root, "io.containerd.content.v1.content/blobs/sha256"));

test("two nodes get the same images, by links to one copy, and records of their own", async () => {
  const [one, two] = [path.join(folder, "one"), path.join(folder, "two")];
  for (const root of [one, two]) {
    mkdirSync(root);
    expect(await fillImageStore(root, { binFolder, archives })).toBe(true);
    expect(await fillImageStore(root, { binFolder, archives })).toBe(false);
  }
  const blobs = blobsOf(one);
  expect(blobs.length).toBeGreaterThan(2);
  expect(blobsOf(two)).toEqual(blobs);
  const inodes = (file: string): readonly number[] =>
    [one, two].map((root) => statSync(path.join(root, file)).ino);
  for (const blob of blobs) {
    const [first, second] = inodes(`io.containerd.content.v1.content/blobs/sha256/${blob}`);
    expect(first).toBe(second);
  }
  for (const records of ["metadata.v1.bolt/meta.db", "snapshotter.v1.overlayfs/metadata.db"]) {
    const [first, second] = inodes(`io.containerd.${records}`);
    expect(first).not.toBe(second);
  }
  expect(readdirSync(path.join(folder, "cache/seam/image-stores"))).toHaveLength(1);
});
