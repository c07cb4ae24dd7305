/** What a lab needs of this machine, as facts: what the kernel allows is tried out in namespaces that end with the trial. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { cacheFolder } from "./cache.ts";
import { debianPackages } from "./debian-packages.ts";
import { stateRoot } from "./layout.ts";
import { readText } from "./processes.ts";
import { RATE_QUEUES, tryQueues } from "./queue-trial.ts";
import { POLICY_RULES, tryRules } from "./rule-trial.ts";

/** Null when it worked, else what the program said. */
export type Trial = string | null;

/** What was tried out. */
export type Trials = {
  readonly namespaces: Trial;
  readonly veth: Trial;
  readonly bridge: Trial;
  readonly overlayfs: Trial;
  readonly nftables: Trial;
  /** What the rules of policies need beside that. */
  readonly policies: Trial;
  /** What holds pods to their rates. */
  readonly rates: Trial;
};

/** What there is to know of this machine. */
export type MachineFacts = {
  readonly root: boolean;
  readonly cgroups: "v1" | "v2" | "none";
  readonly trials: Trials;
  /** Debian packages that are not installed; null when this is no Debian. */
  readonly missingPackages: readonly string[] | null;
  /** What `go version` prints; null when there is none. */
  readonly go: string | null;
  /** Whether the cache has Go-built tools. */
  readonly toolsBuilt: boolean;
  readonly freeDiskMiB: number;
  readonly availableMemoryMiB: number;
};

/** Looks at this machine; leaves nothing behind. */
export function gatherMachine(): MachineFacts {
  return {
    root: process.getuid?.() === 0,
    cgroups: cgroupVersion(),
    trials: tryAll(),
    missingPackages: missingPackages(),
    go: outputOf(["go", "version"])?.trim() ?? null,
    toolsBuilt: toolsBuilt(),
    freeDiskMiB: Math.min(...[stateRoot, cacheFolder()].map(freeMiB)),
    availableMemoryMiB: availableMemory(readText("/proc/meminfo") ?? ""),
  };
}

function cgroupVersion(): MachineFacts["cgroups"] {
  if (existsSync("/sys/fs/cgroup/cgroup.controllers")) return "v2";
  return existsSync("/sys/fs/cgroup/memory/cgroup.procs") ? "v1" : "none";
}

function tryAll(): Trials {
  const inNetns = (...argv: readonly string[]): Trial => attempt(["unshare", "--net", ...argv]);
  const all = ["--net", "--mount", "--uts", "--ipc", "--pid", "--fork"];
  return {
    namespaces: attempt(["unshare", ...all, "true"]),
    veth: inNetns("ip", "link", "add", "seam0", "type", "veth", "peer", "name", "seam1"),
    bridge: inNetns("ip", "link", "add", "seam0", "type", "bridge"),
    overlayfs: tryOverlay(),
    nftables: inNetns("nft", "add", "table", "inet", "seam"),
    policies: tryRules(POLICY_RULES),
    rates: tryQueues(RATE_QUEUES),
  };
}

/** Mounts an overlay in a mount namespace of its own. */
function tryOverlay(): Trial {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-doctor-"));
  const mount = `cd ${folder} && mount -t tmpfs tmpfs . && cd ${folder} && mkdir lower upper work merged
    mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged`;
  try {
    return attempt(["unshare", "--mount", "sh", "-ec", mount]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function attempt([program = "", ...parameters]: readonly string[]): Trial {
  const { status, stderr, error } = spawnSync(program, parameters, { encoding: "utf8" });
  if (status === 0) return null;
  return error?.message ?? (stderr.trim() || `${program} ended with ${status}`);
}

function outputOf([program = "", ...parameters]: readonly string[]): string | null {
  const { status, stdout } = spawnSync(program, parameters, { encoding: "utf8" });
  return status === 0 ? stdout : null;
}

function missingPackages(): readonly string[] | null {
  const query = ["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n"]; // oxlint-disable-line no-template-curly-in-string
  const listed = outputOf(query);
  if (listed === null) return null;
  const installed = new Set(listed.split("\n"));
  return debianPackages.filter((name) => !installed.has(`${name} installed`));
}

function toolsBuilt(): boolean {
  const folder = path.join(cacheFolder(), "go");
  // A folder with a suffix is a build that was cut off.
  return existsSync(folder) && readdirSync(folder).some((name) => !name.includes("."));
}

/** Free space of the file system on which a folder is or will be. */
function freeMiB(folder: string): number {
  let at = folder;
  while (!existsSync(at)) at = path.dirname(at);
  const { bavail, bsize } = statfsSync(at);
  return Math.floor((bavail * bsize) / 2 ** 20);
}

/** MemAvailable of proc(5) meminfo, in MiB. */
function availableMemory(meminfo: string): number {
  return Math.floor(Number(/^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1] ?? 0) / 1024);
}
