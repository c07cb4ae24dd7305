/** The object commands as people run them, against a real kube-apiserver and etcd; the test plays the controller. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { customResourceDefinitions } from "@seam/api";
import { applyObjects, createSeam, type Seam } from "@seam/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";

let plane: ControlPlane;
let seam: Seam;
const folder = mkdtempSync(join(tmpdir(), "seam-cli-"));
const main = join(import.meta.dirname, "main.ts");

type Ran = { readonly status: number | null; readonly out: string; readonly error: string };

function run(input: string, ...argv: readonly string[]): Promise<Ran> {
  const env = { ...process.env, KUBECONFIG: plane.kubeconfig };
  const child = spawn(process.execPath, [main, ...argv], { env });
  let [out, error] = ["", ""];
  child.stdout.on("data", (chunk) => (out += String(chunk)));
  child.stderr.on("data", (chunk) => (error += String(chunk)));
  child.stdin.end(input);
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, out, error })));
}

const project = `
apiVersion: seam.ucsd.edu/v1alpha1
kind: Project
metadata: {name: lab-a}
spec: {}
`;
const experiment = `
apiVersion: seam.ucsd.edu/v1alpha1
kind: Experiment
metadata: {name: two-tier, namespace: lab-a}
spec:
  workloads:
    - {name: server, image: "localhost/seam/traffic:dev", replicas: 2}
  lifetime: 24h
`;

const status = (fields: object): Promise<unknown> =>
  seam.kube.applyStatus(
    {
      apiVersion: "seam.ucsd.edu/v1alpha1",
      kind: "Experiment",
      metadata: { name: "two-tier", namespace: "lab-a" },
      status: fields,
    },
    { fieldManager: "test" },
  );

const condition = (type: string, message: string) => ({
  type,
  status: "False",
  reason: "Waiting",
  message,
  lastTransitionTime: "2026-01-01T00:00:00Z",
});

beforeAll(async () => {
  plane = await startControlPlane();
  const opened = createSeam({ kubeconfig: plane.kubeconfig });
  if (!opened.ok) throw new Error(opened.error.message);
  seam = opened.value;
  const text = customResourceDefinitions()
    .map((each) => JSON.stringify(each))
    .join("\n---\n");
  for await (const event of applyObjects(seam.kube, [{ name: "crds", text }], seam))
    if (event.kind === "failed") throw new Error(event.error.message);
  // After the CRDs: the garbage collector looks for new kinds only every 30 s.
  await plane.startControllers(["garbage-collector-controller"]);
});

afterAll(async () => {
  seam[Symbol.dispose]();
  await plane[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test("every error of every document is told at once, and nothing is sent", async () => {
  mkdirSync(join(folder, "bad"));
  writeFileSync(join(folder, "bad/a.yaml"), `${project}---${experiment.replace("2}", "-1}")}`);
  writeFileSync(join(folder, "bad/b.yaml"), "kind: [unclosed");
  const { status: code, error, out } = await run("", "apply", "-f", join(folder, "bad"));
  expect(code).toBe(1);
  expect(out).toBe("");
  expect(error).toContain("2 errors in what should be applied");
  expect(error).toContain(
    "a.yaml, document 2 (Experiment two-tier): spec.workloads[0].replicas: expected a whole number of at least 0 and at most 1000",
  );
  expect(error).toContain("b.yaml, document 1: not YAML");
  expect((await seam.projects.list()).ok && (await seam.projects.list())).toMatchObject({
    value: [],
  });
});

test("an experiment without its namespace says which project is missing", async () => {
  const { status: code, error } = await run(experiment, "apply", "-f", "-");
  expect(code).toBe(1);
  expect(error).toContain("cannot apply experiment lab-a/two-tier");
  expect(error).toContain("Apply a Project named lab-a first");
});

test("apply waits for the project's namespace, then is idempotent", async () => {
  const file = join(folder, "good.yaml");
  writeFileSync(file, `${experiment}---${project}`);
  const applying = run("", "apply", "-f", file);
  while (!(await seam.projects.get({ name: "lab-a" })).ok) await sleep(100);
  await sleep(500);
  expect((await seam.experiments.get({ name: "two-tier", namespace: "lab-a" })).ok).toBe(false);
  await seam.kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "lab-a" } });
  expect(await applying).toEqual({
    status: 0,
    out: `
OBJECT                      ACTION  WHAT
project lab-a               create
  namespace lab-a           create
experiment lab-a/two-tier   create
  service lab-a/server      create
  statefulset lab-a/server  create

NODE  PODS                             STEPS
any   +lab-a/server-0 +lab-a/server-1  2 add-sources

plan: 5 to create, 0 to change, 0 to delete, 0 unchanged

project lab-a created
waiting for namespace lab-a of its project
experiment lab-a/two-tier created
`.trimStart(),
    error: "",
  });
  expect((await run("", "apply", "-f", file)).out).toContain("experiment lab-a/two-tier unchanged");
  writeFileSync(file, experiment.replace("24h", "12h"));
  expect((await run("", "apply", "-f", file, "--dry-run")).out).toContain("nothing was written");
  const { out } = await run("", "apply", "-f", file);
  expect(out).toMatch(/lab-a\/two-tier +change +\.spec\.lifetime: 24h -> 12h\n/);
  expect(out).toMatch(/\n\nexperiment lab-a\/two-tier changed\n$/);
});

test("get prints a table, names, YAML and JSON; an unknown object fails", async () => {
  const here = ["-n", "lab-a"];
  expect((await run("", "get", "EXP", ...here)).out).toMatch(
    /^NAME +PHASE +READY +AGE\ntwo-tier +- +- +\d+s\n$/,
  );
  expect((await run("", "get", "experiments", "-A")).out).toMatch(/NAMESPACE.*\nlab-a +two-tier/);
  expect((await run("", "get", "exp", "-o", "name", ...here)).out).toBe("experiment/two-tier\n");
  expect((await run("", "get", "experiment/two-tier", "-o", "name", ...here)).out).toBe(
    "experiment/two-tier\n",
  );
  const json: unknown = JSON.parse(
    (await run("", "get", "exp", "two-tier", "-o", "json", ...here)).out,
  );
  expect(json).toMatchObject({ kind: "Experiment", spec: { lifetime: "12h" } });
  expect(JSON.stringify(json)).not.toContain("managedFields");
  expect((await run("", "get", "exp", "-o", "yaml", ...here)).out).toContain("kind: List");
  const missing = await run("", "get", "exp", "nobody", ...here);
  expect(missing.status).toBe(1);
  expect(missing.error).toContain("cannot get experiment lab-a/nobody");
});

test("wait tells progress until Ready, and a time-out says what was last known", async () => {
  const argv = ["wait", "exp", "two-tier", "-n", "lab-a", "--timeout"] as const;
  await status({
    phase: "Progressing",
    workloads: [{ name: "server", ready: 1, desired: 2 }],
    conditions: [condition("WorkloadsReady", "1 of 2 pods is Ready")],
  });
  const late = await run("", ...argv, "1s");
  expect(late.status).toBe(1);
  expect(late.out).toBe("Progressing  server 1/2  1 of 2 pods is Ready\n");
  expect(late.error).toContain("experiment lab-a/two-tier was not Ready within 1 s: Progressing");
  expect(late.error).toContain("seam describe experiment two-tier -n lab-a");
  const waiting = run("", ...argv, "30s");
  await sleep(1500);
  await status({ phase: "Ready", workloads: [{ name: "server", ready: 2, desired: 2 }] });
  expect(await waiting).toMatchObject({
    status: 0,
    out: expect.stringMatching(/experiment lab-a\/two-tier is Ready\n$/),
  });
});

test("describe shows spec, status, conditions and events", async () => {
  await status({ phase: "Ready", conditions: [condition("Accepted", "looks good")] });
  await seam.kube.create({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "event-1", namespace: "lab-a" },
    involvedObject: { kind: "Experiment", name: "two-tier", namespace: "lab-a" },
    type: "Normal",
    reason: "Placed",
    message: "two pods on two nodes",
    lastTimestamp: "2026-01-01T00:00:00Z",
  });
  const { out } = await run("", "describe", "experiment", "two-tier", "-n", "lab-a");
  expect(out).toContain("lifetime: 12h");
  expect(out).toMatch(/Accepted +False +Waiting +\d+d +looks good/);
  expect(out).toMatch(/Normal +Placed +experiment\/two-tier +two pods on two nodes/);
});

test("delete waits until the object is gone", async () => {
  await seam.kube.patch(
    {
      apiVersion: "seam.ucsd.edu/v1alpha1",
      kind: "Experiment",
      name: "two-tier",
      namespace: "lab-a",
    },
    { kind: "merge", value: { metadata: { finalizers: ["seam.ucsd.edu/test"] } } },
  );
  const argv = ["delete", "exp", "two-tier", "-n", "lab-a"] as const;
  const stuck = await run("", ...argv, "--timeout", "1s");
  expect(stuck.status).toBe(1);
  expect(stuck.out).toContain("being deleted, waiting for seam.ucsd.edu/test");
  expect((await run("", ...argv, "--no-wait")).out).toBe("experiment lab-a/two-tier deleting\n");
  const deleting = run("", ...argv);
  // The command has asked by then, also on a busy machine.
  await sleep(4000);
  await seam.kube.patch(
    {
      apiVersion: "seam.ucsd.edu/v1alpha1",
      kind: "Experiment",
      name: "two-tier",
      namespace: "lab-a",
    },
    { kind: "merge", value: { metadata: { finalizers: null } } },
  );
  expect(await deleting).toMatchObject({ status: 0, out: expect.stringContaining("deleted\n") });
  const again = await run("", ...argv);
  expect(again).toMatchObject({ status: 1 });
  expect(again.error).toContain("experiment lab-a/two-tier is not there");
  expect((await run(project, "delete", "-f", "-")).out).toMatch(/^project lab-a deleted$/m);
});
