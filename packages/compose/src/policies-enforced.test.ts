/** Whether policies are in force: what is asked of nodes, and what is said of it. */
import type { KubeObject } from "@seam/kube";
import { describe, expect, test } from "vitest";
import type { Condition, Finding } from "./condition.ts";
import type { PlanScene } from "./experiment-plan.ts";
import { judgeExperiment } from "./experiment-status.ts";
import { networkPoliciesOf } from "./network-policies.ts";
import { observeChild, observeExperiment, observePod } from "./observed.ts";
import {
  type Enforcement,
  isWorthTelling,
  judgeEnforcement,
  policyDemandOf,
} from "./policies-enforced.ts";
import { latestByKind, nodeProgress, observePolicyReport } from "./policy-report.ts";
import { manifestsOf } from "./manifest.ts";

const KIND = "NetworkPolicy.networking.k8s.io";
const NOW = 10_000;
const workloads = [
  { name: "web", image: "i", replicas: 2 },
  { name: "db", image: "i" },
];
const policies = [{ from: "web", to: "db", ports: ["5432/TCP"] }];

const experiment = (spec: object, conditions: readonly object[] = []): KubeObject => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "Experiment",
  metadata: {
    name: "tiers",
    namespace: "lab-a",
    uid: "u1",
    generation: 3,
    creationTimestamp: "1970-01-01T00:00:00Z",
  },
  spec,
  status: { conditions },
});

/** What exists when all was applied, the policies with these versions. */
function existing(spec: object, versions: readonly string[]): PlanScene["children"] {
  const { identity, spec: parsed } = observeExperiment(experiment(spec));
  if (!parsed.ok) throw new Error("not an experiment");
  const made = networkPoliciesOf(identity, parsed.value).map((object, at) => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: versions[at] ?? "1" },
  }));
  const sets = parsed.value.workloads.flatMap((each) => manifestsOf(identity, each, 1));
  return [...made, ...sets].map((object) =>
    observeChild({
      ...object,
      metadata: { ...object.metadata, uid: `${object.kind}-${object.metadata.name}` },
    }),
  );
}

