/** The library against a real kube-apiserver and etcd. */
import { readFileSync, writeFileSync } from "node:fs";
import { customResourceDefinitions, type Experiment } from "@seam/api";
import { millis } from "@seam/base";
import { readKubeconfig } from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { applyObjects, createSeam, deleteObjects, type Seam, type WatchEvent } from "./index.ts";

let plane: ControlPlane;
let seam: Seam;

const experiment = (name: string, replicas = 1): Experiment => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "Experiment",
  metadata: { name },
  spec: { workloads: [{ name: "server", image: "i", replicas }] },
});
const open = (options: object): Seam => {
  const opened = createSeam({ kubeconfig: plane.kubeconfig, ...options });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
};
async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

beforeAll(async () => {
  plane = await startControlPlane();
  seam = open({ namespace: "lab-a" });
});

afterAll(async () => {
  seam[Symbol.dispose]();
  await plane[Symbol.asyncDispose]();
});

test("without its definitions a kind is NotInstalled, with what to install", async () => {
  expect(await seam.projects.list()).toMatchObject({
    ok: false,
    error: { code: "NotInstalled", hint: expect.stringContaining("deploy/helm/seam/files/crds") },
  });
});

test("definitions, their objects and a namespace are applied in one go, whatever their order", async () => {
  const { metadata, ...rest } = experiment("first");
  const documents = [
    { ...rest, metadata },
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "lab-a" } },
    ...customResourceDefinitions(),
  ];
  const text = documents.map((each) => JSON.stringify(each)).join("\n---\n");
  const events = await all(applyObjects(seam.kube, [{ name: "all", text }], seam));
  expect(
    events.map((each) => (each.kind === "applied" ? `${each.ref.kind} ${each.outcome}` : each)),
  ).toEqual([
    ...customResourceDefinitions().map(() => "CustomResourceDefinition created"),
    "Namespace created",
    "Experiment created",
  ]);
});

test("create, apply, get, list, delete; each failure has a code", async () => {
  expect(await seam.experiments.create(experiment("second"))).toMatchObject({
    ok: true,
    value: { metadata: { namespace: "lab-a" }, spec: { workloads: [{ kind: "Container" }] } },
  });
  expect(await seam.experiments.create(experiment("second"))).toMatchObject({
    ok: false,
    error: { code: "Conflict" },
  });
  expect(await seam.experiments.apply(experiment("second", 2))).toMatchObject({
    ok: false,
    error: { code: "Conflict", hint: expect.stringContaining("--force") },
  });
  const force = { force: true };
  expect(await seam.experiments.apply(experiment("second", 2), force)).toMatchObject({ ok: true });
  expect(await seam.experiments.apply(experiment("second", -1))).toMatchObject({
    ok: false,
    error: { code: "BadInput", message: expect.stringContaining("spec.workloads[0].replicas") },
  });
  const listed = await seam.experiments.list("lab-a");
  expect(listed.ok && listed.value.map((each) => each.metadata.name)).toEqual(["first", "second"]);
  expect((await seam.experiments.delete({ name: "second" })).ok).toBe(true);
  expect(await seam.experiments.get({ name: "second" })).toMatchObject({
    ok: false,
    error: { code: "NotFound", message: expect.stringContaining("experiment lab-a/second") },
  });
});

test("an update goes on with what others made of the object meanwhile", async () => {
  await seam.experiments.apply(experiment("counted", 1));
  const more = ({ spec, ...rest }: Experiment): Experiment => ({
    ...rest,
    spec: {
      ...spec,
      workloads: spec.workloads.map((each) => ({ ...each, replicas: (each.replicas ?? 0) + 1 })),
    },
  });
  const place = { name: "counted" };
  const updates = Array.from({ length: 5 }, async () => seam.experiments.update(place, more));
  expect((await Promise.all(updates)).map(({ ok }) => ok)).toEqual(Array(5).fill(true));
  expect(await seam.experiments.get(place)).toMatchObject({
    value: { spec: { workloads: [{ replicas: 6 }] } },
  });
  expect(await seam.experiments.update({ name: "none" }, more)).toMatchObject({
    error: { code: "NotFound" },
  });
  await seam.experiments.delete(place);
});

