/** What this package says of wrong objects, against a golden file; `UPDATE=1` rewrites it. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { formatFieldError, parseExperiment, parseNetworkConfig, parseProject } from "./index.ts";
import { invalidObjects, type Invalid } from "./invalid.fixture.ts";

const golden = new URL("invalid.golden.txt", import.meta.url);
const parsers = {
  Experiment: parseExperiment,
  Project: parseProject,
  NetworkConfig: parseNetworkConfig,
} as const;

function saidOf({ name, object }: Invalid): string {
  const parse = Object.entries(parsers).find(([kind]) => kind === object.kind)?.[1];
  const parsed = parse?.(object);
  if (parsed === undefined || parsed.ok) return `${name}\n  accepted`;
  return [name, ...parsed.error.map((error) => `  ${formatFieldError(error)}`)].join("\n");
}

test("every wrong object gives an error with its field, what was expected and an example", () => {
  const said = `${invalidObjects.map(saidOf).join("\n")}\n`;
  if (process.env["UPDATE"] === "1") writeFileSync(golden, said);
  expect(said).not.toContain("  accepted");
  expect(said).toBe(readFileSync(golden, "utf8"));
  expect(invalidObjects.length).toBeGreaterThan(60);
});
