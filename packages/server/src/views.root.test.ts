/** What pages ask beyond single objects: who reaches whom, what pods print, what is told about objects (S9, S14). */
import type { KubeObject } from "@seam/kube";
import { type Kubelet, makeNode, startKubelet } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ApiServer, must, startApiServer } from "./api-server.fixture.ts";

let server: ApiServer;
let kubelet: Kubelet;

const LINE = `${"x".repeat(1023)}\n`;

beforeAll(async () => {
  server = await startApiServer();
  kubelet = await startKubelet((path, response) =>
    response.end(path.includes("/loud/") ? LINE.repeat(1500) : "one\ntwo\n"),
  );
  await makeNode(server.kube, "n1", kubelet);
  await makePod("web-0", { app: "web" }, "10.0.0.1");
  await makePod("web-1", { app: "web" }, "10.0.0.2");
  await makePod("db-0", { app: "db" }, "10.0.0.3");
  await makePod("loud", { app: "loud" }, "10.0.0.4");
  await make(policy("db", { podSelector: { matchLabels: { app: "db" } } }));
});

afterAll(async () => {
  await kubelet[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const make = async (object: KubeObject): Promise<void> => {
  must(await server.kube.apply(object, { fieldManager: "test", force: true }));
};

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
