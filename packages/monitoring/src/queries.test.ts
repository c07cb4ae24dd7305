/** Queries and rules are about metrics that there are, with labels that they have, by the table of the guide. */
import { readFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

import { dashboardOf, pages, ruleGroups } from "./index.ts";

const guide = readFileSync(
  path.resolve(import.meta.dirname, "../../../docs/guide/metrics.md"),
  "utf8",
);
const TARGET = ["node", "instance", "job", "program", "le"];

/** Labels of each metric; histograms have series of three names. */
const labels = new Map(
  [...guide.matchAll(/^\| `(seam_\w+)` \| (\w+) \|([^|]*)\|/gm)].flatMap(
    ([, name = "", type, cell = ""]) => {
      const own = [...cell.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label);
      const names = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
      return names.map((suffix) => [`${name}${suffix}`, own] as const);
    },
  ),
);

const shown = pages.flatMap(({ panels, variables }) => [
  ...panels.flatMap(({ queries }) => queries.map(({ expression }) => expression)),
  ...variables.map(({ metric }) => metric),
]);
const judged = [...JSON.stringify(ruleGroups).matchAll(/"expr":("(?:[^"\\]|\\.)*")/g)].map(
  ([, text = '""']): string => JSON.parse(text),
);
const expressions = [...shown, ...judged];

test("every metric of the dashboards and rules is in the guide", () => {
  const used = expressions.flatMap((each) => each.match(/seam_\w+/g) ?? []);
  expect(used.filter((name) => !labels.has(name))).toEqual([]);
  expect(new Set(used).size).toBeGreaterThan(25);
});

test("every label that is asked for is one of its metric, or of the target", () => {
  const wrong = expressions.flatMap((expression) => {
    const known = new Set([
      ...TARGET,
      ...(expression.match(/seam_\w+/g) ?? []).flatMap((name) => labels.get(name) ?? []),
    ]);
    const asked = [
      ...[...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(", ")),
      ...[...expression.matchAll(/[{,](\w+)(?:=|!=|=~)/g)].map(([, label = ""]) => label),
    ];
    return asked.filter((label) => !known.has(label)).map((label) => `${label} in ${expression}`);
  });
  expect(wrong).toEqual([]);
});

test("every metric of the guide is drawn somewhere, but those of build and of clocks", () => {
  const text = expressions.join("\n");
  const unseen = [
    ...new Set([...labels.keys()].map((name) => name.replace(/_(bucket|sum|count)$/, ""))),
  ]
    .filter((name) => !text.includes(name))
    .toSorted();
  expect(unseen).toEqual([
    "seam_controller_last_success_timestamp_seconds",
    "seam_events_written_total",
    "seam_pod_shaped_read_timestamp_seconds",
  ]);
});

test("a legend names only labels that are left", () => {
  const wrong = pages
    .flatMap(({ panels }) => panels.flatMap(({ queries }) => queries))
    .filter(({ expression, legend }) => {
      const by = /^(?:\w+\(0\.99, )?(?:sum|count) by \(([^)]*)\)/.exec(expression)?.[1];
      const named = [...legend.matchAll(/{{(\w+)}}/g)].map(([, label = ""]) => label);
      return by !== undefined && named.some((label) => !by.split(", ").includes(label));
    });
  expect(wrong).toEqual([]);
});

test.each(pages)(
  "$name is what Grafana imports: a data source to choose, panels beside each other",
  (page) => {
    const { panels = [], templating, uid } = dashboardOf(page);
    expect(uid).toBe(`seam-${page.name}`);
    expect(templating.list?.[0]).toMatchObject({ name: "datasource", type: "datasource" });
    const places = panels.map((panel) => JSON.stringify(panel.gridPos));
    expect(new Set(places).size).toBe(page.panels.length);
  },
);
