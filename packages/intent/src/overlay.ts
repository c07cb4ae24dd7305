/**
 * How pod prefixes of other nodes are reached (decision 6). Directly, through the other node's address, when the
 * overlay is `direct` or that address is on this node's link; otherwise through the VXLAN device, whose every entry is
 * derived here: no node has to ask another.
 *
 * The outer packets of all nodes are of one family, as one device can send only one: IPv4, unless some node has no
 * IPv4 address and every node has an IPv6 one. Inside, both families go through the same device.
 */
import {
  type Address,
  type Bytes,
  bytes,
  type Cidr,
  cidrContains,
  type Family,
  formatAddress,
  linkLocalOf,
} from "@seam/base";
import {
  type Forwarding,
  type Neighbour,
  type Route,
  type Tunnel,
  TUNNEL_DEVICE,
  TUNNEL_PORT,
} from "@seam/state";
import { macOfNode } from "./mac.ts";
import type { ClusterFacts, NodeFacts, OwnNode } from "./network.ts";

/** Also the number of Seam's routing protocol; other overlays on the same port have other identifiers. */
const VNI = 83;
/** Outer IP header, UDP 8, VXLAN 8 and the inner Ethernet header 14. */
const OVERHEAD = { ipv4: 20 + 30, ipv6: 40 + 30 };
/** The smallest MTU of IPv6 (RFC 8200 section 5). */
const LEAST_MTU = 1280;

/** What reaches the pods of other nodes. */
export type Overlay = {
  readonly routes: readonly Route[];
  readonly neighbours: readonly Neighbour[];
  readonly tunnel: Tunnel | null;
  readonly forwarding: readonly Forwarding[];
};

/** Routes to the pods of all other nodes, and the tunnel that some of them need. */
export function overlayOf(cluster: ClusterFacts, own: OwnNode): Overlay {
  const tunnel = tunnelOf(cluster, own);
  const family = tunnel?.local.family ?? null;
  const ways = cluster.nodes
    .filter(({ name }) => name !== own.name)
    .flatMap((node) =>
      node.podCidrs.map((prefix) => wayTo({ node, prefix, family }, cluster, own)),
    );
  return {
    routes: ways.flatMap(({ route }) => route ?? []),
    neighbours: ways.flatMap(({ neighbour }) => neighbour ?? []),
    tunnel,
    forwarding: distinct(ways.flatMap(({ forwarding }) => forwarding ?? [])),
  };
}

/** MTU of the pods of the node `own`: what its uplink carries less what the overlay adds; less if so configured. */
export function podMtu({ nodes, network }: ClusterFacts, own: OwnNode): Bytes {
  const room = own.uplinkMtu - podOverhead({ nodes, network });
  return bytes(Math.max(LEAST_MTU, Math.min(room, network.mtu ?? room)));
}

/** Bytes that the overlay adds to each packet between nodes. */
export const podOverhead = ({ nodes, network }: ClusterFacts): number =>
  network.overlay === "vxlan" ? OVERHEAD[outerFamily(nodes)] : 0;

/** Whether this node reaches `address` without a router, as far as `NetworkConfig` lets that count. */
export const isOnLink = ({ network }: ClusterFacts, own: OwnNode, address: Address): boolean =>
  network.overlay === "direct" ||
  (network.encapsulate === "off-link" &&
    own.onLink.some((prefix) => cidrContains(prefix, address)));

/** The same on every node, as all see the same nodes; nodes that have no address yet do not count. */
function outerFamily(nodes: readonly NodeFacts[]): Family {
  const known = nodes.filter(({ internalAddresses }) => internalAddresses.length > 0);
  const all = (family: Family): boolean =>
    known.every((node) => addressIn(node, family) !== undefined);
  return !all("ipv4") && all("ipv6") ? "ipv6" : "ipv4";
}

const addressIn = (node: NodeFacts, family: Family): Address | undefined =>
  node.internalAddresses.find((address) => address.family === family);

/** The device exists also while no node needs it, so that changes of the cluster do not remake it. */
function tunnelOf(cluster: ClusterFacts, own: OwnNode): Tunnel | null {
  if (cluster.network.overlay !== "vxlan") return null;
  const node = cluster.nodes.find(({ name }) => name === own.name);
  const local = node === undefined ? undefined : addressIn(node, outerFamily(cluster.nodes));
  if (node === undefined || local === undefined) return null;
  return {
    vni: VNI,
    port: TUNNEL_PORT,
    local,
    mac: macOfNode(node.name),
    mtu: podMtu(cluster, own),
    addresses: node.podCidrs.map(({ address }) => address),
    ready: true,
  };
}

type Target = {
  readonly node: NodeFacts;
  readonly prefix: Cidr;
  /** Family of outer packets; null without a tunnel. */
  readonly family: Family | null;
};
type Way = {
  readonly route?: Route;
  readonly neighbour?: Neighbour;
  readonly forwarding?: Forwarding;
};

/**
 * The gateway in the tunnel is what the other node's device has, or would have, as its own: the prefix's first address,
 * which no pod has, and in IPv6 a link-local one, because Linux takes a gateway from inside its own destination only
 * while no other route leads there.
 */
function wayTo({ node, prefix, family }: Target, cluster: ClusterFacts, own: OwnNode): Way {
  const via = addressIn(node, prefix.address.family);
  if (via !== undefined && isOnLink(cluster, own, via)) {
    return { route: { destination: prefix, via, device: null } };
  }
  const remote = family === null ? undefined : addressIn(node, family);
  if (remote === undefined) return {};
  const mac = macOfNode(node.name);
  const address = prefix.address.family === "ipv4" ? prefix.address : linkLocalOf(mac);
  const gateway = { address, device: TUNNEL_DEVICE };
  return {
    route: { destination: prefix, via: gateway.address, device: gateway.device },
    neighbour: { ...gateway, mac },
    forwarding: { mac, remote },
  };
}

const distinct = (entries: readonly Forwarding[]): readonly Forwarding[] => [
  ...new Map(entries.map((each) => [`${each.mac} ${formatAddress(each.remote)}`, each])).values(),
];
