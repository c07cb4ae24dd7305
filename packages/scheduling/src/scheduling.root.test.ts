/** The real kube-scheduler with Seam's extender on a real API server (V6, V10, V12, V18, V19, V21). */
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

import { BANDWIDTH_KIND } from "@seam/api";
import {
  child,
  children,
  createKubeClient,
  type KubeClient,
  type KubeObject,
  readKubeconfig,
  textAt,
} from "@seam/kube";
import { exposedMetrics, metricsInGuide } from "@seam/daemon/testing";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

import {
  end,
  fileOf,
  freePort,
  kubectl,
  makeNode,
  makePod,
  type Setting,
  startExtenderProcess,
  startScheduler,
} from "./scheduler.fixture.ts";

const NODES: Readonly<Record<string, number>> = { n1: 1000, n2: 500, n3: 50 };

let plane: ControlPlane;
let client: KubeClient;
let setting: Setting;
let scheduler: ChildProcess;
let extender: ChildProcess;
let output = "";

const k = async (...argv: readonly string[]): Promise<string> => kubectl(plane.kubeconfig, ...argv);
const start = (): ChildProcess => startExtenderProcess(setting, (text) => (output += text));

async function eventually<T>(probe: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < 300; tries += 1) {
    try {
      return await probe();
    } catch {
      await sleep(100);
    }
  }
  return probe();
}

const listed = async (apiVersion: string, kind: string): Promise<readonly KubeObject[]> => {
  const page = await client.list({ apiVersion, kind });
  if (!page.ok) throw new Error(page.error.message);
  return page.value.items;
};
const placed = async (): Promise<Readonly<Record<string, string | null>>> =>
  Object.fromEntries(
    (await listed("v1", "Pod")).map((pod) => [
      pod.metadata.name,
      textAt(child(pod, "spec"), "nodeName"),
    ]),
  );
const requests = async (): Promise<Readonly<Record<string, readonly unknown[]>>> =>
  Object.fromEntries(
    (await listed("networking.vaclab.org/v1", "Bandwidth")).map((object) => [
      object.metadata.name,
      children(child(object, "spec"), "requests").map(({ podName }) => podName),
    ]),
  );
const reasonOf = async (pod: string): Promise<string> =>
  k("get", "pod", pod, "-o", 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}');
/** Ends pods, and all requests with them: what is left of those that are gone is the operator's to remove, which does not run here. */
const allGone = async (): Promise<void> => {
  await k("delete", "pod", "--all", "--force", "--grace-period=0");
  const none = JSON.stringify({ spec: { requests: [] } });
  for (const name of Object.keys(NODES))
    await k("patch", "bandwidth", name, "--type=merge", "-p", none);
};

beforeAll(async () => {
  plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  client = createKubeClient(config.value);
  await k(
    "apply",
    "-f",
    fileOf("deploy/helm/seam/files/crds/bandwidths.networking.vaclab.org.yaml"),
  );
  await k("wait", "--for=condition=Established", "crd", "--all", "--timeout=90s");
  const [extenderPort, schedulerPort] = [await freePort(), await freePort()];
  setting = { kubeconfig: plane.kubeconfig, extenderPort, schedulerPort };
  await eventually(async () => k("create", "serviceaccount", "default"));
  for (const [name, network] of Object.entries(NODES)) await makeNode(client, name, network);
  extender = start();
  scheduler = await startScheduler(setting);
});

afterAll(async () => {
  for (const process of [scheduler, extender]) if (process !== undefined) await end(process);
  client?.close();
  await plane?.[Symbol.asyncDispose]();
});

test("V10, V12: a pod of 600 goes where 1000 are free, and its request is in that node's Bandwidth", async () => {
  await makePod(client, "wide", { egress: "600M" });
  await eventually(async () => expect(await placed()).toEqual({ wide: "n1" }));
  await eventually(async () => expect(await requests()).toEqual({ n1: ["wide"], n2: [], n3: [] }));
});

test("V6, V10: a pod that fits nowhere waits, and its event names the number of nodes and what is required", async () => {
  await makePod(client, "late", { egress: "550M", ingress: "10M" });
  await eventually(async () => expect(await reasonOf("late")).toContain("nodes are available"));
  expect(await reasonOf("late")).toMatch(
    /^0\/3 nodes are available: 3 no node has sufficient bandwidth \(required: ul=550Mbps, dl=10Mbps\)/,
  );
});

