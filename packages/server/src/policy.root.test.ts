/**
 * `seam.v1.Policy` (S24) by grpcurl and by the client of `@seam/wire`, in front of a real API server. Needs no root; it is among
 * these tests for the built programs.
 */
import { exposedMetrics, metricsInGuide } from "@seam/daemon/testing";
import { isJson, type KubeObject } from "@seam/kube";
import { connect, type Connection, Policy, PolicyEvent_Type as Type } from "@seam/wire";
import { afterAll, beforeAll, expect, test } from "vitest";

import { type ServerProcess, startServerProcess } from "./server-process.fixture.ts";

let server: ServerProcess;
let owner = "";
let guest = "";

beforeAll(async () => {
  server = await startServerProcess();
  owner = server.tokenOf("owner");
  guest = server.tokenOf("guest");
});
afterAll(async () => server[Symbol.asyncDispose]());

/** Every field that a policy of Kubernetes can have. */
const whole = {
  podSelector: {
    matchLabels: { app: "web" },
    matchExpressions: [
      { key: "tier", operator: "In", values: ["front", "back"] },
      { key: "old", operator: "DoesNotExist" },
    ],
  },
  policyTypes: ["Ingress", "Egress"],
  ingress: [
    {
      from: [
        { podSelector: {}, namespaceSelector: { matchLabels: { team: "a" } } },
        { namespaceSelector: {} },
        { ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } },
      ],
      ports: [
        { protocol: "TCP", port: 8000, endPort: 8080 },
        { protocol: "UDP", port: "dns" },
        { protocol: "SCTP" },
      ],
    },
  ],
  egress: [{ to: [{ ipBlock: { cidr: "2001:db8::/64" } }] }, {}],
};

const ref = (name: string, namespace = "lab-a") => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  namespace,
  name,
});

async function objectOf(name: string): Promise<KubeObject> {
  const found = await server.admin.get(ref(name));
  if (!found.ok) throw new Error(found.error.message);
  return found.value;
}

const update = async (name: string, more: object, token = owner): Promise<string> =>
  server.grpcurl({
    what: ["seam.v1.Policy/Update"],
    token,
    message: { policy: { namespace: "lab-a", name, ...more } },
  });

const as = (token: string): Connection =>
  connect({ address: server.address, certificateAuthority: server.authority, token });

test("reflection tells grpcurl the services and what they speak", async () => {
  expect(await server.grpcurl({ what: ["list"] })).toBe(
    "grpc.health.v1.Health\ngrpc.reflection.v1.ServerReflection\nseam.v1.Policy\n",
  );
  expect(await server.grpcurl({ what: ["list", "seam.v1.Policy"] })).toBe(
    ["Delete", "Get", "List", "Update", "Watch"].map((each) => `seam.v1.Policy.${each}\n`).join(""),
  );
  const described = await server.grpcurl({ what: ["describe", "seam.v1.NetworkPolicyPort"] });
  expect(described).toContain(".google.protobuf.Value port = 2;");
  expect(await server.grpcurl({ what: ["grpc.health.v1.Health/Check"] })).toContain("SERVING");
});

test("Update makes the object with every field, as it stands in a manifest", async () => {
  const answer = JSON.parse(await update("whole", { labels: { by: "grpc" }, spec: whole }));
  expect(answer).toMatchObject({ namespace: "lab-a", name: "whole", spec: whole });
  const object = await objectOf("whole");
  expect(object["spec"]).toEqual(whole);
  expect(object.metadata["labels"]).toEqual({ by: "grpc" });
  expect(answer.resourceVersion).toBe(object.metadata.resourceVersion);
});

