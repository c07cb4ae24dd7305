/** Changes through the API: recorded with their author, tried first, done once, and undone from the history; and lists (S13, S14). */
import { child, children, textAt } from "@seam/kube";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ApiServer, must, type PersonName, startApiServer } from "./api-server.fixture.ts";

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
});

afterAll(async () => server[Symbol.asyncDispose]());

const inside = "/api/v1/projects/lab-a";
const ref = (kind: "NetworkPolicy" | "Service", name: string) => ({
  apiVersion: kind === "Service" ? "v1" : "networking.k8s.io/v1",
  kind,
  namespace: "lab-a",
  name,
});

const policy = (name: string, types: readonly string[] = ["Ingress"]) => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name },
  spec: { podSelector: {}, policyTypes: types },
});

type More = {
  readonly who?: PersonName;
  readonly headers?: { readonly [name: string]: string };
  readonly query?: string;
};

const put = (
  name: string,
  body: unknown,
  { who = "editor", headers = {}, query = "" }: More = {},
) => server.ask(who, { method: "PUT", path: `${inside}/policies/${name}${query}`, body, headers });

const typesOf = async (name: string): Promise<unknown> => {
  const found = await server.kube.get(ref("NetworkPolicy", name));
  return found.ok ? Object(found.value["spec"]).policyTypes : found.error.code;
};

test("S13: each change is a revision and a row of the audit, with author, difference and address", async () => {
  const first = await put("kept", policy("kept"));
  expect(first.body).toMatchObject({ isDryRun: false, revision: 1, replayed: false });
  const second = await put("kept", policy("kept", ["Egress"]), { who: "owner" });
  expect(second.body).toMatchObject({ revision: 2, object: { spec: { policyTypes: ["Egress"] } } });
  const gone = await server.ask("editor", { method: "DELETE", path: `${inside}/policies/kept` });
  expect(gone.body).toEqual({ isDryRun: false, object: null, revision: 3, replayed: false });
  expect(await typesOf("kept")).toBe(404);
  const history = await server.ask("viewer", {
    method: "GET",
    path: `${inside}/policies/kept/revisions?direction=ascending`,
  });
  expect(history.body["items"]).toMatchObject([
    { number: 1, author: "editor", object: policy("kept") },
    {
      number: 2,
      author: "owner",
      diff: [{ op: "replace", path: "/spec/policyTypes/0", value: "Egress" }],
    },
    { number: 3, author: "editor", object: null },
  ]);
  const audit = await server.ask("owner", {
    method: "GET",
    path: `${inside}/audit?direction=ascending`,
  });
  const rows = children(audit.body, "items");
  expect(rows.filter(({ resource }) => resource === "NetworkPolicy/lab-a/kept")).toMatchObject([
    { actor: "editor", action: "apply", before: null, sourceAddress: "127.0.0.1" },
    { actor: "owner", action: "apply", before: { spec: { policyTypes: ["Ingress"] } } },
    { actor: "editor", action: "delete", after: null, result: "allowed" },
  ]);
});

test("S13: an earlier revision is restored, deleted as the object is, and that is a revision too", async () => {
  const restore = (query: string) =>
    server.ask("editor", {
      method: "POST",
      path: `${inside}/policies/kept/revisions/1/restore${query}`,
    });
  const plan = (await restore("?dryRun=true")).body;
  expect(plan).toMatchObject({ isDryRun: true, plan: { objects: [{ action: "create" }] } });
  expect(await typesOf("kept")).toBe(404);
  expect((await restore("")).body).toMatchObject({ revision: 4 });
  expect(await typesOf("kept")).toEqual(["Ingress"]);
  const lost = await server.ask("editor", {
    method: "POST",
    path: `${inside}/policies/kept/revisions/3/restore`,
  });
  expect(lost.body).toMatchObject({ status: 404, detail: expect.stringContaining("deleted it") });
});