/** V21 asks for two seconds; kube-scheduler by itself looks again after five minutes. */
function tellDelay(what: string, since: number): void {
  const tookMs = Math.round(performance.now() - since);
  process.stdout.write(`scheduling: placed ${tookMs} ms after a node was ${what}\n`);
  expect(tookMs).toBeLessThan(30_000);
}

test("V21: freed bandwidth wakes the pod that waits", async () => {
  const freed = performance.now();
  await client.delete({ apiVersion: "v1", kind: "Pod", namespace: "default", name: "wide" });
  await eventually(async () => expect(await placed()).toEqual({ late: "n1" }));
  tellDelay("freed", freed);
});

test("V21: so does a wider node, of which kube-scheduler itself is not told", async () => {
  await makePod(client, "wider", { egress: "700M" });
  await eventually(async () => expect(await reasonOf("wider")).toContain("3 no node has"));
  const value = { spec: { capacity: { network: { ulMbps: 800, dlMbps: 800 } } } };
  const widened = performance.now();
  await client.patch({ ...BANDWIDTH_KIND, name: "n2" }, { kind: "merge", value });
  await eventually(async () => expect(await placed()).toEqual({ late: "n1", wider: "n2" }));
  tellDelay("widened", widened);
  await allGone();
});

test("V18: a pod without annotations takes 20/20", async () => {
  await k(
    "run",
    "plain",
    "--image=localhost/none",
    "--overrides",
    '{"spec":{"schedulerName":"vaclab-scheduler"}}',
  );
  await eventually(async () => expect((await placed())["plain"]).not.toBeNull());
  await eventually(async () => {
    const [own] = (await listed("networking.vaclab.org/v1", "Bandwidth")).flatMap((object) =>
      children(child(object, "spec"), "requests").filter(({ podName }) => podName === "plain"),
    );
    expect(own?.["bandwidth"]).toEqual({ ulMbps: 20, dlMbps: 20 });
  });
  await allGone();
});

test("V8: a pod with a value that cannot be kept waits with the right form in its event", async () => {
  await makePod(client, "bad", { egress: "20" });
  await eventually(async () =>
    expect(await reasonOf("bad")).toContain('write "20M" for 20 Mbit/s'),
  );
  await allGone();
});

test("V6: of 60 pods at once each node takes what it can, also when the extender is killed meanwhile", async () => {
  const names = Array.from({ length: 60 }, (_, index) => `many-${index}`);
  const making = Promise.all(names.map(async (name) => makePod(client, name, { egress: "50M" })));
  await sleep(300);
  await end(extender);
  extender = start();
  await making;
  await eventually(async () => {
    const nodes = Object.values(await placed());
    expect(nodes.filter((node) => node !== null)).toHaveLength(37);
  });
  await sleep(1500);
  const nodes = Object.values(await placed());
  const on = (name: string): number => nodes.filter((node) => node === name).length;
  expect([on("n1"), on("n2"), on("n3")]).toEqual([20, 16, 1]);
  await allGone();
});

/** Where the extender that was started last tells how it is. */
function healthPort(): number {
  const lines = output.split("\n").filter((line) => line.includes('"started"'));
  const { port }: { port: number } = JSON.parse(lines.at(-1) ?? "");
  return port;
}

test("metrics are as the guide says", async () => {
  const told = await exposedMetrics(healthPort());
  const guide = metricsInGuide("scheduling");
  expect(told.metrics).toEqual(guide.metrics);
  expect(told.labels["seam_scheduling_questions_total"]).toEqual(
    guide.labels["seam_scheduling_questions_total"],
  );
});

test("the extender tells whether the kube-scheduler beside it is alive, by which both are ended when one is not", async () => {
  const pair = async (): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${healthPort()}/pairz`);
    return `${answer.status} ${await answer.text()}`;
  };
  await eventually(async () => expect(await pair()).toBe("200 ok"));
  await end(scheduler);
  expect(await pair()).toMatch(/^503 kube-scheduler does not answer at \/livez: .*ECONNREFUSED/);
});
