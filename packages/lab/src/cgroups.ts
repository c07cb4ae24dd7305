/**
 * The lab's own cgroups, `/sys/fs/cgroup/HIERARCHY/seam-NAME`, in every version 1 hierarchy. They hold the pods' limits and are
 * also how a lab finds every process it ever started, even after its records are lost.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import type { LabLayout } from "./layout.ts";
import { killProcess, readText, waitUntil } from "./processes.ts";

const root = "/sys/fs/cgroup";

/** Refuses a host whose cgroups this lab cannot use. */
export function requireCgroupV1(): void {
  if (existsSync(`${root}/cgroup.controllers`) || !existsSync(`${root}/memory/cgroup.procs`)) {
    throw new Error(
      "a Seam lab needs version 1 cgroup hierarchies under /sys/fs/cgroup; this host has version 2 only",
    );
  }
}

function hierarchies(): readonly string[] {
  return readdirSync(root).filter(
    (name) => name !== "unified" && existsSync(`${root}/${name}/cgroup.procs`),
  );
}

/** The file a node's first process writes itself into. */
export function nodeProcsFiles(lab: LabLayout, node: string): readonly string[] {
  return ["pids", "systemd"].map(
    (name) => `${root}/${name}/seam-${lab.name}/${node}/system/cgroup.procs`,
  );
}

function makeCgroup(hierarchy: string, path: string): void {
  const folder = `${root}/${hierarchy}/${path}`;
  mkdirSync(folder, { recursive: true });
  if (hierarchy !== "cpuset") return;
  // A new cpuset is empty and would refuse every process.
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    writeFileSync(`${folder}/${file}`, readFileSync(`${root}/cpuset/${file}`));
  }
}

/** Makes the cgroups of every node. */
export function makeCgroups(lab: LabLayout): void {
  for (const hierarchy of hierarchies()) {
    makeCgroup(hierarchy, `seam-${lab.name}`);
    for (const node of lab.nodes) {
      makeCgroup(hierarchy, `seam-${lab.name}/${node.name}`);
      makeCgroup(hierarchy, `seam-${lab.name}/${node.name}/system`);
    }
  }
}

/** Folders of the cgroup `path` in every hierarchy, children before parents. */
function cgroupFolders(path: string): readonly string[] {
  const below = (folder: string): readonly string[] => {
    if (!existsSync(folder)) return [];
    const children = readdirSync(folder, { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    return [...children.flatMap((child) => below(`${folder}/${child.name}`)), folder];
  };
  return [...hierarchies(), "unified"].flatMap((hierarchy) =>
    below(`${root}/${hierarchy}/${path}`),
  );
}

/** Pids of everything in a lab's cgroups, or in those of one node: NAME/NODE. */
export function cgroupProcesses(name: string): readonly number[] {
  const lines = cgroupFolders(`seam-${name}`).flatMap((folder) =>
    (readText(`${folder}/cgroup.procs`) ?? "").split("\n"),
  );
  return [...new Set(lines.filter((line) => line !== "").map(Number))];
}

function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return !existsSync(folder);
  }
}

/** Kills everything in a lab's cgroups, or in those of one node (NAME/NODE), then removes them. */
export async function removeCgroups(name: string): Promise<void> {
  await waitUntil(`the processes of lab ${name} to end`, 20, () => {
    const pids = cgroupProcesses(name);
    for (const pid of pids) killProcess(pid);
    return pids.length === 0;
  });
  await waitUntil(`the cgroups of lab ${name} to go`, 10, () =>
    cgroupFolders(`seam-${name}`).map(removeFolder).every(Boolean),
  );
}

/** Removes what a dead node's pods left, as a reboot would: the kubelet takes seconds over each of them. */
export function removePodCgroups(lab: LabLayout, node: string): void {
  for (const folder of cgroupFolders(`seam-${lab.name}/${node}/kubepods`)) removeFolder(folder);
}
