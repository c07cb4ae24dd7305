/**
 * Writes a one-layer image as a docker archive, the format `ctr images import` reads. The lab's two images are one static program
 * each, so no registry, no base image and no build tool but the C compiler is involved.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { mustRun } from "./command.ts";

/** A file inside an archive. */
export type ArchiveFile = { readonly name: string; readonly mode: number; readonly data: Buffer };

// POSIX ustar header: fixed fields, octal numbers, checksum computed over the header with blanks in its own place.
function header(file: ArchiveFile): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, width: number): string =>
    `${value.toString(8).padStart(width - 1, "0")}\0`;
  block.write(file.name, 0);
  block.write(
    octal(file.mode, 8) + octal(0, 8) + octal(0, 8) + octal(file.data.length, 12) + octal(0, 12),
    100,
  );
  block.write("        0", 148);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** A tar archive of plain files. */
export function tar(files: readonly ArchiveFile[]): Buffer {
  const blocks = files.flatMap((file) => [
    header(file),
    file.data,
    Buffer.alloc((512 - (file.data.length % 512)) % 512),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** A docker archive of one image whose only file is the program `/NAME`. */
function imageArchive(
  tag: string,
  program: { readonly name: string; readonly data: Buffer },
): Buffer {
  const layer = tar([{ name: program.name, mode: 0o755, data: program.data }]);
  const digest = (data: Buffer | string): string => createHash("sha256").update(data).digest("hex");
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    created: "1970-01-01T00:00:00Z",
    config: { Entrypoint: [`/${program.name}`], Env: ["PATH=/"] },
    rootfs: { type: "layers", diff_ids: [`sha256:${digest(layer)}`] },
    history: [{ created: "1970-01-01T00:00:00Z" }],
  });
  const configFile = `${digest(config)}.json`;
  const layerFile = `${digest(layer)}.tar`;
  const manifest = JSON.stringify([{ Config: configFile, RepoTags: [tag], Layers: [layerFile] }]);
  const plain = (name: string, data: Buffer): ArchiveFile => ({ name, mode: 0o644, data });
  return tar([
    plain(configFile, Buffer.from(config)),
    plain(layerFile, layer),
    plain("manifest.json", Buffer.from(manifest)),
  ]);
}

/** Compiles `deploy/images/NAME/NAME.c` and writes it as the image `localhost/NAME:1` to `file`. */
export async function buildImage(name: "pause" | "probe", file: string): Promise<void> {
  const source = fileURLToPath(
    new URL(`../../../deploy/images/${name}/${name}.c`, import.meta.url),
  );
  const folder = mkdtempSync("/tmp/seam-image-");
  try {
    await mustRun(["gcc", "-static", "-Os", "-s", "-o", `${folder}/${name}`, source]);
    writeFileSync(
      file,
      imageArchive(`localhost/${name}:1`, { name, data: readFileSync(`${folder}/${name}`) }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
