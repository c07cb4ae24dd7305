/** Runs vitest's suites and sums. A suite that ran nothing counts as failed, so that no gate can pass on nothing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";

import { bin, root, type Tally } from "./check.ts";

/** What did not run. */
export const nothing = (what: string): Tally => ({
  passed: 0,
  failed: 1,
  skipped: 0,
  failures: [`${what}: nothing ran`],
});

/** The sum of tallies. */
export const sum = (tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((total, { passed }) => total + passed, 0),
  failed: tallies.reduce((total, { failed }) => total + failed, 0),
  skipped: tallies.reduce((total, { skipped }) => total + skipped, 0),
  failures: tallies.flatMap(({ failures }) => failures),
});

/** Prints what failed and, as the last line of a run, the sum; and ends it. */
export function endWith({ passed, failed, skipped, failures }: Tally): never {
  for (const failure of failures) console.log(`FAILED ${failure}`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed === 0 ? 0 : 1);
}

const numberAt = (report: object, key: string): number => {
  const value: unknown = Reflect.get(report, key);
  return typeof value === "number" ? value : 0;
};

const listAt = (value: unknown, key: string): readonly unknown[] => {
  const list: unknown =
    typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  return Array.isArray(list) ? list : [];
};

const textAt = (value: unknown, key: string): string =>
  typeof value === "object" && value !== null ? String(Reflect.get(value, key)) : "";

const messageLines = 12;

/** The beginning of what a test failed with, for a log of which only the end is kept. */
const messageOf = (assertion: unknown): string =>
  stripVTControlCharacters(listAt(assertion, "failureMessages").join("\n"))
    .split("\n")
    .slice(0, messageLines)
    .map((line) => `\n    ${line}`)
    .join("");

/** Tests that failed, and files that did before any of their tests could. */
const failuresIn = (report: object, project: string): readonly string[] =>
  listAt(report, "testResults").flatMap((file) => {
    const name = `${project} ${path.relative(root, textAt(file, "name"))}`;
    const failed = listAt(file, "assertionResults").filter(
      (each) => textAt(each, "status") === "failed",
    );
    return failed.length === 0 && textAt(file, "status") === "failed"
      ? [name]
      : failed.map((each) => `${name} > ${textAt(each, "fullName")}${messageOf(each)}`);
  });

/** The counts of a vitest JSON report; a report without a test is a failure. */
function readReport(file: string, project: string): Tally {
  const report: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (typeof report !== "object" || report === null) return nothing(project);
  const passed = numberAt(report, "numPassedTests");
  const skipped = numberAt(report, "numPendingTests") + numberAt(report, "numTodoTests");
  const failures = failuresIn(report, project);
  return passed + failures.length === 0
    ? nothing(project)
    : { passed, failed: failures.length, skipped, failures };
}

/** Runs one vitest project, or some of its files. */
export async function runSuite(project: string, files: readonly string[] = []): Promise<Tally> {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-test-"));
  const report = path.join(folder, "report.json");
  const parameters = ["run", "--project", project, "--reporter=default", "--reporter=json"];
  try {
    const running = spawn(
      process.execPath,
      [bin("vitest"), ...parameters, `--outputFile.json=${report}`, ...files],
      { cwd: root, stdio: "inherit" },
    );
    const [status]: unknown[] = await once(running, "close");
    const tally = readReport(report, project);
    return status !== 0 && tally.failed === 0
      ? sum([
          tally,
          { ...nothing(project), failures: [`${project}: ended with ${String(status)}`] },
        ])
      : tally;
  } catch (error) {
    console.error(`suite ${project} left no report`, error);
    return nothing(project);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
