/** Every object of `examples/` is one that Seam accepts: an example is what people copy first. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { parseExperiment, parseProject } from "./index.ts";
import { isJson } from "./node.ts";

const folder = new URL("../../../examples/", import.meta.url);
const objects = globSync("**/*.yaml", { cwd: folder }).flatMap((file) =>
  parseAllDocuments(readFileSync(new URL(file, folder), "utf8")).map((document) => {
    const object: unknown = document.toJS();
    return { file, kind: isJson(object) ? object["kind"] : undefined, object };
  }),
);

test("there are examples of each kind", () => {
  expect(new Set(objects.map(({ kind }) => kind))).toEqual(new Set(["Project", "Experiment"]));
});

test.each(objects)("$file: $kind", ({ kind, object }) => {
  const parsed = kind === "Project" ? parseProject(object) : parseExperiment(object);
  expect(parsed.ok ? [] : parsed.error).toEqual([]);
});
