/** Runs upstream's suite of cluster-wide policies against a cluster: the kind's definition first, then the tests one after another. */
import { readFileSync } from "node:fs";
import path from "node:path";

import { defineClusterPolicies } from "@seam/lab";

import { progressOf, startLogged } from "./logged-program.ts";
import { policySuiteResults } from "./policy-suite-output.ts";
import { reportText, type SpecResult } from "./report.ts";
import { lacks, type SpecRun } from "./run.ts";
import { policySuite } from "./specs.ts";

/** Where and how to run. */
export type PolicySuiteRun = Pick<
  SpecRun,
  "e2eFolder" | "kubeconfig" | "folder" | "timeoutMinutes"
> & {
  /** Folder with `policy-api.test`. */
  readonly suiteFolder: string;
};

/** Runs all tests; yields lines of progress, the report last, and returns what became of each part of each test. */
export async function* runPolicySuite(
  run: PolicySuiteRun,
): AsyncGenerator<string, readonly SpecResult[]> {
  await defineClusterPolicies(run.kubeconfig);
  const log = path.join(run.folder, `${policySuite.name}.log`);
  const lacking = lacks("sctp", run.e2eFolder) ? { SEAM_WITHOUT_SCTP: "1" } : {};
  const environment = { ...process.env, KUBECONFIG: run.kubeconfig, ...lacking };
  const program = startLogged(
    [
      `${run.suiteFolder}/policy-api.test`,
      "-test.v=test2json",
      `-test.timeout=${run.timeoutMinutes}m`,
    ],
    { environment, log, mark: /--- (?:PASS|FAIL|SKIP): / },
  );
  yield* progressOf(
    program,
    (done, seconds) => `${policySuite.name}: ${done} tests and parts of them done in ${seconds} s`,
  );
  const results = policySuiteResults(readFileSync(log, "utf8"));
  yield reportText([policySuite], results);
  return results;
}
