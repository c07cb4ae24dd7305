/**
 * The controller's process on a real API server with the real StatefulSet, garbage and namespace controllers and the real
 * scheduler, signed in with the rights of its manifest and no others.
 */
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { createKubeClient, readKubeconfig, type KubeClient, type KubeObject } from "@seam/kube";
import { startControlPlane, type ControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fileOf, signInAsController, startController, stop } from "./controller.fixture.ts";
import { eventually, kubectl, startNodes, type Experiment, type Nodes } from "./nodes.fixture.ts";

const API = "seam.ucsd.edu/v1alpha1";
let plane: ControlPlane;
let client: KubeClient;
let nodes: Nodes;
let controller: ChildProcess;
let limited = "";
let output = "";

const k = async (...argv: string[]): Promise<string> => kubectl(plane.kubeconfig, ...argv);
const read = async <T>(...argv: string[]): Promise<T> =>
  JSON.parse(await k("get", "-o", "json", ...argv));
const experiment = async (name = "first-experiment", namespace = "first"): Promise<Experiment> =>
  read("experiments", name, "-n", namespace);
const names = async (kinds: string, namespace: string): Promise<string[]> =>
  (await k("get", kinds, "-n", namespace, "-o", "name")).split("\n").filter(Boolean);

const phaseIs = async (phase: string, name?: string, namespace?: string): Promise<Experiment> =>
  eventually(async () => {
    const found = await experiment(name, namespace);
    expect(found.status?.phase).toBe(phase);
    return found;
  });

const condition = (found: Experiment, type: string): unknown =>
  found.status?.conditions.find((item) => item.type === type);

const start = (): ChildProcess =>
  startController(["--port=0", `--kubeconfig=${limited}`], (text) => (output += text));

const apply = async (name: string, spec: object): Promise<void> => {
  const object: KubeObject = {
    apiVersion: API,
    kind: "Experiment",
    metadata: { name, namespace: "lab-a" },
    spec: { ...spec },
  };
  const done = await client.apply(object, { fieldManager: "test", force: true });
  if (!done.ok) throw new Error(done.error.message);
};

beforeAll(async () => {
  plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  client = createKubeClient(config.value);
  await k("apply", "-f", fileOf("deploy/helm/seam/files/crds"));
  await k("wait", "--for=condition=Established", "crd", "--all", "--timeout=90s");
  // After the CRDs, because the garbage collector looks for new kinds only every 30 s.
  await plane.startControllers([
    "statefulset-controller",
    "garbage-collector-controller",
    "namespace-controller",
  ]);
  limited = await signInAsController(plane.kubeconfig);
  nodes = await startNodes(client, plane.kubeconfig);
  controller = start();
});

afterAll(async () => {
  await stop(controller, "SIGKILL");
  await nodes[Symbol.asyncDispose]();
  client.close();
  await plane[Symbol.asyncDispose]();
});

