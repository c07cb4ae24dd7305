/**
 * What becomes of an experiment's workloads when it is suspended, restarted, changed by others, orphaned or kept from deletion:
 * the controller's process on a real API server with the real controllers of Kubernetes.
 */
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { createKubeClient, readKubeconfig, type KubeClient, type KubeObject } from "@seam/kube";
import { startControlPlane, type ControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signInAsController, startController, stop } from "./controller.fixture.ts";
import { eventually, kubectl, startNodes, type Experiment, type Nodes } from "./nodes.fixture.ts";

const API = "seam.ucsd.edu/v1alpha1";
let plane: ControlPlane;
let client: KubeClient;
let nodes: Nodes;
let controller: ChildProcess;
let output = "";

const k = async (...argv: string[]): Promise<string> => kubectl(plane.kubeconfig, ...argv);
const inLab = async (...argv: string[]): Promise<string> => k("-n", "lab-a", ...argv);
const at = async (path: string, ...what: string[]): Promise<string> =>
  inLab("get", ...what, "-o", `jsonpath=${path}`);

async function apply(kind: string, name: string, spec: object): Promise<void> {
  const namespace = kind === "Project" ? {} : { namespace: "lab-a" };
  const object: KubeObject = { apiVersion: API, kind, metadata: { name, ...namespace }, spec };
  const done = await client.apply(object, { fieldManager: "test", force: true });
  if (!done.ok) throw new Error(done.error.message);
}

const phaseIs = async (name: string, phase: string): Promise<Experiment> =>
  eventually(async () => {
    const found: Experiment = JSON.parse(await inLab("get", "experiment", name, "-o", "json"));
    expect(found.status?.phase).toBe(phase);
    return found;
  });

/** Reasons of the events about an object of Seam's own, with their messages. */
const told = async (reason: string): Promise<string> =>
  at("{range .items[*]}{.message} {end}", "events", `--field-selector=reason=${reason}`);

const server = { name: "server", image: "seam/traffic:dev", replicas: 2 };
const asks = { name: "client", image: "seam/traffic:dev", after: ["server"] };

beforeAll(async () => {
  plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  client = createKubeClient(config.value);
  const limited = await signInAsController(plane.kubeconfig);
  // After the kinds, because the garbage collector looks for new ones only every 30 s.
  await plane.startControllers([
    "statefulset-controller",
    "garbage-collector-controller",
    "namespace-controller",
  ]);
  nodes = await startNodes(client, plane.kubeconfig);
  controller = startController(["--port=0", `--kubeconfig=${limited}`], (text) => {
    output += text;
  });
  await apply("Project", "lab-a", {});
  await k("wait", "--for=jsonpath={.status.phase}=Ready", "project", "lab-a", "--timeout=90s");
});

afterAll(async () => {
  await stop(controller, "SIGKILL");
  await nodes[Symbol.asyncDispose]();
  client.close();
  await plane[Symbol.asyncDispose]();
});

test("a workload with everything is made as asked, and left alone afterwards", async () => {
  await inLab("create", "configmap", "settings", "--from-literal=level=3");
  await inLab("create", "secret", "generic", "keys", "--from-literal=token=x");
  await apply("Experiment", "full", {
    workloads: [
      {
        ...server,
        name: "full",
        command: [],
        args: ["--verbose"],
        env: [
          { name: "EMPTY", value: "" },
          { name: "LEVEL", configMap: { name: "settings", key: "level" } },
          { name: "TOKEN", secret: { name: "keys", key: "token" } },
        ],
        files: [{ path: "/etc/app", configMap: "settings" }],
        volumes: [
          { path: "/tmp", scratch: "1024Mi" },
          { path: "/dev/shm", memory: "0.5Gi" },
        ],
        labels: { team: "blue" },
        ports: [{ name: "iperf", port: 5201 }],
        resources: { cpu: "0.5", memory: "64Mi" },
        placement: { spread: "kubernetes.io/hostname" },
      },
    ],
    policies: [{ from: "full", to: "full", ports: ["5201/TCP"] }],
  });
  await phaseIs("full", "Ready");
  expect(await at("{.metadata.labels.team}", "pod", "full-0")).toBe("blue");
  expect(await at("{.spec.policyTypes}", "networkpolicy", "full")).toBe('["Ingress","Egress"]');
  const versions = async (): Promise<string> =>
    at("{.items[*].metadata.resourceVersion}", "statefulsets,services,networkpolicies,pods");
  const before = await versions();
  // Makes a pass over it, and no more.
  await inLab("annotate", "experiment", "full", "touched=1");
  await sleep(1500);
  expect(await versions()).toBe(before);
  expect(await told("DriftRepaired")).toBe("");
  await inLab("delete", "experiment", "full");
});

