/** Where the figures of `seam top` come from: metrics-server when it is there, else the kubelets; a server of this test plays the API. */
import { setTimeout as sleep } from "node:timers/promises";
import { bytes, mbps, millis } from "@seam/base";
import {
  followRateUsage,
  type RateUsage,
  readRatePromises,
  readRateUsage,
  readReservedRates,
  readUsage,
} from "@seam/client";
import { createKubeClient, type KubeClient } from "@seam/kube";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rateRows } from "./top.ts";
import { type Kubelet, startKubelet } from "@seam/kube/testing";

const METRICS = "/apis/metrics.k8s.io/v1beta1";
/** What the server answers at a path; all else is refused with 403. */
let answers: { readonly [path: string]: unknown } = {};
let server: Kubelet;
let client: KubeClient;

beforeAll(async () => {
  server = await startKubelet((path, response) => {
    const answer = answers[path.split("?")[0] ?? ""];
    if (answer === undefined) response.writeHead(403).end('{"message": "you may not"}');
    else response.end(JSON.stringify(answer));
  });
  client = createKubeClient({
    server: new URL(`https://${server.address}:${server.port}`),
    tls: { rejectUnauthorized: false },
    token: { kind: "none" },
    namespace: "default",
  });
});

afterAll(async () => {
  client.close();
  await server[Symbol.asyncDispose]();
});

test("metrics-server says what a node uses, and what the containers of a pod use together", async () => {
  const containers = [
    { usage: { cpu: "1500u", memory: "1Mi" } },
    { usage: { cpu: "250m", memory: "1024Ki" } },
  ];
  answers = {
    [`${METRICS}/nodes`]: {
      items: [{ metadata: { name: "n1" }, usage: { cpu: "1", memory: "1Gi" } }],
    },
    [`${METRICS}/namespaces/a/pods`]: {
      items: [{ metadata: { name: "p", namespace: "a" }, containers }],
    },
  };
  expect(await readUsage(client, { kind: "nodes" })).toEqual({
    ok: true,
    value: { items: [{ name: "n1", millicores: 1000, memory: bytes(2 ** 30) }], silent: [] },
  });
  expect(await readUsage(client, { kind: "pods", namespace: "a" })).toMatchObject({
    value: { items: [{ name: "p", namespace: "a", millicores: 251.5, memory: 2 ** 21 }] },
  });
});

const kind = { kind: "Node", name: "nodes", namespaced: false };
const core = {
  "/api/v1": { resources: [kind] },
  "/api/v1/nodes": { metadata: {}, items: ["n1", "n2"].map((name) => ({ metadata: { name } })) },
};
const summary = "/api/v1/nodes/n1/proxy/stats/summary";

test("without it the kubelets are asked; one that does not answer is told", async () => {
  answers = { ...core, [summary]: { node: { cpu: { usageNanoCores: 5e6 } } } };
  expect(await readUsage(client, { kind: "nodes" })).toMatchObject({
    ok: true,
    value: {
      items: [{ name: "n1", millicores: 5, memory: 0 }],
      silent: [{ message: "cannot ask node n2 what it uses: you may not" }],
    },
  });
});

test("who may ask neither is told what to install", async () => {
  answers = core;
  expect(await readUsage(client, { kind: "pods" })).toMatchObject({
    ok: false,
    error: { code: "Denied", hint: expect.stringContaining("Install metrics-server") },
  });
});

const AGENTS = "/api/v1/namespaces/seam-system/pods";
const CORE = { resources: [{ name: "pods", kind: "Pod", namespaced: true }] };
const agentsAre = (...items: readonly object[]): typeof answers => ({
  "/api/v1": CORE,
  [AGENTS]: { metadata: {}, items },
});

const agent = {
  metadata: { name: "seam-agent-x", namespace: "seam-system" },
  spec: {
    nodeName: "n1",
    containers: [{ name: "agent", ports: [{ name: "http", containerPort: 9900 }] }],
  },
};
const metricsPath = `${AGENTS}/seam-agent-x:9900/proxy/metrics`;

const metrics = (bytesSoFar: number, drops: number): string => {
  const labels = 'namespace="lab-a",pod="web-0",direction="egress"';
  return [
    "# HELP seam_pod_rate_limit_bytes_per_second Rate",
    `seam_pod_rate_limit_bytes_per_second{${labels}} 12500000`,
    `seam_pod_shaped_bytes_total{${labels}} ${bytesSoFar}`,
    `seam_pod_shaped_drops_total{${labels}} ${drops}`,
  ].join("\n");
};

test("U3: what passed is told again and again, over a look that failed too, until it is ended", async () => {
  answers = { ...agentsAre(agent), [metricsPath]: metrics(0, 0) };
  const stop = new AbortController();
  const reports = followRateUsage(client, { between: millis(100), signal: stop.signal });
  const measured = async (): Promise<string | undefined> => {
    const { value } = await reports.next();
    if (value === undefined) return "ended";
    return value.ok ? value.value.items[0]?.measured.toFixed(1) : value.error.message;
  };
  expect(await measured()).toBe("0.0");
  answers = agentsAre(agent);
  expect(await measured()).toContain("cannot read the metrics of node n1's agent: you may not");
  answers = { ...answers, [metricsPath]: metrics(1_000_000, 0) };
  // 8 Mbit since the last look that was answered, 200 ms ago or a little more.
  const after = Number(await measured());
  expect(after).toBeGreaterThan(10);
  expect(after).toBeLessThan(60);
  stop.abort();
  expect(await measured()).toBe("ended");
});

