/**
 * Folders of the host over which nodes mount their own. A node sees the host's root file system, so these
 * must exist; those that a lab had to make are recorded and go with the last lab.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import path from "node:path";

import { stateRoot } from "./layout.ts";
import { readText } from "./processes.ts";

const record = `${stateRoot}/made-folders`;

/** Makes the folders that do not exist. */
export function makeMountPoints(folders: readonly string[]): void {
  mkdirSync(stateRoot, { recursive: true });
  for (const folder of folders) {
    const first = mkdirSync(folder, { recursive: true });
    if (first !== undefined) appendFileSync(record, `${first}\n`);
  }
}

/** Removes them when no lab is left; a folder into which somebody put a file stays. */
export function removeMountPoints(): void {
  if (
    !existsSync(stateRoot) ||
    readdirSync(stateRoot).some((name) => name !== path.basename(record))
  )
    return;
  for (const folder of (readText(record) ?? "").split("\n").filter((line) => line !== ""))
    removeEmpty(folder);
  rmSync(record, { force: true });
}

function removeEmpty(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmpty(path.join(folder, entry.name));
  }
  try {
    rmdirSync(folder);
  } catch {
    // not empty: not ours to remove
  }
}