test("S13: secrets are not in the history; a restoration takes them from the live object or is refused", async () => {
  const service = (token: string) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s", annotations: { "example.org/token": token } },
    spec: { ports: [{ port: 80 }] },
  });
  const path = `${inside}/services/s`;
  await server.ask("editor", { method: "PUT", path, body: service("hush") });
  await server.ask("editor", {
    method: "PUT",
    path,
    body: { ...service("hush"), spec: { ports: [{ port: 81 }] } },
  });
  const kept = await server.ask("editor", { method: "GET", path: `${path}/revisions` });
  expect(JSON.stringify(kept.body)).not.toContain("hush");
  const back = await server.ask("editor", { method: "POST", path: `${path}/revisions/1/restore` });
  expect(back.body["object"]).toMatchObject(service("hush"));
  await server.ask("editor", { method: "DELETE", path });
  const lost = await server.ask("editor", { method: "POST", path: `${path}/revisions/1/restore` });
  expect(lost.body).toMatchObject({
    status: 409,
    detail: expect.stringContaining("/metadata/annotations/example.org~1token"),
  });
});

test("a plan writes nothing, to the cluster or to the history", async () => {
  const answered = await put("planned", policy("planned"), { query: "?dryRun=true" });
  expect(answered.body).toMatchObject({
    isDryRun: true,
    plan: { objects: [{ action: "create" }] },
  });
  expect(await typesOf("planned")).toBe(404);
  const filter = { project: "lab-a", name: "planned" };
  const page = { limit: 10, sort: "time", direction: "ascending" } as const;
  expect(must(await server.store.revisions.list(filter, page)).rows).toEqual([]);
});

test("S14: with an idempotency key a change is done once, and another one is refused", async () => {
  const headers = { "idempotency-key": "key-1" };
  const both = await Promise.all([
    put("once", policy("once"), { headers }),
    put("once", policy("once"), { headers }),
  ]);
  expect(both.map(({ body }) => body["revision"])).toEqual([1, 1]);
  expect(both.map(({ body }) => String(body["replayed"])).sort()).toEqual(["false", "true"]);
  const other = await put("once", policy("once", ["Egress"]), { headers });
  expect(other.body).toMatchObject({ status: 409, code: "conflict" });
  await put("once", policy("once", ["Egress"]));
  // Sent again late, it does not undo what came after it.
  expect((await put("once", policy("once"), { headers })).body).toMatchObject({ replayed: true });
  expect(await typesOf("once")).toEqual(["Egress"]);
});

test("S14: a change that was made from an old revision is refused", async () => {
  await put("match", policy("match"));
  const headers = { "if-match": '"1"' };
  expect((await put("match", policy("match", ["Egress"]), { headers })).status).toBe(200);
  const late = await put("match", policy("match"), { headers });
  expect(late.body).toMatchObject({ status: 409, detail: expect.stringContaining("revision 2") });
  expect(await typesOf("match")).toEqual(["Egress"]);
});

test("fields that another program wrote are taken over by force alone", async () => {
  const taken = must(
    await server.kube.apply(
      { ...policy("owned"), metadata: { name: "owned", namespace: "lab-a" } },
      { fieldManager: "somebody" },
    ),
  );
  expect(taken.metadata.name).toBe("owned");
  const refused = await put("owned", policy("owned", ["Egress"]));
  expect(refused.body).toMatchObject({
    status: 409,
    errors: [{ field: "body.spec.policyTypes" }],
  });
  const forced = await put("owned", policy("owned", ["Egress"]), { query: "?force=true" });
  expect(forced.status).toBe(200);
});