const pod = (workload: string, index: number, node?: string): ReturnType<typeof observePod> =>
  observePod({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${workload}-${index}`,
      namespace: "lab-a",
      ownerReferences: [{ controller: true, uid: `StatefulSet-${workload}` }],
    },
    spec: node === undefined ? {} : { nodeName: node },
  });

const scene = (spec: object, more: Partial<PlanScene> = {}): PlanScene => ({
  experiment: observeExperiment(experiment(spec)),
  children: [],
  pods: [],
  now: NOW,
  ...more,
});

describe("demand", () => {
  const spec = { workloads, policies };

  test("the latest of all policies, on the nodes of the pods", () => {
    const pods = [pod("web", 0, "n2"), pod("web", 1, "n1"), pod("db", 0, "n2"), pod("db", 1)];
    const children = existing(spec, ["99", "100"]);
    expect(policyDemandOf(scene(spec, { children, pods }), null)).toEqual({
      isWritten: true,
      versions: new Map([[KIND, "100"]]),
      nodes: ["n1", "n2"],
    });
    expect(policyDemandOf(scene(spec, { children }), "101")?.versions).toEqual(
      new Map([[KIND, "101"]]),
    );
    expect(policyDemandOf(scene(spec, { children }), "7")?.versions).toEqual(
      new Map([[KIND, "100"]]),
    );
  });

  test("what does not exist as it should is not written", () => {
    expect(policyDemandOf(scene(spec), null)).toMatchObject({ isWritten: false });
    const children = existing({ workloads, policies: [{ from: "web", to: "db" }] }, []);
    expect(policyDemandOf(scene(spec, { children }), null)).toMatchObject({ isWritten: false });
    const all = existing(
      {
        workloads: [...workloads, { name: "cache", image: "i" }],
        policies: [...policies, { from: "web", to: "cache" }],
      },
      [],
    );
    expect(policyDemandOf(scene(spec, { children: all }), null)).toMatchObject({
      isWritten: false,
    });
  });

  test.each<[string, object]>([
    ["no policies", { workloads }],
    ["a lifetime that is over", { workloads, policies, lifetime: "5s" }],
    ["a specification that is wrong", { workloads: "none", policies }],
  ])("none with %s", (_, given) => {
    expect(policyDemandOf(scene(given), null)).toBeNull();
  });
});

const demand: Enforcement = {
  isWritten: true,
  versions: new Map([[KIND, "100"]]),
  nodes: ["n1", "n2"],
  behind: [],
  since: null,
};
const late = (node: string): Enforcement["behind"][number] => ({ node, progress: "behind" });
const before = (change: Partial<Condition>): Condition => ({
  type: "PoliciesEnforced",
  status: "True",
  reason: "Enforced",
  message: "",
  lastTransitionTime: "",
  observedGeneration: 3,
  ...change,
});

describe("verdict", () => {
  const found = (status: string, reason: string, message: unknown = expect.anything()): object => ({
    kind: "finding",
    finding: { type: "PoliciesEnforced", status, reason, message },
  });
  const kept = (...lookAgain: readonly number[]): object => ({ kind: "as before", lookAgain });

  test.each<[string, Partial<Enforcement> & { readonly old?: Condition }, unknown]>([
    ["all have it", {}, found("True", "Enforced", expect.stringContaining("2 nodes"))],
    ["no pod runs", { nodes: [] }, found("True", "NoPodsRun")],
    ["behind for a moment", { behind: [late("n1")], since: NOW - 1500 }, kept(500)],
    [
      "behind for a moment, an older generation was not",
      { behind: [late("n1")], since: NOW, old: before({ observedGeneration: 2 }) },
      kept(2000),
    ],
    [
      "behind, and True was said of this generation: not one moment longer",
      { behind: [late("n1")], since: NOW, old: before({}) },
      found("False", "NodesBehind"),
    ],
    [
      "behind for long",
      { behind: [late("n1"), { node: "n2", progress: "silent" }], since: NOW - 2000 },
      found(
        "False",
        "NodesBehind",
        "not in force yet on n1; no agent of Seam has reported from n2; see whether the agents run there: kubectl -n seam-system get pods -o wide; then: seam node n1",
      ),
    ],
    [
      "many behind",
      { behind: ["n1", "n2", "n3", "n4", "n5"].map(late), since: 0 },
      found("False", "NodesBehind", expect.stringContaining("on n1, n2, n3 and 2 more;")),
    ],
    ["not written yet", { isWritten: false, old: before({}) }, kept()],
  ])("%s", (_, { old, ...given }, expected) => {
    const about = { before: old, generation: 3, now: NOW };
    expect(judgeEnforcement({ ...demand, ...given }, [], about)).toEqual(expected);
  });

  test("what could not be written is not in force", () => {
    const about = { before: undefined, generation: 3, now: NOW };
    const problems = [{ message: "NetworkPolicy db exists and belongs to something else" }];
    expect(judgeEnforcement({ ...demand, isWritten: false }, problems, about)).toMatchObject({
      finding: {
        status: "False",
        reason: "NotWritten",
        message: expect.stringContaining("NetworkPolicy db exists"),
      },
    });
  });

  const finding = (reason: string): Finding => ({
    type: "PoliciesEnforced",
    status: "True",
    reason,
    message: "",
  });
  test.each<[string, Condition | undefined, boolean]>([
    ["Enforced", undefined, false],
    ["NoPodsRun", undefined, false],
    ["NodesBehind", undefined, true],
    ["Enforced", before({ reason: "NodesBehind", status: "False" }), true],
    ["Enforced", before({ reason: "NoPodsRun" }), false],
  ])("%s is an Event only when that is news", (reason, old, expected) => {
    expect(isWorthTelling(finding(reason), old === undefined ? [] : [old])).toBe(expected);
  });
});

describe("the condition in the status", () => {
  const spec = { workloads, policies };
  const said = before({ observedGeneration: 2, lastTransitionTime: "1970-01-01T00:00:01Z" });
  const judged = (enforcement: Enforcement | null): ReturnType<typeof judgeExperiment> =>
    judgeExperiment(
      {
        ...scene(spec),
        experiment: observeExperiment(experiment(spec, [{ ...said, message: "m" }])),
        virtualMachines: "absent",
        refusals: new Map(),
        enforcement,
        reservations: new Map(),
      },
      [],
    );
  const conditions = (verdict: ReturnType<typeof judgeExperiment>): unknown =>
    verdict.status["conditions"];

  test("stands before the last, of this generation when it is a finding", () => {
    expect(conditions(judged(demand))).toMatchObject([
      { type: "Accepted" },
      { type: "PoliciesEnforced", status: "True", observedGeneration: 3 },
      { type: "WorkloadsReady" },
    ]);
  });

  test("is as it was, of the generation that it was said of, while it is not known", () => {
    const verdict = judged({ ...demand, behind: [late("n1")], since: NOW - 500 });
    expect(conditions(verdict)).toMatchObject([
      { type: "Accepted" },
      { ...said, message: "m" },
      { type: "WorkloadsReady" },
    ]);
    expect(verdict.wake).toBe(1500);
  });

  test("is not there without policies", () => {
    expect(conditions(judged(null))).toMatchObject([
      { type: "Accepted" },
      { type: "WorkloadsReady" },
    ]);
  });
});

describe("reports", () => {
  const lease = (enforced: string, speed = {}): KubeObject => ({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: "seam-policies-n1",
      namespace: "seam-system",
      annotations: { "seam.ucsd.edu/enforced": enforced, ...speed },
    },
    spec: { holderIdentity: "n1", renewTime: "2026-11-27T01:00:00.000000Z" },
  });

  test("are read, and what cannot be read tells nothing", () => {
    expect(observePolicyReport(lease(`{"${KIND}":"12","X.y":"3","Z":4}`))).toEqual({
      node: "n1",
      enforced: new Map([
        [KIND, "12"],
        ["X.y", "3"],
      ]),
      linkSpeed: null,
      at: "2026-11-27T01:00:00.000000Z",
    });
    for (const text of ["", "{", "[]", "null", '"x"'])
      expect(observePolicyReport(lease(text)).enforced).toEqual(new Map());
  });

  test.each([
    ["25000", 25_000],
    ["0", null],
    ["-1", null],
    ["10G", null],
  ])("a card of %s Mbit/s: %s (V3)", (text, speed) => {
    const report = observePolicyReport(lease("{}", { "seam.ucsd.edu/link-mbps": text }));
    expect(report.linkSpeed).toBe(speed);
  });

  test.each<[string, ReadonlyMap<string, string> | undefined, string]>([
    ["no report", undefined, "silent"],
    ["another kind", new Map([["X.y", "200"]]), "behind"],
    ["an older version", new Map([[KIND, "99"]]), "behind"],
    ["this version", new Map([[KIND, "100"]]), "current"],
    ["a longer number", new Map([[KIND, "1000"]]), "current"],
  ])("%s: %s", (_, enforced, expected) => {
    expect(nodeProgress(enforced, demand.versions)).toBe(expected);
  });

  test("the latest of each kind", () => {
    const policy = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" };
    const other = { apiVersion: "v1", kind: "Other", version: "5" };
    const objects = [{ ...policy, version: "99" }, other, { ...policy, version: "100" }];
    expect(latestByKind(objects)).toEqual(
      new Map([
        [KIND, "100"],
        ["Other", "5"],
      ]),
    );
  });
});
