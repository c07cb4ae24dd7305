/**
 * The embedded PostgreSQL: started, watched, started again when it ends, and stopped in order. It listens on a unix socket alone. Every
 * write that was acknowledged is on disk (fsync is on), so no way of ending loses one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, open, realpath, rename, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ok, type Result } from "@seam/base";
import pg from "pg";
import {
  clearLeftovers,
  type ClusterParts,
  type Layout,
  layoutOf,
  prepareCluster,
  PROGRAM_ENVIRONMENT,
  ROLE,
} from "./cluster.ts";
import type { DatabaseTarget } from "./database-url.ts";
import { type DirectoryLock, lockDirectory } from "./directory-lock.ts";
import { failure, messageOf, type Outcome, type StoreError } from "./error.ts";
import { checkPassable, databaseOwner } from "./owner.ts";
import { layOutPrograms } from "./program-files.ts";

/** Where the embedded database is, and what to do when another process has it. */
export type EmbeddedSettings = {
  /** Absolute path; made when missing. The socket's path below it has at most 107 bytes (unix(7)). */
  readonly directory: string;
  /** `make` a database where there is none, or an error. */
  readonly whenMissing: "make" | "refuse";
  /** `attach`: use the database that the other process runs; `refuse`: an error. */
  readonly whenInUse: "attach" | "refuse";
};

/** A database that runs; disposing of it stops it, unless it is another process's. */
export type Embedded = AsyncDisposable & {
  readonly target: DatabaseTarget;
  /** Process of the database; null while it is being started again, or when it is another's. */
  readonly pid: () => number | null;
};

const SOCKET_PATH_BYTES = 107;
const PORT = 5432;

/** Starts the database of a directory, which is made when it is missing, or attaches to the one that runs. */
export async function openEmbedded(settings: EmbeddedSettings): Outcome<Embedded> {
  const { directory: given, whenMissing } = settings;
  if (whenMissing === "refuse" && !existsSync(path.join(given, "data"))) {
    const what = `there is no store in ${given}`;
    return failure("refused", `${what}; make one: seam store migrate --directory ${given}`);
  }
  const placed = await makeDirectory(given);
  if (!placed.ok) return placed;
  const layout = layoutOf(placed.value);
  const lock = lockDirectory(layout.directory);
  if (!lock.ok) return lock;
  if (!lock.value.isOurs) return attach(layout, settings, lock.value.holder);
  const started = await startLocked(layout, lock.value);
  if (!started.ok) lock.value[Symbol.dispose]();
  return started;
}

