/**
 * Takes a lab down from whatever state it is in. It trusts only what names the lab itself: recorded processes with their start
 * times, the lab's cgroups, its namespaces and its folders.
 */
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { cgroupProcesses, removeCgroups } from "./cgroups.ts";
import { mustRun, run } from "./command.ts";
import { labFolders } from "./layout.ts";
import { removeMountPoints } from "./mount-points.ts";
import {
  endingOf,
  killProcess,
  readText,
  recordedNames,
  recordedProcess,
  waitUntil,
} from "./processes.ts";

/** Ends recorded processes, by default all. */
export async function endRecorded(
  runFolder: string,
  names: readonly string[] = recordedNames(runFolder),
): Promise<void> {
  await waitUntil("recorded processes to end", 20, () => {
    const alive = names.flatMap((name) => recordedProcess(runFolder, name) ?? []);
    for (const pid of alive) killProcess(pid);
    return alive.length === 0;
  });
}

/** Unmounts everything below the folders. */
export async function unmountBelow(folders: readonly string[]): Promise<void> {
  const points = (readText("/proc/self/mountinfo") ?? "")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "");
  const ours = points.filter((point) => folders.some((folder) => point.startsWith(`${folder}/`)));
  for (const point of ours.toReversed()) await run(["umount", "-l", point]);
}

/** Whether a namespace is this lab's; another lab's name may begin with this one's. */
export function ownsNetns(name: string, netns: string): boolean {
  return (
    netns.startsWith(`seam-${name}-`) &&
    /^(?:fabric|outside|n[1-9])$/.test(netns.slice(`seam-${name}-`.length))
  );
}

async function removeNamespaces(name: string): Promise<void> {
  const all = existsSync("/run/netns") ? readdirSync("/run/netns") : [];
  for (const netns of all.filter((each) => ownsNetns(name, each)))
    await mustRun(["ip", "netns", "del", netns]);
}

// The folder all labs share goes with the last of them.
function removeEmptyParent(folder: string): void {
  try {
    rmdirSync(dirname(folder));
  } catch {
    // another lab is there, or the folder never was
  }
}

/** Removes everything of a lab; a lab that is not there is already down. */
export async function labDown(name: string): Promise<void> {
  const { state, run: runFolder } = labFolders(name);
  const ended = endingOf(cgroupProcesses(name));
  await endRecorded(runFolder);
  await removeCgroups(name);
  // A dying process leaves its cgroup first; its namespaces and mounts last until it is gone.
  await waitUntil(`the last processes of lab ${name}`, 20, ended);
  await removeNamespaces(name);
  await unmountBelow([state, runFolder]);
  const folders = [state, runFolder];
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  removeMountPoints();
  for (const folder of folders) removeEmptyParent(folder);
}
