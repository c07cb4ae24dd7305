/** Projects: from what is written and the namespace that exists to the namespace wanted and the status, as a table. */
import { expect, test } from "vitest";
import { observeNamespace, observeProject } from "./observed.ts";
import { judgeProject, planNamespace } from "./project-plan.ts";

const project = (name: string, spec: object = {}): ReturnType<typeof observeProject> =>
  observeProject({
    apiVersion: "seam.ucsd.edu/v1alpha1",
    kind: "Project",
    metadata: { name, uid: "u1", generation: 1 },
    spec,
  });

const namespace = (metadata: object): ReturnType<typeof observeNamespace> =>
  observeNamespace({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "lab-a", ...metadata },
  });

const label = { "seam.ucsd.edu/project": "lab-a" };
const owned = (uid: string): object => ({
  labels: label,
  ownerReferences: [{ controller: true, uid }],
});

test.each([
  ["no namespace", "lab-a", null, true, "Pending", "Creating"],
  ["ours", "lab-a", namespace(owned("u1")), false, "Ready", "Owned"],
  ["ours, owner lost", "lab-a", namespace({ labels: label }), true, "Pending", "Creating"],
  ["a stranger's", "lab-a", namespace({}), false, "Failed", "NamespaceExists"],
  [
    "a stranger's, given to us",
    "lab-a",
    namespace({ annotations: { "seam.ucsd.edu/adopt": "true" } }),
    true,
    "Pending",
    "Creating",
  ],
  [
    "being removed",
    "lab-a",
    namespace({ ...owned("u0"), deletionTimestamp: "t" }),
    false,
    "Pending",
    "NamespaceTerminating",
  ],
  ["an older project's", "lab-a", namespace(owned("u0")), false, "Pending", "NamespaceTerminating"],
  ["the cluster's own", "kube-system", null, false, "Failed", "NameReserved"],
  ["not a name", "lab.a", null, false, "Failed", "Invalid"],
])("namespace: %s", (...row) => {
  const [, name, found, isApplied, phase, reason] = row;
  expect(planNamespace(project(name), found) !== null).toBe(isApplied);
  const { status } = judgeProject(project(name), { namespace: found, problems: [], now: 0 });
  expect(status).toMatchObject({ phase, conditions: [{ type: "NamespaceReady", reason }] });
});

test("what this version does not do is said", () => {
  const spec = { members: [{ user: "a", role: "admin" }], quota: { pods: 1 }, limits: {} };
  const { status } = judgeProject(project("lab-a", spec), {
    namespace: null,
    problems: [],
    now: 0,
  });
  expect(status["conditions"]).toMatchObject([
    { type: "NamespaceReady" },
    { type: "MembersBound", status: "False", reason: "NotSupportedYet" },
    { type: "QuotaEnforced", status: "False", reason: "NotSupportedYet" },
    { type: "LimitsEnforced", status: "False", reason: "NotSupportedYet" },
  ]);
});
