/** The real tests against a cluster that is not there: every set has its specs, and none of them passes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { afterAll, expect, test } from "vitest";

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

const excluded = { conformance: 0, "dual-stack": 1, "node-pod": 1 } as const;

test.each(specSets)("$name", async (set) => {
  const { results, last } = await ended(runSpecs(set, run));
  const ofOutcome = (outcome: SpecResult["outcome"]): readonly SpecResult[] =>
    results.filter((each) => each.outcome === outcome);
  expect(ofOutcome("passed")).toEqual([]);
  expect(ofOutcome("skipped")).toHaveLength(excluded[set.name]);
  const failed = ofOutcome("failed");
  expect(failed).toHaveLength(set.count - excluded[set.name]);
  // Which of its waits ends the suite is a race inside it.
  const cause = /^it did not run: .*(connection refused|deadline exceeded)/s;
  expect(failed.filter(({ reason }) => !cause.test(reason))).toEqual([]);
  expect(last).toContain(`0 passed, ${failed.length} failed, ${excluded[set.name]} skipped`);
});

test("a set that upstream has changed is refused", async () => {
  const [first] = specSets;
  await expect(ended(runSpecs({ ...first, count: 48 }, run))).rejects.toThrow(
    "set conformance: expected 48 specs, upstream has 47",
  );
});