async function makeDirectory(given: string): Outcome<string> {
  const socket = path.join(given, `run/.s.PGSQL.${PORT}`);
  if (!path.isAbsolute(given) || /[",\n]/.test(given))
    return failure("invalid", "store directory: expected an absolute path without , and quotes");
  if (Buffer.byteLength(socket) > SOCKET_PATH_BYTES) {
    const most = SOCKET_PATH_BYTES - Buffer.byteLength(socket) + Buffer.byteLength(given);
    return failure("invalid", `store directory: expected a path of at most ${most} bytes`);
  }
  try {
    await mkdir(given, { recursive: true, mode: 0o755 });
    return ok(await realpath(given));
  } catch (error) {
    return failure("refused", `the store's directory ${given}: ${messageOf(error)}`);
  }
}

const targetOf = (layout: Layout): DatabaseTarget => ({
  host: layout.run,
  port: PORT,
  user: ROLE,
  database: "postgres",
  ssl: false,
});

function attach(
  layout: Layout,
  { whenInUse }: EmbeddedSettings,
  holder: string,
): Result<Embedded, StoreError> {
  if (whenInUse === "refuse") {
    const what = `the store's directory ${layout.directory} is in use by ${holder}`;
    return failure("refused", `${what}; stop that one, or choose another directory`);
  }
  return ok({
    target: targetOf(layout),
    pid: () => null,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

async function startLocked(
  layout: Layout,
  lock: Extract<DirectoryLock, { isOurs: true }>,
): Outcome<Embedded> {
  const owner = await databaseOwner();
  if (!owner.ok) return owner;
  const passable = await checkPassable(layout.directory, owner.value);
  if (!passable.ok) return passable;
  const programs = await layOutPrograms(layout.directory);
  if (!programs.ok) return programs;
  const parts = { layout, owner: owner.value, programs: programs.value };
  const prepared = await prepareCluster(parts);
  if (!prepared.ok) return prepared;
  await clearLeftovers(layout);
  const first = await startDatabase(parts);
  return first.ok ? ok(supervise(parts, first.value, lock)) : first;
}

/** Keeps a database running until it is disposed of. */
function supervise(parts: ClusterParts, first: ChildProcess, lock: Disposable): Embedded {
  let child: ChildProcess | null = first;
  const ending = new AbortController();
  // Also when the program just exits; the database then stops in order by itself.
  const stopAtExit = (): void => {
    child?.kill("SIGINT");
  };
  process.once("exit", stopAtExit);
  const watching = (async (): Promise<void> => {
    while (!ending.signal.aborted) {
      if (child === null) {
        const again = await startDatabase(parts);
        if (again.ok) child = again.value;
        else await pause(RESTART_MS, null, { signal: ending.signal }).catch(() => undefined);
      } else {
        await exitOf(child);
        child = null;
      }
    }
  })();
  return {
    target: targetOf(parts.layout),
    pid: () => child?.pid ?? null,
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      process.off("exit", stopAtExit);
      await stopDatabase(child);
      await watching;
      await stopDatabase(child);
      lock[Symbol.dispose]();
    },
  };
}

const RESTART_MS = 500;
const START_MS = 120_000;
const STEP_MS = 20;
const LOG_BYTES = 10 * 2 ** 20;

/** Starts the program and waits until it answers; recovery after a crash may take a while. */
async function startDatabase(parts: ClusterParts): Outcome<ChildProcess> {
  const { layout, programs, owner } = parts;
  try {
    await limitLog(layout.log);
    const log = await open(layout.log, "a", 0o640);
    const child = spawn(programs.postgres, ["-D", layout.data, ...settingsOf(layout)], {
      ...owner.ids,
      // Of its own process group, so that Ctrl-C ends us, and we end it in order.
      detached: true,
      cwd: layout.data,
      env: PROGRAM_ENVIRONMENT,
      stdio: ["ignore", log.fd, log.fd],
    });
    const failed = once(child, "error").then(([error]) => messageOf(error));
    await log.close();
    const why = await Promise.race([failed, untilAnswers(child, targetOf(layout))]);
    if (why === null) return ok(child);
    child.kill("SIGKILL");
    return failure("refused", `the database did not start: ${why}; see ${layout.log}`);
  } catch (error) {
    return failure("refused", `the database did not start: ${messageOf(error)}`);
  }
}

/** Sets a log aside that has grown large, over the one that was set aside before. */
async function limitLog(file: string): Promise<void> {
  const length = (await stat(file).catch(() => null))?.size ?? 0;
  if (length > LOG_BYTES) await rename(file, `${file}.1`);
}

const settingsOf = (layout: Layout): readonly string[] =>
  [
    ["listen_addresses", ""],
    ["unix_socket_directories", layout.run],
    ["port", String(PORT)],
    ["max_connections", "40"],
    ["shared_buffers", "64MB"],
    ["log_checkpoints", "off"],
    ["timezone", "UTC"],
    ["log_timezone", "UTC"],
    ["log_min_error_statement", "panic"],
    ["log_parameter_max_length_on_error", "0"],
  ].flatMap(([name, value]) => ["-c", `${name}=${value}`]);

/** null once it answers; otherwise why it never will. */
async function untilAnswers(child: ChildProcess, target: DatabaseTarget): Promise<string | null> {
  const end = performance.now() + START_MS;
  while (performance.now() < end) {
    if (child.exitCode !== null) return `it ended with code ${child.exitCode}`;
    if (child.signalCode !== null) return `it was ended by ${child.signalCode}`;
    if (await answers(target)) return null;
    await pause(STEP_MS);
  }
  return `no answer within ${START_MS / 1000} s`;
}

async function answers(target: DatabaseTarget): Promise<boolean> {
  const client = new pg.Client({ ...target, connectionTimeoutMillis: START_MS });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const STOP_MS = 30_000;
const IMMEDIATE_MS = 5000;

/** Fast shutdown, then the immediate one (PostgreSQL manual, "Shutting Down the Server"); neither loses what was acknowledged. */
async function stopDatabase(child: ChildProcess | null): Promise<void> {
  if (child === null) return;
  for (const [signal, limitMs] of [
    ["SIGINT", STOP_MS],
    ["SIGQUIT", IMMEDIATE_MS],
    ["SIGKILL", IMMEDIATE_MS],
  ] as const) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await Promise.race([exitOf(child), pause(limitMs, null, { ref: false })]);
  }
}

async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
