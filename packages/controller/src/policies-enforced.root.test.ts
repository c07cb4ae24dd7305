/**
 * The condition PoliciesEnforced: the controller's process on a real API server with the real StatefulSet controller, and reports
 * of agents that the test writes.
 */
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { policyReportName, REPORT_KIND } from "@seam/api";
import {
  createKubeClient,
  readKubeconfig,
  startReflector,
  type KubeClient,
  type KubeObject,
  type Reflector,
} from "@seam/kube";
import { startControlPlane, type ControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signInAsController, startController, stop } from "./controller.fixture.ts";
import { eventually, kubectl, startNodes, type Experiment, type Nodes } from "./nodes.fixture.ts";

const API = "seam.ucsd.edu/v1alpha1";
const KIND = "NetworkPolicy.networking.k8s.io";
const NODES = ["n1", "n2", "n3"];
let plane: ControlPlane;
let client: KubeClient;
let nodes: Nodes;
let controller: ChildProcess;
let history: Reflector<Condition | undefined>;
const seen: (Condition | undefined)[] = [];
let output = "";

type Condition = {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
};

const k = async (...argv: string[]): Promise<string> => kubectl(plane.kubeconfig, ...argv);
const conditionOf = (object: KubeObject): Condition | undefined =>
  JSON.parse(JSON.stringify(object["status"] ?? {})).conditions?.find(
    (each: { readonly type: string }) => each.type === "PoliciesEnforced",
  );
const condition = (): Condition | undefined => history.get("lab-a/tiers");
const expectCondition = async (wanted: object): Promise<void> =>
  expect.poll(condition, { timeout: 20_000, interval: 20 }).toMatchObject(wanted);

async function apply(kind: string, name: string, spec: object): Promise<void> {
  const namespace = kind === "Project" ? {} : { namespace: "lab-a" };
  const object: KubeObject = { apiVersion: API, kind, metadata: { name, ...namespace }, spec };
  const done = await client.apply(object, { fieldManager: "test", force: true });
  if (!done.ok) throw new Error(done.error.message);
}

/** As the agent of a node does. */
async function report(node: string, version: string): Promise<void> {
  const labels = { "app.kubernetes.io/name": "seam-agent" };
  const annotations = { "seam.ucsd.edu/enforced": JSON.stringify({ [KIND]: version }) };
  const name = policyReportName(node);
  const metadata = { name, namespace: "seam-system", labels, annotations };
  const lease = { ...REPORT_KIND, metadata, spec: { holderIdentity: node } };
  const done = await client.apply(lease, { fieldManager: "test", force: true });
  if (!done.ok) throw new Error(done.error.message);
}

/** A version that is later than all that was written. */
const latest = async (): Promise<string> => {
  const page = await client.list({ apiVersion: "v1", kind: "Namespace" });
  if (!page.ok) throw new Error(page.error.message);
  return page.value.resourceVersion;
};
async function reportAll(known?: string): Promise<void> {
  const version = known ?? (await latest());
  await Promise.all(NODES.map(async (node) => report(node, version)));
}

const workloads = [
  { name: "web", image: "i", replicas: 3, placement: { spread: "kubernetes.io/hostname" } },
  { name: "db", image: "i" },
  { name: "solo", image: "i" },
];
const policies = [
  { from: "web", to: "db", ports: ["5432/TCP"] },
  { from: "solo", to: "solo" },
];

beforeAll(async () => {
  plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  client = createKubeClient(config.value);
  const limited = await signInAsController(plane.kubeconfig);
  await plane.startControllers(["statefulset-controller", "garbage-collector-controller"]);
  nodes = await startNodes(client, plane.kubeconfig);
  controller = startController(["--port=0", `--kubeconfig=${limited}`], (text) => {
    output += text;
  });
  history = startReflector<Condition | undefined>({
    client,
    ref: { apiVersion: API, kind: "Experiment" },
    project: conditionOf,
    onChange: ({ key, value }) => void (key === "lab-a/tiers" && seen.push(value)),
  });
  await apply("Project", "lab-a", {});
  await k("wait", "--for=jsonpath={.status.phase}=Ready", "project", "lab-a", "--timeout=90s");
});

afterAll(async () => {
  await stop(controller, "SIGKILL");
  await history[Symbol.asyncDispose]();
  await nodes[Symbol.asyncDispose]();
  client.close();
  await plane[Symbol.asyncDispose]();
});

