/** The real tests against a cluster that is not there: every set has its specs, and none of them passes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { afterAll, expect, test } from "vitest";

import { runPolicySuite } from "./policy-suite.ts";
import type { SpecResult } from "./report.ts";
import { runSpecs } from "./run.ts";
import { specSets } from "./specs.ts";

const folder = mkdtempSync("/tmp/seam-test-conformance-");
const kubeconfig = path.join(folder, "kubeconfig");
const run = {
  e2eFolder: process.env["SEAM_E2E_BIN"] ?? "SEAM_E2E_BIN names the folder of upstream's tests",
  binFolder: process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools",
  kubeconfig,
  folder,
  nodes: 3,
  processes: 2,
  timeoutMinutes: 2,
  nodesSeconds: 2,
};

writeFileSync(
  kubeconfig,
  `apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: none, context: {cluster: none, user: nobody}}]
users: [{name: nobody, user: {}}]
current-context: none
`,
);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Asked of the kernel itself, by Debian's Perl: Node has no such sockets. */
function sctpSocket(): string {
  const program = 'socket(my $s, 2, 1, 132) and print "works"';
  return spawnSync("perl", ["-e", program], { encoding: "utf8" }).stdout;
}

async function ended(
  lines: AsyncGenerator<string, readonly SpecResult[]>,
): Promise<{ readonly results: readonly SpecResult[]; readonly last: string }> {
  let last = "";
  for (;;) {
    const next = await lines.next();
    if (next.done === true) return { results: next.value, last };
    last = next.value;
  }
}

test("no spec of any set passes, and each says why", async () => {
  const { results, last } = await ended(runSpecs(specSets, run));
  const of = (outcome: SpecResult["outcome"]): readonly SpecResult[] =>
    results.filter((each) => each.outcome === outcome);
  // Two of the node-pod specs are conformance specs as well.
  expect(results).toHaveLength(47 + 23 + 1 + 50);
  expect(of("passed")).toEqual([]);
  const hasSctp = sctpSocket() === "works";
  expect(of("skipped").map(({ reason }) => reason)).toEqual(
    hasSctp ? [] : Array.from({ length: 5 }, () => "the kernel has no SCTP sockets"),
  );
  // Which of its waits ends the suite is a race inside it.
  const cause = /^it did not run: .*(connection refused|deadline exceeded)/s;
  expect(of("failed").filter(({ reason }) => !cause.test(reason))).toEqual([]);
  expect(last).toContain("conformance: 0 passed, 47 failed, 0 skipped");
});

test("a set that upstream has changed is refused", async () => {
  const [first, ...others] = specSets;
  await expect(ended(runSpecs([{ ...first, count: 48 }, ...others], run))).rejects.toThrow(
    "set conformance: expected 48 specs, upstream has 47",
  );
});

test("without the kind of cluster-wide policies no test of their suite begins", async () => {
  const suiteFolder =
    process.env["SEAM_POLICY_SUITE_BIN"] ?? "SEAM_POLICY_SUITE_BIN names the folder of the suite";
  await expect(ended(runPolicySuite({ ...run, suiteFolder }))).rejects.toThrow(
    /kubectl .* apply .* ended with 1: .*connection.* refused/s,
  );
});
