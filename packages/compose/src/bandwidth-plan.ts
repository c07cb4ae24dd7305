/** From a node and its `Bandwidth` to what the object must be (V1, V2, V3). Pure. */
import { BANDWIDTH_KIND, CAPACITY_SOURCE_ANNOTATION, type CapacitySource } from "@seam/api";
import type { Rates, Reservation, Shares } from "@seam/bandwidth";
import type { Mbps } from "@seam/base";
import type { Json, KubeObject } from "@seam/kube";
import type {
  BandwidthRequest,
  ObservedBandwidth,
  ObservedNode,
  PartialShares,
} from "./bandwidth-observed.ts";
import { FILLED_CAPACITY_ANNOTATION } from "./names.ts";

/** What is known of a node's bandwidth. */
export type BandwidthScene = {
  /** Of the node and of the object. */
  readonly name: string;
  readonly node: ObservedNode | null;
  readonly bandwidth: ObservedBandwidth | null;
  /** What the node's agent reports of its network card; null for no card that tells. */
  readonly linkSpeed: Mbps | null;
  /** The capacity of a node of which nothing else is known. */
  readonly defaults: Shares;
};

/** Where a capacity may come from beside the node's annotations. */
export type CapacitySources = Pick<BandwidthScene, "linkSpeed" | "defaults">;

/** What the pair of them means. `held`: the object is its node's, and is accounted. */
export type BandwidthStanding =
  | { readonly kind: "absent" }
  | { readonly kind: "missing"; readonly node: ObservedNode }
  | { readonly kind: "waiting"; readonly bandwidth: ObservedBandwidth }
  | { readonly kind: "orphaned"; readonly bandwidth: ObservedBandwidth }
  | { readonly kind: "leaving"; readonly bandwidth: ObservedBandwidth }
  | { readonly kind: "misnamed"; readonly bandwidth: ObservedBandwidth }
  | {
      readonly kind: "held";
      readonly node: ObservedNode;
      readonly bandwidth: ObservedBandwidth;
    };

/** An object that is its node's. */
export type HeldBandwidth = Extract<BandwidthStanding, { kind: "held" }>;
/** An object that is not accounted. */
export type OtherStanding = Extract<
  BandwidthStanding,
  { kind: "waiting" | "orphaned" | "leaving" | "misnamed" }
>;

/** How an object and its node stand to each other. An object that somebody made for a node that is yet to come waits for it. */
export function standingOf({ name, node, bandwidth }: BandwidthScene): BandwidthStanding {
  if (bandwidth === null) return node === null ? { kind: "absent" } : { kind: "missing", node };
  if (bandwidth.identity.isDeleted) return { kind: "leaving", bandwidth };
  if (node === null && bandwidth.owners.some(isNode)) return { kind: "orphaned", bandwidth };
  if (bandwidth.node !== null && bandwidth.node !== name) return { kind: "misnamed", bandwidth };
  return node === null ? { kind: "waiting", bandwidth } : { kind: "held", node, bandwidth };
}

const isNode = (owner: Json): boolean => owner["apiVersion"] === "v1" && owner["kind"] === "Node";

/**
 * What a node has by itself: what its annotations say, else its network card, else the defaults. What leads to a fast card is as fast, as
 * all traffic of pods is local too.
 */
export function capacityOf(
  { configured }: Pick<ObservedNode, "configured">,
  { linkSpeed, defaults }: CapacitySources,
): Shares {
  const card = linkSpeed === null ? null : { ulMbps: linkSpeed, dlMbps: linkSpeed };
  const network = configured.network ?? card ?? defaults.network;
  const leading = network === defaults.network ? defaults.local : larger(defaults.local, network);
  return { local: configured.local ?? leading, network };
}

/** Which of them says what the network of a node carries. */
function sourceOf(
  { configured }: Pick<ObservedNode, "configured">,
  { linkSpeed }: CapacitySources,
): CapacitySource {
  if (configured.network !== null) return "node";
  return linkSpeed === null ? "default" : "card";
}

const larger = (one: Rates, other: Rates): Rates => ({
  ulMbps: one.ulMbps > other.ulMbps ? one.ulMbps : other.ulMbps,
  dlMbps: one.dlMbps > other.dlMbps ? one.dlMbps : other.dlMbps,
});

/** The capacity that an object must have, and which of it is filled in: what somebody wrote into the object stays. */
function settledCapacity(
  { capacity, filled }: Pick<ObservedBandwidth, "capacity" | "filled">,
  own: Shares,
): { readonly capacity: Shares; readonly filled: PartialShares } {
  const isFilled = (resource: keyof Shares): boolean => {
    const [is, was] = [capacity[resource], filled[resource]];
    return is === null || (was !== null && isEqual(is, was));
  };
  const settle = (resource: keyof Shares): Rates =>
    isFilled(resource) ? own[resource] : (capacity[resource] ?? own[resource]);
  return {
    capacity: { local: settle("local"), network: settle("network") },
    filled: {
      local: isFilled("local") ? own.local : null,
      network: isFilled("network") ? own.network : null,
    },
  };
}

