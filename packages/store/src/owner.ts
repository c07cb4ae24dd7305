/** Who the embedded database runs as: PostgreSQL refuses to be root, so root makes a system user for it that owns nothing else. */
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { userInfo } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { ok, type Result } from "@seam/base";
import { failure, messageOf, type StoreError } from "./error.ts";

const execute = promisify(execFile);

/** The system user that root makes. */
const SYSTEM_USER = "seam-store";

/** Who the database runs as. */
export type Owner = {
  readonly name: string;
  /** User and group to change to; absent when that is who we are. */
  readonly ids?: { readonly uid: number; readonly gid: number };
};

/** Ourselves, or the system user, made when it is missing. */
export async function databaseOwner(): Promise<Result<Owner, StoreError>> {
  try {
    const { uid, username } = userInfo();
    if (uid !== 0) return ok({ name: username });
    const known = await idsOf(SYSTEM_USER);
    if (known !== null) return ok({ name: SYSTEM_USER, ids: known });
    await execute("useradd", [
      "--system",
      "--user-group",
      "--no-create-home",
      "--home-dir",
      "/nonexistent",
      "--shell",
      "/usr/sbin/nologin",
      SYSTEM_USER,
    ]);
    const ids = await idsOf(SYSTEM_USER);
    if (ids !== null) return ok({ name: SYSTEM_USER, ids });
    return failure("refused", `the user ${SYSTEM_USER} was made, and is not known to the system`);
  } catch (error) {
    const what = `a user for the database: ${messageOf(error)}`;
    return failure("refused", `${what}; make a system user called ${SYSTEM_USER}`);
  }
}

async function idsOf(name: string): Promise<NonNullable<Owner["ids"]> | null> {
  try {
    const { stdout } = await execute("getent", ["passwd", name]);
    const [, , uid, gid] = stdout.split(":");
    return { uid: Number(uid), gid: Number(gid) };
  } catch {
    return null;
  }
}

/** Refuses a directory whose parents the owner may not pass. */
export async function checkPassable(
  directory: string,
  owner: Owner,
): Promise<Result<null, StoreError>> {
  if (owner.ids === undefined) return ok(null);
  const { uid, gid } = owner.ids;
  for (let parent = directory; ; parent = path.dirname(parent)) {
    const status = await stat(parent);
    const bit = status.uid === uid ? 0o100 : status.gid === gid ? 0o010 : 0o001;
    if ((status.mode & bit) === 0) {
      const what = `${parent} is closed to ${owner.name}, who runs the database`;
      return failure("refused", `${what}; choose another directory, or run: chmod o+x ${parent}`);
    }
    if (parent === path.dirname(parent)) return ok(null);
  }
}
