/**
 * `npm test`: the static checks and every suite; the last line sums them. A suite that ran nothing
 * counts as failed, so that no gate can pass on nothing.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { e2eTools, goTools } from "@seam/lab";

import { bin, root, runChecks, type Tally } from "./check.ts";
import { installSystemPackages } from "./setup/debian.ts";

const nothing: Tally = { passed: 0, failed: 1, skipped: 0 };

const add = (left: Tally, right: Tally): Tally => ({
  passed: left.passed + right.passed,
  failed: left.failed + right.failed,
  skipped: left.skipped + right.skipped,
});

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

/** Runs one vitest project. */
function runSuite(project: string): Tally {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-test-"));
  const report = path.join(folder, "report.json");
  const parameters = ["run", "--project", project, "--reporter=default", "--reporter=json"];
  try {
    const { status } = spawnSync(
      process.execPath,
      [bin("vitest"), ...parameters, `--outputFile.json=${report}`],
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

installSystemPackages();
process.env["SEAM_BIN"] = await goTools();
process.env["SEAM_E2E_BIN"] = await e2eTools();
const total = [runChecks(), runSuite("unit"), runSuite("root"), runSuite("lab")].reduce(
  (left, right) => add(left, right),
);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
