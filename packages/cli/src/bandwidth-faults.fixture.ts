/**
 * Faults on the lab of bandwidth tests (V6, V12, V19): each ends with all pods placed and no megabit wrong, by sums over the pods. Longer
 * and stranger ones, on nodes without machines, are in `faults.root.test.ts` of the scheduling package.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { goTools, labImage } from "@seam/lab";
import { expect } from "vitest";

import {
  bandwidthOf,
  eventually,
  lab,
  nodes,
  pod,
  rates,
  ready,
  SCHEDULER,
  usedBy,
  waitingPods,
  wrongMegabits,
} from "./bandwidth.fixture.ts";
import { chart } from "./chart.fixture.ts";

const { kubectl } = lab;
const execute = promisify(execFile);
const wish = { egress: "20M", ingress: "20M", image: "localhost/pause:1", command: [] };
const pods = (prefix: string, count: number): readonly object[] =>
  Array.from({ length: count }, (_, index) => pod(`${prefix}-${index}`, wish));

/**
 * When every pod has its place and the accounts have had their time: what is wrong. Kubelets let programs that died again and again rest
 * 10, 20, then 40 s, and the next leader waits for the lease of the last.
 */
async function settled(): Promise<readonly string[]> {
  await eventually(async () => expect(await waitingPods()).toEqual([]), 90_000);
  const quiet = eventually(async () => expect(await wrongMegabits()).toEqual([]), 80_000);
  await quiet.catch(() => undefined);
  return wrongMegabits();
}

async function killedWhilePlacing(): Promise<readonly string[]> {
  const all = pods("fault", 60);
  for (let part = 0; part < 3; part += 1) {
    await lab.apply(...all.slice(part * 20, part * 20 + 20));
    for (const node of nodes)
      await lab.onNode(node, "pkill -9 -f '/seam/(scheduling|controller).js' || true");
  }
  await lab.onNode("n1", "pkill -9 -x kube-apiserver");
  return settled();
}

async function nodeLost(): Promise<readonly string[]> {
  const on = (node: string, name: string): object => pod(name, { ...wish, node });
  await lab.apply(on("n3", "stays"), on("n3", "stays-too"), on("n2", "bystander"));
  await ready("stays", "stays-too", "bystander");
  const { metadata, spec } = JSON.parse(await kubectl("get", "node", "n3", "-o", "json"));
  await kubectl("delete", "node", "n3");
  await kubectl("wait", "--for=delete", "bandwidth/n3", "--timeout=5s");
  const { name, labels } = metadata;
  const { podCIDR, podCIDRs } = spec;
  const node = { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
  await lab.apply({ ...node, spec: { podCIDR, podCIDRs } });
  await lab.onNode("n3", "pkill -9 -x kubelet");
  await eventually(async () =>
    expect(await usedBy("n3")).toMatchObject([{ network: rates(40, 40) }]),
  );
  await kubectl("wait", "--for=condition=Ready", "node/n3", "--timeout=60s");
  await lab.apply(on("n3", "comes"));
  await ready("comes");
  return settled();
}

/** The pod whose kube-scheduler leads; between two of them there is none for a moment. */
async function leader(): Promise<string> {
  const lease = ["get", "lease", "vaclab-scheduler", "-n", "seam-system"];
  let holder = "";
  await eventually(async () => {
    holder = await kubectl(...lease, "-o", "jsonpath={.spec.holderIdentity}");
    expect(holder).toContain("_");
  });
  return holder.replace(/_.*/, "");
}

async function leaderKilled(): Promise<readonly string[]> {
  await lab.apply(...pods("before", 10));
  await upgrade();
  const first = await leader();
  const which = ["pod", first, "-n", "seam-system"];
  const node = await kubectl("get", ...which, "-o", "jsonpath={.spec.nodeName}");
  await lab.apply(...pods("while", 30));
  const parts = "/seam/scheduling.js|kube-scheduler --config=/etc/kubernetes";
  await lab.onNode(node, `pkill -9 -f '${parts}'`);
  const killed = performance.now();
  // Else the kubelet would start it again, and it might be the one that goes on.
  await kubectl("delete", ...which, "--grace-period=0", "--force");
  const own = { "example.org/up": "30", "example.org/down": "30" };
  await lab.apply(pod("late", { annotations: own, image: wish.image, command: [] }));
  await eventually(async () => expect(await waitingPods()).toEqual([]), 60_000);
  const seconds = ((performance.now() - killed) / 1000).toFixed(1);
  process.stdout.write(`bandwidth: all placed ${seconds} s after the leading scheduler died\n`);
  expect(await leader()).not.toBe(first);
  const home = await kubectl("get", "pod", "late", "-o", "jsonpath={.spec.nodeName}");
  await eventually(async () => {
    const { reservations = [] } = (await bandwidthOf(home)).status;
    const late = reservations.find(({ podName }) => podName === "late");
    expect(late?.bandwidth.network).toEqual(rates(30, 30));
  });
  await kubectl("delete", "pod", "late", "--grace-period=0", "--force");
  return settled();
}

/** What happens, and what is wrong afterwards. */
export const faults: readonly (readonly [string, () => Promise<readonly string[]>])[] = [
  [
    "V6, V12: scheduler, operator and API server, killed while sixty pods are placed",
    killedWhilePlacing,
  ],
  ["V2, V12: a node that is lost and comes back has what its pods have", nodeLost],
  [
    "V7, V17, V19: of two schedulers, made so by an upgrade with keys of one's own, one is killed and the other goes on",
    leaderKilled,
  ],
];

const VALUES = {
  "agent.maxUnavailable": "3",
  "scheduler.replicas": "2",
  "scheduler.leaderElection.leaseSeconds": "8",
  "scheduler.leaderElection.renewSeconds": "5",
  "scheduler.leaderElection.retrySeconds": "1",
  "manager.annotations.egress": "example.org/up",
  "manager.annotations.ingress": "example.org/down",
  "namespace.create": "true",
};

/** Changes values of the installation; returns when all its programs have them. */
async function upgrade(): Promise<void> {
  const helm = `${process.env["SEAM_HELM_BIN"] ?? "SEAM_HELM_BIN names the folder of Helm"}/helm`;
  const { reference } = await labImage("seam", await goTools());
  const values = Object.entries({ ...VALUES, image: reference }).map(
    ([key, value]) => `${key}=${value}`,
  );
  const argv = ["template", "seam", chart, "-n", "seam-system", "--kube-version", "v1.36.3"];
  const { stdout } = await execute(helm, [...argv, "--set", values.join()], { maxBuffer: 1 << 26 });
  await lab.applyText(stdout);
  const parts = ["daemonset/seam-agent", "deployment/seam-controller", `deployment/${SCHEDULER}`];
  for (const part of parts)
    await kubectl("rollout", "status", "-n", "seam-system", part, "--timeout=90s");
}
