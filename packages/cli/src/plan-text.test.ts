/** A plan as people read it. */
import type { Plan, PlannedObject } from "@seam/client";
import { expect, test } from "vitest";
import { planDifference, planText } from "./plan-text.ts";

const object = (kind: string, name: string, spec: object): PlannedObject["after"] => ({
  apiVersion: "v1",
  kind,
  metadata: { name, namespace: "lab-a" },
  spec,
});
const ref = (kind: string, name: string): PlannedObject["ref"] => ({
  apiVersion: "v1",
  kind,
  name,
  namespace: "lab-a",
});
const madeOf = ref("Experiment", "tier");
const plan: Plan = {
  objects: [
    {
      ref: madeOf,
      action: "change",
      madeOf: null,
      waitsFor: [],
      fields: [
        { path: ".spec.lifetime", before: "24h", after: undefined },
        {
          path: ".spec.workloads[b]",
          before: undefined,
          after: { name: "b", image: "x".repeat(80) },
        },
      ],
      before: object("Experiment", "tier", { lifetime: "24h" }),
      after: object("Experiment", "tier", { workloads: [] }),
    },
    {
      ref: ref("StatefulSet", "a"),
      action: "unchanged",
      madeOf,
      waitsFor: [],
      fields: [],
      before: object("StatefulSet", "a", { replicas: 1 }),
      after: object("StatefulSet", "a", { replicas: 1 }),
    },
    {
      ref: ref("StatefulSet", "b"),
      action: "create",
      madeOf,
      waitsFor: ["a", "c"],
      fields: [],
      before: null,
      after: object("StatefulSet", "b", { replicas: 2 }),
    },
  ],
  nodes: [
    {
      node: "n1",
      pods: [
        { namespace: "lab-a", name: "a-1", action: "remove", node: "n1", addresses: ["10.0.0.1"] },
      ],
      steps: [{ kind: "delete-route" }, { kind: "delete-neighbour" }, { kind: "delete-route" }],
    },
    {
      node: null,
      pods: [{ namespace: "lab-a", name: "b-0", action: "make", node: null, addresses: [] }],
      steps: [],
    },
  ],
  notes: ["experiment lab-a/tier: something"],
};

test("as text", () => {
  expect(planText(plan)).toBe(
    `
OBJECT                 ACTION  WHAT
experiment lab-a/tier  change  -.spec.lifetime: 24h
                               +.spec.workloads[b]: {"name":"b","image":"${"x".repeat(36)}...
  statefulset lab-a/b  create  when a and c is Ready

NODE  PODS        STEPS
n1    -lab-a/a-1  2 delete-route, delete-neighbour
any   +lab-a/b-0  -

note: experiment lab-a/tier: something

plan: 1 to create, 1 to change, 0 to delete, 1 unchanged`.trimStart(),
  );
});

test("as a difference that patch understands", () => {
  expect(planDifference(plan)).toBe(
    `
--- experiment lab-a/tier
+++ experiment lab-a/tier
@@ -3,5 +3,5 @@
 metadata:
   name: tier
   namespace: lab-a
 spec:
-  lifetime: 24h
+  workloads: []
--- /dev/null
+++ statefulset lab-a/b
@@ -0,0 +1,7 @@
+apiVersion: v1
+kind: StatefulSet
+metadata:
+  name: b
+  namespace: lab-a
+spec:
+  replicas: 2`.trimStart(),
  );
});
