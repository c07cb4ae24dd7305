/** The API as a whole: its document, who may do what over all of it, and input that makes no sense (S12, S14). */
import { readFileSync, writeFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv } from "ajv";
import fc from "fast-check";
import type { InjectOptions } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type ApiServer,
  type Call,
  must,
  PEOPLE,
  type PersonName,
  startApiServer,
} from "./api-server.fixture.ts";
import { type RunningPrometheus, startPrometheus } from "./prometheus.fixture.ts";

let server: ApiServer;
let prometheus: RunningPrometheus;

beforeAll(async () => {
  prometheus = await startPrometheus(() => "");
  server = await startApiServer({ prometheus: prometheus.url });
  for (const project of ["lab-a", "lab-b"]) {
    await makeAs("admin", `/api/v1/projects/${project}`, bodies.applyProject(project));
    const inside = `/api/v1/projects/${project}`;
    await makeAs("admin", `${inside}/experiments/x`, bodies.applyExperiment());
    await makeAs("admin", `${inside}/policies/x`, bodies.applyPolicy());
    await makeAs("admin", `${inside}/services/x`, bodies.applyService());
    const result = { project, name: "throughput", author: "admin", specHash: "h", document: {} };
    must(await server.store.benchmarks.put(result));
    must(await server.kube.create(podIn(project)));
    const status = { podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }] };
    const lived = { ...podIn(project), status };
    must(await server.kube.applyStatus(lived, { fieldManager: "kubelet", force: true }));
  }
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: "x" } };
  must(await server.kube.create(node));
  const bandwidth = {
    apiVersion: "networking.vaclab.org/v1",
    kind: "Bandwidth",
    metadata: { name: "x" },
    spec: {
      node: "x",
      capacity: { network: { ulMbps: 1, dlMbps: 1 }, local: { ulMbps: 1, dlMbps: 1 } },
    },
  };
  must(await server.kube.create(bandwidth));
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await prometheus[Symbol.asyncDispose]();
});

const podIn = (namespace: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "x", namespace },
  spec: { containers: [{ name: "c", image: "i" }] },
});

