/** Programs that are rejected, each with exactly what is told of it. `UPDATE=1` writes it anew. */
import path from "node:path";
import { expect, test } from "vitest";
import { catalogue } from "./source/catalogue.ts";
import { renderDiagnostic } from "./source/diagnostic.ts";
import { analysedText, caseFiles, writeCases } from "./testing.fixture.ts";

const toldOf = (program: string): string =>
  analysedText(program).diagnostics.map(renderDiagnostic).join("\n");

const files = caseFiles();

for (const { file, cases } of files) {
  const told = cases.map((each) => ({ ...each, told: toldOf(each.program) }));
  if (process.env["UPDATE"] === "1") writeCases(file, told);
  test.each(cases)(`I9: ${path.basename(file)}: $name`, ({ program, told: expected }) => {
    expect(toldOf(program)).toBe(expected);
  });
}

test("I9: each case tells the code that its name begins with", () => {
  const wrong = files
    .flatMap(({ cases }) => cases)
    .filter(({ name, told }) => !told.includes(`${name.slice(0, 4)}:`));
  expect(wrong.map(({ name }) => name)).toEqual([]);
});

test("I9: there are at least 300 cases, and every code of the catalogue has one or a test of its own", () => {
  const names = files.flatMap(({ cases }) => cases.map(({ name }) => name.slice(0, 4)));
  expect(names.length).toBeGreaterThanOrEqual(300);
  const elsewhere = ["P123", "P901", "P902", "P903", "P904", "P905"];
  const missing = Object.keys(catalogue).filter((code) => !names.includes(code));
  expect(missing).toEqual(elsewhere);
});
