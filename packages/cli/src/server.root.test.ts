/** `seam server` as a process: the guide's commands, and watchers across a restart (S12, S13, S14). */
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { customResourceDefinitions } from "@seam/api";
import { exposedMetrics, metricsInGuide } from "@seam/daemon/testing";
import { createKubeClient, isKubeObject, readKubeconfig } from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type ApiProcess,
  killApiProcesses,
  portOf,
  startApiProcess,
  tokenIn,
} from "./api-process.fixture.ts";
import { fileOf } from "./chart.fixture.ts";

const execute = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), "seam-test-server-"));
const directory = path.join(folder, "store");
let plane: ControlPlane;

beforeAll(async () => {
  chmodSync(folder, 0o755);
  for (const name of ["bin", "node_modules", "examples"])
    symlinkSync(fileOf(name), path.join(folder, name));
  plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  const kube = createKubeClient(config.value);
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "first" } };
  for (const object of [...customResourceDefinitions(), namespace].filter(isKubeObject)) {
    const made = await kube.apply(object, { fieldManager: "test" });
    if (!made.ok) throw new Error(made.error.message);
  }
  kube.close();
});

afterAll(async () => {
  killApiProcesses();
  await plane[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const start = (port: number): Promise<ApiProcess> =>
  startApiProcess({ port, directory, kubeconfig: plane.kubeconfig });

type Event = { readonly id: number };

/** The events of one answer, until the server ends it. */
async function* eventsIn(answer: Response): AsyncGenerator<Event> {
  let rest = "";
  for await (const part of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const events = `${rest}${part}`.split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events.filter((each) => /^id: /m.test(each)))
      yield { id: Number(/^id: (\d+)$/m.exec(event)?.[1]) };
  }
}

type Watched = {
  readonly url: string;
  readonly token: string;
  readonly from: number;
  readonly until: number;
};

/** Follows a server's changes across its restarts, as a browser's EventSource does, until it knows of so many. */
async function watch({ url, token, from, until }: Watched): Promise<readonly number[]> {
  const seen: number[] = [];
  while ((seen.at(-1) ?? from) < until) {
    const headers = {
      authorization: `Bearer ${token}`,
      "last-event-id": String(seen.at(-1) ?? from),
    };
    try {
      const events = eventsIn(await fetch(`${url}/api/v1/changes`, { headers }));
      await takeUntil(events, until, seen);
    } catch {
      // The server is away; a browser would come again too.
    }
    await pause(50);
  }
  return seen;
}

async function takeUntil(
  events: AsyncIterable<Event>,
  until: number,
  seen: number[],
): Promise<void> {
  for await (const { id } of events) {
    seen.push(id);
    if (id >= until) return;
  }
}

test("S14: watchers lose nothing, and get nothing twice or in another order, across restarts and kill -9", async () => {
  let server = await start(0);
  const { url } = server;
  const token = tokenIn(server.said());
  expect(server.lines.join("\n")).not.toContain(token);
  const call = (method: string, where: string, body?: object): Promise<Response> =>
    fetch(`${url}${where}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const put = (name: string): Promise<Response> =>
    call("PUT", `/api/v1/projects/first/policies/${name}`, {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name },
      spec: { podSelector: {} },
    });
  const first = await put("p-0");
  expect(first.status).toBe(200);
  const watched = Promise.all(
    Array.from({ length: 20 }, (_, index) => watch({ url, token, from: index % 4, until: 64 })),
  );
  for (let index = 1; index <= 10; index += 1) await put(`p-${index}`);
  expect(await server.stop("SIGTERM")).toBe(0);
  server = await start(portOf(url));
  expect(server.said()).not.toContain("seam_");
  for (let index = 11; index <= 20; index += 1) await put(`p-${index}`);
  await server.stop("SIGKILL");
  server = await start(portOf(url));
  // Each is a row of the audit and one of the history.
  for (let index = 21; index <= 30; index += 1) expect((await put(`p-${index}`)).status).toBe(200);
  for (const [index, seen] of (await watched).entries()) {
    const from = index % 4;
    expect(seen).toEqual(Array.from({ length: 64 - from }, (_, at) => from + 1 + at));
  }
  const ready = await fetch(`${server.health}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([200, "ok"]);
  const exposed = await exposedMetrics(Number(new URL(server.health).port));
  expect(exposed.metrics).toEqual(metricsInGuide("api").metrics);
  expect(exposed.labels["seam_http_request_duration_seconds"]).toEqual([
    "route",
    "method",
    "status",
  ]);
  await plane.stopApiServer();
  const away = await put("away");
  expect([away.status, away.headers.get("retry-after")]).toEqual([503, "2"]);
  const history = await call("GET", "/api/v1/audit?limit=1");
  expect(history.status).toBe(503);
  await plane.startApiServer();
  expect((await put("back")).status).toBe(200);
  expect(await server.stop("SIGTERM")).toBe(0);
}, 90_000);

test("the guide's commands work as written, and answer what the page says", async () => {
  const page = readFileSync(fileOf("docs/guide/server.md"), "utf8");
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block ?? "");
  expect(blocks).toHaveLength(5);
  const script = `trap 'kill $!; wait $!' EXIT\n${blocks.join("\n")}`;
  writeFileSync(path.join(folder, "guide.sh"), script);
  const { stdout } = await execute("bash", ["-euo", "pipefail", "guide.sh"], {
    cwd: folder,
    timeout: 50_000,
    env: {
      ...process.env,
      KUBECONFIG: plane.kubeconfig,
      SEAM_STORE_DIRECTORY: path.join(folder, "guide-store"),
    },
  });
  expect(stdout).toContain('"user": "admin"');
  expect(stdout).toMatch(/"action": "create"/);
  expect(stdout).toMatch(/event: revision\ndata: \{"sequence":\d+/);
}, 60_000);

test.each([
  ["--host 0.0.0.0", /--host 0\.0\.0\.0: without a certificate the API is for this machine alone/],
  ["--tls-cert none --tls-key none", /--tls-cert, --tls-key: ENOENT/],
  ["--port 70000", /Expected a port from 0 to 65535/],
])("seam server %s: refused with what to do", async (words, message) => {
  const argv = ["server", "--kubeconfig", plane.kubeconfig, ...words.split(" ")];
  await expect(execute(fileOf("bin/seam"), argv, { cwd: folder })).rejects.toThrow(message);
});
