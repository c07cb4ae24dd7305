/** What is read again of an experiment that was read before. */
import type { KubeObject } from "@seam/kube";
import { expect, test } from "vitest";
import { observeExperiment } from "./observed.ts";

const object = (uid: string, generation: number, phase: string): KubeObject => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "Experiment",
  metadata: { name: "e", namespace: "lab", uid, generation },
  spec: { workloads: [{ name: "w", image: `image-${generation}` }] },
  status: { phase },
});

test("with a new status alone, the specification is the one that was read", () => {
  const before = observeExperiment(object("u", 1, "Pending"));
  const after = observeExperiment(object("u", 1, "Ready"), before);
  expect(after.spec).toBe(before.spec);
  expect(after.status).toEqual({ phase: "Ready" });
});

test.each([
  ["u", 2],
  ["v", 1],
])("uid %s at generation %i is read anew", (uid, generation) => {
  const before = observeExperiment(object("u", 1, "Ready"));
  const after = observeExperiment(object(uid, generation, "Ready"), before);
  expect(after.spec).not.toBe(before.spec);
  expect(after).toEqual(observeExperiment(object(uid, generation, "Ready")));
});

test("what bears no generation is read anew each time", () => {
  const before = observeExperiment(object("u", 0, "Ready"));
  expect(observeExperiment(object("u", 0, "Ready"), before).spec).not.toBe(before.spec);
});