test("U3: how long it is between two looks is what the agent says, however late its answers come", async () => {
  const at = (seconds: number, bytesSoFar: number): string =>
    `${metrics(bytesSoFar, 0)}\nseam_pod_shaped_read_timestamp_seconds ${seconds}`;
  answers = { ...agentsAre(agent), [metricsPath]: at(1_000_000.25, 0) };
  const stop = new AbortController();
  const reports = followRateUsage(client, { between: millis(50), signal: stop.signal });
  const first = reports.next();
  await sleep(25);
  answers = { ...answers, [metricsPath]: at(1_000_002.25, 1_000_000) };
  expect((await first).value).toMatchObject({ ok: true, value: { items: [{ measured: 4 }] } });
  // The same figures once more say nothing.
  expect((await reports.next()).value).toMatchObject({ ok: true, value: { items: [] } });
  stop.abort();
  await reports.next();
});

test("U3: when nothing can be asked at first, that is all that is told", async () => {
  answers = {};
  const told: unknown[] = [];
  for await (const report of followRateUsage(client, { between: millis(1) })) told.push(report);
  expect(told).toMatchObject([{ ok: false, error: { code: "Denied" } }]);
});

test("V4: what nodes' accounts reserve of pods, by direction", async () => {
  const reservation = {
    podName: "web-0",
    namespace: "lab-a",
    bandwidth: { local: { ulMbps: 60, dlMbps: 7 }, network: { ulMbps: 0, dlMbps: 0 } },
  };
  const group = "/apis/networking.vaclab.org/v1";
  answers = {
    [group]: { resources: [{ name: "bandwidths", kind: "Bandwidth", namespaced: false }] },
    [`${group}/bandwidths`]: {
      metadata: {},
      items: [{ metadata: { name: "n1" }, status: { reservations: [reservation] } }],
    },
  };
  const reserved = await readReservedRates(client);
  expect([...(reserved.ok ? reserved.value : [])]).toEqual([
    ["lab-a/web-0 egress", 60],
    ["lab-a/web-0 ingress", 7],
  ]);
});

test("U3: rates of pods, and what passed between two looks at the agents' metrics", async () => {
  answers = { ...agentsAre(agent), [metricsPath]: metrics(0, 0) };
  const asking = readRateUsage(client, millis(500));
  await sleep(250);
  answers = { ...answers, [metricsPath]: metrics(5_000_000, 50) };
  const report = await asking;
  expect(report).toMatchObject({
    ok: true,
    value: {
      items: [{ namespace: "lab-a", name: "web-0", node: "n1", direction: "egress", limit: 100 }],
      silent: [],
    },
  });
  const [usage] = report.ok ? report.value.items : [];
  expect(usage?.measured).toBeGreaterThan(30);
  expect(usage?.measured).toBeLessThan(80.1);
  expect(usage?.droppedPerSecond).toBeGreaterThan(30);
});

test("U3: who may not look at the agents is told whom to ask", async () => {
  answers = agentsAre({ metadata: { name: "seam-agent-x" }, spec: { nodeName: "n1" } });
  const report = await readRateUsage(client, millis(1));
  expect(report).toMatchObject({
    ok: false,
    error: { hint: expect.stringContaining("the right to get pods/proxy in seam-system") },
  });
});

test("U3: what pods' conditions say stands beside the figures; pods that are not held are there as well", async () => {
  const pod = (name: string, ...conditions: readonly (readonly string[])[]) => ({
    metadata: { name, namespace: "lab-a" },
    spec: { nodeName: "n1" },
    status: {
      conditions: conditions.map(([type, status, reason, message]) => ({
        type: `seam.ucsd.edu/${type}`,
        status,
        reason,
        message,
      })),
    },
  });
  const enforced = ["RateEnforced", "True", "Enforced", ""];
  const items = [
    pod("good", enforced, ["RateGuaranteed", "True", "Guaranteed", ""]),
    pod("poor", enforced, ["RateGuaranteed", "False", "CapacityUnknown", "write it down"]),
    pod("loose", ["RateEnforced", "False", "KernelRefused", "no htb"]),
    pod("silent"),
  ];
  answers = { "/api/v1": CORE, "/api/v1/namespaces/lab-a/pods": { metadata: {}, items } };
  const said = await readRatePromises(client, { namespace: "lab-a" });
  expect(said).toMatchObject({ ok: true });
  const promises = said.ok ? said.value : { items: [], faults: [] };
  const usage = (name: string, direction: "egress" | "ingress"): RateUsage => ({
    namespace: "lab-a",
    name,
    node: "n1",
    direction,
    droppedPerSecond: 3,
    limit: mbps(100),
    measured: mbps(25),
  });
  const rates = [usage("poor", "egress"), usage("good", "ingress"), usage("good", "egress")];
  const { head, cells } = rateRows(rates, promises.items, false);
  const figures = ["100.0", "25.0", "25%", "3"];
  expect([head, ...cells]).toEqual([
    "NAME NODE DIRECTION LIMIT MEASURED USED% DROPS/S ENFORCED GUARANTEED".split(" "),
    ["good", "n1", "egress", ...figures, "yes", "yes"],
    ["good", "n1", "ingress", ...figures, "yes", "-"],
    ["loose", "n1", "-", "-", "-", "-", "-", "KernelRefused", "-"],
    ["poor", "n1", "egress", ...figures, "yes", "CapacityUnknown"],
  ]);
  expect(promises.faults.map(({ message, hint }) => `${message}: ${hint}`)).toEqual([
    "pod lab-a/poor: it has no guarantee: write it down",
    "pod lab-a/loose: its rates are not in force: no htb",
  ]);
});
