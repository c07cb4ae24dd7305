/** Commands in containers, and `seam traffic` between pods without measuring tools (each failure names what to do) and with them. */
import { spawn, spawnSync } from "node:child_process";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { customResourceDefinitions } from "@seam/api";
import { millis } from "@seam/base";
import {
  applyObjects,
  createSeam,
  itemsOf,
  numberOf,
  type Seam,
  textOf,
  waitFor,
} from "@seam/client";
import { labDown, labExec, labImage, labStatus, labUp, loadImage } from "@seam/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

const name = "client-test";
const binFolder = process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools";
const main = path.join(import.meta.dirname, "main.ts");
const target = { namespace: "lab-a", pod: "server-0" };
let seam: Seam;
let kubeconfig = "";

type Scene = {
  readonly name: string;
  readonly workloads: readonly string[];
  readonly container: object;
};

const bare: Scene = {
  name: "bare",
  workloads: ["server", "client"],
  container: { name: "probe", image: "localhost/probe:1", args: ["serve", "8080"] },
};
const equipped: Scene = {
  name: "equipped",
  workloads: ["answer", "ask"],
  container: { name: "tools", image: "localhost/seam/traffic:dev" },
};

const podOf = ({ container }: Scene, workload: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `${workload}-0`, namespace: "lab-a" },
    spec: { terminationGracePeriodSeconds: 0, containers: [container] },
  });
const namespace = (each: string): string =>
  JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: each } });
const experimentOf = (scene: Scene) => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "Experiment",
  metadata: { name: scene.name, namespace: "lab-a" },
  spec: { workloads: scene.workloads.map((each) => ({ name: each, image: "i" })) },
});

async function apply(...documents: readonly string[]): Promise<void> {
  const source = { name: "test", text: documents.join("\n---\n") };
  for await (const event of applyObjects(seam.kube, [source], seam))
    if (event.kind === "failed") throw new Error(event.error.message);
}

/** The status that the controller would write. */
async function workloadStatus(workload: string): Promise<object> {
  const ref = { apiVersion: "v1", kind: "Pod", namespace: "lab-a", name: `${workload}-0` };
  for await (const event of waitFor(seam.kube, ref, { until: "Ready", timeout: millis(60_000) }))
    if (event.kind === "failed") throw new Error(event.error.message);
  const found = await seam.kube.get(ref);
  const value = found.ok ? found.value : {};
  const addresses = itemsOf(value, "status", "podIPs").map((each) => textOf(each, "ip"));
  const pods = [{ name: ref.name, node: textOf(value, "spec", "nodeName"), addresses }];
  return { name: workload, ready: 1, desired: 1, pods };
}

/** Makes the pods of a scene, and its experiment with the status that the controller would write. */
async function stage(scene: Scene): Promise<void> {
  const experiment = experimentOf(scene);
  await apply(...scene.workloads.map((each) => podOf(scene, each)), JSON.stringify(experiment));
  const workloads = await Promise.all(scene.workloads.map(workloadStatus));
  const { spec: _, ...bareObject } = experiment;
  const status = { ...bareObject, status: { phase: "Ready", workloads } };
  expect(await seam.kube.applyStatus(status, { fieldManager: "test" })).toMatchObject({ ok: true });
}

const traffic = (scene: Scene, ...more: readonly string[]) =>
  spawnSync(
    process.execPath,
    [main, "traffic", scene.name, "-n", "lab-a", "--kubeconfig", kubeconfig, ...more],
    { encoding: "utf8" },
  );

/** Names of the pods that measuring the hosts may have left. */
async function leftovers(): Promise<readonly string[]> {
  const left = await seam.kube.list({ apiVersion: "v1", kind: "Pod", namespace: "seam-system" });
  return left.ok ? left.value.items.map((each) => each.metadata.name) : [left.error.message];
}

beforeAll(async () => {
  await labDown(name);
  const image = (await labImage("probe", binFolder)).archive;
  const options = { name, binFolder, nodes: 1, network: "reference", images: [image] } as const;
  for await (const _ of labUp(options));
  ({ kubeconfig } = await labStatus(name));
  const opened = createSeam({ kubeconfig });
  if (!opened.ok) throw new Error(opened.error.message);
  seam = opened.value;
  await apply(
    ...customResourceDefinitions().map((each) => JSON.stringify(each)),
    ...["lab-a", "seam-system"].map(namespace),
  );
  await stage(bare);
}, 180_000);

