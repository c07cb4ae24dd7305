/** What is made from the schema of the chart's values, and what the chart must agree with; `UPDATE=1` makes it anew. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";
import { parse } from "yaml";

import { chart, fileOf, readSchema, valuesTable, valuesText } from "./chart.fixture.ts";

/** Compares a file with what it should be; with `UPDATE=1` makes it so. */
function compare(file: string, wanted: string): void {
  if (process.env["UPDATE"] === "1") writeFileSync(file, wanted);
  expect(readFileSync(file, "utf8")).toBe(wanted);
}

test("values.yaml holds the defaults of the schema, with what they are for", () => {
  const file = path.join(chart, "values.yaml");
  compare(file, valuesText(readSchema()));
  expect(parse(readFileSync(file, "utf8"))).toMatchObject({
    image: "",
    agent: { httpPort: 9811, resources: { limits: { memory: "256Mi" } } },
  });
});

test("the guide's table of values is that of the schema", () => {
  const file = fileOf("docs/guide/install.md");
  const page = readFileSync(file, "utf8");
  const [before = "", rest = ""] = page.split("<!-- values -->\n");
  const after = rest.split("\n<!-- end of values -->")[1] ?? "";
  const table = valuesTable(readSchema());
  compare(file, `${before}<!-- values -->\n${table}\n<!-- end of values -->${after}`);
  expect(table).toContain('| `agent.folders.cniBin` | `"/opt/cni/bin"` | Folder');
});

test("the chart has the version of the package", () => {
  const { version } = JSON.parse(readFileSync(fileOf("package.json"), "utf8"));
  const about = parse(readFileSync(path.join(chart, "Chart.yaml"), "utf8"));
  expect(about).toMatchObject({ version, appVersion: version });
});