test("a server with a token needs no kubeconfig; the cluster's settings are typed, too", async () => {
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok || config.value.token.kind !== "text") throw new Error("no token");
  const { server, tls, token } = config.value;
  using other = open({
    server: { url: server.href, token: token.text, certificateAuthority: tls.ca },
  });
  expect(await other.networkConfigs.list()).toEqual({ ok: true, value: [] });
  const wrong = open({
    server: { url: server.href, token: "wrong", certificateAuthority: tls.ca },
  });
  expect(await wrong.projects.list()).toMatchObject({ error: { code: "Denied" } });
  wrong[Symbol.dispose]();
  expect(createSeam({ server: { url: "10.0.0.1", token: "" } })).toMatchObject({
    error: { code: "BadConfig", message: expect.stringContaining("expected an https URL") },
  });
});

test("a watch tells what is there, each change, and the end of an object; it ends with its signal", async () => {
  const stop = new AbortController();
  const told: string[] = [];
  const note = (event: WatchEvent<Experiment>): string =>
    event.kind === "trouble"
      ? event.error.message
      : `${event.kind} ${event.object.spec.workloads[0]?.replicas}`;
  for await (const event of seam.experiments.watch(stop.signal, "lab-a")) {
    told.push(note(event));
    if (told.length === 1) {
      await seam.experiments.apply(experiment("first", 3));
    } else if (told.length === 2) await seam.experiments.delete({ name: "first" });
    else stop.abort();
  }
  expect(told).toEqual(["set 1", "set 3", "deleted 3"]);
});

test("a wait for deletion ends at once when there is nothing; a wait for Ready says so", async () => {
  const timeout = millis(5000);
  const gone = seam.experiments.wait({ name: "none" }, { until: "Deleted", timeout });
  expect(await all(gone)).toEqual([{ kind: "done" }]);
  const ready = seam.experiments.wait({ name: "none" }, { until: "Ready", timeout });
  expect(await all(ready)).toMatchObject([{ kind: "failed", error: { code: "NotFound" } }]);
});

test("a project that gets no namespace ends in a Timeout that says where to look", async () => {
  // After the CRDs: the garbage collector looks for new kinds only every 30 s.
  await plane.startControllers(["garbage-collector-controller"]);
  const project =
    "{apiVersion: seam.ucsd.edu/v1alpha1, kind: Project, metadata: {name: p}, spec: {}}";
  const inside = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: p}}";
  const sources = [{ name: "x", text: `${inside}\n---\n${project}` }];
  const options = { namespace: "default", patience: millis(500) };
  expect(await all(applyObjects(seam.kube, sources, options))).toMatchObject([
    { kind: "applied", ref: { kind: "Project" } },
    { kind: "waiting" },
    {
      kind: "failed",
      error: { code: "Timeout", hint: expect.stringContaining("describe project p") },
    },
  ]);
  const gone = await all(
    deleteObjects(seam.kube, sources, { ...options, patience: millis(30_000) }),
  );
  expect(gone.map((each) => each.kind).filter((each) => each !== "waiting")).toEqual([
    "absent",
    "deleted",
  ]);
});

test("a server that is away is Unreachable, a user whom it does not know is Denied", async () => {
  const known = readFileSync(plane.kubeconfig, "utf8");
  const file = `${plane.kubeconfig}-other`;
  writeFileSync(file, known.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1"));
  using away = open({ kubeconfig: file });
  expect(await away.projects.list()).toMatchObject({ error: { code: "Unreachable" } });
  writeFileSync(file, known.replace("test-token", "wrong-token"));
  using stranger = open({ kubeconfig: file });
  expect(await stranger.projects.list()).toMatchObject({ error: { code: "Denied" } });
});
