/**
 * What went through the interfaces of pods (S7), read from the kernel at each scrape: in the pods' namespaces, as packets that the fast path
 * hands to a pod go past the node's end of its link.
 */
import { type LinkTraffic, listTraffic, withRouteSocket } from "@seam/kernel";
import { Counter, type Registry } from "prom-client";

import type { Store } from "./store.ts";

/** A counter, and where its figure stands. */
type Series = readonly [
  name: string,
  help: string,
  way: keyof LinkTraffic,
  field: keyof LinkTraffic["sent"],
];

const SERIES: readonly Series[] = [
  ["tx_bytes", "Bytes of Ethernet frames that a pod sent.", "sent", "bytes"],
  ["rx_bytes", "Bytes of Ethernet frames that a pod received.", "received", "bytes"],
  ["tx_packets", "Packets that a pod sent.", "sent", "packets"],
  ["rx_packets", "Packets that a pod received.", "received", "packets"],
  ["tx_drops", "Packets that a pod's interface dropped instead of sending.", "sent", "dropped"],
  ["rx_drops", "Packets that a pod's interface dropped on arrival.", "received", "dropped"],
];

/** Registers the counters; they begin with a pod's interface and go with it. */
export function registerPodTraffic(registry: Registry, store: Pick<Store, "attachments">): void {
  const counters = SERIES.map(([name, help], index) => {
    const counter = new Counter({
      name: `seam_pod_${name}_total`,
      help,
      labelNames: ["namespace", "pod"],
      registers: [],
      // The first that is asked reads for all.
      ...(index === 0 && { collect: read }),
    });
    registry.registerMetric(counter);
    return counter;
  });

  function read(): void {
    for (const counter of counters) counter.reset();
    for (const { netns, ifName, pod } of store.attachments()) {
      const listed = withRouteSocket(netns, listTraffic);
      const traffic = listed.ok ? listed.value.get(ifName) : undefined;
      const [namespace = "", name = ""] = pod.split("/");
      if (traffic === undefined || name === "") continue;
      for (const [index, [, , way, field]] of SERIES.entries())
        counters[index]?.inc({ namespace, pod: name }, traffic[way][field]);
    }
  }
}
