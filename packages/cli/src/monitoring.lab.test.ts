/**
 * Seam watched by a real Prometheus, with the configuration of the guide (S7): every query of every dashboard has an answer under traffic, what
 * programs tell is well formed, rules can be judged, and a pod's traffic is what iperf3 says it is.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { labDown } from "@seam/lab";
import { pages } from "@seam/monitoring";
import { afterAll, beforeAll, expect, test } from "vitest";

import { fileOf } from "./chart.fixture.ts";
import { PATIENCE_MS, testLab } from "./lab.fixture.ts";

const lab = testLab("seam-test-monitor");
const { kubectl } = lab;
const execute = promisify(execFile);
const folder = mkdtempSync("/tmp/seam-test-monitor-");
const programs =
  process.env["SEAM_PROMETHEUS_BIN"] ?? "SEAM_PROMETHEUS_BIN names the folder of Prometheus";
const grpcurl = `${process.env["SEAM_GRPCURL_BIN"] ?? "SEAM_GRPCURL_BIN names the folder of grpcurl"}/grpcurl`;
const running: ChildProcess[] = [];
const SCRAPE_MS = 5000;

type Wish = { readonly node: string; readonly run: readonly string[]; readonly held?: boolean };
const pod = (name: string, { node, run: command, held }: Wish): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: name }, ...(held === true && { annotations: RATES }) },
  spec: {
    schedulerName: "vaclab-scheduler",
    nodeSelector: { "kubernetes.io/hostname": node },
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "c", image: "localhost/seam/traffic:dev", command }],
  },
});
const RATES = {
  "kubernetes.io/egress-bandwidth": "20M",
  "kubernetes.io/ingress-bandwidth": "20M",
};
const IDLE = ["sleep", "infinity"];
const CLOSED = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "closed" },
  spec: { podSelector: { matchLabels: { app: "shut" } }, policyTypes: ["Ingress"] },
};

const inNode = (...argv: readonly string[]): readonly string[] => [
  `--net=/run/netns/seam-${lab.name}-n1`,
  "--",
  ...argv,
];
const onFirst = async (...argv: readonly string[]): Promise<string> =>
  (await execute("nsenter", inNode(...argv), { maxBuffer: 1 << 26 })).stdout;

/** What Prometheus' HTTP API answers. */
async function ask(question: string, parameters: Readonly<Record<string, string>> = {}) {
  const text = new URLSearchParams(parameters).toString();
  return JSON.parse(
    await onFirst("curl", "-sS", `http://127.0.0.1:9090/api/v1/${question}?${text}`),
  ).data;
}

type Sample = { readonly metric: object; readonly value: readonly [number, string] };
const samplesOf = async (query: string): Promise<readonly Sample[]> =>
  (await ask("query", { query })).result;

type Seen = {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly nodeName: string;
    readonly containers: readonly { readonly ports?: readonly Port[] }[];
  };
  readonly status: { readonly podIP: string };
};
type Port = { readonly name: string; readonly containerPort: number };

/** What discovery of pods finds, a target for each port of each container: Debian's Prometheus is built without it. */
async function discovered(): Promise<readonly object[]> {
  const pods: readonly Seen[] = JSON.parse(
    await kubectl("get", "pods", "-n", "seam-system", "-o", "json"),
  ).items;
  return pods.flatMap(({ metadata, spec, status }) => {
    const labels = Object.entries(metadata.labels).map(
      ([key, value]) =>
        [`__meta_kubernetes_pod_label_${key.replaceAll(/\W/g, "_")}`, value] as const,
    );
    return spec.containers
      .flatMap(({ ports = [] }) => ports)
      .map(({ name, containerPort }) => ({
        targets: [`${status.podIP}:${containerPort}`],
        labels: {
          ...Object.fromEntries(labels),
          __meta_kubernetes_pod_container_port_name: name,
          __meta_kubernetes_pod_node_name: spec.nodeName,
        },
      }));
  });
}

/** With the guide's configuration, but for how pods are found. */
async function startPrometheus(): Promise<void> {
  const targets = path.join(folder, "targets.json");
  writeFileSync(targets, JSON.stringify(await discovered()));
  const guide = readFileSync(fileOf("docs/guide/monitoring.md"), "utf8");
  const [, guided = ""] = /```yaml\n([^]*?)```/.exec(guide) ?? [];
  const configuration = guided
    .replace("rules.yaml", fileOf("deploy/helm/seam/files/rules.yaml"))
    .replace(
      /kubernetes_sd_configs:[^]*?(?= +relabel)/,
      `file_sd_configs: [{files: [${targets}]}]\n`,
    );
  const file = path.join(folder, "prometheus.yml");
  writeFileSync(file, configuration);
  const argv = [`--config.file=${file}`, `--storage.tsdb.path=${folder}/data`];
  const address = "--web.listen-address=127.0.0.1:9090";
  running.push(
    spawn("nsenter", inNode(`${programs}/prometheus`, ...argv, address, "--log.level=error"), {
      stdio: ["ignore", "inherit", "inherit"],
    }),
  );
}

