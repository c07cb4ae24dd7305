/**
 * Plan against what then happens: documents are planned by the library, applied, and made by the controller's process on a real API
 * server with the real controllers of Kubernetes; what exists afterwards is what the plan said.
 */
import type { ChildProcess } from "node:child_process";
import {
  applyObjects,
  createSeam,
  type Plan,
  type PlannedObject,
  planObjects,
  type Seam,
} from "@seam/client";
import { startControlPlane, type ControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signInAs, signInAsController, startController, stop } from "./controller.fixture.ts";
import { eventually, kubectl, startNodes, type Nodes } from "./nodes.fixture.ts";

const API = "seam.ucsd.edu/v1alpha1";
let plane: ControlPlane;
let seam: Seam;
let nodes: Nodes;
let controller: ChildProcess;

const k = async (...argv: string[]): Promise<string> => kubectl(plane.kubeconfig, ...argv);

const open = (kubeconfig: string): Seam => {
  const opened = createSeam({ kubeconfig, namespace: "lab-a" });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
};

const project = (spec: object): object => ({
  apiVersion: API,
  kind: "Project",
  metadata: { name: "lab-a" },
  spec,
});
const experiment = (name: string, spec: object): object => ({
  apiVersion: API,
  kind: "Experiment",
  metadata: { name, namespace: "lab-a" },
  spec,
});
const sourcesOf = (objects: readonly object[]): { name: string; text: string }[] =>
  objects.map((object) => ({ name: "test", text: JSON.stringify(object) }));

async function planned(...objects: readonly object[]): Promise<Plan> {
  const plan = await planObjects(seam.kube, sourcesOf(objects), { namespace: "lab-a" });
  if (!plan.ok) throw new Error(JSON.stringify(plan.error));
  return plan.value;
}

async function applied(...objects: readonly object[]): Promise<void> {
  for await (const event of applyObjects(seam.kube, sourcesOf(objects), { namespace: "lab-a" }))
    if (event.kind === "failed") throw new Error(JSON.stringify(event.error));
}

/** `ACTION KIND/NAME` of each object. */
const lines = ({ objects }: Plan): readonly string[] =>
  objects.map(({ action, ref }) => `${action} ${ref.kind}/${ref.name}`);

/** What is made of Seam's objects, as it exists: `KIND/NAME`. */
async function made(): Promise<readonly string[]> {
  const label = "seam.ucsd.edu/experiment";
  const kinds = "statefulsets,services,networkpolicies";
  const format = "jsonpath={range .items[*]}{.kind}/{.metadata.name} {end}";
  const text = await k("-n", "lab-a", "get", kinds, "-l", label, "-o", format);
  return text.split(" ").filter(Boolean).toSorted();
}

const readyAre = async (name: string, generation: number): Promise<void> => {
  const wanted = `{.status.phase} {.status.conditions[?(@.type=="WorkloadsReady")].observedGeneration}`;
  await eventually(async () => {
    const found = await k("-n", "lab-a", "get", "exp", name, "-o", `jsonpath=${wanted}`);
    expect(found).toBe(`Ready ${generation}`);
  });
};

const server = { name: "server", image: "i", replicas: 2 };
const client = { name: "client", image: "i", after: ["server"], placement: { node: "n2" } };
const tier = (...workloads: readonly object[]): object =>
  experiment("tier", { workloads, lifetime: "24h" });

beforeAll(async () => {
  plane = await startControlPlane();
  seam = open(plane.kubeconfig);
  const limited = await signInAsController(plane.kubeconfig);
  await plane.startControllers([
    "statefulset-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "clusterrole-aggregation-controller",
  ]);
  nodes = await startNodes(seam.kube, plane.kubeconfig);
  for (const [at, name] of ["n1", "n2", "n3"].entries())
    await k("patch", "node", name, "-p", `{"spec":{"podCIDRs":["10.244.${at}.0/24"]}}`);
  controller = startController(["--port=0", `--kubeconfig=${limited}`], () => undefined);
});

afterAll(async () => {
  await stop(controller, "SIGKILL");
  await nodes[Symbol.asyncDispose]();
  seam[Symbol.dispose]();
  await plane[Symbol.asyncDispose]();
});

test("a project and an experiment that do not exist: all that will be made, and nothing is written", async () => {
  const documents = [tier(server, client), project({ quota: { pods: 20 } })];
  const plan = await planned(...documents);
  expect(lines(plan)).toEqual([
    "create Project/lab-a",
    "create Namespace/lab-a",
    "create ResourceQuota/seam",
    "create Experiment/tier",
    "create Service/server",
    "create StatefulSet/server",
    "create Service/client",
    "create StatefulSet/client",
  ]);
  expect(plan.objects.map(({ waitsFor }) => waitsFor.join())).toEqual([
    "",
    "",
    "",
    "",
    "",
    "",
    "server",
    "server",
  ]);
  expect((await k("get", "projects,namespaces", "-o", "name")).split("\n")).not.toContain(
    "project.seam.ucsd.edu/lab-a",
  );
  await applied(...documents);
  await readyAre("tier", 1);
  expect(await made()).toEqual(
    ["Service/client", "Service/server", "StatefulSet/client", "StatefulSet/server"].toSorted(),
  );
  expect(await k("-n", "lab-a", "get", "resourcequota", "seam", "-o", "name")).toContain("seam");
});

test("what is there as it should be is unchanged", async () => {
  const plan = await planned(project({ quota: { pods: 20 } }), tier(server, client));
  expect(lines(plan).filter((line) => !line.startsWith("unchanged "))).toEqual([]);
  expect(plan.objects).toHaveLength(8);
  expect([plan.nodes, plan.notes]).toEqual([[], []]);
});

