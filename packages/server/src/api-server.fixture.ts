/** The API's application in front of a real API server and a real embedded PostgreSQL, and people of different rights. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { customResourceDefinitions } from "@seam/api";
import type { Result } from "@seam/base";
import { readObjects } from "@seam/client";
import {
  createKubeClient,
  isKubeObject,
  type Json,
  type KubeClient,
  readKubeconfig,
} from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { openStore, type Store } from "@seam/store";
import { createAccess } from "./http/access.ts";
import { type AppOptions, createApp, type Limits } from "./http/app.ts";
import type { App } from "./http/bare-app.ts";
import { createChangeHub } from "./http/change-hub.ts";
import { type Context, SCOPES } from "./http/context.ts";
import { firstRun } from "./http/first-run.ts";
import { createLanes } from "./http/lanes.ts";
import { createPrometheus } from "./http/prometheus.ts";
import { hashOfSecret, newSecret } from "./http/secret.ts";
import { readStaticFiles } from "./http/static-files.ts";

/** People: members of `lab-a` by their role, and the first account. */
export const PEOPLE = ["viewer", "editor", "owner", "admin"] as const;
/** One of `PEOPLE`. */
export type PersonName = (typeof PEOPLE)[number];

/** A server that listens, and what is behind it; disposing of it leaves nothing. */
export type ApiServer = AsyncDisposable & {
  readonly plane: ControlPlane;
  readonly kube: KubeClient;
  readonly store: Store;
  readonly app: App;
  /** Such as http://127.0.0.1:41234. */
  readonly url: string;
  readonly tokenOf: (person: PersonName) => string;
  /** A call with a person's token; `null`: with none. */
  readonly ask: (person: PersonName | null, call: Call) => Promise<Answered>;
  /** Another application over the same cluster and store. */
  readonly another: (
    options: Partial<Pick<AppOptions, "files" | "limits" | "tls">>,
  ) => Promise<App>;
};

/** A call of the API. */
export type Call = {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: { readonly [name: string]: string };
};

/** An answer; the body is a JSON object, without fields where there was none. */
type Answered = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
};

const GENEROUS: Limits = {
  address: { burst: 1e6, perSecond: 1e6 },
  signIn: { burst: 1e6, perSecond: 1e6 },
};

/** The value of what must succeed. */
export function must<T>(result: Result<T, { readonly message: string } | string>): T {
  if (result.ok) return result.value;
  throw new Error(typeof result.error === "string" ? result.error : result.error.message);
}

/** What may be beside the API: a Prometheus, and a folder with the built dashboard. */
type Beside = { readonly prometheus?: URL; readonly dashboard?: string };

/** Starts all of it; what fails half-way leaves nothing either. */
export async function startApiServer({ prometheus, dashboard }: Beside = {}): Promise<ApiServer> {
  await using parts = new AsyncDisposableStack();
  const directory = mkdtempSync(path.join(tmpdir(), "seam-test-api-"));
  parts.defer(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o755);
  const settings = { directory, whenMissing: "make", whenInUse: "refuse" } as const;
  const [planeStarted, storeOpened] = await Promise.allSettled([
    startControlPlane().then((started) => parts.use(started)),
    openStore(settings).then((opened) => parts.use(must(opened))),
  ]);
  const [plane, store] = [fulfilled(planeStarted), fulfilled(storeOpened)];
  must(await store.schema.migrate());
  const kube = createKubeClient(must(readKubeconfig(plane.kubeconfig)));
  parts.defer(() => kube.close());
  await prepareCluster(plane, kube);
  const tokens = await prepareAccounts(store, kube);
  const hub = parts.use(createChangeHub(store.feed));
  const stop = new AbortController();
  const context: Context = {
    kube,
    store,
    hub,
    access: createAccess(kube),
    lanes: createLanes(),
    prometheus: prometheus === undefined ? null : createPrometheus(prometheus),
    log: { info: () => undefined, warn: tell, error: tell },
    isSecure: false,
    signal: stop.signal,
  };
  const another: ApiServer["another"] = ({ files = null, limits = GENEROUS, tls = null }) => {
    const options = { tls, limits, files, onAnswered: () => undefined };
    return createApp({ ...context, isSecure: tls !== null }, options);
  };
  const app = await another({ files: dashboard === undefined ? null : readStaticFiles(dashboard) });
  parts.defer(async () => app.close());
  parts.defer(() => stop.abort());
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const kept = parts.move();
  return {
    plane,
    kube,
    store,
    app,
    url,
    tokenOf: (person) => tokens.get(person) ?? "",
    ask: (person, call) => send(url, person === null ? null : (tokens.get(person) ?? ""), call),
    another,
    [Symbol.asyncDispose]: async () => kept.disposeAsync(),
  };
}