test("the messages have all fields that this Kubernetes has", async () => {
  const answer = await server.admin.read("/openapi/v3/apis/networking.k8s.io/v1");
  if (!answer.ok || !isJson(answer.value)) throw new Error("no OpenAPI");
  const { schemas } = JSON.parse(JSON.stringify(answer.value["components"]));
  const fieldsOf = (name: string): string => Object.keys(schemas[name].properties).sort().join();
  const prefix = "io.k8s.api.networking.v1.";
  const ours = new Map(
    Policy.file.messages.map(({ name, fields }) => [
      name,
      fields
        .map(({ jsonName }) => jsonName)
        .sort()
        .join(),
    ]),
  );
  const names = ["Spec", "IngressRule", "EgressRule", "Port", "Peer"].map(
    (each) => `NetworkPolicy${each}`,
  );
  for (const name of [...names, "IPBlock"])
    expect(`${name}: ${ours.get(name)}`).toBe(`${name}: ${fieldsOf(prefix + name)}`);
  const meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";
  for (const name of ["LabelSelector", "LabelSelectorRequirement"])
    expect(`${name}: ${ours.get(name)}`).toBe(`${name}: ${fieldsOf(meta + name)}`);
});

test("Update replaces the spec as a whole, and leaves what else the object has", async () => {
  const annotations = { note: "by hand" };
  const { apiVersion, kind } = ref("kept");
  const created = await server.admin.create({
    apiVersion,
    kind,
    metadata: { name: "kept", namespace: "lab-a", annotations, labels: { a: "1", b: "1" } },
    spec: { podSelector: { matchLabels: { app: "old" } }, policyTypes: ["Egress"] },
  });
  expect(created).toMatchObject({ ok: true });
  await update("kept", { labels: { b: "2" }, spec: { podSelector: {}, ingress: [{}] } });
  const { spec, metadata } = await objectOf("kept");
  expect(metadata).toMatchObject({ annotations, labels: { a: "1", b: "2" } });
  expect(spec).toEqual({ podSelector: {}, ingress: [{}], policyTypes: ["Ingress"] });
});

test("writers at the same time all succeed; one that names a version does not overwrite another's", async () => {
  using client = as(owner);
  const spec = { podSelector: {} };
  const names = Array.from({ length: 8 }, (_, index) => `w${index}`);
  const wrote = await Promise.all(
    names.map(async (name) =>
      client.call(Policy.method.update, {
        policy: { namespace: "lab-a", name: "busy", labels: { [name]: "1" }, spec },
      }),
    ),
  );
  expect(wrote.filter(({ ok }) => !ok)).toEqual([]);
  const { labels } = (await objectOf("busy")).metadata;
  expect(Object.keys(Object(labels)).sort()).toEqual(names);
  const old = await objectOf("kept");
  await update("kept", { spec });
  const policy = { resourceVersion: old.metadata.resourceVersion, spec };
  expect(await update("kept", policy)).toMatch(/Code: Aborted.*the object has been modified/);
  expect(await update("none", policy)).toMatch(/Code: NotFound.*"none" not found/);
});

test.each([
  {
    what: "a port out of range",
    more: { spec: { ingress: [{ ports: [{ port: 70_000 }] }] } },
    said: /InvalidArgument.*spec.ingress\[0\].ports\[0\].port: Invalid value/,
  },
  {
    what: "a direction that does not exist",
    more: { spec: { policyTypes: ["Sideways"] } },
    said: /InvalidArgument.*spec.policyTypes\[0\]: Unsupported value: "Sideways"/,
  },
  { what: "no spec", more: {}, said: /InvalidArgument.*policy.spec: expected what the policy/ },
  {
    what: "a name that is a path",
    more: { name: "..", spec: {} },
    said: /InvalidArgument.*policy.name: expected lower-case letters/,
  },
])("$what is refused with the field's path", async ({ more, said }) => {
  expect(await update("wrong", more)).toMatch(said);
});

test("a value that JSON cannot say is refused", async () => {
  using client = as(owner);
  const port = { kind: { case: "numberValue", value: Number.NaN } } as const;
  const spec = { ingress: [{ ports: [{ port }] }] };
  expect(
    await client.call(Policy.method.update, { policy: { namespace: "lab-a", name: "nan", spec } }),
  ).toMatchObject({ error: { code: "INVALID_ARGUMENT" } });
});