test("more and fewer pods: fields, pods and the steps of the nodes", async () => {
  const more = tier({ ...server, replicas: 1 }, { ...client, replicas: 2 });
  const plan = await planned(more);
  expect(plan.objects.flatMap(({ ref, fields }) => fields.map((each) => [ref.kind, each]))).toEqual(
    [
      ["Experiment", { path: ".spec.workloads[server].replicas", before: 2, after: 1 }],
      ["Experiment", { path: ".spec.workloads[client].replicas", before: 1, after: 2 }],
      ["StatefulSet", { path: ".spec.replicas", before: 2, after: 1 }],
      ["StatefulSet", { path: ".spec.replicas", before: 1, after: 2 }],
    ],
  );
  const pods = plan.nodes.flatMap((each) => each.pods);
  expect(pods.toSorted((one, other) => one.name.localeCompare(other.name))).toMatchObject([
    { action: "make", name: "client-1", node: "n2" },
    { action: "remove", name: "server-1", node: expect.stringMatching(/^n[123]$/) },
  ]);
  const gone = pods.find(({ action }) => action === "remove");
  const steps = plan.nodes.flatMap((each) => each.steps);
  expect(steps).toContainEqual({
    kind: "delete-route",
    route: { destination: `${gone?.addresses[0]}/32`, via: null, device: "link of lab-a/server-1" },
  });
  expect(steps).toContainEqual({
    kind: "add-route",
    route: {
      destination: "an IPv4 address of 10.244.1.0/24",
      via: null,
      device: "link of lab-a/client-1",
    },
  });
  await applied(more);
  await readyAre("tier", 2);
  const left = await k("-n", "lab-a", "get", "pods", "-o", "name");
  expect(left.trim().split("\n").toSorted()).toEqual([
    "pod/client-0",
    "pod/client-1",
    "pod/server-0",
  ]);
});

test("another image replaces the pods, which the scheduler places anew", async () => {
  const plan = await planned(
    tier({ ...server, replicas: 1, image: "j" }, { ...client, replicas: 2 }),
  );
  expect(plan.nodes.flatMap((each) => each.pods)).toMatchObject([
    { action: "remove", name: "server-0" },
    { action: "make", name: "server-0", node: null },
  ]);
  expect(plan.nodes.at(-1)?.node).toBeNull();
  expect(plan.nodes.at(-1)?.steps.length).toBeGreaterThan(0);
});

test("a workload less, and one of other labels: what goes, and a field that is no longer wanted", async () => {
  const labelled = tier({ ...server, replicas: 1, labels: { team: "blue" } });
  const plan = await planned(labelled);
  expect(lines(plan)).toEqual([
    "change Experiment/tier",
    "unchanged Service/server",
    "change StatefulSet/server",
    "delete StatefulSet/client",
    "delete Service/client",
  ]);
  await applied(labelled);
  await readyAre("tier", 3);
  expect(await made()).toEqual(["Service/server", "StatefulSet/server"]);
  const bare = await planned(tier({ ...server, replicas: 1 }));
  const path = ".spec.template.metadata.labels.team";
  expect(bare.objects.find(({ ref }) => ref.kind === "StatefulSet")).toMatchObject({
    action: "change",
    fields: [{ path, before: "blue", after: undefined }],
  });
});

test("what stands in the way or would be refused is a note", async () => {
  await k("-n", "lab-a", "create", "service", "clusterip", "taken", "--tcp=80");
  const workload = { name: "taken", image: "i", bandwidth: { egressMbps: 1 } };
  const plan = await planned(experiment("notes", { workloads: [workload] }));
  expect(plan.notes).toEqual([
    expect.stringContaining("Service taken exists and belongs to something else; rename"),
  ]);
});

test("what apply would refuse, plan refuses in the same words", async () => {
  const wrong = experiment("wrong", { workloads: [{ name: "a", image: "i", after: ["b"] }] });
  const sources = sourcesOf([wrong]);
  const plan = await planObjects(seam.kube, sources, { namespace: "lab-a" });
  const failures: unknown[] = [];
  for await (const event of applyObjects(seam.kube, sources, { namespace: "lab-a" }))
    if (event.kind === "failed") failures.push(event.error);
  expect(plan).toMatchObject({ ok: false, error: failures[0] });
});

test("a member who may not read nodes sees all else", async () => {
  await k("-n", "lab-a", "create", "serviceaccount", "ann");
  const binding = ["rolebinding", "ann", "--clusterrole=edit", "--serviceaccount=lab-a:ann"];
  await k("-n", "lab-a", "create", ...binding);
  using member = open(await signInAs(plane.kubeconfig, "lab-a", "ann"));
  const more = tier({ ...server, replicas: 3, labels: { team: "blue" } });
  const plan = await eventually(async () => {
    const found = await planObjects(member.kube, sourcesOf([more]), { namespace: "lab-a" });
    if (!found.ok) throw new Error(JSON.stringify(found.error));
    return found.value;
  });
  const changed = plan.objects.filter(({ action }: PlannedObject) => action === "change");
  expect(changed.map(({ ref }) => ref.kind)).toEqual(["Experiment", "StatefulSet"]);
  expect(plan.nodes).toMatchObject([
    { node: null, pods: [{ name: "server-1" }, { name: "server-2" }] },
  ]);
  expect(plan.notes).toEqual([expect.stringContaining("only as far as pods tell it")]);
});
