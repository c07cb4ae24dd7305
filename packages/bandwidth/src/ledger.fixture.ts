/** Nodes and pods as tests need them. */
import { mbps } from "@seam/base";

import type { Rates } from "./annotations.ts";
import type { NodeFacts, Place, PlacedPod, PodFacts } from "./model.ts";

/** Rates in Mbit/s. */
export const rates = (ul: number, dl = ul): Rates => ({ ulMbps: mbps(ul), dlMbps: mbps(dl) });

const NOWHERE: Place = { zone: null, region: null };

/** A node whose NIC carries `network` Mbit/s each way, and 20000 locally. */
export const node = (network: number, place: Place = NOWHERE, local = 20_000): NodeFacts => ({
  capacity: { local: rates(local), network: rates(network) },
  place,
});

/** A pod of group `group`, or of its own. */
export const pod = (name: string, of: Rates, group: string = name): PodFacts => ({
  uid: `uid-${name}`,
  namespace: "lab",
  name,
  ip: "",
  node: null,
  isTerminal: false,
  rates: of,
  group: { type: group === name ? "Pod" : "Deployment", name: group, uid: `uid-${group}` },
});

/** The pod, bound to a node. */
export const on = (where: string, of: PodFacts): PlacedPod => ({ ...of, node: where });
