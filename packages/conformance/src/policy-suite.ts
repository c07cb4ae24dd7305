/** Runs upstream's suite of cluster-wide policies against a cluster: the kind's definition first, then the tests one after another. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

import { progressOf, startLogged } from "./logged-program.ts";
import { policySuiteResults } from "./policy-suite-output.ts";
import { reportText, type SpecResult } from "./report.ts";
import { lacks, type SpecRun } from "./run.ts";
import { policySuite } from "./specs.ts";

/** Where and how to run. */
export type PolicySuiteRun = Pick<
  SpecRun,
  "e2eFolder" | "binFolder" | "kubeconfig" | "folder" | "timeoutMinutes"
> & {
  /** Folder with `policy-api.test` and the kind's definition. */
  readonly suiteFolder: string;
};

const DEFINITION = "policy.networking.k8s.io_clusternetworkpolicies.yaml";

/** Runs all tests; yields lines of progress, the report last, and returns what became of each part of each test. */
export async function* runPolicySuite(
  run: PolicySuiteRun,
): AsyncGenerator<string, readonly SpecResult[]> {
  define(run);
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

/** Makes the API server serve the kind. */
function define({ binFolder, kubeconfig, suiteFolder }: PolicySuiteRun): void {
  const file = path.join(suiteFolder, DEFINITION);
  for (const [command, ...parameters] of [
    ["apply", "--server-side", "-f", file],
    ["wait", "--for=condition=Established", "--timeout=30s", "-f", file],
  ] as const) {
    const argv = [`--kubeconfig=${kubeconfig}`, command, ...parameters];
    const { status, stderr } = spawnSync(`${binFolder}/kubectl`, argv, { encoding: "utf8" });
    if (status !== 0) throw new Error(`kubectl ${command} of the kind's definition: ${stderr}`);
  }
}
