/** What pages ask beyond single objects: who reaches whom, what pods print, what is told about objects (S9, S14). */
import type { KubeObject } from "@seam/kube";
import { type Kubelet, makeNode, startKubelet } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { type ApiServer, must, startApiServer } from "./api-server.fixture.ts";
import { createPrometheus } from "./http/prometheus.ts";
import { type RunningPrometheus, startPrometheus } from "./prometheus.fixture.ts";

let server: ApiServer;
let kubelet: Kubelet;
let prometheus: RunningPrometheus;

const LINE = `${"x".repeat(1023)}\n`;

beforeAll(async () => {
  let sentBytes = 0;
  prometheus = await startPrometheus(() => {
    sentBytes += 125_000;
    return ["lab-a", "lab-b"]
      .map(
        (namespace) =>
          `seam_pod_tx_bytes_total{namespace="${namespace}",pod="web-0"} ${sentBytes}\n`,
      )
      .join("");
  });
  server = await startApiServer({ prometheus: prometheus.url });
  kubelet = await startKubelet((path, response) =>
    response.end(path.includes("/loud/") ? LINE.repeat(1500) : "one\ntwo\n"),
  );
  await makeNode(server.kube, "n1", kubelet);
  const experiment = { apiVersion: "seam.ucsd.edu/v1alpha1", kind: "Experiment" };
  const workload = (name: string) => ({ name, image: "i", command: ["true"] });
  await make({
    ...experiment,
    metadata: { name: "e", namespace: "lab-a" },
    spec: { workloads: [workload("web"), workload("db")] },
  });
  await makePod("web-0", { app: "web", ...marks("web") }, "10.0.0.1");
  await makePod("web-1", { app: "web", ...marks("web") }, "10.0.0.2");
  await makePod("db-0", { app: "db", ...marks("db") }, "10.0.0.3");
  await makePod("loud", { app: "loud" }, "10.0.0.4");
  await make(policy("db", { podSelector: { matchLabels: { app: "db" } } }));
});

afterAll(async () => {
  await kubelet[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await prometheus[Symbol.asyncDispose]();
});

const make = async (object: KubeObject): Promise<void> => {
  must(await server.kube.apply(object, { fieldManager: "test", force: true }));
};

const marks = (workload: string) => ({
  "seam.ucsd.edu/experiment": "e",
  "seam.ucsd.edu/workload": workload,
});

async function makePod(name: string, labels: object, ip: string): Promise<void> {
  const metadata = { name, namespace: "lab-a", labels };
  const pod = { apiVersion: "v1", kind: "Pod", metadata };
  await make({ ...pod, spec: { containers: [{ name: "c", image: "i" }], nodeName: "n1" } });
  const status = { phase: "Running", podIP: ip, podIPs: [{ ip }] };
  must(await server.kube.applyStatus({ ...pod, status }, { fieldManager: "kubelet", force: true }));
}

const policy = (name: string, spec: object): KubeObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, namespace: "lab-a" },
  spec: { ...spec },
});

const path = "/api/v1/projects/lab-a";
const tabulate = async (body: object, person: "editor" | "viewer" = "editor") =>
  (await server.ask(person, { method: "POST", path: `${path}/reachability`, body })).body;

const [ALL, NONE] = [
  { kind: "all", ports: [] },
  { kind: "only", ports: [] },
];

test("S14: the table of who reaches whom, now and after changes that are made nowhere", async () => {
  const opening = policy("open", { podSelector: {}, ingress: [{}] });
  const ports = ["80/TCP"];
  const now = await tabulate({ ports }, "viewer");
  expect(now["groups"]).toEqual([
    { name: "db-0", project: "lab-a", pods: ["db-0"] },
    { name: "loud", project: "lab-a", pods: ["loud"] },
    { name: "web-*", project: "lab-a", pods: ["web-0", "web-1"] },
  ]);
  expect(now["cells"]).toMatchObject([{}, {}, [{ now: NONE, after: null }, {}, { now: ALL }]]);
  const opened = await tabulate({ ports, apply: [opening] });
  expect(opened["cells"]).toMatchObject([{}, {}, [{ now: NONE, after: ALL }, {}, {}]]);
  const gone = await tabulate({ ports, remove: [{ kind: "NetworkPolicy", name: "db" }] });
  expect(gone["cells"]).toMatchObject([{}, {}, [{ now: NONE, after: ALL }, {}, {}]]);
  const all = { method: "POST", path: "/api/v1/reachability", body: { ports } };
  expect((await server.ask("admin", all)).body["cells"]).toEqual(now["cells"]);
  const listed = await server.ask("viewer", { method: "GET", path: `${path}/policies` });
  expect(listed.body["items"]).toHaveLength(1);
});