test("suspended, no pod runs and the names stay; started again, the order is that of the beginning", async () => {
  await apply("Experiment", "two-tier", { workloads: [server, asks] });
  await phaseIs("two-tier", "Ready");
  await apply("Experiment", "two-tier", { workloads: [server, asks], suspend: true });
  const suspended = await phaseIs("two-tier", "Suspended");
  expect(suspended.status?.workloads).toMatchObject([
    { name: "server", ready: 0, desired: 0, pods: [] },
    { name: "client", ready: 0, desired: 0, pods: [] },
  ]);
  await eventually(async () => expect(await inLab("get", "pods", "-o", "name")).toBe(""));
  expect((await inLab("get", "services", "-o", "name")).split("\n").filter(Boolean)).toEqual([
    "service/client",
    "service/server",
  ]);
  await nodes.hold("server-1");
  await apply("Experiment", "two-tier", { workloads: [server, asks], suspend: false });
  const { status } = await phaseIs("two-tier", "Progressing");
  await eventually(async () =>
    expect(await inLab("get", "pod", "server-1", "-o", "name")).not.toBe(""),
  );
  await sleep(500);
  expect(await at("{.spec.replicas}", "statefulset", "client")).toBe("0");
  expect(status?.conditions.find(({ type }) => type === "WorkloadsReady")?.message).toContain(
    "client waits for server",
  );
  await nodes.release("server-1");
  await phaseIs("two-tier", "Ready");
});

test("a restart replaces the pods of one workload, also when kubectl asks for it", async () => {
  const uids = async (workload: string): Promise<string> =>
    at("{.items[*].metadata.uid}", "pods", "-l", `seam.ucsd.edu/workload=${workload}`);
  const [servers, clients] = [await uids("server"), await uids("client")];
  const restarted = { ...server, restartedAt: "2026-11-26T12:00:00Z" };
  await apply("Experiment", "two-tier", { workloads: [restarted, asks] });
  await eventually(async () => {
    const now = (await uids("server")).split(" ");
    expect(now).toHaveLength(2);
    expect(servers.split(" ").filter((uid) => now.includes(uid))).toEqual([]);
  });
  expect(await uids("client")).toBe(clients);
  await inLab("rollout", "restart", "statefulset/client");
  await eventually(async () => {
    const now = await uids("client");
    expect(now).not.toBe("");
    expect(now).not.toBe(clients);
  });
  await phaseIs("two-tier", "Ready");
  expect(await told("DriftRepaired")).toBe("");
});

test("what somebody changes is repaired, and told on the experiment", async () => {
  await inLab("scale", "statefulset", "server", "--replicas=1");
  await eventually(async () =>
    expect(await told("DriftRepaired")).toContain(
      "StatefulSet server was changed by something else and is again as this experiment says; change the experiment instead",
    ),
  );
  expect(await at("{.spec.replicas}", "statefulset", "server")).toBe("2");
  // All three are there, and none of them is about to go.
  await eventually(async () => {
    const ready = "{.items[*].status.conditions[?(@.type=='Ready')].status}";
    expect(await at(ready, "pods")).toBe("True True True");
    expect(await at("{.items[*].metadata.deletionTimestamp}", "pods")).toBe("");
  });
});

test("a project whose experiment lives is not deleted; one orphaned leaves all as it was, and can be taken up again", async () => {
  await eventually(async () =>
    expect(await k("get", "project", "lab-a", "-o", "jsonpath={.status.experiments}")).toBe("1"),
  );
  await expect(k("delete", "project", "lab-a")).rejects.toMatchObject({
    stderr: expect.stringContaining("experiments live in project lab-a (1)"),
  });
  const spec = { members: [{ user: "ann", role: "viewer" }], quota: { pods: 10 } };
  await apply("Project", "lab-a", spec);
  await eventually(async () => inLab("get", "resourcequota", "seam"));
  const before = await at("{.items[*].metadata.uid}", "experiments,pods,resourcequotas");
  await k("delete", "project", "lab-a", "--cascade=orphan");
  await sleep(2000);
  expect(await at("{.items[*].metadata.uid}", "experiments,pods,resourcequotas")).toBe(before);
  expect(await k("get", "namespace", "lab-a", "-o", "jsonpath={.status.phase}")).toBe("Active");
  await apply("Project", "lab-a", spec);
  await k("wait", "--for=jsonpath={.status.phase}=Ready", "project", "lab-a", "--timeout=90s");
  expect(await at("{.items[*].metadata.uid}", "experiments,pods,resourcequotas")).toBe(before);
  const owner = "{.metadata.ownerReferences[*].uid}";
  const project = await k("get", "project", "lab-a", "-o", "jsonpath={.metadata.uid}");
  expect(await at(owner, "resourcequota", "seam")).toBe(project);
});

test("an experiment that is orphaned leaves its pods, which one of its name takes up again", async () => {
  const before = await at("{.items[*].metadata.uid}", "statefulsets,pods");
  await inLab("delete", "experiment", "two-tier", "--cascade=orphan");
  await sleep(2000);
  expect(await at("{.items[*].metadata.uid}", "statefulsets,pods")).toBe(before);
  await eventually(async () =>
    expect(await k("get", "project", "lab-a", "-o", "jsonpath={.status.experiments}")).toBe(""),
  );
  const restarted = { ...server, restartedAt: "2026-11-26T12:00:00Z" };
  await apply("Experiment", "two-tier", { workloads: [restarted, asks] });
  await phaseIs("two-tier", "Ready");
  expect(await at("{.items[*].metadata.uid}", "statefulsets,pods")).toBe(before);
  await inLab("delete", "experiment", "two-tier");
  await eventually(async () => k("delete", "project", "lab-a"));
});

test("no right was missing", () => {
  expect(output).not.toContain('"code":403');
  expect(output).not.toContain("a pass threw");
});
