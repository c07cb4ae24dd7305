/** Root file systems of images, stated as lists of entries; programs bring the shared libraries that they need. */
import { hash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import { mustRun } from "./command.ts";

/** One thing in a root file system. */
export type Entry =
  /** A copy of a host's file, executable bits included. */
  | { readonly kind: "file"; readonly to: string; readonly from: string }
  | { readonly kind: "text"; readonly to: string; readonly text: string }
  | { readonly kind: "link"; readonly to: string; readonly target: string }
  | { readonly kind: "folder"; readonly to: string; readonly mode: number };

/** A host's program in its own place, with every shared library that it loads at start. */
export async function programs(files: readonly string[]): Promise<readonly Entry[]> {
  const libraries = await Promise.all(files.map((each) => librariesOf(each)));
  const wanted = new Set([...files, ...libraries.flat()]);
  return [...wanted].map((from) => ({ kind: "file", to: from, from }));
}

/** Shared libraries that a program or library needs, as ldd(1) finds them on the host, and in more folders, with colons between them. */
export async function librariesOf(file: string, folders = ""): Promise<readonly string[]> {
  const lines = (await mustRun(["env", `LD_LIBRARY_PATH=${folders}`, "ldd", file])).split("\n");
  const absent = lines.find((line) => line.includes("not found"));
  if (absent !== undefined) throw new Error(`${file} lacks a library: ${absent.trim()}`);
  return lines.flatMap((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

/** What an entry makes, as text, wherever its file came from: equal lists of fingerprints make the same file system. */
export function fingerprint(entry: Entry): string {
  if (entry.kind !== "file") return JSON.stringify(entry);
  const { kind, to, from } = entry;
  const mode = statSync(from).mode & 0o777;
  return JSON.stringify({ kind, to, mode, content: hash("sha256", readFileSync(from)) });
}

/** Makes the file system in `folder`; entries later in the list may use folders of earlier ones. */
export function writeRootfs(folder: string, entries: readonly Entry[]): void {
  for (const entry of entries) {
    const to = path.join(folder, entry.to);
    mkdirSync(path.dirname(to), { recursive: true });
    switch (entry.kind) {
      case "file":
        copyFileSync(entry.from, to);
        chmodSync(to, statSync(entry.from).mode & 0o777);
        break;
      case "text":
        writeFileSync(to, entry.text);
        break;
      case "link":
        symlinkSync(entry.target, to);
        break;
      case "folder":
        mkdirSync(to, { recursive: true });
        chmodSync(to, entry.mode);
        break;
    }
  }
}
