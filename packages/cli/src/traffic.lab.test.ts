/** Commands in containers and `seam traffic`, on a real node whose pods have no measuring tools: each failure names what to do. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { customResourceDefinitions } from "@seam/api";
import { millis } from "@seam/base";
import { applyObjects, createSeam, itemsOf, type Seam, textOf, waitFor } from "@seam/client";
import { labDown, labImage, labStatus, labUp } from "@seam/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

const name = "client-test";
const binFolder = process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools";
const main = path.join(import.meta.dirname, "main.ts");
const target = { namespace: "lab-a", pod: "server-0" };
let seam: Seam;
let kubeconfig = "";

const pod = (podName: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: podName, namespace: "lab-a" },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "probe", image: "localhost/probe:1", args: ["serve", "8080"] }],
    },
  });
const namespace = (each: string): string =>
  JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: each } });
const experiment = {
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "Experiment",
  metadata: { name: "two-tier", namespace: "lab-a" },
  spec: {
    workloads: ["server", "client"].map((each) => ({ name: each, image: "localhost/probe:1" })),
  },
};

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
    ...["server-0", "client-0"].map(pod),
    JSON.stringify(experiment),
  );
  const workloads = [await workloadStatus("server"), await workloadStatus("client")];
  await seam.kube.applyStatus(
    { ...experiment, spec: undefined, status: { phase: "Ready", workloads } },
    { fieldManager: "test" },
  );
}, 180_000);

afterAll(async () => {
  seam[Symbol.dispose]();
  await labDown(name);
}, 60_000);

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
  const argv = ["traffic", "two-tier", "-n", "lab-a", "--kubeconfig", kubeconfig];
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...argv], {
    encoding: "utf8",
  });
  expect(status).toBe(0);
  expect(stderr).toContain("measuring 2 of 2: client-0 > server-0, IPv6, same node");
  expect(stdout).toMatch(/client-0 +server-0 +IPv4 +n1 +\[1\] +\[1\] +\[2\] +\[2\]/);
  expect(stdout).toMatch(
    /\[1\] the image of pod (server|client)-0 has no (sh|rr); use an image with sh, rr and iperf3/,
  );
  expect(stdout).toContain(
    "no baseline: the nodes have no image localhost/seam/traffic:dev, and it cannot be pulled",
  );
  const left = await seam.kube.list({ apiVersion: "v1", kind: "Pod", namespace: "seam-system" });
  expect(left.ok && left.value.items.map((each) => each.metadata.name)).toEqual([]);
});