test("S14: every field that is wrong is named, with what was expected", async () => {
  const path = `${inside}/experiments/x`;
  const experiment = {
    apiVersion: "seam.ucsd.edu/v1alpha1",
    kind: "Experiment",
    metadata: { name: "x" },
    spec: { workloads: [{ name: "Server", image: "i", replicas: -1 }] },
  };
  const wrong = await server.ask("editor", { method: "PUT", path, body: experiment });
  expect(wrong.body).toMatchObject({ status: 422, code: "invalid" });
  expect(children(wrong.body, "errors").map(({ field }) => field)).toEqual([
    "body.spec.workloads[0].name",
    "body.spec.workloads[0].replicas",
  ]);
  const elsewhere = await put("a", policy("b"));
  expect(elsewhere.body["errors"]).toEqual([
    { field: "body.metadata.name", message: 'expected "a", as in the path' },
  ]);
  const assigned = await put("a", { ...policy("a"), status: {}, extra: 1 });
  expect(assigned.body["errors"]).toMatchObject([{ field: "body.status" }]);
  const large = await put("a", { ...policy("a"), spec: { pad: "x".repeat(1_100_000) } });
  expect(large.body).toMatchObject({ status: 413, code: "too-large" });
  const text = await put("a", "a: b", { headers: { "content-type": "text/yaml" } });
  expect(text.body).toMatchObject({ status: 415, code: "unsupported-media-type" });
});

test("S14: lists come in pages without gaps while objects come and go, sorted and filtered", async () => {
  const made = Array.from({ length: 7 }, (_, index) => `page-${index}`);
  for (const name of made) await put(name, policy(name));
  const read = async (
    query: string,
  ): Promise<{ names: readonly (string | null)[]; next: string | null }> => {
    const path = `${inside}/policies?search=page-&limit=3${query}`;
    const { body } = await server.ask("viewer", { method: "GET", path });
    const names = children(body, "items").map((item) => textAt(child(item, "metadata"), "name"));
    return { names, next: textAt(body, "next") };
  };
  const first = await read("");
  expect(first.names).toEqual(["page-0", "page-1", "page-2"]);
  await server.ask("editor", { method: "DELETE", path: `${inside}/policies/page-2` });
  await put("page-00", policy("page-00"));
  const second = await read(`&cursor=${first.next}`);
  expect(second.names).toEqual(["page-3", "page-4", "page-5"]);
  expect(await read(`&cursor=${second.next}`)).toEqual({ names: ["page-6"], next: null });
  const [up, down] = [
    await read("&sort=created"),
    await read("&direction=descending&sort=created"),
  ];
  expect(new Set([...up.names, ...down.names]).size).toBe(6);
  const foreign = await server.ask("viewer", {
    method: "GET",
    path: `${inside}/policies?cursor=${first.next}`,
  });
  expect(foreign.body).toMatchObject({ status: 400, errors: [{ field: "query.cursor" }] });
});

test("S12: what the cluster refuses only when it is done is in the history and the audit as failed", async () => {
  const group = "admissionregistration.k8s.io";
  const metadata = { name: "only-tried" };
  const validations = [{ expression: "request.dryRun", message: "not today" }];
  for (const object of [
    {
      apiVersion: `${group}/v1`,
      kind: "ValidatingAdmissionPolicy",
      metadata,
      spec: {
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: ["networking.k8s.io"],
              apiVersions: ["v1"],
              operations: ["CREATE"],
              resources: ["networkpolicies"],
              resourceNames: ["fickle"],
            },
          ],
        },
        validations,
      },
    },
    {
      apiVersion: `${group}/v1`,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata,
      spec: { policyName: "only-tried", validationActions: ["Deny"] },
    },
  ])
    must(await server.kube.apply(object, { fieldManager: "test" }));
  // The API server takes a moment to heed it.
  const name = "fickle";
  const create = (key: string) => put(name, policy(name), { headers: { "idempotency-key": key } });
  let tries = 0;
  let refused = await create("try-0");
  while (refused.status === 200) {
    await server.ask("editor", { method: "DELETE", path: `${inside}/policies/${name}` });
    tries += 1;
    refused = await create(`try-${tries}`);
  }
  expect(refused.body).toMatchObject({ status: 422, detail: expect.stringContaining("not today") });
  const filter = { project: "lab-a", name };
  const last = { limit: 2, sort: "time", direction: "descending" } as const;
  const { rows } = must(await server.store.revisions.list(filter, last));
  expect(rows.map(({ object }) => object)).toMatchObject([null, policy(name)]);
  const audit = must(await server.store.audit.list({ project: "lab-a", result: "failed" }, last));
  expect(audit.rows).toMatchObject([{ actor: "editor", resource: "NetworkPolicy/lab-a/fickle" }]);
  const again = await create(`try-${tries}`);
  expect(again.body).toMatchObject({ status: 409, detail: expect.stringContaining("was refused") });
});

