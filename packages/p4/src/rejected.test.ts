/** Programs that are rejected or warned of, each with exactly what is told of it. `UPDATE=1` writes it anew. */
import path from "node:path";
import { expect, test } from "vitest";
import { catalogue } from "./source/catalogue.ts";
import { warningCatalogue } from "./source/catalogue-warnings.ts";
import { renderDiagnostic } from "./source/diagnostic.ts";
import { analysedText, type Case, caseFiles, writeCases } from "./testing.fixture.ts";

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

/** Whether a case tells the code that its name begins with; with `not` behind the code it tells nothing. */
function tellsItsCode({ name, told }: Case): boolean {
  const code = name.slice(0, 4);
  if (name.startsWith(`${code} not:`)) return told === "";
  return told.split(/ (?:error|warning) /).some((each) => each.startsWith(code));
}

const allCases = files.flatMap(({ cases }) => cases);

test("I9: each case tells the code that its name begins with", () => {
  const wrong = allCases.filter((each) => !tellsItsCode(each));
  expect(wrong.map(({ name }) => name)).toEqual([]);
});

test("I9: each warning has two cases, and one beside them without it", () => {
  const count = (start: string): number =>
    allCases.filter(({ name }) => name.startsWith(start)).length;
  const few = Object.keys(warningCatalogue).filter(
    (code) => count(`${code}:`) < 2 || count(`${code} not:`) < 1,
  );
  expect(few).toEqual([]);
});

test("I9: there are at least 300 cases, and every code of the catalogue has one or a test of its own", () => {
  const names = allCases.map(({ name }) => name.slice(0, 4));
  expect(names.length).toBeGreaterThanOrEqual(300);
  const elsewhere = ["P123", "P901", "P902", "P903", "P904", "P905"];
  const missing = Object.keys(catalogue).filter((code) => !names.includes(code));
  expect(missing).toEqual(elsewhere);
});
