/**
 * What pods send and are sent beside the rates that their nodes hold them to (U3): two looks at the agents' metrics, through the API server,
 * which takes the right to `get` `pods/proxy` in seam-system.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { err, type Mbps, mbps, type Millis, ok } from "@seam/base";
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
};

/** Looks at all agents twice. */
export async function readRateUsage(kube: KubeClient, between: Millis): Reply<RateReport> {
  const { namespace, labelSelector } = AGENTS;
  const ref = { apiVersion: "v1", kind: "Pod", namespace };
  const agents = await listObjects(kube, ref, { labelSelector });
  if (!agents.ok) return agents;
  const before = await lookAtAll(kube, agents.value);
  await sleep(between);
  const after = await lookAtAll(kube, agents.value);
  const silent = after.flatMap(({ seen }) => (seen.ok ? [] : [seen.error]));
  const [first] = silent;
  if (first !== undefined && silent.length === after.length) return err(first);
  const items = after.flatMap((look, index) => usageBetween(before[index], look));
  return ok({ items, silent });
}

/** What the metrics of a node's agent said, by the labels of its pods' directions; and when, in ms. */
type Look = {
  readonly node: string;
  readonly atMs: number;
  readonly seen: Awaited<Reply<Samples>>;
};

type Samples = { readonly [metric in keyof typeof METRICS]: ReadonlyMap<string, number> };

const METRICS = {
  limit: "seam_pod_rate_limit_bits_per_second",
  bytes: "seam_pod_shaped_bytes_total",
  drops: "seam_pod_shaped_drops_total",
} as const;

const lookAtAll = async (
  kube: KubeClient,
  agents: readonly KubeObject[],
): Promise<readonly Look[]> => Promise.all(agents.map(async (agent) => lookAt(kube, agent)));

async function lookAt(kube: KubeClient, agent: KubeObject): Promise<Look> {
  const node = textOf(agent, "spec", "nodeName") ?? "";
  const [container] = itemsOf(agent, "spec", "containers");
  const ports = itemsOf(container, "ports");
  const http = ports.find((each) => textOf(each, "name") === "http");
  const target = `${agent.metadata.name}:${numberOf(http, "containerPort") ?? 9811}`;
  const path = `/api/v1/namespaces/${AGENTS.namespace}/pods/${target}/proxy/metrics`;
  const read = await kube.read(path);
  const seen = read.ok
    ? ok(samplesIn(String(read.value)))
    : err({ ...fromKube(`read the metrics of node ${node}'s agent`, read.error), hint: RIGHTS });
  return { node, atMs: performance.now(), seen };
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
  return { limit: of(METRICS.limit), bytes: of(METRICS.bytes), drops: of(METRICS.drops) };
}

function usageBetween(before: Look | undefined, after: Look): readonly RateUsage[] {
  if (before === undefined || !before.seen.ok || !after.seen.ok) return [];
  const seconds = (after.atMs - before.atMs) / 1000;
  const [old, now] = [before.seen.value, after.seen.value];
  const grown = (metric: "bytes" | "drops", labels: string): number =>
    Math.max(0, (now[metric].get(labels) ?? 0) - (old[metric].get(labels) ?? 0)) / seconds;
  return [...now.limit].map(([labels, limit]) => ({
    namespace: labelIn(labels, "namespace"),
    name: labelIn(labels, "pod"),
    node: after.node,
    direction: labelIn(labels, "direction") === "egress" ? "egress" : "ingress",
    limit: mbps(limit / 1e6),
    measured: mbps((grown("bytes", labels) * 8) / 1e6),
    droppedPerSecond: grown("drops", labels),
  }));
}

/** Names of namespaces and pods have nothing that the format would escape. */
const labelIn = (labels: string, name: string): string =>
  new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? "";
