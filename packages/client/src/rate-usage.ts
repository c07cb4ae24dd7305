/**
 * What pods send and are sent beside the rates that their nodes hold them to (U3): two looks at the agents' metrics, through the API server,
 * which takes the right to `get` `pods/proxy` in seam-system; and what is reserved for them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { BANDWIDTH_KIND } from "@seam/api";
import { err, type Mbps, mbps, type Millis, ok, type Result } from "@seam/base";
import type { KubeClient, KubeObject } from "@seam/kube";

import { fromKube, type SeamError } from "./error.ts";
import { itemsOf, numberOf, textOf } from "./fields.ts";
import { listObjects, type Reply } from "./list.ts";
import { AGENTS } from "./node-view.ts";

/** A direction of a pod that has a rate. */
export type RateUsage = {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly direction: "egress" | "ingress";
  /** To which the kernel holds it. */
  readonly limit: Mbps;
  /** What passed in the time between the two looks; frames of Ethernet, as the limit. */
  readonly measured: Mbps;
  /** Packets dropped in a second, as the queue was full. */
  readonly droppedPerSecond: number;
};

/** All that was told, and which nodes could not be asked. */
export type RateReport = {
  readonly items: readonly RateUsage[];
  readonly silent: readonly SeamError[];
  /** When the second look ended, milliseconds since the epoch. */
  readonly atMs: number;
};

/** How often agents are looked at, and until when. */
export type RateFollowing = { readonly between: Millis; readonly signal?: AbortSignal };

/** Looks at all agents twice. */
export async function readRateUsage(kube: KubeClient, between: Millis): Reply<RateReport> {
  for await (const report of followRateUsage(kube, { between })) return report;
  return ok({ items: [], silent: [], atMs: Date.now() });
}

/**
 * Looks at all agents again and again; each report is about the time since the look before. Ends with its failure when the first look
 * fails; a later one is told, and what passed meanwhile is in the next report.
 */
export async function* followRateUsage(
  kube: KubeClient,
  { between, signal }: RateFollowing,
): AsyncGenerator<Awaited<Reply<RateReport>>> {
  const first = await lookAtAll(kube);
  if (!first.ok) {
    yield first;
    return;
  }
  let before = first.value;
  for (let due = performance.now() + between; ; due += between) {
    const rest = Math.max(0, due - performance.now());
    await sleep(rest, undefined, signal === undefined ? {} : { signal }).catch(() => null);
    if (signal?.aborted === true) return;
    const after = await lookAtAll(kube);
    yield after.ok ? reportOf(before, after.value) : after;
    if (after.ok) before = answered(before, after.value);
  }
}

/** The last look at each agent that was answered. */
const answered = (before: readonly Look[], after: readonly Look[]): readonly Look[] =>
  after.map((look) =>
    look.seen.ok ? look : (before.find(({ agent }) => agent === look.agent) ?? look),
  );

function reportOf(before: readonly Look[], after: readonly Look[]): Result<RateReport, SeamError> {
  const silent = after.flatMap(({ seen }) => (seen.ok ? [] : [seen.error]));
  const [first] = silent;
  if (first !== undefined && silent.length === after.length) return err(first);
  const items = after.flatMap((look) =>
    usageBetween(
      before.find(({ agent }) => agent === look.agent),
      look,
    ),
  );
  return ok({ items, silent, atMs: Date.now() });
}

/** What the accounts of nodes reserve, by `NAMESPACE/NAME DIRECTION` of pods (V4); takes the right to list bandwidths. */
export async function readReservedRates(kube: KubeClient): Reply<ReadonlyMap<string, Mbps>> {
  const accounts = await listObjects(kube, BANDWIDTH_KIND);
  if (!accounts.ok) return accounts;
  const pods = accounts.value.flatMap((account) => itemsOf(account, "status", "reservations"));
  return ok(
    new Map(
      pods.flatMap((pod) => {
        const name = `${textOf(pod, "namespace") ?? ""}/${textOf(pod, "podName") ?? ""}`;
        const rate = (field: string): Mbps => mbps(numberOf(pod, "bandwidth", "local", field) ?? 0);
        return [
          [`${name} egress`, rate("ulMbps")],
          [`${name} ingress`, rate("dlMbps")],
        ] as const;
      }),
    ),
  );
}

