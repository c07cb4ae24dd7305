/** The data directory of the embedded PostgreSQL: made, recognised, and cleared of what a killed process left. */
import { execFile } from "node:child_process";
import { chmod, chown, mkdir, readFile, readlink, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { ok, type Result } from "@seam/base";
import { failure, fieldOf, messageOf, type StoreError } from "./error.ts";
import type { Owner } from "./owner.ts";
import type { ProgramFiles } from "./program-files.ts";

const execute = promisify(execFile);

/** Where everything of an embedded database is. */
export type Layout = {
  readonly directory: string;
  readonly data: string;
  /** Directory of the unix socket. */
  readonly run: string;
  readonly log: string;
};

/** Role and database of Seam in the embedded PostgreSQL. */
export const ROLE = "seam";

/** The places below a directory. */
export const layoutOf = (directory: string): Layout => ({
  directory,
  data: path.join(directory, "data"),
  run: path.join(directory, "run"),
  log: path.join(directory, "postgres.log"),
});

/** The environment of PostgreSQL's programs: none of ours, so that no variable changes what they do. */
export const PROGRAM_ENVIRONMENT = { PATH: "/usr/bin:/bin", LANG: "C", TZ: "UTC" };

/** What a cluster is made with. */
export type ClusterParts = {
  readonly layout: Layout;
  readonly programs: ProgramFiles;
  readonly owner: Owner;
};

/** Makes the data directory unless it is there; refuses one of another version. Nothing is changed by a refusal. */
export async function prepareCluster(parts: ClusterParts): Promise<Result<null, StoreError>> {
  const { layout, programs, owner } = parts;
  try {
    await ownDirectory(layout.run, owner);
    const version = await versionOf(layout.data);
    if (version === null) return await makeCluster(parts);
    if (version === programs.majorVersion) {
      // Who hands out volumes may open them to a group, and then PostgreSQL refuses to start.
      await chmod(layout.data, 0o700);
      return ok(null);
    }
    const what = `${layout.data} is of PostgreSQL ${version}, and this Seam has ${programs.majorVersion}`;
    const todo = `with the Seam that made it run: seam store backup FILE; then with this one, after moving ${layout.directory} away: seam store restore FILE`;
    return failure("refused", `${what}. Nothing was changed. To go on, ${todo}`);
  } catch (error) {
    return failure("refused", `the store's directory ${layout.directory}: ${messageOf(error)}`);
  }
}

async function versionOf(data: string): Promise<number | null> {
  try {
    return Number.parseInt(await readFile(path.join(data, "PG_VERSION"), "utf8"), 10);
  } catch (error) {
    if (fieldOf(error, "code") === "ENOENT") return null;
    throw error;
  }
}

async function ownDirectory(directory: string, { ids }: Owner): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  if (ids !== undefined) await chown(directory, ids.uid, ids.gid);
}

/** initdb works on a directory of another name, so that a half-made one is never taken for a database. */
async function makeCluster(parts: ClusterParts): Promise<Result<null, StoreError>> {
  const { layout, programs, owner } = parts;
  const unfinished = `${layout.data}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await ownDirectory(unfinished, owner);
  const parameters = ["--pgdata", unfinished, "--username", ROLE, "--no-instructions"];
  const words = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin"];
  const locale = ["--builtin-locale=C.UTF-8", "--text-search-config=simple"];
  try {
    await execute(programs.initdb, [...parameters, ...words, ...locale], {
      ...owner.ids,
      cwd: layout.run,
      env: PROGRAM_ENVIRONMENT,
    });
  } catch (error) {
    const why = fieldOf(error, "stderr").trim() || messageOf(error);
    return failure("refused", `initdb could not make ${layout.data}: ${why}`);
  }
  // Who may connect is known by the kernel (SO_PEERCRED): the owner and root. There is no password, and no port.
  await writeFile(path.join(unfinished, "pg_hba.conf"), "local all all peer map=seam\n");
  const users = ["root", owner.name].map((name) => `seam "${name}" ${ROLE}\n`);
  await writeFile(path.join(unfinished, "pg_ident.conf"), users.join(""));
  await rename(unfinished, layout.data);
  return ok(null);
}

const FAST_MS = 20_000;
const IMMEDIATE_MS = 5000;
const STEP_MS = 20;

/**
 * Ends a database that outlived the process that started it, and removes a `postmaster.pid` whose number is now another program's:
 * PostgreSQL would take that for itself and not start. Only called by the holder of the directory's lock.
 */
export async function clearLeftovers(layout: Layout): Promise<void> {
  const file = path.join(layout.data, "postmaster.pid");
  const text = await readFile(file, "utf8").catch(() => "");
  const pid = Number.parseInt(text, 10);
  if (!Number.isInteger(pid)) return;
  const isDatabase = await worksIn(pid, layout.data);
  if (!isDatabase) {
    await rm(file, { force: true });
    return;
  }
  const gone = async (): Promise<boolean> => !(await worksIn(pid, layout.data));
  for (const [signal, limitMs] of [
    ["SIGINT", FAST_MS],
    ["SIGQUIT", IMMEDIATE_MS],
    ["SIGKILL", IMMEDIATE_MS],
  ] as const) {
    signalProcess(pid, signal);
    if (await untilTrue(gone, limitMs)) return;
  }
}

/** True when a process has that directory as its working directory, as a postmaster has its data. */
async function worksIn(pid: number, directory: string): Promise<boolean> {
  try {
    return (await readlink(`/proc/${pid}/cwd`)) === directory;
  } catch {
    return false;
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

async function untilTrue(condition: () => Promise<boolean>, limitMs: number): Promise<boolean> {
  const end = performance.now() + limitMs;
  while (performance.now() < end) {
    if (await condition()) return true;
    await pause(STEP_MS);
  }
  return false;
}