const isEqual = (one: Rates, other: Rates): boolean =>
  one.ulMbps === other.ulMbps && one.dlMbps === other.dlMbps;

/** The capacity that counts for a node that has an object. */
export const countedCapacity = (
  { bandwidth, node }: HeldBandwidth,
  scene: CapacitySources,
): Shares => settledCapacity(bandwidth, capacityOf(node, scene)).capacity;

/** The object of a node that has none, with the requests of the pods that are there. */
export function newBandwidth(
  node: ObservedNode,
  scene: CapacitySources,
  reservations: readonly Reservation[],
): KubeObject {
  const own = capacityOf(node, scene);
  return {
    ...BANDWIDTH_KIND,
    metadata: {
      name: node.name,
      annotations: {
        [FILLED_CAPACITY_ANNOTATION]: JSON.stringify(own),
        [CAPACITY_SOURCE_ANNOTATION]: sourceOf(node, scene),
      },
      ownerReferences: [ownerOf(node)],
    },
    spec: { node: node.name, capacity: own, requests: reservations.map(requestFor) },
  };
}

/** The garbage collector takes the object with its node. */
const ownerOf = ({ name, uid }: ObservedNode): Json => ({
  apiVersion: "v1",
  kind: "Node",
  name,
  uid,
});

const requestFor = ({ podName, namespace, podUid, bandwidth }: Reservation): BandwidthRequest => ({
  podName,
  namespace,
  podUid,
  linkLocal: bandwidth.network.ulMbps === 0 && bandwidth.network.dlMbps === 0,
  bandwidth: bandwidth.local,
});

/**
 * The merge patch that makes the object its node's and complete, without `stale` requests, and, by one empty entry, without a record of
 * who set its fields, which would double what each write costs the API server (decision 35); null when it is that.
 */
export function patchOf(
  { node, bandwidth }: HeldBandwidth,
  scene: CapacitySources,
  stale: ReadonlySet<string>,
): Json | null {
  const { capacity, filled } = settledCapacity(bandwidth, capacityOf(node, scene));
  const source = filled.network === null ? "object" : sourceOf(node, scene);
  const requests = bandwidth.requests.filter(({ podUid }) => !stale.has(podUid));
  const owners = [...bandwidth.owners.filter((owner) => !isNode(owner)), ownerOf(node)];
  const isOwned = bandwidth.owners.some((owner) => isNode(owner) && owner["uid"] === node.uid);
  const hasMore = bandwidth.hasReservations || bandwidth.isTracked;
  const isComplete =
    isOwned &&
    !hasMore &&
    bandwidth.node === node.name &&
    requests.length === bandwidth.requests.length &&
    bandwidth.source === source &&
    isSame(bandwidth.capacity, capacity) &&
    isSame(bandwidth.filled, filled);
  if (isComplete) return null;
  const { uid, resourceVersion } = bandwidth.identity;
  return {
    metadata: {
      // The version makes the server refuse what was made from an old copy, such as one without a request that a scheduler adds now.
      uid,
      resourceVersion,
      annotations: {
        [FILLED_CAPACITY_ANNOTATION]: JSON.stringify(filled),
        [CAPACITY_SOURCE_ANNOTATION]: source,
      },
      ownerReferences: owners,
      ...forgetting(bandwidth),
    },
    spec: { node: node.name, capacity, requests, reservations: null },
  };
}

const forgetting = ({ isTracked }: ObservedBandwidth): Json =>
  isTracked ? { managedFields: [{}] } : {};

const isSame = (one: PartialShares, other: PartialShares): boolean =>
  (["local", "network"] as const).every((resource) => {
    const [first, second] = [one[resource], other[resource]];
    return first === null || second === null ? first === second : isEqual(first, second);
  });

/** What the operator of vaclab-k8s-plugins leaves on objects, and nobody takes away where it no longer runs. */
const VACLAB_FINALIZER = "finalizer.bandwidth.vaclab.org";

/** The merge patch that lets a deleted object go; null when something else holds it. */
export function releasePatchOf({ identity, finalizers }: ObservedBandwidth): Json | null {
  if (!finalizers.includes(VACLAB_FINALIZER)) return null;
  const { uid, resourceVersion } = identity;
  const others = finalizers.filter((each) => each !== VACLAB_FINALIZER);
  return { metadata: { uid, resourceVersion, finalizers: others } };
}
