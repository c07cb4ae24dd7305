/** Prometheus' own judge of the rules. Needs no root; it is among these tests for the fetched promtool. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

import { ruleGroups } from "./index.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const cases = path.join(root, "packages/monitoring/cases/alerts.yaml");

function promtool(...argv: readonly string[]): { readonly ok: boolean; readonly said: string } {
  const folder =
    process.env["SEAM_PROMETHEUS_BIN"] ?? "SEAM_PROMETHEUS_BIN names the folder of Prometheus";
  const { status, stdout, stderr } = spawnSync(`${folder}/promtool`, argv, { encoding: "utf8" });
  return { ok: status === 0, said: stdout + stderr };
}

test("S7: promtool finds nothing wrong with the rules", () => {
  const { ok, said } = promtool(
    "check",
    "rules",
    path.join(root, "deploy/helm/seam/files/rules.yaml"),
  );
  expect(said).toContain("SUCCESS: 11 rules found");
  expect(ok).toBe(true);
});

test("each alert fires on what it is for, after its time, and on nothing else", () => {
  expect(promtool("test", "rules", cases).said).toMatch(/^Unit Testing:.*\n *SUCCESS\n*$/);
  const text = readFileSync(cases, "utf8");
  const names = [...JSON.stringify(ruleGroups).matchAll(/"alert":"(\w+)"/g)].map(
    ([, name]) => name,
  );
  const firing = names.filter((name) => text.includes(`alertname: ${name}\n`));
  expect(firing).toEqual(names);
});