test("S12: what would be applied is tried with the rights of who asks, and is a policy", async () => {
  const opening = policy("open", { podSelector: {}, ingress: [{}] });
  expect(await tabulate({ apply: [opening] }, "viewer")).toMatchObject({ status: 403 });
  const elsewhere = { ...opening, metadata: { name: "open", namespace: "lab-b" } };
  expect(await tabulate({ apply: [elsewhere] })).toMatchObject({ status: 403 });
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, spec: {} };
  expect(await tabulate({ apply: [secret] })).toMatchObject({
    status: 400,
    errors: [{ field: "body.apply[0].apiVersion" }],
  });
  expect(await tabulate({ ports: ["0/QUIC"] })).toMatchObject({ status: 422 });
});

const canTalk = async (from: string, to: string) => {
  const search = new URLSearchParams({ from, to, port: "80/TCP" }).toString();
  const call = { method: "GET", path: `${path}/can-talk?${search}` };
  return (await server.ask("editor", call)).body;
};

test("S14: what keeps one pod from another, and a policy that lets it, which then does", async () => {
  const denied = await canTalk("web-0", "db-0");
  expect(denied).toMatchObject({
    allowed: false,
    from: "lab-a/web-0",
    traffic: "port 80/TCP",
    egress: { allowed: true, policies: [] },
    ingress: {
      allowed: false,
      policies: [
        { group: "networking.k8s.io", kind: "NetworkPolicy", project: "lab-a", name: "db" },
      ],
    },
    remedies: [expect.stringContaining("add to spec.ingress of NetworkPolicy lab-a/db")],
  });
  const [manifest] = Array.isArray(denied["manifests"]) ? denied["manifests"] : [];
  const put = `${path}/policies/${manifest.metadata.name}`;
  expect((await server.ask("editor", { method: "PUT", path: put, body: manifest })).status).toBe(
    200,
  );
  expect(await canTalk("web-1", "db-0")).toMatchObject({ allowed: true, manifests: [] });
  expect(await canTalk("loud", "db-0")).toMatchObject({ allowed: false });
  expect(await canTalk("lab-b/other", "db-0")).toMatchObject({ status: 403 });
  expect(await canTalk("nobody", "db-0")).toMatchObject({ status: 404 });
});

const logOf = (name: string, query = "") =>
  fetch(`${server.url}${path}/pods/${name}/log?${query}`, {
    headers: { authorization: `Bearer ${server.tokenOf("viewer")}` },
  });

test("S9: the end of what a container printed, in whole lines, a mebibyte at most", async () => {
  const short = await logOf("web-0", "tailLines=2");
  expect(short.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect([await short.text(), short.headers.get("x-seam-truncated")]).toEqual(["one\ntwo\n", null]);
  expect(kubelet.asked.at(-1)).toContain("tailLines=2");
  const long = await logOf("loud");
  expect(long.headers.get("x-seam-truncated")).toBe("true");
  const text = await long.text();
  expect(text.length).toBeLessThanOrEqual(1_048_576);
  expect(text.length).toBeGreaterThan(1_000_000);
  expect(new Set(text.trimEnd().split("\n"))).toEqual(new Set([LINE.trimEnd()]));
  expect((await logOf("web-0", "container=none")).status).toBe(404);
  expect((await logOf("nobody")).status).toBe(404);
  expect((await logOf("web-0", "tailLines=100000")).status).toBe(400);
  const call = { method: "GET", path: "/api/v1/projects/lab-b/pods/x/log" };
  expect((await server.ask("owner", call)).status).toBe(403);
});

test("S9: events of a project's objects, the newest first", async () => {
  const told = (name: string, at: string, of: string): KubeObject => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: "lab-a" },
    involvedObject: { apiVersion: "v1", kind: "Pod", name: of, namespace: "lab-a" },
    type: "Warning",
    reason: "PolicyDenied",
    message: `told as ${name}`,
    lastTimestamp: at,
    count: 3,
    source: { component: "seam-agent" },
  });
  await make(told("first", "2026-01-01T00:00:00Z", "web-0"));
  await make(told("second", "2026-01-02T00:00:00Z", "web-1"));
  const ask = async (query: string) =>
    (await server.ask("viewer", { method: "GET", path: `${path}/events${query}` })).body;
  expect(await ask("?kind=Pod&type=Warning")).toEqual({
    truncated: false,
    items: [
      expect.objectContaining({
        message: "told as second",
        object: { kind: "Pod", name: "web-1" },
      }),
      {
        at: "2026-01-01T00:00:00.000Z",
        type: "Warning",
        reason: "PolicyDenied",
        message: "told as first",
        count: 3,
        source: "seam-agent",
        object: { kind: "Pod", name: "web-0" },
      },
    ],
  });
  expect(await ask("?name=web-0")).toMatchObject({ items: [{ message: "told as first" }] });
  expect(await ask("?limit=1")).toMatchObject({ truncated: true, items: [{}] });
  expect(await ask("?kind=a,b")).toMatchObject({ errors: [{ field: "query.kind" }] });
});

