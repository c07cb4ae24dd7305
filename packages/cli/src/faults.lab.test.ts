/**
 * Faults on a real three-node cluster: parts killed during a rolling update of 30 pods, a node cut off, 110 pods at once, pods
 * made and deleted. Each test counts what was lost, and ends with all nodes Ready and nothing left on them. `npm run soak` asks
 * for more: `SEAM_CUT_SECONDS` cuts for longer, `SEAM_CYCLES` makes more pods.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

import { cutNode, healNode, labDown, labExec, labStatus } from "@seam/lab";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import {
  addressOf,
  apply,
  failedSandboxes,
  footprint,
  inPodOf,
  kubectl,
  lab,
  needed,
  nodes,
  persist,
  pod,
  podSpec,
  seam,
  signal,
  tell,
} from "./faults.fixture.ts";
import { CUT_US, PATIENCE_MS } from "./lab.fixture.ts";

const cutSeconds = Number(process.env["SEAM_CUT_SECONDS"] ?? 20);
const cycles = Number(process.env["SEAM_CYCLES"] ?? 50);
const asker = { node: "n1", sleeping: "987654" };

beforeAll(async () => {
  await labDown(lab);
  await seam("lab", "up");
  const serve = ["rr", "serve", "5202"];
  await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: lab } });
  await persist(30, async () => kubectl("-n", lab, "get", "serviceaccount", "default"));
  await apply(
    pod("ask", {}, podSpec(["sleep", asker.sleeping], asker.node)),
    // Without a request their share of a busy processor is next to nothing, and that would be measured.
    pod("answer-n2", {}, podSpec(serve, "n2", "100m")),
    pod("answer-n3", {}, podSpec(serve, "n3", "100m")),
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "roll", namespace: lab },
      spec: {
        replicas: 30,
        selector: { matchLabels: { app: "roll" } },
        template: { metadata: { labels: { app: "roll" } }, spec: podSpec(["sleep", "infinity"]) },
      },
    },
  );
  await rolledOut(120);
  await kubectl("-n", lab, "wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s");
}, 300_000);

afterAll(async () => labDown(lab), 60_000);

async function readyNodes(): Promise<readonly string[]> {
  const { nodes: reports } = await labStatus(lab);
  return reports.filter(({ ready }) => ready).map(({ name }) => name);
}

/** Every fault leaves all nodes Ready, and on each exactly what its pods need. */
async function nothingLeft(): Promise<void> {
  await expect.poll(readyNodes, { timeout: 60_000, interval: 500 }).toEqual(nodes);
  const compare = async (node: string): Promise<unknown> => {
    const [has, needs] = [await footprint(node), await needed(node)];
    return isDeepStrictEqual(has, needs) ? "nothing left" : { node, has, needs };
  };
  for (const node of nodes) {
    const look = { timeout: 60_000, interval: 500 };
    await expect.poll(async () => compare(node), look).toBe("nothing left");
  }
}

afterEach(nothingLeft, 250_000);

async function rolledOut(seconds: number): Promise<void> {
  const status = ["rollout", "status", "deployment/roll", `--timeout=${seconds}s`];
  await persist(seconds, async () => kubectl("-n", lab, ...status));
}

type Report = { readonly transactions: number; readonly max_us: number };

/** Round trips from n1 to n2 over one connection for `seconds`; fails when the connection is cut. */
async function roundTrips(seconds: number): Promise<() => Promise<Report>> {
  const command = ["/usr/bin/rr", "ask", await addressOf("answer-n2"), "5202"];
  const traffic = await inPodOf(asker, [...command, "--seconds", String(seconds)]);
  return async () => {
    expect(await traffic.code).toBe(0);
    return JSON.parse(await traffic.output);
  };
}

test("seam node shows a node that is as it should be, and the step when a route is gone", async () => {
  expect((await seam("node", "n2")).trimEnd().split("\n").at(-1)).toBe(
    "node n2 is as it should be",
  );
  const view = JSON.parse(await seam("node", "n2", "-o", "json"));
  expect(view.steps).toEqual([]);
  const { destination, via } = view.desired.routes.find(
    (route: { via: unknown }) => route.via !== null,
  );
  // The agent repairs it within ten seconds, perhaps before it is asked: then it is taken away again.
  const look = async (): Promise<string> => {
    await labExec(lab, "n2", ["ip", "route", "del", destination]);
    return seam("node", "n2");
  };
  await expect
    .poll(look, { timeout: 30_000, interval: 100 })
    .toMatch(new RegExp(`route +add-route +${destination} via ${via}\n[^]*is 1 step from`));
  await expect
    .poll(async () => seam("node", "n2"), { timeout: 20_000 })
    .toContain("is as it should be");
}, 200_000);

