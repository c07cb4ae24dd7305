/** Which experiments a report makes work for. */
import { observeChild, observeExperiment, observePod, planChildren } from "@seam/compose";
import type { PolicyReport } from "@seam/compose";
import { expect, test } from "vitest";
import { createEnforcementIndex, type EnforcementIndex } from "./enforcement-index.ts";

const KIND = "NetworkPolicy.networking.k8s.io";

/** An experiment of one workload, whose policy has a version and whose pods are on these nodes. */
function scene(
  version: string,
  nodes: readonly string[],
  now = 0,
): Parameters<EnforcementIndex["ask"]>[1] {
  const experiment = observeExperiment({
    apiVersion: "seam.ucsd.edu/v1alpha1",
    kind: "Experiment",
    metadata: { name: "e", namespace: "lab-a", uid: "u", generation: 1 },
    spec: {
      workloads: [{ name: "web", image: "i", replicas: nodes.length }],
      policies: [{ from: "web", to: "web" }],
    },
  });
  const bare = { experiment, children: [], pods: [], now };
  const children = planChildren(bare).apply.map((object) =>
    observeChild({
      ...object,
      metadata: { ...object.metadata, uid: object.kind, resourceVersion: version },
    }),
  );
  const pods = nodes.map((nodeName, index) =>
    observePod({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: `web-${index}`,
        ownerReferences: [{ controller: true, uid: "StatefulSet" }],
      },
      spec: { nodeName },
    }),
  );
  return { ...bare, children, pods };
}

const report = (node: string, version: string): PolicyReport => ({
  node,
  enforced: new Map([[KIND, version]]),
  at: null,
  linkSpeed: null,
});
const set = (index: EnforcementIndex, node: string, version: string): readonly string[] =>
  index.accept({ kind: "set", key: node, value: report(node, version) });

test("a report makes work for those experiments alone whose answer it changes (R9)", () => {
  const index = createEnforcementIndex();
  expect(set(index, "n1", "10")).toEqual([]);
  expect(index.ask("a", scene("10", ["n1"]))?.behind).toEqual([]);
  expect(index.ask("b", scene("20", ["n1", "n2"]))?.behind).toEqual([
    { node: "n1", progress: "behind" },
    { node: "n2", progress: "silent" },
  ]);
  expect(set(index, "n3", "99")).toEqual([]);
  expect(set(index, "n1", "11")).toEqual([]);
  expect(set(index, "n1", "20")).toEqual(["b"]);
  expect(set(index, "n1", "21")).toEqual([]);
  expect(set(index, "n2", "5")).toEqual(["b"]);
  expect(index.accept({ kind: "deleted", key: "n1", value: report("n1", "21") })).toEqual([
    "a",
    "b",
  ]);
});

test("it is known since when a node is behind, also when more is asked of it meanwhile", () => {
  const index = createEnforcementIndex();
  expect(index.ask("a", scene("10", ["n1"], 100))?.since).toBe(100);
  expect(index.ask("a", scene("12", ["n1"], 300))?.since).toBe(100);
  set(index, "n1", "12");
  expect(index.ask("a", scene("12", ["n1"], 400))?.since).toBeNull();
  expect(index.ask("a", scene("13", ["n1"], 500))?.since).toBe(500);
});

test("a deletion is waited for like a change, and forgotten with the experiment", () => {
  const index = createEnforcementIndex();
  set(index, "n1", "10");
  index.noteRemoved("a", "15");
  index.noteRemoved("a", "12");
  expect(index.ask("a", scene("10", ["n1"]))?.behind).toEqual([{ node: "n1", progress: "behind" }]);
  expect(set(index, "n1", "14")).toEqual([]);
  expect(set(index, "n1", "15")).toEqual(["a"]);
  index.forget("a");
  expect(set(index, "n1", "1")).toEqual([]);
  expect(index.ask("a", scene("1", ["n1"]))?.behind).toEqual([]);
});
