/**
 * `npm run conformance [-- SET ...]`: a lab with Seam, upstream's specs of its pod network, and what became of
 * each. Reports and logs stay in the cache folder, replaced by the next run.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { runSpecs, type SpecResult, type SpecSet, specSets } from "@seam/conformance";
import { e2eTools, goTools, labDown, labImage, labStatus, loadImage } from "@seam/lab";

import { root, type Tally } from "./check.ts";
import { installSystemPackages } from "./setup/debian.ts";

const name = "conformance";
const folder = path.join(root, "node_modules/.cache/seam-conformance");

/** Brings the lab up with the tests' image on every node. */
async function prepareLab(e2eFolder: string): Promise<string> {
  const image = await labImage("agnhost", e2eFolder);
  await labDown(name);
  const up = ["lab", "up", "--name", name];
  const { status } = spawnSync(path.join(root, "bin/seam"), up, { stdio: "inherit", cwd: root });
  if (status !== 0) throw new Error(`seam ${up.join(" ")} ended with ${status}`);
  await loadImage(name, image.archive);
  return (await labStatus(name)).kubeconfig;
}

/** Runs the named sets (all, when none is named) one after another on a new lab, and takes it down. */
export async function runConformance(names: readonly string[]): Promise<Tally> {
  const sets = setsNamed(names);
  const [binFolder, e2eFolder] = [await goTools(), await e2eTools()];
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    const kubeconfig = await prepareLab(e2eFolder);
    const where = { e2eFolder, binFolder, kubeconfig, folder };
    const run = { ...where, processes: 2, timeoutMinutes: 40, nodesSeconds: 60 };
    const results: SpecResult[] = [];
    for (const set of sets) results.push(...(await shown(runSpecs(set, run))));
    return tallyOf(results);
  } finally {
    await labDown(name);
  }
}

async function shown<T>(lines: AsyncGenerator<string, T>): Promise<T> {
  for (;;) {
    const next = await lines.next();
    if (next.done === true) return next.value;
    console.log(next.value);
  }
}

function tallyOf(results: readonly SpecResult[]): Tally {
  const count = (outcome: SpecResult["outcome"]): number =>
    results.filter((each) => each.outcome === outcome).length;
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}

function setsNamed(names: readonly string[]): readonly SpecSet[] {
  if (names.length === 0) return specSets;
  return names.map((each) => {
    const found = specSets.find((set) => set.name === each);
    if (found !== undefined) return found;
    const known = specSets.map((set) => set.name).join(", ");
    throw new Error(`set of specs: expected one of ${known}, found "${each}"`);
  });
}

if (import.meta.main) {
  const { positionals } = parseArgs({ allowPositionals: true });
  installSystemPackages();
  const { passed, failed, skipped } = await runConformance(positionals);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed === 0 ? 0 : 1);
}
