/** Debian's Prometheus, unpacked and not installed: its package would start a server on this machine. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";

import { cacheFolder } from "./cache.ts";
import { mustRun } from "./command.ts";

/** The folder with `prometheus` and `promtool`, the judges of metrics, rules and queries; fetched once. */
export async function prometheusTools(): Promise<string> {
  const folder = path.join(cacheFolder(), "prometheus");
  const programs = path.join(folder, "usr/bin");
  if (existsSync(programs)) return programs;
  process.stdout.write("seam: fetching Debian's Prometheus\n");
  mkdirSync(path.dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}.`);
  try {
    await download(work);
    const archive = readdirSync(work).find((each) => each.endsWith(".deb")) ?? "";
    const unpacked = path.join(work, "unpacked");
    await mustRun(["dpkg-deb", "--extract", path.join(work, archive), unpacked]);
    renameSync(unpacked, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return programs;
}

/** Fresh machines have no lists of packages, and old ones lists of files that are gone. */
async function download(into: string): Promise<void> {
  const argv = ["apt-get", "download", "-qq", "prometheus"];
  try {
    await mustRun(argv, { cwd: into });
  } catch {
    await mustRun(["apt-get", "update", "-qq"]);
    await mustRun(argv, { cwd: into });
  }
}
