/** V13: groups are stable over rolling updates. */
import { expect, test } from "vitest";

import { type Controller, GROUP_ANNOTATION, groupOf } from "./group.ts";

const deployment: Controller = { kind: "Deployment", name: "web", uid: "d" };
const owners: { readonly [uid: string]: Controller } = { r1: deployment, r2: deployment };
const controllerOf = ({ uid }: Controller): Controller | null => owners[uid] ?? null;
const pod = (controller: Controller | null, annotations = {}): Parameters<typeof groupOf>[0] => ({
  namespace: "lab",
  name: "web-1",
  uid: "p",
  annotations,
  controller,
});
const replicaSet = (uid: string): Controller => ({ kind: "ReplicaSet", name: `web-${uid}`, uid });

test.each<[string, Controller | null, object]>([
  ["a Deployment's pod", replicaSet("r1"), { type: "Deployment", name: "web", uid: "d" }],
  ["its pod after an update", replicaSet("r2"), { type: "Deployment", name: "web", uid: "d" }],
  ["a ReplicaSet's own pod", replicaSet("r3"), { type: "ReplicaSet", name: "web-r3", uid: "r3" }],
  [
    "a StatefulSet's pod",
    { kind: "StatefulSet", name: "db", uid: "s" },
    { type: "StatefulSet", name: "db", uid: "s" },
  ],
  [
    "a CronJob's run",
    { kind: "Job", name: "c-1", uid: "j" },
    { type: "Job", name: "c-1", uid: "j" },
  ],
  [
    "a static pod",
    { kind: "Node", name: "n1", uid: "n" },
    { type: "Pod", name: "web-1", uid: "p" },
  ],
  ["a pod of its own", null, { type: "Pod", name: "web-1", uid: "p" }],
])("V13: the group of %s", (_, controller, expected) => {
  expect(groupOf(pod(controller), controllerOf)).toEqual(expected);
});

test("V13: an annotation makes a group of any pods of a namespace", () => {
  const annotations = { [GROUP_ANNOTATION]: "ring" };
  const expected = { type: "Group", name: "ring", uid: "group:lab/ring" };
  expect(groupOf(pod(replicaSet("r1"), annotations), controllerOf)).toEqual(expected);
  expect(groupOf(pod(null, annotations), controllerOf)).toEqual(expected);
});