test("each call has the rights of its caller, and no call has others", async () => {
  const message = { namespace: "lab-a" };
  const list = async (call: object): Promise<string> =>
    server.grpcurl({ what: ["seam.v1.Policy/List"], message, ...call });
  expect(await list({ token: owner })).toContain('"name": "whole"');
  expect(await list({ token: guest })).toContain('"name": "whole"');
  expect(await update("whole", { spec: {} }, guest)).toMatch(
    /Code: PermissionDenied.*"system:serviceaccount:lab-a:guest" cannot update resource "networkpolicies"/,
  );
  expect(await list({ token: owner, message: { namespace: "lab-b" } })).toMatch(
    /PermissionDenied.*in the namespace "lab-b"/,
  );
  expect(await list({ token: owner, message: {} })).toMatch(/PermissionDenied.*cluster scope/);
  expect(await list({})).toMatch(/Code: Unauthenticated.*kubectl create token NAME/);
  expect(await list({ token: "no-such-token" })).toMatch(/Code: Unauthenticated.*Unauthorized/);
  const get = { what: ["seam.v1.Policy/Get"], message: { namespace: "lab-a", name: "nothing" } };
  expect(await server.grpcurl({ ...get, token: guest })).toMatch(/NotFound.*"nothing" not found/);
  expect(JSON.stringify(server.log())).not.toContain(owner);
});

test("List goes on from page to page, and by labels", async () => {
  using client = as(guest);
  const first = await client.call(Policy.method.list, { namespace: "lab-a", pageSize: 2 });
  if (!first.ok) throw new Error(first.error.message);
  expect(first.value.policies).toHaveLength(2);
  const { nextPageToken: pageToken } = first.value;
  const rest = await client.call(Policy.method.list, { namespace: "lab-a", pageToken });
  expect(rest).toMatchObject({ ok: true, value: { nextPageToken: "" } });
  const names = [first, rest].flatMap((page) =>
    page.ok ? page.value.policies.map(({ name }) => name) : [],
  );
  expect(names).toEqual(["busy", "kept", "whole"]);
  expect(
    await client.call(Policy.method.list, { namespace: "lab-a", labelSelector: "by=grpc" }),
  ).toMatchObject({
    value: { policies: [{ name: "whole", spec: { policyTypes: { length: 2 } } }] },
  });
  expect(
    await client.call(Policy.method.list, { namespace: "lab-a", labelSelector: "a=b=c" }),
  ).toMatchObject({ error: { code: "INVALID_ARGUMENT" } });
});

test("Watch tells of what is, then of each change, whoever makes it, and goes on from a version", async () => {
  using client = as(guest);
  const stop = new AbortController();
  const watch = client.stream(Policy.method.watch, { namespace: "lab-a" }, stop.signal);
  const typeName = (type: number): string =>
    Object.entries(Type).find(([, number]) => number === type)?.[0] ?? "";
  const tell = async (): Promise<string> => {
    const { done, value } = await watch.next();
    return done === true ? "ended" : `${typeName(value.type)} ${value.policy?.name ?? "-"}`;
  };
  expect([await tell(), await tell(), await tell(), await tell()]).toEqual([
    "ADDED busy",
    "ADDED kept",
    "ADDED whole",
    "BOOKMARK -",
  ]);
  await update("fresh", { spec: {} });
  expect(await tell()).toBe("ADDED fresh");
  const spec = { podSelector: {}, policyTypes: ["Egress"] };
  await server.admin.patch(ref("fresh"), { kind: "merge", value: { spec } });
  const changed = await watch.next();
  expect(changed.value).toMatchObject({
    type: Type.MODIFIED,
    policy: { spec: { policyTypes: ["Egress"] } },
  });
  const message = { namespace: "lab-a", name: "fresh" };
  await server.grpcurl({ what: ["seam.v1.Policy/Delete"], token: owner, message });
  expect(await tell()).toBe("DELETED fresh");
  stop.abort();
  expect(await tell()).toBe("ended");
  const { resourceVersion } = Object(changed.value);
  const again = client.stream(Policy.method.watch, { namespace: "lab-a", resourceVersion });
  expect(await again.next()).toMatchObject({
    value: { type: Type.DELETED, policy: { name: "fresh" } },
  });
  await again.return({ ok: true, value: undefined });
  const wrong = client.stream(Policy.method.watch, { namespace: "lab-a", resourceVersion: "x" });
  expect(await wrong.next()).toMatchObject({
    done: true,
    value: { error: { code: "INVALID_ARGUMENT" } },
  });
});