afterAll(async () => {
  seam[Symbol.dispose]();
  await labDown(name);
}, 200_000);

test("a command's output, errors and exit code come back", async () => {
  expect(await seam.kube.exec(target, ["/probe", "ask", "127.0.0.1", "8080"])).toEqual({
    ok: true,
    value: { exitCode: 0, stdout: "server-0\n", stderr: "" },
  });
  expect(await seam.kube.exec(target, ["/probe", "ask", "127.0.0.1", "9"])).toEqual({
    ok: true,
    value: { exitCode: 1, stdout: "", stderr: "connect: Connection refused\n" },
  });
  expect(await seam.kube.exec(target, ["/probe"])).toMatchObject({ value: { exitCode: 2 } });
});

test("a command or pod that is not there is an error with the server's words", async () => {
  const command = await seam.kube.exec(target, ["nothing"]);
  expect(command.ok ? "" : command.error.message).toContain('"nothing": executable file not found');
  expect(await seam.kube.exec({ ...target, pod: "nobody" }, ["/probe"])).toMatchObject({
    ok: false,
    error: { kind: "api", code: 404 },
  });
});

test("a command that takes too long, or is ended by its caller, does not hold the caller", async () => {
  const serve = ["/probe", "serve", "8081"];
  expect(await seam.kube.exec(target, serve, { timeout: millis(500) })).toMatchObject({
    ok: false,
    error: { reason: "Timeout", message: "the command did not end within 500 ms" },
  });
  const signal = AbortSignal.timeout(300);
  expect(await seam.kube.exec(target, ["/probe", "serve", "8082"], { signal })).toMatchObject({
    ok: false,
    error: { reason: "Aborted" },
  });
});

test("traffic of pods without tools: one line says which image to use, and no pod is left", async () => {
  const { status, stdout, stderr } = traffic(bare);
  expect(status).toBe(0);
  expect(stderr).toContain("measuring 2 of 2: client-0 > server-0, IPv6, same node");
  // Which of the two pods is named depends on who fails first.
  expect(stdout).toMatch(/client-0 +server-0 +IPv4 +n1( +\[\d\]){4}\n/);
  expect(stdout).toMatch(
    /\n\[1\] the image of pod (server|client)-0 has no (sh|rr); use an image with sh, rr and iperf3/,
  );
  expect(stdout).toContain(
    "no baseline: the nodes have no image localhost/seam/traffic:dev, and it cannot be pulled",
  );
  expect(await leftovers()).toEqual([]);
});

test("traffic of pods with tools, beside the host's: every cell is measured, nothing is left", async () => {
  await loadImage(name, (await labImage("traffic", binFolder)).archive);
  await stage(equipped);
  const { status, stdout } = traffic(equipped, "-o", "json");
  expect(status).toBe(0);
  const report: unknown = JSON.parse(stdout);
  const measured = {
    latency: { ok: true, value: { p50Us: expect.any(Number), p99Us: expect.any(Number) } },
    throughput: { ok: true, value: { rate: expect.any(Number), retransmits: expect.any(Number) } },
  };
  const row = (family: string) => ({ route: { family }, pods: measured, host: measured });
  expect(report).toMatchObject({ rows: [row("IPv4"), row("IPv6")] });
  for (const each of itemsOf(report, "rows")) {
    expect(numberOf(each, "pods", "latency", "value", "p50Us")).toBeGreaterThan(1);
    expect(numberOf(each, "pods", "throughput", "value", "rate")).toBeGreaterThan(100);
  }
  expect(await leftovers()).toEqual([]);
  const processes = await labExec(name, "n1", ["ps", "-eo", "args"]);
  expect(JSON.stringify(processes)).toContain("kubelet");
  expect(JSON.stringify(processes)).not.toMatch(/rr serve|iperf3 -s/);
});

test("an interrupt ends the measuring and deletes the host's pods", async () => {
  const argv = ["traffic", "equipped", "-n", "lab-a", "--seconds", "3", "--kubeconfig", kubeconfig];
  const child = spawn(process.execPath, [main, ...argv], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  while ((await leftovers()).length === 0) await sleep(200);
  child.kill("SIGINT");
  expect(await ended).toBe(1);
  expect(await leftovers()).toEqual([]);
});
