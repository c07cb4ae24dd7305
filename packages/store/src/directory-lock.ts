/**
 * One process for a directory. The lock is one of the kernel's on a file, held through SQLite, as Node has no call for it: it ends with the
 * process however that ends, so there is none to be cleared.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ok, type Result } from "@seam/base";
import { failure, fieldOf, messageOf, type StoreError } from "./error.ts";

/** A directory that is this process's own until disposed of, or the one that has it. */
export type DirectoryLock =
  | ({ readonly isOurs: true } & Disposable)
  | { readonly isOurs: false; readonly holder: string };

/** Takes the lock of a directory that exists, or says who has it. */
export function lockDirectory(directory: string): Result<DirectoryLock, StoreError> {
  const holder = path.join(directory, "holder");
  let file: DatabaseSync | null = null;
  try {
    file = new DatabaseSync(path.join(directory, "lock"), { timeout: 0 });
    const held = file;
    held.exec("pragma locking_mode = exclusive; begin exclusive");
    writeFileSync(holder, `process ${process.pid}\n`);
    return ok({
      isOurs: true,
      [Symbol.dispose]: () => {
        held.close();
      },
    });
  } catch (error) {
    file?.close();
    const isBusy = /locked|busy/.test(`${fieldOf(error, "errstr")} ${messageOf(error)}`);
    if (isBusy) return ok({ isOurs: false, holder: wordsOf(holder) });
    return failure("refused", `the store's directory ${directory}: ${messageOf(error)}`);
  }
}

function wordsOf(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "another process";
  }
}