beforeAll(async () => {
  await labDown(lab.name);
  await lab.seam("lab", "up", "--nodes", "2");
  await startPrometheus();
  await kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=90s");
  await lab.apply(
    CLOSED,
    pod("server", { node: "n1", run: ["iperf3", "-s"] }),
    pod("held", { node: "n1", run: ["iperf3", "-s"], held: true }),
    pod("client", { node: "n2", run: IDLE }),
    pod("shut", { node: "n2", run: IDLE }),
  );
  await kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=90s");
}, 300_000);

afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await labDown(lab.name);
  rmSync(folder, { recursive: true, force: true });
}, 200_000);

const addressOf = async (name: string): Promise<string> =>
  kubectl("get", "pod", name, "-o", "jsonpath={.status.podIP}");

/** Seam's server, by a port forward, as it has no certificate. */
async function forwardedServer(): Promise<string> {
  const { address, child } = await lab.forwardServer("deployment/seam-server");
  running.push(child);
  return address;
}

test("S7: every program is found by the guide's configuration, and what it tells is well formed", async () => {
  const found = async () =>
    new Set(
      (await ask("targets")).activeTargets
        .filter(({ health }: { health: string }) => health === "up")
        .map(({ labels }: { labels: { job: string } }) => labels.job),
    );
  const all = [
    "seam-admission",
    "seam-agent",
    "seam-controller",
    "seam-server",
    "vaclab-scheduler",
  ];
  await expect.poll(found, { timeout: 60_000, interval: 1000 }).toEqual(new Set(all));
  const { activeTargets } = await ask("targets");
  for (const { scrapeUrl } of activeTargets) {
    const told = await onFirst("curl", "-sS", scrapeUrl);
    const { stderr } = spawnSync(`${programs}/promtool`, ["check", "metrics"], {
      input: told,
      encoding: "utf8",
    });
    expect({ scrapeUrl, stderr }).toEqual({ scrapeUrl, stderr: "" });
  }
});

test("S7: a pod's traffic is what iperf3 says it is, after a scrape", async () => {
  const address = await addressOf("server");
  const sent = async (): Promise<number> =>
    Number((await samplesOf('seam_pod_tx_bytes_total{pod="client"}'))[0]?.value[1]);
  const before = await sent();
  const argv = ["iperf3", "-c", address, "-t", "6", "-J"];
  const { end } = JSON.parse(await lab.inPod("client", ...argv));
  const share = async (): Promise<number> => ((await sent()) - before) / end.sum_sent.bytes;
  // Headers come on top; bytes that iperf3 had written and TCP had not yet sent are fewer.
  await expect.poll(share, { timeout: PATIENCE_MS }).toBeGreaterThan(0.95);
  const ratio = await share();
  process.stdout.write(`monitoring: a pod's bytes are ${ratio.toFixed(3)} of those of iperf3\n`);
  expect(ratio).toBeLessThan(1.05);
});

test("S7: under traffic no query of a dashboard is without an answer, and no rule is without a verdict", async () => {
  const [held, shut, server] = await Promise.all([
    addressOf("held"),
    addressOf("shut"),
    forwardedServer(),
  ]);
  const busy = lab.inPod("client", "iperf3", "-c", held, "-t", "20", "-J");
  for (let round = 0; round < 4; round += 1) {
    await expect(lab.inPod("client", "ping", "-c2", "-W1", shut)).rejects.toThrow("Command failed");
    await execute(grpcurl, ["-plaintext", server, "list"]);
    await lab.apply(pod(`brief-${round}`, { node: "n2", run: IDLE, held: true }));
    await kubectl("wait", "--for=condition=Ready", `pod/brief-${round}`, "--timeout=90s");
    await kubectl("delete", "pod", `brief-${round}`, "--now");
  }
  await busy;
  await sleep(SCRAPE_MS + 1000);
  const queries = pages.flatMap(({ name, panels }) =>
    panels.flatMap(({ title, queries: asked }) =>
      asked.map(({ expression }) => ({ where: `${name}: ${title}`, expression })),
    ),
  );
  const empty = await Promise.all(
    queries.map(async ({ where, expression }) => {
      const chosen = expression
        .replaceAll("$__rate_interval", "1m")
        .replaceAll(/\$(namespace|pod|node)/g, ".*");
      const samples = await samplesOf(chosen);
      return samples.some(({ value: [, figure] }) => figure !== "NaN") ? [] : [where];
    }),
  );
  expect(empty.flat()).toEqual([]);
  expect(queries.length).toBeGreaterThan(40);
  const denied = 'sum(seam_policy_packets_total{namespace="default",pod="shut",verdict="denied"})';
  expect(Number((await samplesOf(denied))[0]?.value[1])).toBeGreaterThan(7);
  const { groups } = await ask("rules");
  const judged = groups.flatMap(({ rules }: { rules: object[] }) => rules);
  const [, ...alerts] = readFileSync(fileOf("deploy/helm/seam/files/rules.yaml"), "utf8").split(
    "alert: ",
  );
  expect(judged).toHaveLength(alerts.length);
  expect(alerts.length).toBeGreaterThan(9);
  const unwell = judged.filter(
    ({ health, state }: { health: string; state: string }) => health !== "ok" || state === "firing",
  );
  expect(unwell).toEqual([]);
}, 200_000);
