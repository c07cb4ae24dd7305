/** The dashboard in a real Chromium, in front of the API's application with a real API server and a real PostgreSQL behind it. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { err, ok, type Result } from "@seam/base";
import type { KubeObject } from "@seam/kube";
import { type ApiServer, must, startApiServer } from "@seam/server/testing";
import { type Browser, chromium, type Page } from "playwright-core";
import { buildDashboard } from "./build.ts";
import { OPERATIONS } from "./gen/api.ts";

/** Pictures of every page, to be looked at; outside git. */
const SHOTS = path.resolve(import.meta.dirname, "../../../node_modules/.cache/seam-screenshots");
/** The machine may be busy: what is waited for comes, or the test fails then. */
const WAIT_MS = 40_000;
export const PASSWORD = "a long enough password";

/** What pages said and asked, which the tests look at in the end. */
export type Seen = {
  /** Errors in the console and thrown ones, beside those that tell of answers that the tests want. */
  readonly faults: string[];
  /** Calls of the API, such as `GET /api/v1/projects`. */
  readonly calls: Set<string>;
};

export type Stage = AsyncDisposable & {
  readonly server: ApiServer;
  readonly browser: Browser;
  readonly seen: Seen;
  /** A page of its own context, where nobody is signed in. */
  readonly open: () => Promise<Page>;
  readonly picture: (page: Page, name: string) => Promise<void>;
};

/** Starts all of it; `admin`, `editor` and `viewer` have the same password. */
export async function startStage(): Promise<Stage> {
  await using parts = new AsyncDisposableStack();
  const server = parts.use(await startApiServer({ dashboard: await buildDashboard() }));
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  parts.defer(() => browser.close());
  await fill(server);
  mkdirSync(SHOTS, { recursive: true });
  const seen: Seen = { faults: [], calls: new Set() };
  const owned = parts.move();
  return {
    server,
    browser,
    seen,
    open: async () => {
      const context = await browser.newContext({
        baseURL: server.url,
        colorScheme: "light",
        reducedMotion: "reduce",
        viewport: { width: 1280, height: 860 },
      });
      context.setDefaultTimeout(WAIT_MS);
      const page = await context.newPage();
      watch(page, seen);
      return page;
    },
    picture: async (page, name) => {
      await page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage: true });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function watch(page: Page, { faults, calls }: Seen): void {
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    // Chromium tells of every answer of 400 and more, which the pages show.
    const isAnswer = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isAnswer)
      faults.push(`${message.text()} ${page.url()} ${message.location().url}`);
  });
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/")) calls.add(`${request.method()} ${pathname}`);
  });
}

const DOCUMENTED = Object.values(OPERATIONS).map(
  ({ method, path: place }) =>
    new RegExp(`^${method} ${place.replaceAll(/\{\w+\}/g, "[^/]+").replaceAll("/", "\\/")}$`),
);

/** Calls that the API's document does not have. */
export const undocumented = ({ calls }: Seen): readonly string[] =>
  [...calls].filter((each) => !DOCUMENTED.some((form) => form.test(each)));

/** Signs in by the password. */
export async function signIn(page: Page, account: string): Promise<void> {
  await page.goto("/");
  await page.getByLabel("Account name").fill(account);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
}

const NODES = ["n1", "n2"];

/** What the pages show: a project with members and a quota, nodes with bandwidth, a policy, results of a benchmark. */
async function fill(server: ApiServer): Promise<void> {
  const { ask, store } = server;
  for (const name of ["admin", "viewer", "editor"])
    await ask("admin", {
      method: "PUT",
      path: `/api/v1/accounts/${name}/password`,
      body: { password: PASSWORD },
    });
  const project = {
    apiVersion: "seam.ucsd.edu/v1alpha1",
    kind: "Project",
    metadata: { name: "lab-a" },
    spec: { members: [{ user: "editor", role: "editor" }], quota: { cpu: "4", pods: 20 } },
  };
  must(await kept(server, project));
  for (const name of NODES) {
    await put(server, { apiVersion: "v1", kind: "Node", metadata: { name } });
    await put(server, {
      apiVersion: "networking.vaclab.org/v1",
      kind: "Bandwidth",
      metadata: { name },
      spec: {},
    });
  }
  await setStatus(server, { ...project, spec: undefined, status: PROJECT_STATUS });
  for (const name of NODES) await fillNode(server, name);
  for (const p99Ms of [4.5, 4, 3.2, 3.6]) {
    const result = { project: "lab-a", name: "programming", author: "admin", specHash: "a" };
    must(await store.benchmarks.put({ ...result, document: { p99Ms, pods: 100 } }));
  }
}

const PROJECT_STATUS = {
  phase: "Ready",
  experiments: 0,
  quota: [
    { resource: "cpu", used: "1", limit: "4" },
    { resource: "pods", used: "20", limit: "20" },
  ],
};

async function fillNode(server: ApiServer, name: string): Promise<void> {
  const ready = { type: "Ready", status: name === "n1" ? "True" : "False" };
  await setStatus(server, {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
    status: {
      conditions: [ready],
      addresses: [{ type: "InternalIP", address: name === "n1" ? "10.0.0.1" : "10.0.0.2" }],
      allocatable: { cpu: "8", memory: "16Gi", pods: "110" },
      capacity: { cpu: "8", memory: "16Gi", pods: "110" },
    },
  });
  const rates = (mbps: number) => ({ network: { ulMbps: mbps, dlMbps: mbps * 2 } });
  await setStatus(server, {
    apiVersion: "networking.vaclab.org/v1",
    kind: "Bandwidth",
    metadata: { name },
    status: {
      capacity: rates(1000),
      used: rates(250),
      remaining: rates(750),
      reservations: [
        { podName: "web-0", podUid: "u-1", namespace: "lab-a", bandwidth: rates(250) },
      ],
    },
  });
}

/** By the API, so that its fields are Seam's to change. */
async function kept({ ask }: ApiServer, body: KubeObject): Promise<Result<null, string>> {
  const where = `/api/v1/projects/${body.metadata.name}`;
  const answer = await ask("admin", { method: "PUT", path: where, body });
  return answer.status === 200 ? ok(null) : err(JSON.stringify(answer.body));
}

async function put({ kube }: ApiServer, object: KubeObject): Promise<void> {
  must(await kube.apply(object, { fieldManager: "test", force: true }));
}

/** Writes an object's status, as its controller would. */
export async function setStatus({ kube }: ApiServer, object: KubeObject): Promise<void> {
  must(await kube.applyStatus(object, { fieldManager: "test-status", force: true }));
}
