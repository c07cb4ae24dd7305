/**
 * Processes a lab started. A process is recorded as its pid together with its start time, because a pid alone may already belong
 * to somebody else when it is read back.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Text of a file, or nothing when it cannot be read. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

// proc(5): field 22 of stat is the start time; the program's name before it may contain spaces and brackets. A zombie is dead.
function startTime(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields?.[0] === "Z" ? undefined : fields?.[19];
}

/** A check whether the given processes have all ended; a pid that is used anew does not count. */
export function endingOf(pids: readonly number[]): () => boolean {
  const started = new Map(pids.map((pid) => [pid, startTime(pid)]));
  return () => [...started].every(([pid, time]) => time === undefined || startTime(pid) !== time);
}

/** Remembers a process as `name` under the lab's run folder. */
export function recordProcess(runFolder: string, name: string, pid: number): void {
  mkdirSync(`${runFolder}/pids`, { recursive: true });
  writeFileSync(`${runFolder}/pids/${name}`, `${pid} ${startTime(pid) ?? ""}\n`);
}

/** Pid of the process recorded as `name`, if that very process still lives. */
export function recordedProcess(runFolder: string, name: string): number | undefined {
  const [pid, started] = (readText(`${runFolder}/pids/${name}`) ?? "").trim().split(" ");
  if (pid === undefined || pid === "" || started === undefined) return undefined;
  return startTime(Number(pid)) === started ? Number(pid) : undefined;
}

/** Names of everything recorded under a lab's run folder. */
export function recordedNames(runFolder: string): readonly string[] {
  try {
    return readdirSync(`${runFolder}/pids`);
  } catch {
    return [];
  }
}

/** First child of a process: the init of a node's pid namespace, given the `unshare` that made it. */
export function firstChild(pid: number): number | undefined {
  const child = Number((readText(`/proc/${pid}/task/${pid}/children`) ?? "").split(" ")[0]);
  return child > 0 ? child : undefined;
}

/** Kills a process at once; one that is already gone is fine. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // already gone
  }
}

/** Polls until `done` holds; throws `what` after `seconds`. */
export async function waitUntil(
  what: string,
  seconds: number,
  done: () => boolean | Promise<boolean>,
): Promise<void> {
  const limit = performance.now() + seconds * 1000;
  while (!(await done())) {
    if (performance.now() > limit) throw new Error(`waited ${seconds} s for ${what}`);
    await sleep(100);
  }
}