test("seam node says which nodes there are when there is no such node", async () => {
  await expect(seam("node", "n9")).rejects.toThrow(
    /there is no node "n9"\nThe nodes are: n1, n2, n3\./,
  );
});

test("seam doctor finds nothing missing, and says what is when the controller is gone", async () => {
  expect(await seam("doctor")).toMatch(/nothing is missing\n$/);
  const scale = async (count: number): Promise<string> =>
    kubectl("-n", "seam-system", "scale", "deployment/seam-controller", `--replicas=${count}`);
  await scale(0);
  await expect
    .poll(async () => seam("doctor", "cluster").catch(({ code, stdout }) => `${code} ${stdout}`), {
      timeout: 30_000,
    })
    .toMatch(
      /^1 [^]*MISSING {2}cluster {2}controller +not ready\n.*describe deployment seam-controller/m,
    );
  await scale(1);
  await kubectl(
    "-n",
    "seam-system",
    "rollout",
    "status",
    "deployment/seam-controller",
    "--timeout=120s",
  );
}, 200_000);

type Fault = {
  readonly part: string;
  readonly on: readonly string[];
  readonly search: readonly string[];
};

const faults: readonly Fault[] = [
  { part: "agent", on: nodes, search: ["-f", "/seam/agent.js"] },
  { part: "controller", on: nodes, search: ["-f", "/seam/controller.js"] },
  { part: "containerd", on: ["n1", "n2"], search: ["-x", "containerd"] },
  { part: "kubelet", on: ["n1", "n2"], search: ["-x", "kubelet"] },
  { part: "API server", on: ["n1"], search: ["-x", "kube-apiserver"] },
];

