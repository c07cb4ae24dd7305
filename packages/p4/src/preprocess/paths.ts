/** Where `#include` looks: beside the file, in the folders of `-I`, and in the architectures' own files. */
import { includedFiles } from "../architectures/index.ts";
import type { Sources } from "./job.ts";

/** A path without `.` and with `..` taken back where it can be. Pure text: links are not followed. */
function tidyPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    const isPlain = parts.length > 0 && parts.at(-1) !== ".." && parts.at(-1) !== "";
    if (part === ".." && isPlain) parts.pop();
    else if (part !== "." && (part !== "" || parts.length === 0)) parts.push(part);
  }
  return parts.join("/");
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1);

/** A file to include; `path` is what it is called. */
export type Found = { readonly path: string; readonly text: string };

/** What is looked for. */
export type Wanted = {
  readonly name: string;
  /** Whether it stood in quotes, so that the folder of `from` comes first. */
  readonly isQuoted: boolean;
  readonly from: string;
  readonly folders: readonly string[];
};

/** Looks a file up; undefined when it is nowhere. */
export function findFile(sources: Sources, wanted: Wanted): Found | undefined {
  const { name, isQuoted, from, folders } = wanted;
  const beside = isQuoted && !from.startsWith("<") ? [tidyPath(folderOf(from) + name)] : [];
  const inFolders = folders.map((folder) => tidyPath(`${folder}/${name}`));
  for (const path of name.startsWith("/") ? [name] : [...beside, ...inFolders]) {
    const text = sources.read(path);
    if (text !== undefined) return { path, text };
  }
  const text = includedFiles.get(tidyPath(name));
  return text === undefined ? undefined : { path: `<${name}>`, text };
}

/** The places that were looked at, for a message. */
export function placesOf({ isQuoted, from, folders }: Wanted): string {
  const own = isQuoted && !from.startsWith("<") ? [folderOf(from) || "the program's folder"] : [];
  return [...own, ...folders, "the architectures"].join(", ");
}