test("S13: while the store is away nothing is changed and the cluster is read on; then all goes on by itself", async () => {
  await put("before", policy("before"));
  const read = () => server.ask("viewer", { method: "GET", path: `${inside}/policies/before` });
  expect((await read()).status).toBe(200);
  process.kill(server.store.databasePid() ?? 0, "SIGKILL");
  const writes: number[] = [];
  const reads = new Set<number>();
  while (!writes.includes(503) || writes.at(-1) !== 200) {
    writes.push((await put("during", policy("during"))).status);
    reads.add((await read()).status);
  }
  expect([...reads]).toEqual([200]);
  expect(new Set(writes)).toEqual(new Set([200, 503]));
});

/** What a watcher is told until it knows of a change. */
async function told(
  who: PersonName,
  query: string,
  { from, until }: { readonly from: number; readonly until: number },
): Promise<string> {
  const stop = new AbortController();
  const headers = {
    authorization: `Bearer ${server.tokenOf(who)}`,
    "last-event-id": String(from),
  };
  const path = `${server.url}/api/v1/changes${query}`;
  const { body } = await fetch(path, { headers, signal: stop.signal });
  let text = "";
  for await (const part of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    if (text.includes(`id: ${until}\n`)) break;
  }
  stop.abort();
  return text;
}

test("S12: a watcher is told what they may list, and of the rest only that it was", async () => {
  const { feed } = server.store;
  const from = must(await feed.head());
  await put("seen", policy("seen"));
  const until = must(await feed.head());
  const topicsOf = async (who: PersonName, query = ""): Promise<readonly string[]> =>
    [...(await told(who, query, { from, until })).matchAll(/^event: (\w+)$/gm)].map(
      ([, topic = ""]) => topic,
    );
  expect(await topicsOf("admin")).toEqual(["audit", "revision"]);
  expect(await topicsOf("owner")).toEqual(["audit", "revision"]);
  expect(await topicsOf("viewer")).toEqual(["revision"]);
  expect(await topicsOf("viewer", "?project=lab-b")).toEqual([]);
  const path = `/api/v1/changes?after=${until + 1}`;
  const ahead = await server.ask("viewer", { method: "GET", path });
  expect(ahead.body).toMatchObject({ status: 400, errors: [{ field: "headers.last-event-id" }] });
});

test("S12: members are set and taken out; who is in no project sees none", async () => {
  const project = {
    apiVersion: "seam.ucsd.edu/v1alpha1",
    kind: "Project",
    metadata: { name: "lab-a" },
    spec: { members: [{ user: "viewer", role: "viewer" }] },
  };
  await server.ask("admin", { method: "PUT", path: inside, body: project });
  const group = {
    method: "PUT",
    path: `${inside}/members/group/students`,
    body: { role: "editor" },
  };
  expect((await server.ask("admin", group)).status).toBe(200);
  const promoted = { ...group, path: `${inside}/members/user/viewer`, body: { role: "admin" } };
  await server.ask("admin", promoted);
  const members = { method: "GET", path: `${inside}/members` };
  expect((await server.ask("viewer", members)).body["items"]).toEqual([
    { group: "students", role: "editor" },
    { user: "viewer", role: "admin" },
  ]);
  const out = { method: "DELETE", path: `${inside}/members/group/students` };
  expect((await server.ask("admin", out)).status).toBe(200);
  expect((await server.ask("admin", out)).status).toBe(404);
});