test("a watch that is not read ends when more than 1,000 changes wait, and tells those that waited", async () => {
  using client = as(guest);
  const except = Array.from({ length: 500 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`);
  const ingress = [{ from: [{ ipBlock: { cidr: "10.0.0.0/8", except } }] }];
  await update("large", { spec: { ingress } });
  const watch = client.stream(Policy.method.watch, { namespace: "lab-a", labelSelector: "!by" });
  for (const _ of ["busy", "kept", "large", "bookmark"]) await watch.next();
  const change = async (turn: number): Promise<boolean> => {
    const metadata = { labels: { turn: String(turn) } };
    return (await server.admin.patch(ref("large"), { kind: "merge", value: { metadata } })).ok;
  };
  for (let turn = 0; turn < 1300; turn += 1) expect(await change(turn)).toBe(true);
  let told = 0;
  let last = await watch.next();
  for (; last.done !== true; last = await watch.next()) told += 1;
  expect(last.value).toMatchObject({ error: { code: "RESOURCE_EXHAUSTED" } });
  // Those that the limit lets wait, and some that were on their way.
  expect(told).toBeGreaterThanOrEqual(1000);
  expect(told).toBeLessThan(1300);
  await server.admin.delete(ref("large"));
}, 300_000);

test("what is exposed is what the guide tells", async () => {
  const guide = metricsInGuide("server");
  const exposed = await exposedMetrics(server.port);
  expect(exposed.metrics).toEqual(guide.metrics);
  expect(exposed.labels["seam_grpc_calls_total"]).toEqual(["method", "code"]);
  for (const [name, labels] of Object.entries(exposed.labels))
    expect(guide.labels[name]).toEqual(expect.arrayContaining([...labels]));
});

test("without the API server calls end as unavailable, and work again when it is back", async () => {
  using client = as(guest);
  const list = async (): ReturnType<typeof client.call> =>
    client.call(Policy.method.list, { namespace: "lab-a" });
  const ready = async (): Promise<number> =>
    (await fetch(`http://127.0.0.1:${server.port}/readyz`)).status;
  expect(await ready()).toBe(200);
  const watch = client.stream(Policy.method.watch, { namespace: "lab-a" });
  for (const _ of ["busy", "kept", "whole", "bookmark"]) await watch.next();
  await server.plane.stopApiServer();
  expect(await watch.next()).toMatchObject({
    done: true,
    value: { error: { code: "UNAVAILABLE" } },
  });
  expect(await list()).toMatchObject({ error: { code: "UNAVAILABLE" } });
  await expect.poll(ready, { timeout: 30_000 }).toBe(503);
  await server.plane.startApiServer();
  expect(await list()).toMatchObject({ ok: true });
  await expect.poll(ready, { timeout: 30_000 }).toBe(200);
  // It remembers nothing of before its start.
  const old = client.stream(Policy.method.watch, { namespace: "lab-a", resourceVersion: "1" });
  expect(await old.next()).toMatchObject({ value: { error: { code: "OUT_OF_RANGE" } } });
});

test("told to end, the server ends its watches and itself at once", async () => {
  using client = as(guest);
  const watch = client.stream(Policy.method.watch, { namespace: "lab-a" });
  for (const _ of ["busy", "kept", "whole", "bookmark"]) await watch.next();
  const started = performance.now();
  const last = watch.next();
  expect(await server.stop("SIGTERM")).toBe(0);
  expect(performance.now() - started).toBeLessThan(20_000);
  expect(await last).toMatchObject({
    value: { error: { code: "UNAVAILABLE", message: expect.stringContaining("watch again") } },
  });
});