/** What the metrics of a node's agent said, by the labels of its pods' directions; and when, in ms. */
type Look = {
  readonly agent: string;
  readonly node: string;
  readonly atMs: number;
  readonly seen: Awaited<Reply<Samples>>;
};

type Samples = {
  readonly [metric in keyof typeof METRICS]: ReadonlyMap<string, number>;
} & {
  /** When the agent read its counters, by its own clock; null when it does not tell. */
  readonly readMs: number | null;
};

const METRICS = {
  limit: "seam_pod_rate_limit_bytes_per_second",
  bytes: "seam_pod_shaped_bytes_total",
  drops: "seam_pod_shaped_drops_total",
} as const;

async function lookAtAll(kube: KubeClient): Reply<readonly Look[]> {
  const { namespace, labelSelector } = AGENTS;
  const ref = { apiVersion: "v1", kind: "Pod", namespace };
  const agents = await listObjects(kube, ref, { labelSelector });
  return agents.ok
    ? ok(await Promise.all(agents.value.map(async (agent) => lookAt(kube, agent))))
    : agents;
}

async function lookAt(kube: KubeClient, agent: KubeObject): Promise<Look> {
  const node = textOf(agent, "spec", "nodeName") ?? "";
  const [container] = itemsOf(agent, "spec", "containers");
  const ports = itemsOf(container, "ports");
  const http = ports.find((each) => textOf(each, "name") === "http");
  const target = `${agent.metadata.name}:${numberOf(http, "containerPort") ?? 9811}`;
  const path = `/api/v1/namespaces/${AGENTS.namespace}/pods/${target}/proxy/metrics`;
  const startMs = performance.now();
  const read = await kube.read(path);
  // The agent read its counters at some moment in between.
  const atMs = (startMs + performance.now()) / 2;
  const seen = read.ok
    ? ok(samplesIn(String(read.value)))
    : err({ ...fromKube(`read the metrics of node ${node}'s agent`, read.error), hint: RIGHTS });
  return { agent: agent.metadata.name, node, atMs, seen };
}

const RIGHTS =
  "Ask an administrator for the right to get pods/proxy in seam-system, or look at the agents' metrics in Prometheus.";

/** The samples of the text format of Prometheus that are about rates. */
function samplesIn(text: string): Samples {
  const of = (metric: string): ReadonlyMap<string, number> =>
    new Map(
      [...text.matchAll(new RegExp(`^${metric}\\{(.*)\\} (\\S+)$`, "gm"))].map(
        ([, labels = "", value]) => [labels, Number(value)],
      ),
    );
  const readAt = /^seam_pod_shaped_read_timestamp_seconds (\S+)$/m.exec(text)?.[1];
  const readMs = readAt === undefined ? null : Number(readAt) * 1000;
  return { limit: of(METRICS.limit), bytes: of(METRICS.bytes), drops: of(METRICS.drops), readMs };
}

function usageBetween(before: Look | undefined, after: Look): readonly RateUsage[] {
  if (before === undefined || !before.seen.ok || !after.seen.ok) return [];
  const [old, now] = [before.seen.value, after.seen.value];
  const isTold = old.readMs !== null && now.readMs !== null;
  const passedMs = isTold ? now.readMs - old.readMs : after.atMs - before.atMs;
  // Two looks at the same figures: nothing is known of the time between.
  if (passedMs <= 0) return [];
  const seconds = passedMs / 1000;
  const grown = (metric: "bytes" | "drops", labels: string): number =>
    Math.max(0, (now[metric].get(labels) ?? 0) - (old[metric].get(labels) ?? 0)) / seconds;
  return [...now.limit].map(([labels, limit]) => ({
    namespace: labelIn(labels, "namespace"),
    name: labelIn(labels, "pod"),
    node: after.node,
    direction: labelIn(labels, "direction") === "egress" ? "egress" : "ingress",
    limit: mbps((limit * 8) / 1e6),
    measured: mbps((grown("bytes", labels) * 8) / 1e6),
    droppedPerSecond: grown("drops", labels),
  }));
}

/** Names of namespaces and pods have nothing that the format would escape. */
const labelIn = (labels: string, name: string): string =>
  new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? "";