/** The value of a promise that must not have failed. */
function fulfilled<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === "fulfilled") return settled.value;
  throw settled.reason;
}

function tell(fields: object, message: string): void {
  process.stderr.write(`${message}: ${JSON.stringify(fields)}\n`);
}

async function send(url: string, token: string | null, call: Call): Promise<Answered> {
  const { method, path: where, body, headers = {} } = call;
  const answer = await fetch(`${url}${where}`, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    body: text === "" ? {} : JSON.parse(text),
  };
}

const RBAC = "rbac.authorization.k8s.io";
const ROLES = { viewer: "view", editor: "edit", owner: "admin" } as const;

/** Seam's kinds, its roles as the chart has them, and two projects as the controller makes them. */
async function prepareCluster(plane: ControlPlane, kube: KubeClient): Promise<void> {
  const started = plane.startControllers(["clusterrole-aggregation-controller"]);
  const file = new URL("../../../deploy/seam.yaml", import.meta.url);
  const chart = must(readObjects([{ name: "seam.yaml", text: readFileSync(file, "utf8") }]));
  const roles = chart.filter(
    ({ kind, metadata }) =>
      kind === "ClusterRole" && /^seam-(view|edit|admin)$/.test(metadata.name),
  );
  const member = Object.keys(ROLES).map((name) => ({ apiGroup: RBAC, kind: "User", name }));
  const reader = {
    apiGroups: ["seam.ucsd.edu"],
    resources: ["projects"],
    resourceNames: ["lab-a"],
  };
  const objects = [
    ...customResourceDefinitions(),
    ...roles,
    ...["lab-a", "lab-b"].map((name) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    })),
    ...Object.entries(ROLES).map(([person, role]) => ({
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { name: `seam-${role}s`, namespace: "lab-a" },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
      subjects: [{ apiGroup: RBAC, kind: "User", name: person }],
    })),
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: { name: "seam-project-lab-a" },
      rules: [{ ...reader, verbs: ["get", "watch"] }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "seam-project-lab-a" },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "seam-project-lab-a" },
      subjects: member,
    },
  ];
  for (const object of objects.filter(isKubeObject))
    must(await kube.apply(object, { fieldManager: "test" }));
  await started;
  await untilAggregated(kube);
}

/** Until the roles have what the chart adds to them. */
async function untilAggregated(kube: KubeClient): Promise<void> {
  const access = (): ReturnType<typeof createAccess> => createAccess(kube);
  const question = {
    verb: "list",
    group: "seam.ucsd.edu",
    resource: "audits",
    namespace: "lab-a",
  };
  for (let tries = 0; tries < 300; tries += 1) {
    const may = await access().may({ user: "owner", groups: [] }, question);
    if (may.ok && may.value) return;
    await pause(100);
  }
  throw new Error("the roles of members were not aggregated within 30 s");
}

async function prepareAccounts(
  store: Store,
  kube: KubeClient,
): Promise<ReadonlyMap<PersonName, string>> {
  const first = must(await firstRun({ store, kube, force: false }));
  const tokens = new Map<PersonName, string>([["admin", first ?? ""]]);
  const audit = {
    actor: "test",
    action: "make",
    project: "",
    resource: "account",
    before: null,
    after: null,
    sourceAddress: null,
    result: "allowed",
    reason: "",
  } as const;
  for (const account of ["viewer", "editor", "owner"] as const) {
    must(await store.accounts.create({ name: account, groups: [], passwordHash: null }, audit));
    const secret = newSecret();
    const expiresAt = new Date(Date.now() + 3_600_000);
    const token = { kind: "token", account, label: "test", scopes: SCOPES, expiresAt } as const;
    must(await store.credentials.issue({ ...token, secretHash: hashOfSecret(secret) }, audit));
    tokens.set(account, secret);
  }
  return tokens;
}
