/** Runs vitest's suites and sums. A suite that ran nothing counts as failed, so that no gate can pass on nothing. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { bin, root, type Tally } from "./check.ts";

/** What did not run. */
export const nothing: Tally = { passed: 0, failed: 1, skipped: 0 };

/** The sum of tallies. */
export const sum = (tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((total, { passed }) => total + passed, 0),
  failed: tallies.reduce((total, { failed }) => total + failed, 0),
  skipped: tallies.reduce((total, { skipped }) => total + skipped, 0),
});

/** Prints a sum as the last line of a run, and ends it. */
export function endWith({ passed, failed, skipped }: Tally): never {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed === 0 ? 0 : 1);
}

const numberAt = (report: object, key: string): number => {
  const value: unknown = Reflect.get(report, key);
  return typeof value === "number" ? value : 0;
};

/** The counts of a vitest JSON report; a report without a test is a failure. */
function readReport(file: string): Tally {
  const report: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (typeof report !== "object" || report === null) return nothing;
  const passed = numberAt(report, "numPassedTests");
  const failed = numberAt(report, "numFailedTests");
  const brokenFiles = failed === 0 ? numberAt(report, "numFailedTestSuites") : 0;
  const skipped = numberAt(report, "numPendingTests") + numberAt(report, "numTodoTests");
  return passed + failed === 0 ? nothing : { passed, failed: failed + brokenFiles, skipped };
}

/** Runs one vitest project, or some of its files. */
export function runSuite(project: string, files: readonly string[] = []): Tally {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-test-"));
  const report = path.join(folder, "report.json");
  const parameters = ["run", "--project", project, "--reporter=default", "--reporter=json"];
  try {
    const { status } = spawnSync(
      process.execPath,
      [bin("vitest"), ...parameters, `--outputFile.json=${report}`, ...files],
      { cwd: root, stdio: "inherit" },
    );
    const tally = readReport(report);
    return status !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
  } catch (error) {
    console.error(`suite ${project} left no report`, error);
    return nothing;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
