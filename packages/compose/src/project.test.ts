/** Projects: from what is written and the namespace that exists to the namespace wanted and the status, as a table. */
import type { Project } from "@seam/api";
import { mbps } from "@seam/base";
import { expect, test } from "vitest";
import { observeNamespace, observeProject } from "./observed.ts";
import { admissionState, bandwidthUsage } from "./project-bandwidth.ts";
import { concernsAboutProject, judgeProject, planNamespace } from "./project-plan.ts";
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

const nothing = {
  namespace: null,
  problems: [],
  tenancy: [],
  usage: [],
  experiments: 0,
  admission: "on",
  now: 0,
} as const;
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

test.each([
  ["off", "AdmissionOff", "nobody holds pods to spec.limits.max.egressMbps; install Seam with"],
  ["starting", "AdmissionStarting", "new pods are refused until seam-admission, which holds them"],
] as const)("U24: with admission %s the condition is not True", (admission, reason, message) => {
  const given = project("lab-a", { limits: { max: { egressMbps: 10 } } });
  const { status, news } = judgeProject(given, { ...nothing, admission });
  expect(status["conditions"]).toContainEqual(
    expect.objectContaining({
      type: "BandwidthLimitsEnforced",
      status: "False",
      reason,
      message: expect.stringContaining(message),
    }),
  );
  expect(news.map((each) => each.reason)).toContain(reason);
  expect(concernsAboutProject(given, null, admission)).toMatchObject([{ reason }]);
});

const trusted = { failurePolicy: "Fail", clientConfig: { caBundle: "LS0t" } };

test.each([
  ["off", "there is no configuration", null],
  ["off", "it asks nobody", []],
  ["off", "it lets pods pass that nobody answers for", [{ ...trusted, failurePolicy: "Ignore" }]],
  ["starting", "nobody is trusted yet", [{ failurePolicy: "Fail", clientConfig: {} }]],
  ["starting", "somebody is trusted in one part", [trusted, { failurePolicy: "Fail" }]],
  ["on", "somebody is trusted in all parts", [trusted, trusted]],
])("U24: admission is %s when %s", (state, _, webhooks) => {
  const frame = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "seam-bandwidth" },
  };
  expect(admissionState(webhooks === null ? null : { ...frame, webhooks })).toBe(state);
});

test("U1: what is used of a quota of bandwidth is told beside it, for the directions that it has", () => {
  const used = { ulMbps: mbps(40), dlMbps: mbps(7) };
  const told = (spec: object): unknown => bandwidthUsage(project("lab-a", spec), used);
  const egress = { resource: "egressMbps", used: "40", limit: "100" };
  const ingress = { resource: "ingressMbps", used: "7", limit: "5" };
  expect(told({ quota: { egressMbps: 100, ingressMbps: 5, pods: 3 } })).toEqual([egress, ingress]);
  expect(told({ quota: { egressMbps: 100 } })).toEqual([egress]);
  expect(told({ limits: { max: { egressMbps: 100 } } })).toEqual([]);
  expect(told({ quota: { egressMbps: "much" } })).toEqual([]);
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
