/** The chart's files are made of this package; `UPDATE=1` makes them anew. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";
import { stringify } from "yaml";

import { dashboardOf, pages, ruleGroups } from "./index.ts";

const files = path.resolve(import.meta.dirname, "../../../deploy/helm/seam/files");
const folder = path.join(files, "dashboards");

/** What a file has; with `UPDATE=1` after it was made anew. */
function kept(file: string, wanted: string): string {
  if (process.env["UPDATE"] === "1") {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, wanted);
  }
  return readFileSync(file, "utf8");
}

test.each(pages)("S7: the chart has the dashboard $name", (page) => {
  const wanted = `${JSON.stringify(dashboardOf(page), null, 1)}\n`;
  expect(kept(path.join(folder, `${page.name}.json`), wanted)).toBe(wanted);
});

test("the chart has no dashboard that is not made here", () => {
  const names = pages.map(({ name }) => `${name}.json`);
  expect(readdirSync(folder).toSorted()).toEqual(names.toSorted());
});

test("the chart has the rules", () => {
  const text = stringify(ruleGroups, { lineWidth: 0 });
  const wanted = `# Made by packages/monitoring; UPDATE=1 makes it anew.\n${text}`;
  expect(kept(path.join(files, "rules.yaml"), wanted)).toBe(wanted);
});
