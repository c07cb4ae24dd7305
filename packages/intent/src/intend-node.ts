/**
 * What a node should look like, from the cluster's nodes and the pods on this one: pod prefixes of other
 * nodes are reached directly through these nodes' addresses, local pods over their own link, and only
 * traffic that leaves the cluster is translated.
 */
import { type Address, type Cidr, familyBits, formatCidr } from "@seam/base";
import type {
  Masquerade,
  Neighbour,
  NodeState,
  PortForward,
  Route,
  Sysctl,
  Transport,
} from "@seam/state";

/** What Seam needs to know of a Kubernetes node. */
export type NodeFacts = {
  readonly name: string;
  /** Addresses of type InternalIP, the preferred one of each family first. */
  readonly internalAddresses: readonly Address[];
  readonly podCidrs: readonly Cidr[];
};

/** A pod's interface on this node. */
export type Endpoint = {
  /** The host's end of the pod's link. */
  readonly device: string;
  /** MAC address of the pod's end: six octets, lower case, separated by colons. */
  readonly mac: string;
  readonly addresses: readonly Address[];
  readonly hostPorts: readonly HostPort[];
};

/** A port of the node that a pod asks for. */
export type HostPort = {
  readonly protocol: Transport;
  /** Null: every address of the node, of each family that the pod has. */
  readonly hostAddress: Address | null;
  readonly hostPort: number;
  readonly containerPort: number;
};

/** The desired state of the node `nodeName`; without pod prefixes yet, no traffic is translated. */
export function intendNode(
  nodes: readonly NodeFacts[],
  nodeName: string,
  endpoints: readonly Endpoint[],
): NodeState {
  const own = nodes.find((node) => node.name === nodeName);
  const others = nodes.filter((node) => node.name !== nodeName);
  return {
    sysctls: [...forwarding, ...endpoints.flatMap(loopbackRouting)],
    routes: [...others.flatMap(routesToNode), ...endpoints.flatMap(routesToEndpoint)],
    neighbours: endpoints.flatMap(neighboursOfEndpoint),
    masquerade: own === undefined ? null : masqueradeOf(own, nodes),
    portForwards: endpoints.flatMap(forwardsToEndpoint),
    sourceGuard: true,
  };
}

const forwarding: readonly Sysctl[] = [
  { key: "net.ipv4.ip_forward", value: "1" },
  { key: "net.ipv6.conf.all.forwarding", value: "1" },
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

/** A prefix without a node address of its family has no route: there is no way to send to it. */
function routesToNode(node: NodeFacts): readonly Route[] {
  return node.podCidrs.flatMap((destination) => {
    const via = node.internalAddresses.find(({ family }) => family === destination.address.family);
    return via === undefined ? [] : [{ destination, via, device: null }];
  });
}

const routesToEndpoint = ({ addresses, device }: Endpoint): readonly Route[] =>
  addresses.map((address) => ({ destination: hostPrefix(address), via: null, device }));

const neighboursOfEndpoint = ({ addresses, mac, device }: Endpoint): readonly Neighbour[] =>
  addresses.map((address) => ({ address, mac, device }));

function masqueradeOf(own: NodeFacts, nodes: readonly NodeFacts[]): Masquerade | null {
  if (own.podCidrs.length === 0) return null;
  const exceptions = nodes.flatMap((node) => [
    ...node.podCidrs,
    ...node.internalAddresses.map(hostPrefix),
  ]);
  return { sources: own.podCidrs, exceptions: distinct(exceptions) };
}

const distinct = (prefixes: readonly Cidr[]): readonly Cidr[] => [
  ...new Map(prefixes.map((prefix) => [formatCidr(prefix), prefix])).values(),
];

const hostPrefix = (address: Address): Cidr => ({ address, length: familyBits(address.family) });
