/** Projects: from what is written and the namespace that exists to the namespace wanted and the status, as a table. */
import type { Project } from "@seam/api";
import { expect, test } from "vitest";
import { observeNamespace, observeProject } from "./observed.ts";
import { judgeProject, planNamespace } from "./project-plan.ts";
import { facetsOf, judgeFacet } from "./tenancy.ts";

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

const nothing = { namespace: null, problems: [], tenancy: [], usage: [], experiments: 0, now: 0 };
const label = { "seam.ucsd.edu/project": "lab-a" };
const owned = (uid: string): object => ({
  labels: label,
  ownerReferences: [{ controller: true, uid }],
});

const namespaceOf = (uid: string): ReturnType<typeof observeNamespace> => namespace(owned(uid));

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
  const { status } = judgeProject(project(name), { ...nothing, namespace: found });
  expect(status).toMatchObject({ phase, conditions: [{ type: "NamespaceReady", reason }] });
});

test("experiments are counted while there are any", () => {
  const scene = { ...nothing, namespace: namespaceOf("u1") };
  const counted = (experiments: number): unknown =>
    judgeProject(project("lab-a"), { ...scene, experiments }).status["experiments"];
  expect(counted(2)).toBe(2);
  expect(counted(0)).toBeUndefined();
});

test.each([
  [
    { quota: { egressMbps: 100 } },
    "True",
    "Enforced",
    "new pods are held to spec.quota.egressMbps; a pod without such a rate is refused, unless spec.limits.default.egressMbps is set",
  ],
  [
    { quota: { ingressMbps: 100 }, limits: { max: { ingressMbps: 10 } } },
    "True",
    "Enforced",
    "new pods are held to spec.quota.ingressMbps, spec.limits.max.ingressMbps",
  ],
  [
    { limits: { default: { egressMbps: 20 }, max: { egressMbps: 10 } } },
    "False",
    "DefaultAboveMax",
    "spec.limits.default.egressMbps: expected at most spec.limits.max.egressMbps",
  ],
] as const)("U1: bandwidth %j is said to be held, and marks the namespace", (spec, ...said) => {
  const [status, reason, message] = said;
  const given = project("lab-a", spec);
  const marked = { ...namespaceOf("u1"), isBandwidthLimited: true };
  expect(planNamespace(given, namespaceOf("u1"))?.metadata["labels"]).toMatchObject({
    "seam.ucsd.edu/bandwidth": "limited",
  });
  expect(planNamespace(given, marked)).toBeNull();
  expect(planNamespace(project("lab-a"), marked)?.metadata["labels"]).toEqual({
    "seam.ucsd.edu/project": "lab-a",
  });
  expect(judgeProject(given, { ...nothing, namespace: marked }).status).toMatchObject({
    phase: "Ready",
    conditions: [
      { type: "NamespaceReady" },
      { type: "BandwidthLimitsEnforced", status, reason, message },
    ],
  });
});

/** `KIND NAME` of what is wanted for a project, with the part that matters. */
const wantedOf = (spec: Project["spec"]): readonly (readonly [string, unknown])[] =>
  facetsOf(project("lab-a").identity, spec).flatMap(({ wanted }) =>
    wanted.map((object) => [
      `${object.kind} ${object.metadata.name}`,
      object["subjects"] ?? object["rules"] ?? object["spec"],
    ]),
  );
const user = (name: string): object => ({
  apiGroup: "rbac.authorization.k8s.io",
  kind: "User",
  name,
});

test.each<[string, Project["spec"], readonly (readonly [string, unknown])[]]>([
  ["nothing", {}, []],
  [
    "members, one of them twice",
    {
      members: [
        { user: "ann", role: "admin" },
        { group: "students", role: "viewer" },
        { user: "ann", role: "viewer" },
      ],
    },
    [
      ["RoleBinding seam-viewers", [{ ...user("students"), kind: "Group" }, user("ann")]],
      ["RoleBinding seam-admins", [user("ann")]],
      [
        "ClusterRole seam-project-lab-a",
        [
          {
            apiGroups: ["seam.ucsd.edu"],
            resources: ["projects"],
            resourceNames: ["lab-a"],
            verbs: ["get", "watch"],
          },
        ],
      ],
      [
        "ClusterRoleBinding seam-project-lab-a",
        [user("ann"), { ...user("students"), kind: "Group" }],
      ],
      ["RoleBinding seam-project-lab-a", [user("ann"), { ...user("students"), kind: "Group" }]],
    ],
  ],
  [
    "a quota of everything",
    {
      quota: {
        cpu: "16",
        memory: "32Gi",
        pods: 50,
        gpu: { "nvidia.com/gpu": 2, "gpu.example.com": 1 },
        egressMbps: 100,
      },
    },
    [
      [
        "ResourceQuota seam",
        {
          hard: {
            "requests.cpu": "16",
            "requests.memory": "32Gi",
            pods: "50",
            "requests.nvidia.com/gpu": "2",
            "gpu.example.com.deviceclass.resource.k8s.io/devices": "1",
          },
        },
      ],
    ],
  ],
  ["a quota of bandwidth alone", { quota: { ingressMbps: 100 } }, []],
  [
    "limits",
    { limits: { default: { cpu: "500m" }, max: { cpu: "4", memory: "8Gi" } } },
    [
      [
        "LimitRange seam",
        {
          limits: [
            { type: "Container", default: { cpu: "500m" }, max: { cpu: "4", memory: "8Gi" } },
          ],
        },
      ],
    ],
  ],
  ["limits of nothing", { limits: { default: {} } }, []],
])("tenancy: %s", (_, spec, wanted) => {
  expect(wantedOf(spec)).toEqual(wanted);
});

test("a quota tells which pods it refuses for want of a default", () => {
  const quota = { cpu: "1", memory: "1Gi" };
  const limits = { default: { memory: "64Mi" } };
  const facets = facetsOf(project("lab-a").identity, { quota, limits });
  expect(facets.flatMap((facet) => judgeFacet(facet, []))).toMatchObject([
    {
      type: "QuotaEnforced",
      status: "True",
      message:
        "limited: requests.cpu, requests.memory; a pod that asks for no cpu is refused, unless spec.limits.default.cpu is set",
    },
    { type: "LimitsEnforced", status: "True" },
  ]);
});