test.each(faults)(
  "kill -9 of $part during a rolling update of 30 pods cuts no connection and leaves nothing",
  async ({ part, on, search }) => {
    const failedBefore = await failedSandboxes();
    const traffic = await roundTrips(12);
    const started = performance.now();
    await kubectl("-n", lab, "rollout", "restart", "deployment/roll");
    await sleep(2000);
    const killed = await Promise.all(on.map(async (node) => signal("KILL", node, search)));
    expect(killed.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
    await rolledOut(120);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const report = await traffic();
    const failed = (await failedSandboxes()) - failedBefore;
    tell(
      `${part}: 0 connections cut, longest gap ${Math.round(report.max_us / 1000)} ms, ${report.transactions} round trips; ` +
        `30 pods replaced in ${seconds} s, ${failed} sandboxes tried again`,
    );
    expect(report.transactions).toBeGreaterThan(1000);
    expect(report.max_us).toBeLessThan(CUT_US);
  },
  200_000,
);

test("an experiment becomes Ready although its controller is killed", async () => {
  const about = { apiVersion: "seam.ucsd.edu/v1alpha1" };
  const workload = { image: "localhost/seam/traffic:dev", command: ["sleep", "infinity"] };
  const workloads = ["a", "b"].map((name) => ({ ...workload, name, replicas: 2 }));
  await apply({ ...about, kind: "Project", metadata: { name: "faulty" }, spec: {} });
  await persist(30, async () => kubectl("get", "namespace", "faulty"));
  await apply({
    ...about,
    kind: "Experiment",
    metadata: { name: "e", namespace: "faulty" },
    spec: { workloads },
  });
  await Promise.all(nodes.map(async (node) => signal("KILL", node, ["-f", "/seam/controller.js"])));
  const waited = await seam("wait", "experiment", "e", "-n", "faulty", "--timeout", "120s");
  expect(waited).toContain("experiment faulty/e is Ready");
  await seam("delete", "project", "faulty", "--with-experiments");
}, 180_000);

/** The longest time between two replies, in seconds, by ping's time stamps. */
function longestGap(pingOutput: string): number {
  const replies = pingOutput.matchAll(/^\[([\d.]+)\] \d+ bytes from/gm);
  const times = [...replies].map(([, time]) => Number(time));
  return Math.max(...times.slice(1).map((time, index) => time - times[index]!));
}

test("a node that is cut off turns NotReady and comes back, and traffic among the others goes on", async () => {
  // Without -w, with which ping ends as soon as a router says that the host is unreachable.
  const ping = ["/bin/ping", "-D", "-i", "0.2", await addressOf("answer-n3")];
  const probe = await inPodOf(asker, ping);
  const traffic = await roundTrips(cutSeconds + 10);
  const started = performance.now();
  await cutNode(lab, "n3");
  await seam("lab", "cut", "n3");
  expect(await seam("lab", "status")).toMatch(
    /^n3 .* cut off; connect it with: seam lab heal n3$/m,
  );
  await expect.poll(readyNodes, { timeout: 60_000, interval: 500 }).toEqual(["n1", "n2"]);
  const noticed = (performance.now() - started) / 1000;
  await expect(seam("node", "n3")).rejects.toThrow(
    /node n3 is NotReady, so its agent cannot be asked/,
  );
  await sleep(Math.max(0, (cutSeconds - noticed) * 1000));
  const report = await traffic();
  const cut = (performance.now() - started) / 1000;
  await healNode(lab, "n3");
  const healed = performance.now();
  await seam("lab", "heal", "n3");
  await expect.poll(readyNodes, { timeout: 60_000, interval: 200 }).toEqual(nodes);
  const ready = (performance.now() - healed) / 1000;
  await signal("INT", asker.node, ["-f", "^/bin/ping -D"]);
  const outage = longestGap(await probe.output);
  tell(
    `cut off for ${cut.toFixed(1)} s: NotReady after ${noticed.toFixed(1)} s, Ready ${ready.toFixed(1)} s after healing; ` +
      `its pods unreachable for ${outage.toFixed(1)} s; among the others longest gap ${Math.round(report.max_us / 1000)} ms`,
  );
  expect(await seam("lab", "status")).not.toContain("cut off");
  expect(report.max_us).toBeLessThan(CUT_US);
  expect(outage).toBeGreaterThan(cut * 0.8);
  expect(outage).toBeLessThan(cut + PATIENCE_MS / 1000);
}, 300_000);

type Life = { readonly seconds: number; readonly addresses: readonly string[] };

/** Makes `count` pods at once on a node, waits until all run, and deletes them; how long they took to run, and their addresses. */
async function lifeOf(count: number, node: string): Promise<Life> {
  const those = ["-n", lab, "pods", "-l", "app=brief"];
  const spec = podSpec(["sleep", "infinity"], node);
  const names = Array.from({ length: count }, (_, index) => `brief-${index}`);
  const started = performance.now();
  await apply(...names.map((name) => pod(name, { app: "brief" }, spec)));
  await kubectl("wait", "--for=condition=Ready", ...those, "--timeout=180s");
  const seconds = (performance.now() - started) / 1000;
  const field = 'jsonpath={range .items[*]}{.status.podIPs[*].ip}{"\\n"}{end}';
  const addresses = (await kubectl("get", ...those, "-o", field)).trim().split(/\s+/);
  await kubectl("delete", ...those, "--wait=true", "--timeout=120s");
  return { seconds, addresses };
}

test("110 pods at once on one node all run, without one failure", async () => {
  const count = 110;
  const failedBefore = await failedSandboxes();
  const { seconds, addresses } = await lifeOf(count, "n3");
  const failed = (await failedSandboxes()) - failedBefore;
  tell(`burst: ${count} pods on one node in ${seconds.toFixed(1)} s, ${failed} failures`);
  expect(new Set(addresses).size).toBe(2 * count);
  expect(failed).toBe(0);
}, 400_000);

test(
  `${cycles} pods made and deleted, ten at a time, all run and leave nothing`,
  async () => {
    const failedBefore = await failedSandboxes();
    const started = performance.now();
    let before: readonly string[] = [];
    for (let made = 0; made < cycles; made += 10) {
      const { addresses } = await lifeOf(10, "n2");
      // An address rests before another pod gets it.
      expect(new Set([...before, ...addresses]).size).toBe(before.length + 20);
      before = addresses;
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const failed = (await failedSandboxes()) - failedBefore;
    tell(`cycles: ${cycles} pods made and deleted in ${seconds} s, ${failed} failures`);
    expect(failed).toBe(0);
  },
  20_000 + cycles * 3000,
);
