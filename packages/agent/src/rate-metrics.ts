/** What pods' rates are and what went through them (U3), read from the kernel at each scrape. */
import { measureShaping } from "@seam/kernel";
import { Counter, Gauge, type Registry } from "prom-client";

import type { Store } from "./store.ts";

/** One direction of a pod that has a rate. */
type Measured = {
  readonly labels: { readonly namespace: string; readonly pod: string; readonly direction: string };
  readonly limit: number;
  readonly bytes: number;
  readonly dropped: number;
  readonly refused: number;
};

const labelNames = ["namespace", "pod", "direction"] as const;
const DIRECTIONS = { ul: "egress", dl: "ingress" } as const;

/** Registers the figures; pods without a rate have none. */
export function registerRateMetrics(registry: Registry, store: Pick<Store, "attachments">): void {
  // Asked first, so that the others have their figures when they are.
  registry.registerMetric(
    new Gauge({
      name: "seam_pod_rate_limit_bytes_per_second",
      help: "Rate to which the kernel holds a direction of a pod; eight times it is what its annotations say.",
      labelNames,
      registers: [],
      collect() {
        const measured = measure(store);
        readAt.set(Date.now() / 1000);
        for (const metric of [this, bytes, dropped, refused]) metric.reset();
        for (const each of measured) {
          this.set(each.labels, each.limit / 8);
          bytes.inc(each.labels, each.bytes);
          dropped.inc(each.labels, each.dropped);
          if (each.labels.direction === DIRECTIONS.ul) refused.inc(each.labels, each.refused);
        }
      },
    }),
  );
  const registers = [registry];
  const bytes = new Counter({
    name: "seam_pod_shaped_bytes_total",
    help: "Bytes of Ethernet frames that passed a pod's rate limit, from when the direction was first limited.",
    labelNames,
    registers,
  });
  const readAt = new Gauge({
    name: "seam_pod_shaped_read_timestamp_seconds",
    help: "When the bytes and drops of all pods were read, in seconds since 1970; rates over short times are exact by it.",
    registers,
  });
  const dropped = new Counter({
    name: "seam_pod_shaped_drops_total",
    help: "Packets that a pod's rate limit dropped because its queue was full.",
    labelNames,
    registers,
  });
  const refused = new Counter({
    name: "seam_pod_ceiling_drops_total",
    help: "Packets of a pod above its rate that went past its own queue, and were dropped where they came in at the node.",
    labelNames,
    registers,
  });
}

function measure(store: Pick<Store, "attachments">): readonly Measured[] {
  const attachments = store.attachments();
  const names = new Map(attachments.map(({ device, pod }) => [device, pod]));
  const measured = measureShaping(
    attachments.map(({ device, netns, ifName }) => ({
      device,
      podNetns: netns,
      podDevice: ifName,
    })),
  );
  if (!measured.ok) return [];
  return measured.value.flatMap((shaped) => {
    const [namespace = "", pod = ""] = (names.get(shaped.device) ?? "").split("/");
    return (["ul", "dl"] as const).flatMap((way) => {
      const [limit, traffic] = [shaped[way], shaped.traffic[way]];
      if (limit === null || traffic === null) return [];
      const labels = { namespace, pod, direction: DIRECTIONS[way] };
      return [
        {
          labels,
          limit,
          bytes: traffic.bytes,
          dropped: traffic.dropped,
          refused: shaped.traffic.refused,
        },
      ];
    });
  });
}
