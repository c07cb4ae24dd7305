/**
 * Writes a one-layer image as a docker archive, the format that `ctr images import` reads, from a root file
 * system and a Containerfile. Equal inputs give equal bytes: names are sorted, times and owners are zero.
 */
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";

import { mustRun } from "./command.ts";
import type { ImageConfig } from "./containerfile.ts";

/** What to write. */
export type ArchiveInput = {
  /** Every name of the image. */
  readonly references: readonly string[];
  readonly rootfs: string;
  readonly config: ImageConfig;
  /** Folder for unfinished files, on the archive's file system. */
  readonly work: string;
};

const reproducible = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];

/** Writes the archive to `file`, which appears whole or not at all. */
export async function writeImageArchive(file: string, input: ArchiveInput): Promise<void> {
  const parts = path.join(input.work, "parts");
  mkdirSync(parts, { recursive: true });
  const layer = path.join(parts, "layer.tar");
  await mustRun(["tar", "-C", input.rootfs, ...reproducible, "-cf", layer, "."]);
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    created: "1970-01-01T00:00:00Z",
    config: input.config,
    rootfs: { type: "layers", diff_ids: [`sha256:${await digestOf(layer)}`] },
    history: [{ created: "1970-01-01T00:00:00Z" }],
  });
  const manifest = [{ Config: "config.json", RepoTags: input.references, Layers: ["layer.tar"] }];
  writeFileSync(path.join(parts, "config.json"), config);
  writeFileSync(path.join(parts, "manifest.json"), JSON.stringify(manifest));
  const unfinished = path.join(input.work, "archive.tar");
  const names = ["manifest.json", "config.json", "layer.tar"];
  await mustRun(["tar", "-C", parts, ...reproducible, "-cf", unfinished, ...names]);
  renameSync(unfinished, file);
  rmSync(parts, { recursive: true });
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