async function makeAs(person: PersonName, path: string, body: unknown): Promise<void> {
  const { status, body: said } = await server.ask(person, { method: "PUT", path, body });
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(said)}`);
}

const policy = { podSelector: {}, policyTypes: ["Ingress"] };

/** Bodies of operations that have one. */
const bodies = {
  applyProject: (name: string) => ({
    apiVersion: "seam.ucsd.edu/v1alpha1",
    kind: "Project",
    metadata: { name },
    spec: { members: [{ user: "viewer", role: "viewer" }] },
  }),
  applyExperiment: () => ({
    apiVersion: "seam.ucsd.edu/v1alpha1",
    kind: "Experiment",
    metadata: { name: "x" },
    spec: { workloads: [{ name: "server", image: "i", command: ["true"] }] },
  }),
  applyPolicy: () => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "x" },
    spec: policy,
  }),
  applyService: () => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "x" },
    spec: { ports: [{ port: 80 }] },
  }),
  setMember: () => ({ role: "viewer" }),
  signIn: () => ({ name: "nobody", password: "wrong" }),
  createToken: () => ({ label: "t", scopes: ["read"], days: 1 }),
  createAccount: () => ({ name: "new", groups: [] }),
  changeAccount: () => ({ isDisabled: false }),
  setPassword: () => ({ password: "a long enough password" }),
  tabulateReach: () => ({}),
  tabulateAllReach: () => ({}),
};
/** What operations must be asked with. */
const queries = new Map([["canTalk", "?from=x&to=x&port=80"]]);
const bodyOf = new Map<string, (project: string) => unknown>(Object.entries(bodies));

const METHODS = ["DELETE", "GET", "PATCH", "POST", "PUT"] as const;

type Operation = {
  readonly id: string;
  readonly method: (typeof METHODS)[number];
  readonly path: string;
  /** Whether it can be tried without being done. */
  readonly isWrite: boolean;
};

type Document = {
  readonly paths: { readonly [path: string]: { readonly [method: string]: unknown } };
};

const document = (): Document => JSON.parse(JSON.stringify(server.app.swagger()));

/** Every operation of the document. */
const operations = (): readonly Operation[] =>
  Object.entries(document().paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => {
      const { operationId } = JSON.parse(JSON.stringify(operation));
      const isWrite = JSON.stringify(operation).includes('"dryRun"');
      const known = METHODS.find((each) => each.toLowerCase() === method);
      if (known === undefined) throw new Error(`${method} ${path}`);
      return { id: operationId, method: known, path, isWrite };
    }),
  );

/** Where a path leads when everything in it is there. */
const filled = (path: string, project: string): string =>
  path
    .replace("{project}", project)
    .replace("{type}/{member}", "user/viewer")
    .replace("{account}", "viewer")
    .replace("{number}", "1")
    .replace("benchmarks/{id}", `benchmarks/${project === "lab-a" ? 1 : 2}`)
    .replace("{id}", "999999")
    .replace("{name}", "x")
    .replace("{query}", path.includes("{project}") ? "sent" : "programs");

/** A call that would succeed for whoever may make it; changes are only tried. */
const callOf = ({ id, method, path, isWrite }: Operation, project: string): Call => {
  const body = bodyOf.get(id)?.(project);
  const query = isWrite ? "?dryRun=true" : (queries.get(id) ?? "");
  return {
    method,
    path: `${filled(path, project)}${query}`,
    ...(body === undefined ? {} : { body }),
  };
};

test("S14: the document is valid OpenAPI 3.1 and that of the checkout; UPDATE=1 writes it", async () => {
  const text = `${JSON.stringify(document(), null, 2)}\n`;
  const file = new URL("../../../docs/reference/openapi.json", import.meta.url);
  if (process.env["UPDATE"] === "1") writeFileSync(file, text);
  expect(readFileSync(file, "utf8")).toBe(text);
  expect(await new Validator().validate(JSON.parse(text))).toEqual({ valid: true });
  const served = await server.ask(null, { method: "GET", path: "/openapi.json" });
  expect(served.body).toEqual(JSON.parse(text));
});

/** Statuses of nobody, viewer, editor, owner and admin in `lab-a`, then of the owner of `lab-a` in `lab-b`. */
const TABLE: { readonly [operation: string]: string } = {
  signIn: "401 401 401 401 401 401",
  getSession: "401 200 200 200 200 200",
  listTokens: "401 200 200 200 200 200",
  createToken: "401 201 201 201 201 201",
  revokeToken: "401 404 404 404 404 404",
  listAccounts: "401 403 403 403 200 403",
  getAccount: "401 403 403 403 200 403",
  createAccount: "401 403 403 403 201 403",
  changeAccount: "401 403 403 403 200 403",
  listProjects: "401 200 200 200 200 200",
  getProject: "401 200 200 200 200 403",
  applyProject: "401 403 403 403 200 403",
  deleteProject: "401 403 403 403 200 403",
  listProjectRevisions: "401 200 200 200 200 403",
  getProjectRevision: "401 200 200 200 200 403",
  restoreProject: "401 403 403 403 200 403",
  listMembers: "401 200 200 200 200 403",
  setMember: "401 403 403 403 200 403",
  removeMember: "401 403 403 403 200 403",
  ...inProject("Experiment", "Experiments"),
  ...inProject("Policy", "Policies"),
  ...inProject("Service", "Services"),
  listNodes: "401 403 403 403 200 403",
  getNode: "401 403 403 403 200 403",
  listBandwidths: "401 403 403 403 200 403",
  getBandwidthOfANode: "401 403 403 403 200 403",
  listPods: "401 200 200 200 200 403",
  getPod: "401 200 200 200 200 403",
  listEvents: "401 200 200 200 200 403",
  tabulateReach: "401 200 200 200 200 403",
  tabulateAllReach: "401 403 403 403 200 403",
  canTalk: "401 200 200 200 200 403",
  viewNode: "401 403 403 403 404 403",
  getOverview: "401 200 200 200 200 200",
  getTopology: "401 200 200 200 200 403",
  listMetrics: "401 200 200 200 200 200",
  queryProjectMetric: "401 200 200 200 200 403",
  queryClusterMetric: "401 403 403 403 200 403",
  listHistory: "401 200 200 200 200 403",
  listBenchmarks: "401 200 200 200 200 403",
  getBenchmark: "401 200 200 200 200 403",
  listProjectAudit: "401 403 403 200 200 403",
  listAudit: "401 403 403 403 200 403",
};

function inProject(one: string, many: string): { readonly [operation: string]: string } {
  return {
    [`list${many}`]: "401 200 200 200 200 403",
    [`get${one}`]: "401 200 200 200 200 403",
    [`apply${one}`]: "401 403 200 200 200 403",
    [`delete${one}`]: "401 403 200 200 200 403",
    [`list${one}Revisions`]: "401 200 200 200 200 403",
    [`get${one}Revision`]: "401 200 200 200 200 403",
    [`restore${one}`]: "401 403 200 200 200 403",
  };
}

/** Tested where they are described: they end what the table needs, or do not end. */
const ELSEWHERE = new Set(["signOut", "setPassword", "deleteAccount", "watchChanges", "getPodLog"]);

test("S12: over all of the document, the cluster's RBAC decides; each denial is in the audit", async () => {
  const all = operations().filter(({ id }) => !ELSEWHERE.has(id));
  expect(all.map(({ id }) => id).sort()).toEqual(Object.keys(TABLE).sort());
  const found = new Map<string, string>();
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema(document(), "document");
  let denials = 0;
  for (const operation of all) {
    const asked = [null, ...PEOPLE].map((person) => ({ person, project: "lab-a" }));
    const statuses: number[] = [];
    for (const { person, project } of [...asked, { person: "owner", project: "lab-b" } as const]) {
      const answered = await server.ask(person, callOf(operation, project));
      statuses.push(answered.status);
      denials += answered.status === 403 ? 1 : 0;
      const kind = answered.status < 400 ? "application/json" : "application/problem+json";
      expect(answered.headers.get("content-type")).toContain(kind);
      ajv.validate({ $ref: schemaOf(operation, answered.status) }, answered.body);
      expect(`${operation.id}: ${ajv.errorsText()}`).toBe(`${operation.id}: No errors`);
    }
    found.set(operation.id, statuses.join(" "));
  }
  expect(Object.fromEntries(found)).toEqual(TABLE);
  const page = { limit: 1000, sort: "time", direction: "ascending" } as const;
  const { rows } = must(await server.store.audit.list({ result: "denied" }, page));
  const refused = rows.filter(({ reason }) => reason === "forbidden");
  expect(refused).toHaveLength(denials);
  expect(refused[0]).toMatchObject({ sourceAddress: "127.0.0.1", result: "denied" });
}, 60_000);

/** Where the document has the shape of an answer (RFC 6901, section 6). */
function schemaOf({ method, path }: Operation, status: number): string {
  const steps = [path, method.toLowerCase(), "responses", status < 400 ? String(status) : "4XX"];
  const media = ["content", "application/json", "schema"];
  const escaped = ["paths", ...steps, ...media].map((step) =>
    encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1")),
  );
  return `document#/${escaped.join("/")}`;
}

