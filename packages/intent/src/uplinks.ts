/** How the node's links to other nodes are shared out among its pods (issue 7 §4, decision 24). */
import { type BitsPerSecond, bitsPerSecond } from "@seam/base";
import { type Guarantee, MOST_GUARANTEES, shareUplink, type Uplink } from "@seam/state";

import type { Endpoint } from "./intend-node.ts";
import type { ClusterFacts, OwnNode } from "./network.ts";
import { podOverhead } from "./overlay.ts";

/** What is reserved for a pod. */
export type PodGuarantee = {
  /** By the uid, as a pod may have several interfaces, which share what is reserved. */
  readonly pod: string;
  /** Bits of the pod's own Ethernet frames per second. */
  readonly rate: BitsPerSecond;
};

const ETHERNET_HEADER = 14;

/** Every link is shared out in the same way; without guarantees none is. */
export function uplinksOf(
  cluster: ClusterFacts,
  own: OwnNode,
  endpoints: readonly Pick<Endpoint, "device" | "guarantee">[],
): readonly Uplink[] {
  const guarantees = guaranteesOf(endpoints, outerShare(cluster, own));
  if (guarantees.length === 0) return [];
  return (own.uplinks ?? []).map((uplink) => shareUplink({ ...uplink, guarantees }));
}

/** Of more pods than can be told apart those that came first have their guarantees. */
function guaranteesOf(
  endpoints: readonly Pick<Endpoint, "device" | "guarantee">[],
  factor: number,
): readonly Guarantee[] {
  const pods = new Map<string, { readonly devices: string[]; readonly rate: BitsPerSecond }>();
  for (const { device, guarantee } of endpoints) {
    if (guarantee === undefined || guarantee === null) continue;
    const known = pods.get(guarantee.pod);
    if (known !== undefined) known.devices.push(device);
    else if (pods.size < MOST_GUARANTEES)
      pods.set(guarantee.pod, { devices: [device], rate: guarantee.rate });
  }
  return [...pods.values()].map(({ devices, rate }) => ({
    devices: devices.toSorted(),
    rate: bitsPerSecond(rate * factor),
  }));
}

/** What overlays add to a full frame of a pod is not the pod's to pay. */
const outerShare = (cluster: ClusterFacts, own: OwnNode): number => {
  const frame = own.uplinkMtu + ETHERNET_HEADER;
  return frame / (frame - podOverhead(cluster));
};