const ask = async (person: "viewer" | "owner" | "admin", where: string) =>
  server.ask(person, { method: "GET", path: where });

test("S10: a project's members see what its pods send, and nothing of another project's", async () => {
  const where = `${path}/metrics/sent?step=5`;
  let series: unknown = [];
  for (let tries = 0; tries < 200 && JSON.stringify(series) === "[]"; tries += 1) {
    series = (await ask("viewer", where)).body["series"];
    await pause(100);
  }
  const { body } = await ask("viewer", where);
  expect(body).toMatchObject({ unit: "bps", stepSeconds: 5, truncated: false });
  expect(body["series"]).toEqual([{ labels: { pod: "web-0" }, points: expect.any(Array) }]);
  const one = await ask("viewer", `${path}/metrics/sent?step=5&experiment=e`);
  expect(one.body["series"]).toHaveLength(1);
  expect((await ask("viewer", `${path}/metrics/sent?pod=other`)).body["series"]).toEqual([]);
  expect((await ask("owner", "/api/v1/projects/lab-b/metrics/sent")).status).toBe(403);
  expect((await ask("owner", "/api/v1/metrics/programs")).status).toBe(403);
});

test.each([
  ["metrics/sent?start=2&end=1", 400, "query.start"],
  ["metrics/sent?start=0&end=86400&step=1", 400, "query.step"],
  ["metrics/sent?pod=x%22%7D", 400, "query.pod"],
  ["metrics/sent?expr=up", 400, "query.expr"],
  ["metrics/programs", 404, null],
  ["metrics/up", 404, null],
])("S12: %s is refused: %d", async (query, status, field) => {
  const { body } = await ask("viewer", `${path}/${query}`);
  expect(body["status"]).toBe(status);
  expect(JSON.stringify(body)).toContain(field ?? "there is no metric");
});

test("S10: a Prometheus that is away, or sends elsewhere, is told of and not followed", async () => {
  const away = await createPrometheus(new URL("http://127.0.0.1:1/")).now("up");
  expect(away).toMatchObject({ ok: false, error: { code: "metrics-unavailable" } });
  const redirecting = createServer((_, response) => {
    response.writeHead(302, { location: new URL("/api/v1/query?query=up", prometheus.url).href });
    response.end();
  }).listen(0, "127.0.0.1");
  await once(redirecting, "listening");
  const port = Reflect.get(Object(redirecting.address()), "port");
  const elsewhere = await createPrometheus(new URL(`http://127.0.0.1:${port}`)).now("up");
  redirecting.close();
  expect(elsewhere).toMatchObject({ ok: false, error: { code: "metrics-unavailable" } });
  const refused = await createPrometheus(prometheus.url).now("up{");
  expect(refused).toMatchObject({
    ok: false,
    error: { detail: expect.stringContaining("status 400") },
  });
});

test("S9: the topology shows who may speak to whom by the policies, and what is measured", async () => {
  const { body } = await ask("viewer", `${path}/experiments/e/topology`);
  expect(body).toMatchObject({
    metrics: "ok",
    nodes: [
      { id: "workload/web", wanted: 1, pods: [{ name: "web-0" }, { name: "web-1" }] },
      { id: "workload/db", pods: [{ name: "db-0", node: "n1" }], sentBitsPerSecond: 0 },
    ],
  });
  expect(body["edges"]).toContainEqual({
    from: "workload/db",
    to: "workload/web",
    kind: "allowed",
    ports: ["all"],
  });
  expect((await ask("viewer", `${path}/experiments/none/topology`)).status).toBe(404);
});

test("S9: the overview tells each what they may see, and what needs attention", async () => {
  await makeProject();
  const { body } = await ask("admin", "/api/v1/overview");
  expect(body).toMatchObject({
    nodes: { total: 1, ready: 0 },
    agents: { total: 0, ready: 0 },
    experiments: { total: 1, ready: 0, failed: 0 },
  });
  expect(body["capacity"]).toContainEqual({
    resource: "pods",
    unit: "count",
    allocatable: 110,
    requested: 4,
  });
  expect(body["attention"]).toMatchObject([
    { severity: "error", title: "node n1 is not ready", link: { kind: "Node", name: "n1" } },
    { severity: "error", title: "no agent is ready on node n1" },
  ]);
  expect((await ask("viewer", "/api/v1/overview")).body).toMatchObject({
    nodes: null,
    agents: null,
    projects: 1,
    experiments: { total: 1 },
    capacity: [],
    attention: [],
  });
});

const makeProject = () =>
  make({
    apiVersion: "seam.ucsd.edu/v1alpha1",
    kind: "Project",
    metadata: { name: "lab-a" },
    spec: { members: [{ user: "viewer", role: "viewer" }] },
  });