describe("the first experiment", () => {
  test("the project makes its namespace, and the server starts while the client waits", async () => {
    await nodes.hold("server-1");
    await k("apply", "-f", fileOf("examples/first-experiment"), "--server-side").catch(() => null);
    await eventually(async () => k("get", "namespace", "first"));
    await k("apply", "-f", fileOf("examples/first-experiment"), "--server-side");
    await eventually(async () => {
      const [server] = (await phaseIs("Progressing")).status?.workloads ?? [];
      expect(server).toMatchObject({ name: "server", ready: 2, desired: 3 });
    });
    expect(await names("statefulsets,services", "first")).toEqual([
      "statefulset.apps/server",
      "service/server",
    ]);
    expect(condition(await experiment(), "WorkloadsReady")).toMatchObject({
      status: "False",
      reason: "WaitingForPods",
      message: "server: 2 of 3 pods Ready; client waits for server",
    });
  });

  test("when the server is Ready the client starts, and the status names nodes and addresses", async () => {
    await nodes.release("server-1");
    const { status } = await phaseIs("Ready");
    expect(status?.workloads.map(({ name, ready }) => [name, ready])).toEqual([
      ["server", 3],
      ["client", 3],
    ]);
    for (const workload of status?.workloads ?? []) {
      expect(workload.pods.map((pod) => pod.node).toSorted()).toEqual(["n1", "n2", "n3"]);
      for (const { addresses } of workload.pods)
        expect(addresses).toEqual([
          expect.stringMatching(/^10\.244\.0\.\d+$/),
          expect.stringMatching(/^fd00:244::\d+$/),
        ]);
    }
    expect(await read("service", "server", "-n", "first")).toMatchObject({
      spec: {
        clusterIP: "None",
        ipFamilyPolicy: "PreferDualStack",
        publishNotReadyAddresses: true,
      },
    });
  });

  test("news are events, told once", async () => {
    const { items } = await eventually(async () => {
      const found = await read<{ items: { reason: string; type: string; series?: object }[] }>(
        "events",
        "-n",
        "first",
        "--field-selector=involvedObject.kind=Experiment",
      );
      expect(found.items.map((item) => item.reason)).toContain("AllReady");
      return found;
    });
    const told = items.map(({ reason, type }) => `${type} ${reason}`).toSorted();
    expect(told).toEqual(["Normal AllReady", "Normal Valid", "Normal WaitingForPods"]);
    expect(items.filter(({ series }) => series !== undefined)).toEqual([]);
  });

  test("nothing is written while nothing changes", async () => {
    const kinds = "experiments,statefulsets,services,pods";
    const versions = async (): Promise<string> =>
      k("get", kinds, "-n", "first", "-o", "jsonpath={.items[*].metadata.resourceVersion}");
    const before = await versions();
    await k("annotate", "experiment", "first-experiment", "-n", "first", "touched=1");
    await k("annotate", "experiment", "first-experiment", "-n", "first", "touched-");
    const after = await eventually(async () => {
      const now = await versions();
      expect(now).not.toBe(before);
      return now;
    });
    await sleep(1500);
    expect(await versions()).toBe(after);
  });

  test("drift is repaired", async () => {
    await k("scale", "statefulset", "server", "-n", "first", "--replicas=1");
    await k("delete", "service", "client", "-n", "first");
    await k(
      "label",
      "statefulset",
      "client",
      "-n",
      "first",
      "seam.ucsd.edu/workload=x",
      "--overwrite",
    );
    await eventually(async () => {
      expect(await read("statefulset", "server", "-n", "first")).toMatchObject({
        spec: { replicas: 3 },
      });
      await k("get", "service", "client", "-n", "first");
      expect(await read("statefulset", "client", "-n", "first")).toMatchObject({
        metadata: { labels: { "seam.ucsd.edu/workload": "client" } },
      });
    });
    await phaseIs("Ready");
  });

  test("when the server degrades the client stays, and the phase says so", async () => {
    await nodes.hold("server-0");
    expect(condition(await phaseIs("Degraded"), "WorkloadsReady")).toMatchObject({
      reason: "PodsLost",
    });
    expect(await names("statefulsets", "first")).toContain("statefulset.apps/client");
    await nodes.release("server-0");
    await phaseIs("Ready");
  });

  test("a killed controller goes on where the cluster is", async () => {
    await stop(controller, "SIGKILL");
    await k("delete", "statefulset", "client", "-n", "first");
    await k(
      "patch",
      "experiment",
      "first-experiment",
      "-n",
      "first",
      "--type=json",
      "-p",
      '[{"op":"replace","path":"/spec/workloads/0/replicas","value":2}]',
    );
    controller = start();
    await eventually(async () => {
      const { status } = await phaseIs("Ready");
      expect(status?.workloads.map(({ name, ready, desired }) => [name, ready, desired])).toEqual([
        ["server", 2, 2],
        ["client", 3, 3],
      ]);
    });
  });

  test("a workload taken from the specification is removed, with its pods", async () => {
    await k(
      "patch",
      "experiment",
      "first-experiment",
      "-n",
      "first",
      "--type=json",
      "-p",
      '[{"op":"remove","path":"/spec/workloads/1"}]',
    );
    await eventually(async () => {
      expect((await names("statefulsets,services,pods", "first")).toSorted()).toEqual([
        "pod/server-0",
        "pod/server-1",
        "service/server",
        "statefulset.apps/server",
      ]);
    });
  });

  test("deleting the experiment leaves nothing of it", async () => {
    await k("delete", "experiment", "first-experiment", "-n", "first");
    await eventually(async () => {
      expect(await names("statefulsets,services,pods", "first")).toEqual([]);
    });
  });

  test("created and deleted again and again under one name, it never fails on what is left", async () => {
    const spec = { workloads: [{ name: "again", image: "i", replicas: 2 }] };
    const metadata = { name: "again", namespace: "first" };
    for (let cycle = 0; cycle < 5; cycle += 1) {
      const made = await client.create({ apiVersion: API, kind: "Experiment", metadata, spec });
      expect(made.ok).toBe(true);
      await phaseIs("Ready", "again");
      await client.delete({ apiVersion: API, kind: "Experiment", ...metadata });
    }
    await eventually(async () => {
      expect(await names("statefulsets,services,pods", "first")).toEqual([]);
    });
    const reasons = await k("get", "events", "-n", "first", "-o", "jsonpath={.items[*].reason}");
    expect(reasons).not.toMatch(/NameTaken|Refused/);
  });

  test("deleting the project leaves nothing of it and of its experiments", async () => {
    await k("apply", "-f", fileOf("examples/first-experiment"), "--server-side");
    await phaseIs("Ready");
    await k("annotate", "project", "first", "seam.ucsd.edu/deletion=with-experiments");
    await k("delete", "project", "first");
    await eventually(async () => {
      expect(await k("get", "namespace", "first", "--ignore-not-found")).toBe("");
    });
    expect(await k("get", "statefulsets,services,pods", "-A", "-o", "name")).toBe(
      "service/kubernetes\nservice/seam-admission\nservice/seam-server\n",
    );
  });
});

