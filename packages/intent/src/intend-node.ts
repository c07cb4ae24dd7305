/**
 * What a node should look like, from the cluster's nodes and the pods on this one: pods of other nodes
 * are reached directly or through the overlay, local pods over their own link, and only traffic that leaves
 * the cluster is translated.
 */
import { type Address, type Cidr, familyBits, formatCidr } from "@seam/base";
import {
  type DeviceAddress,
  GATEWAYS,
  type Masquerade,
  type Neighbour,
  type NodeState,
  type PodShaping,
  type PortForward,
  type Route,
  type Source,
  type Sysctl,
  type Transport,
} from "@seam/state";
import type { ClusterFacts, NodeFacts, OwnNode } from "./network.ts";
import { isOnLink, overlayOf } from "./overlay.ts";
import { type PodGuarantee, uplinksOf } from "./uplinks.ts";

/** A pod's interface on this node. */
export type Endpoint = {
  /** The host's end of the pod's link. */
  readonly device: string;
  /** MAC address of the pod's end: six octets, lower case, separated by colons. */
  readonly mac: string;
  readonly addresses: readonly Address[];
  readonly hostPorts: readonly HostPort[];
  /** The pod's end, and its rates; absent where nobody knows any. */
  readonly shaping?: Omit<PodShaping, "device">;
  /** What is reserved for the pod on the way to other nodes; absent or null where nothing is. */
  readonly guarantee?: PodGuarantee | null;
};

/** A port of the node that a pod asks for. */
export type HostPort = {
  readonly protocol: Transport;
  /** Null: every address of the node, of each family that the pod has. */
  readonly hostAddress: Address | null;
  readonly hostPort: number;
  readonly containerPort: number;
};

/** The desired state of the node `own`; without pod prefixes yet, no traffic is translated. */
export function intendNode(
  cluster: ClusterFacts,
  own: OwnNode,
  endpoints: readonly Endpoint[],
): NodeState {
  const overlay = overlayOf(cluster, own);
  const node = cluster.nodes.find(({ name }) => name === own.name);
  return {
    sysctls: [
      ...forwarding,
      ...endpoints.flatMap(loopbackRouting),
      ...(own.fastPath === true ? unseenPackets : []),
    ],
    routes: [...overlay.routes, ...endpoints.flatMap(routesToEndpoint)],
    neighbours: [...overlay.neighbours, ...endpoints.flatMap(neighboursOfEndpoint)],
    deviceAddresses: endpoints.flatMap(gatewaysOfEndpoint),
    masquerade: node === undefined ? null : masqueradeOf(node, cluster, own),
    tunnel: overlay.tunnel,
    forwarding: overlay.forwarding,
    portForwards: endpoints.flatMap(forwardsToEndpoint),
    sourceGuard: true,
    sources: endpoints.map(sourceOfEndpoint),
    shaping: endpoints.flatMap(shapingOfEndpoint),
    uplinks: uplinksOf(cluster, own, endpoints),
  };
}

/** In IPv4 each device has a setting of its own, which a new one takes from `default`; strict distributions clear it. */
const forwarding: readonly Sysctl[] = [
  { key: "net.ipv4.ip_forward", value: "1" },
  { key: "net.ipv4.conf.default.forwarding", value: "1" },
  { key: "net.ipv6.conf.all.forwarding", value: "1" },
];

/**
 * What conntrack sees of a connection on the fast path lies outside of the window that it knows, and is not invalid for that
 * (Linux, nf_conntrack-sysctl).
 */
const unseenPackets: readonly Sysctl[] = [
  { key: "net.netfilter.nf_conntrack_tcp_be_liberal", value: "1" },
  { key: "net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", value: "1" },
];

/** A port of 127.0.0.1 leads to the pod only if its link may carry loopback addresses (Linux, ip-sysctl). */
const loopbackRouting = ({ device, hostPorts }: Endpoint): readonly Sysctl[] =>
  hostPorts.length === 0 ? [] : [{ key: `net.ipv4.conf.${device}.route_localnet`, value: "1" }];

const forwardsToEndpoint = ({ addresses, hostPorts }: Endpoint): readonly PortForward[] =>
  hostPorts.flatMap(({ protocol, hostAddress, hostPort, containerPort }) =>
    addresses
      .filter(({ family }) => hostAddress === null || hostAddress.family === family)
      .map((target) => ({ protocol, hostAddress, hostPort, target, targetPort: containerPort })),
  );

const routesToEndpoint = ({ addresses, device }: Endpoint): readonly Route[] =>
  addresses.map((address) => ({ destination: hostPrefix(address), via: null, device }));

const neighboursOfEndpoint = ({ addresses, mac, device }: Endpoint): readonly Neighbour[] =>
  addresses.map((address) => ({ address, mac, device }));

const gatewaysOfEndpoint = ({ addresses, device }: Endpoint): readonly DeviceAddress[] =>
  [...new Set(addresses.map(({ family }) => family))].map((family) => ({
    device,
    ...hostPrefix(GATEWAYS[family]),
  }));

const shapingOfEndpoint = ({ device, shaping }: Endpoint): readonly PodShaping[] =>
  shaping === undefined || (shaping.ul === null && shaping.dl === null)
    ? []
    : [{ device, ...shaping }];

const sourceOfEndpoint = ({ device, mac, addresses }: Endpoint): Source => ({
  device,
  mac,
  addresses,
});

/**
 * Nodes that are not on the link see this node's address instead of the pod's: networks between nodes need not know
 * pods, and may refuse to carry packets from them.
 */
function masqueradeOf(node: NodeFacts, cluster: ClusterFacts, own: OwnNode): Masquerade | null {
  if (node.podCidrs.length === 0) return null;
  const direct = cluster.nodes.flatMap(({ name, internalAddresses }) =>
    internalAddresses.filter((each) => name === own.name || isOnLink(cluster, own, each)),
  );
  const exceptions = [
    ...cluster.nodes.flatMap(({ podCidrs }) => podCidrs),
    ...direct.map(hostPrefix),
    ...cluster.network.masqueradeExceptions,
  ];
  return { sources: node.podCidrs, exceptions: distinct(exceptions) };
}

const distinct = (prefixes: readonly Cidr[]): readonly Cidr[] => [
  ...new Map(prefixes.map((prefix) => [formatCidr(prefix), prefix])).values(),
];

const hostPrefix = (address: Address): Cidr => ({ address, length: familyBits(address.family) });
