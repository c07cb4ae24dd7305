/** What this node guarantees to its pods on the way to other nodes, looked at anew for each round. */
import { type Address, formatAddress, millis } from "@seam/base";
import type { ClusterFacts, PodGuarantee } from "@seam/intent";
import { findUplinks, type FoundUplink, linkSpeed, uplinksWith } from "@seam/kernel";

import { type GuaranteeOptions, type Guarantees, guaranteesOf } from "./guarantees.ts";
import type { BandwidthSource } from "./node-bandwidth.ts";
import type { Attachment, Store } from "./store.ts";

/** Asks; it keeps what it found for a moment, as a cluster may have many nodes. */
export type Guarantor = {
  readonly decide: (cluster: ClusterFacts) => Guarantees;
  /** What is reserved for the pod of an interface; null when nothing is. */
  readonly guaranteeOf: (attachment: Pick<Attachment, "podUid">) => PodGuarantee | null;
  /** Names of the links to other nodes that were found last. */
  readonly uplinks: () => readonly string[];
};

type GuarantorOptions = GuaranteeOptions & {
  readonly nodeName: string;
  readonly store: Pick<Store, "attachments">;
  readonly bandwidth: Pick<BandwidthSource, "current">;
};

/** Routes change without a word to the agent; a round follows at most 10 s later. */
const FRESH = millis(2000);

/** A guarantor that has looked at nothing yet. */
export function createGuarantor(options: GuarantorOptions): Guarantor {
  const { store, bandwidth } = options;
  const search = createSearch(options.nodeName);
  let found: readonly FoundUplink[] = [];
  const guaranteeOf: Guarantor["guaranteeOf"] = ({ podUid }) => {
    const rate = bandwidth.current()?.reserved.get(podUid);
    return rate === undefined ? null : { pod: podUid, rate };
  };
  return {
    guaranteeOf,
    uplinks: () => found.map(({ device }) => device),
    decide: (cluster) => {
      const looked = search(cluster);
      // A kernel that does not answer changes nothing.
      if (looked === null) return { lacks: [] };
      found = looked;
      const asking = store.attachments().filter((each) => guaranteeOf(each) !== null);
      return guaranteesOf({
        ...options,
        bandwidth: bandwidth.current(),
        pods: new Set(asking.map(({ podUid }) => podUid)).size,
        uplinks: found.map((each) => ({ ...each, speed: linkSpeed(each.device) })),
      });
    },
  };
}

/** The links to the other nodes; of a node without others, those with its own addresses. */
function createSearch(nodeName: string): (cluster: ClusterFacts) => readonly FoundUplink[] | null {
  let last = { key: "", at: -Infinity, found: null as readonly FoundUplink[] | null };
  return ({ nodes }) => {
    const others = addressesOf(nodes.filter(({ name }) => name !== nodeName));
    const own = addressesOf(nodes.filter(({ name }) => name === nodeName));
    const key = [...others, "of", ...own]
      .map((each) => (typeof each === "string" ? each : formatAddress(each)))
      .join(" ");
    const now = performance.now();
    if (key === last.key && now - last.at < FRESH) return last.found;
    const looked = others.length > 0 ? findUplinks(others) : uplinksWith(own);
    last = { key, at: now, found: looked.ok ? looked.value : null };
    return last.found;
  };
}

const addressesOf = (nodes: ClusterFacts["nodes"]): readonly Address[] =>
  nodes.flatMap(({ internalAddresses }) => internalAddresses);
