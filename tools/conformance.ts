/**
 * `npm run conformance [-- SET ...]`: a lab with Seam, upstream's specs of its pod network and suite of cluster-wide
 * policies, and what became of each. Reports and logs stay in the cache folder, replaced by the next run. `npm test` and `npm run soak` run it too.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import {
  policySuite,
  runPolicySuite,
  runSpecs,
  type SpecResult,
  specSets,
} from "@seam/conformance";
import {
  e2eTools,
  goTools,
  labDown,
  labImage,
  labStatus,
  type LabStatus,
  loadImage,
  policySuiteTools,
} from "@seam/lab";

import { root, type Tally } from "./check.ts";
import { installSystemPackages } from "./setup/debian.ts";
import { endWith, nothing } from "./suite.ts";

const name = "conformance";
const folder = path.join(root, "node_modules/.cache/seam-conformance");

/**
 * Brings a lab up with the tests' image on every node. It is the specs' own: they count its nodes and their load, which tests
 * that break things or measure would spoil, and the other way round.
 */
async function prepareLab(e2eFolder: string): Promise<LabStatus> {
  const image = await labImage("agnhost", e2eFolder);
  await labDown(name);
  const up = ["lab", "up", "--name", name];
  const { status } = spawnSync(path.join(root, "bin/seam"), up, { stdio: "inherit", cwd: root });
  if (status !== 0) throw new Error(`seam ${up.join(" ")} ended with ${status}`);
  await loadImage(name, image.archive);
  return labStatus(name);
}

/** Names of all sets. */
export const allSets: readonly string[] = [...specSets, policySuite].map(({ name: each }) => each);

/**
 * Runs the named sets at the same time on a new lab, and takes it down. The policies of the suite are about its own pods alone, so
 * that the specs do not notice them.
 */
export async function runConformance(names: readonly string[]): Promise<Tally> {
  const started = performance.now();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    const [binFolder, e2eFolder] = [await goTools(), await e2eTools()];
    const suiteFolder = names.includes(policySuite.name) ? await policySuiteTools() : undefined;
    const { kubeconfig, nodes } = await prepareLab(e2eFolder);
    const where = { e2eFolder, binFolder, kubeconfig, folder, timeoutMinutes: 20 };
    const sets = specSets.filter((set) => names.includes(set.name));
    // Specs mostly wait: six at a time keep two processors busy.
    const run = { ...where, nodes: nodes.length, processes: 6, nodesSeconds: 60 };
    const parts = await Promise.all([
      sets.length === 0 ? [] : shown(runSpecs(sets, run)),
      suiteFolder === undefined ? [] : shown(runPolicySuite({ ...where, suiteFolder })),
    ]);
    return tallyOf(parts.flat());
  } catch (error) {
    console.error("the specs did not run", error);
    return nothing("upstream's specs");
  } finally {
    await labDown(name);
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(`upstream's specs: ${seconds} s; reports and logs: ${folder}`);
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
  const failures = results
    .filter(({ outcome }) => outcome === "failed")
    .map(({ name: spec }) => `spec ${spec}`);
  return {
    passed: count("passed"),
    failed: failures.length,
    skipped: count("skipped"),
    failures,
  };
}

if (import.meta.main) {
  const { positionals } = parseArgs({ allowPositionals: true });
  const unknown = positionals.find((each) => !allSets.includes(each));
  if (unknown !== undefined) {
    console.error(`seam: set of specs: expected ${allSets.join(", ")}, found "${unknown}"`);
    process.exit(2);
  }
  installSystemPackages();
  endWith(await runConformance(positionals.length === 0 ? allSets : positionals));
}