describe("what is in the way is said", () => {
  const server = { name: "server", image: "i" };

  test("a namespace that Seam did not make is taken only when it is given", async () => {
    await k("create", "namespace", "lab-a");
    const project = { apiVersion: API, kind: "Project", metadata: { name: "lab-a" }, spec: {} };
    await client.apply(project, { fieldManager: "test" });
    const reason = '{.status.phase} {.status.conditions[?(@.type=="NamespaceReady")].reason}';
    const said = async (): Promise<string> =>
      k("get", "project", "lab-a", "-o", `jsonpath=${reason}`);
    await eventually(async () => expect(await said()).toBe("Failed NamespaceExists"));
    await k("annotate", "namespace", "lab-a", "seam.ucsd.edu/adopt=true");
    await eventually(async () => expect(await said()).toBe("Ready Owned"));
  });

  test("a cycle", async () => {
    const workloads = [
      { ...server, name: "a", after: ["b"] },
      { ...server, name: "b", after: ["a"] },
    ];
    await apply("cycle", { workloads });
    expect(condition(await phaseIs("Failed", "cycle", "lab-a"), "Accepted")).toMatchObject({
      status: "False",
      reason: "DependencyCycle",
      message: expect.stringContaining("a waits for b waits for a"),
    });
    expect(await names("statefulsets,services", "lab-a")).toEqual([]);
  });

  test("virtual machines, policies and bandwidth", async () => {
    const workloads = [
      { ...server, name: "vm", kind: "VirtualMachine" },
      { ...server, name: "box", bandwidth: { egressMbps: 100 } },
    ];
    await apply("later", { workloads, policies: [{ from: "vm", to: "box" }] });
    const found = await phaseIs("Failed", "later", "lab-a");
    const said = found.status?.conditions.filter(({ type }) => type !== "PoliciesEnforced");
    expect(said?.map(({ type, reason }) => [type, reason])).toEqual([
      ["Accepted", "Valid"],
      ["BandwidthReserved", "WaitingForPods"],
      ["WorkloadsReady", "VirtualMachinesUnavailable"],
    ]);
    await eventually(async () =>
      expect(condition(await experiment("later", "lab-a"), "BandwidthReserved")).toMatchObject({
        status: "True",
        message: "box: reserved on the node of each pod",
      }),
    );
    await eventually(async () => {
      expect(await read("pod", "box-0", "-n", "lab-a")).toMatchObject({
        metadata: { annotations: { "kubernetes.io/egress-bandwidth": "100M" } },
      });
    });
    await k("delete", "experiment", "later", "-n", "lab-a");
  });

  test("a StatefulSet of that name which is not ours is left alone", async () => {
    await apply("one", { workloads: [server] });
    await phaseIs("Ready", "one", "lab-a");
    await apply("two", { workloads: [{ ...server, replicas: 5 }] });
    expect(condition(await phaseIs("Failed", "two", "lab-a"), "WorkloadsReady")).toMatchObject({
      reason: "NameTaken",
      message: expect.stringContaining("StatefulSet server exists"),
    });
    expect((await experiment("one", "lab-a")).status?.workloads).toMatchObject([{ desired: 1 }]);
    await k("delete", "experiment", "two", "-n", "lab-a");
  });

  test("a refusal by the API server", async () => {
    const ports = [
      { name: "a", port: 80 },
      { name: "b", port: 80 },
    ];
    await apply("refused", { workloads: [{ ...server, name: "twice", ports }] });
    const found = await phaseIs("Failed", "refused", "lab-a");
    expect(condition(found, "WorkloadsReady")).toMatchObject({ reason: "Refused" });
    await k("delete", "experiment", "refused", "-n", "lab-a");
  });

  test("a lifetime ends: a warning before, then the workloads go and the object stays", async () => {
    await apply("short", { workloads: [{ ...server, name: "brief" }], lifetime: "10s" });
    await phaseIs("Ready", "short", "lab-a");
    await phaseIs("Expired", "short", "lab-a");
    await eventually(async () => {
      expect(await names("pods", "lab-a")).not.toContain("pod/brief-0");
    });
    // They may wait for their turn: the recorder writes one a second after a burst.
    await expect
      .poll(
        async () =>
          (await k("get", "events", "-n", "lab-a", "-o", "jsonpath={.items[*].reason}")).split(" "),
        { timeout: 40_000 },
      )
      .toEqual(expect.arrayContaining(["EndsSoon", "Expired"]));
  });
});

test("it ends in order when it is told to, and met no missing right", async () => {
  expect(await stop(controller, "SIGTERM")).toBe(0);
  controller = start();
  expect(output).toContain("stopped");
  expect(output).not.toContain('"code":403');
  expect(output).not.toContain("a pass threw");
});
