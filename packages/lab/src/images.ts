/**
 * The images of a lab, made without a registry: a definition in `deploy/images/NAME` and a stated root file
 * system each, built when an input changed and kept in the cache folder.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { cacheFolder } from "./cache.ts";
import { parseContainerfile } from "./containerfile.ts";
import { writeImageArchive } from "./image-archive.ts";
import { type Contents, definitions, type ImageName } from "./image-contents.ts";
import { fingerprint, writeRootfs } from "./rootfs.ts";

const WEEK_MS = 7 * 24 * 3600 * 1000;

/** An image in the cache. */
export type LabImage = {
  readonly name: ImageName;
  /** What pods write as `image:`. */
  readonly reference: string;
  /** The docker archive. */
  readonly archive: string;
};

/** All images that a lab with Seam needs, built where necessary. */
export async function labImages(binFolder: string): Promise<readonly LabImage[]> {
  const names = ["pause", "coredns", "traffic", "seam"] as const;
  return Promise.all(names.map(async (name) => labImage(name, binFolder)));
}

/** One image, built when it is not in the cache. */
export async function labImage(name: ImageName, binFolder: string): Promise<LabImage> {
  const folder = path.join(cacheFolder(), "images");
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(path.join(folder, `.${name}-`));
  try {
    const contents = await definitions[name]({ binFolder, work });
    const { tag, aliases = [], entries } = contents;
    const key = keyOf(name, contents);
    const reference = tag.replace("KEY", key);
    const archive = path.join(folder, `${name}-${key}.tar`);
    if (!existsSync(archive)) {
      writeRootfs(path.join(work, "rootfs"), entries);
      const config = parseContainerfile(containerfile(name));
      await writeImageArchive(archive, {
        references: [reference, ...aliases],
        rootfs: path.join(work, "rootfs"),
        config,
        work,
      });
      removeOld(folder);
    }
    utimesSync(archive, new Date(), new Date());
    return { name, reference, archive };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Writes an image's Containerfile and root file system into a folder: the build context of other tools. */
export async function writeBuildContext(
  name: ImageName,
  binFolder: string,
  folder: string,
): Promise<void> {
  const { entries } = await definitions[name]({ binFolder, work: path.join(folder, ".work") });
  writeRootfs(path.join(folder, "rootfs"), entries);
  writeFileSync(path.join(folder, "Containerfile"), containerfile(name));
}

/** Text of an image's definition. */
export const containerfile = (name: ImageName): string =>
  readFileSync(
    fileURLToPath(new URL(`../../../deploy/images/${name}/Containerfile`, import.meta.url)),
    "utf8",
  );

function keyOf(name: ImageName, { aliases = [], entries }: Contents): string {
  const hash = createHash("sha256").update(containerfile(name));
  for (const alias of aliases) hash.update(alias);
  for (const entry of entries) hash.update(fingerprint(entry));
  return hash.digest("hex").slice(0, 12);
}

/** Another checkout may use other versions now: only what nobody has made for a week goes. */
function removeOld(folder: string): void {
  for (const file of readdirSync(folder)) {
    const old = path.join(folder, file);
    const age = Date.now() - (statSync(old, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > WEEK_MS) rmSync(old, { recursive: true, force: true });
  }
}
