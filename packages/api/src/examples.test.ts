/** Every object of `examples/` and of the guides is one that Seam accepts: an example is what people copy first. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { parseExperiment, parseProject } from "./index.ts";
import { isJson } from "./node.ts";

const root = new URL("../../../", import.meta.url);

type Example = { readonly file: string; readonly kind: unknown; readonly object: unknown };

const examplesIn = (file: string, text: string): readonly Example[] =>
  parseAllDocuments(text).map((document) => {
    const object: unknown = document.toJS();
    return { file, kind: isJson(object) ? object["kind"] : undefined, object };
  });

const textOf = (file: string): string => readFileSync(new URL(file, root), "utf8");
const files = globSync("examples/**/*.yaml", { cwd: root }).flatMap((file) =>
  examplesIn(file, textOf(file)),
);
const shown = globSync("docs/guide/*.md", { cwd: root }).flatMap((file) =>
  [...textOf(file).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) =>
    examplesIn(file, block),
  ),
);
/** Others are held against what reads them: network settings and policies by tests of their own. */
const objects = [...files, ...shown].filter(({ kind }) =>
  ["Project", "Experiment"].some((each) => each === kind),
);

test("there are examples of each kind", () => {
  const kinds = new Set(files.map(({ kind }) => kind));
  // What is not Seam's own stands in examples about it.
  expect(kinds).toEqual(new Set(["Project", "Experiment", "Deployment", "Pod"]));
  expect(shown.map(({ file }) => file)).toContain("docs/guide/experiments.md");
});

test.each(objects)("$file: $kind", ({ kind, object }) => {
  const parsed = kind === "Project" ? parseProject(object) : parseExperiment(object);
  expect(parsed.ok ? [] : parsed.error).toEqual([]);
});