const nonsense = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "..",
    "%00",
    "a/../b",
    "-1",
    "1e9",
    "null",
    "'; drop table seam.audit",
    "\u{1F4A9}",
  ),
);

test("S14: no input makes the server fail, and every refusal is a problem that names what is wrong", async () => {
  const all = operations().filter(({ id }) => !ELSEWHERE.has(id));
  const json = fc.oneof(
    fc.json(),
    fc.constantFrom(
      "[".repeat(500_000),
      `${'{"spec":'.repeat(20_000)}1${"}".repeat(20_000)}`,
      "",
      "{",
      "[]",
      "null",
      '{"__proto__":{"a":1}}',
      '{"constructor":{"prototype":1}}',
    ),
  );
  const input = fc.record({
    operation: fc.constantFrom(...all),
    name: fc.option(nonsense, { nil: null }),
    query: fc.dictionary(fc.constantFrom(...QUERIES), nonsense),
    body: json,
    spec: fc.option(fc.jsonValue(), { nil: null }),
    headers: fc.dictionary(fc.constantFrom("idempotency-key", "if-match"), printable),
  });
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(input, async (noise) => {
      const { statusCode, headers, body } = await server.app.inject(noisy(noise));
      seen.set(statusCode, (seen.get(statusCode) ?? 0) + 1);
      expect(`${statusCode} ${body}`).not.toMatch(/^5/);
      const isProblem = headers["content-type"] === "application/problem+json";
      expect(isProblem).toBe(statusCode >= 400);
    }),
    { numRuns: 1000 },
  );
  // It got as far as the API server's own checks, and further.
  expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 400, 404, 422]));
}, 60_000);

const QUERIES = ["limit", "cursor", "sort", "dryRun", "search", "labelSelector", "x"] as const;
const printable = fc.stringMatching(/^[!-~]{1,9}$/);

type Noise = {
  readonly operation: Operation;
  /** In place of each parameter of the path. */
  readonly name: string | null;
  readonly query: { readonly [name: string]: string };
  readonly body: string;
  /** In an object that is otherwise right, in place of the body. */
  readonly spec: unknown;
  readonly headers: { readonly [name: string]: string };
};

/** A call of the first account, who may all, so that nothing is refused before it is read. */
function noisy({ operation, name, query, body, spec, headers }: Noise): InjectOptions {
  const { method, path, id, isWrite } = operation;
  const word = encodeURIComponent(name?.toWellFormed() ?? "");
  const where = name === null ? filled(path, "lab-a") : path.replaceAll(/\{\w+\}/g, word);
  const words = isWrite ? { dryRun: "true", ...query } : query;
  const right = Object(bodyOf.get(id)?.("lab-a"));
  const payload = spec === null ? body : JSON.stringify({ ...right, spec });
  const sent = { ...headers, authorization: `Bearer ${server.tokenOf("admin")}` };
  const url = `${where}?${new URLSearchParams(words).toString()}`;
  return method === "GET"
    ? { method, url, headers: sent }
    : { method, url, payload, headers: { ...sent, "content-type": "application/json" } };
}
