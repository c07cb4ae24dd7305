/** Documents become objects, or every error at once. */
import { expect, test } from "vitest";
import { readObjects } from "./documents.ts";
import { findKind } from "./kinds.ts";
import { inOrder } from "./place.ts";

const read = (text: string) => readObjects([{ name: "x.yaml", text }]);

test("several documents, also of other kinds, keep their order; empty ones are skipped", () => {
  const text = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
---
---
apiVersion: seam.ucsd.edu/v1alpha1
kind: Project
metadata: {name: p}
spec: {}
`;
  const objects = read(text);
  expect(objects.ok && objects.value.map((each) => each.kind)).toEqual(["ConfigMap", "Project"]);
  expect(objects.ok && inOrder(objects.value).map((each) => each.kind)).toEqual([
    "Project",
    "ConfigMap",
  ]);
});

test("each error names file, document, object and field", () => {
  const text = `apiVersion: seam.ucsd.edu/v1alpha1
kind: Experiment
metadata: {name: e}
spec: {workloads: [{name: Bad, image: i}], colour: red}
---
just: text
---
apiVersion: seam.ucsd.edu/v2
kind: Project
metadata: {name: p}
`;
  const objects = read(text);
  const details = objects.ok ? [] : objects.error.details;
  expect(details).toHaveLength(4);
  expect(details[0]).toMatch(/^x.yaml, document 1 \(Experiment e\): spec.workloads\[0\].name: /);
  expect(details[1]).toMatch(/^x.yaml, document 1 \(Experiment e\): spec.colour: /);
  expect(details[2]).toMatch(/^x.yaml, document 2: expected an object with apiVersion/);
  expect(details[3]).toBe(
    "x.yaml, document 3 (Project p): apiVersion: expected seam.ucsd.edu/v1alpha1; found seam.ucsd.edu/v2",
  );
});

test("nothing to apply is an error", () => {
  expect(read("---\n")).toMatchObject({ ok: false, error: { message: "no object in x.yaml" } });
});

test.each(["Experiment", "experiments", "EXP"])("%s names the kind Experiment", (word) => {
  expect(findKind(word)).toMatchObject({ ok: true, value: { kind: "Experiment" } });
});

test("a kind nearly right is suggested, one far off is only listed", () => {
  const near = findKind("experimnt");
  expect(near.ok ? "" : near.error.hint).toMatch(/^Did you mean experiment\? Known kinds: proj/);
  const far = findKind("zebra");
  expect(far.ok ? "" : far.error.hint).toMatch(/^Known kinds: /);
});