test("without agents every node with pods is named, and each is taken off when it has reported (S5)", async () => {
  await apply("Experiment", "tiers", { workloads, policies });
  await apply("Experiment", "open", { workloads: [{ name: "open", image: "i" }] });
  await expectCondition({ status: "False", reason: "NodesBehind" });
  await expectCondition({
    message: expect.stringContaining("no agent of Seam has reported from n1, n2, n3;"),
  });
  await report("n2", await latest());
  await expectCondition({ message: expect.stringContaining("has reported from n1, n3;") });
  await report("n1", "1");
  await expectCondition({
    message: expect.stringContaining(
      "not in force yet on n1; no agent of Seam has reported from n3;",
    ),
  });
  await reportAll();
  await expectCondition({
    status: "True",
    reason: "Enforced",
    message: "in force on 3 nodes with pods of this experiment",
  });
  const reasons = await k("get", "events", "-n", "lab-a", "-o", "jsonpath={.items[*].reason}");
  expect(reasons.split(" ").filter((each) => each === "NodesBehind")).toHaveLength(1);
});

test("reports that change no answer cost no experiment anything", async () => {
  const version = "{.items[*].metadata.resourceVersion}";
  const versions = async (): Promise<string> =>
    k("get", "experiments", "-n", "lab-a", "-o", `jsonpath=${version}`);
  await eventually(async () =>
    expect(await k("get", "experiment", "open", "-n", "lab-a")).toMatch(/Ready/),
  );
  const before = await versions();
  for (let round = 0; round < 20; round += 1) await reportAll();
  await sleep(1000);
  expect(await versions()).toBe(before);
  const found: Experiment = JSON.parse(
    await k("get", "experiment", "open", "-n", "lab-a", "-o", "json"),
  );
  expect(found.status?.conditions.map(({ type }) => type)).toEqual(["Accepted", "WorkloadsReady"]);
});

test("a change is not claimed to be in force before all nodes have it", async () => {
  const [first, ...others] = policies;
  const changed = [{ ...first, ports: ["5433/TCP"] }, ...others];
  await apply("Experiment", "tiers", { workloads, policies: changed });
  await sleep(1000);
  // Said of what was there before.
  expect(condition()).toMatchObject({ status: "True", observedGeneration: 1 });
  await expectCondition({
    status: "False",
    observedGeneration: 2,
    message: expect.stringContaining("not in force yet on n1, n2, n3;"),
  });
  await reportAll();
  await expectCondition({ status: "True", observedGeneration: 2 });
});

test("with agents that follow, a change costs one more write and is never said to be behind", async () => {
  let writing = Promise.resolve();
  await using agents = startReflector<string>({
    client,
    ref: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
    project: ({ metadata }) => metadata.resourceVersion ?? "",
    onChange: ({ version }) => {
      // One after the other, as an agent does.
      if (version !== null) writing = writing.then(async () => reportAll(version));
    },
  });
  await agents.synced;
  await writing;
  await reportAll();
  await expectCondition({ status: "True", observedGeneration: 2 });
  await sleep(500);
  seen.length = 0;
  await apply("Experiment", "tiers", { workloads, policies });
  await expectCondition({ status: "True", observedGeneration: 3 });
  await sleep(1000);
  expect(seen.map((each) => each?.status)).toEqual(["True", "True", "True"]);
  // What the test wrote, what is said of the other conditions, and what is said of the policies.
  expect(seen.map((each) => each?.observedGeneration)).toEqual([2, 2, 3]);
});

test("a policy that is taken away is in force until its deletion is", async () => {
  await reportAll();
  await apply("Experiment", "tiers", { workloads, policies: policies.slice(0, 1) });
  await expectCondition({ status: "False", observedGeneration: 4, reason: "NodesBehind" });
  expect(await k("get", "networkpolicies", "-n", "lab-a", "-o", "name")).not.toContain("solo");
  await reportAll();
  await expectCondition({ status: "True", observedGeneration: 4 });
});

test("a node whose report is gone is behind, and what has no policies says nothing of them", async () => {
  await k("delete", "lease", policyReportName("n3"), "-n", "seam-system");
  await expectCondition({
    status: "False",
    message: expect.stringContaining("no agent of Seam has reported from n3;"),
  });
  await apply("Experiment", "tiers", { workloads });
  await expect.poll(condition, { timeout: 30_000 }).toBeUndefined();
});

test("no right was missing", () => {
  expect(output).not.toContain('"code":403');
  expect(output).not.toContain("a pass threw");
});
