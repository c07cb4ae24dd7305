/** What a node looks like: observed and desired state have this one type (architecture section 1). */
import type { Address, Bytes, Cidr, Family } from "@seam/base";

import type { PodShaping } from "./shaping.ts";
import type { Uplink } from "./uplink.ts";

export {
  ANY_INTERFACE,
  HOST_POINTS,
  type HostGate,
  hostGateChange,
  type HostGateChange,
  type HostPoint,
} from "./host-policy.ts";
export {
  ANY,
  type Block,
  type Changed,
  type Direction,
  directionOf,
  type Gate,
  gateChange,
  type GateChange,
  type GateRules,
  GATE_SIDES,
  type GateSide,
  type PeerClass,
  type PolicyChange,
  type PolicyState,
  NO_RULES,
  rulesChange,
  type SideChange,
} from "./policy.ts";
export {
  ALL_PORTS,
  formatPermission,
  intersectPorts,
  LAST_PORT,
  lastOf,
  type LineProtocol,
  NO_PORTS,
  parsePermission,
  type Permission,
  portSet,
  PROTOCOL_NUMBERS,
  type PortRange,
  type PortSet,
  subtractPorts,
  uniteAllPorts,
  unitePorts,
  wholeProtocol,
} from "./ports.ts";
export {
  BULK_LEAVES,
  durationNs,
  type PodEnds,
  type PodRates,
  type PodShaping,
  type Shaper,
  shaperOf,
} from "./shaping.ts";
export { textForm } from "./text.ts";
export {
  type Guarantee,
  MOST_GUARANTEES,
  promisable,
  shareUplink,
  type Uplink,
  type UplinkDemand,
  uplinkText,
} from "./uplink.ts";

/** A route in the main table; `via` null means that the destination is on the link itself. */
export type Route = {
  readonly destination: Cidr;
  readonly via: Address | null;
  /** Interface name; null lets the kernel choose it from `via`. */
  readonly device: string | null;
};

/** A permanent neighbour entry, so that no ARP or neighbour discovery is needed on a pod's link. */
export type Neighbour = {
  readonly address: Address;
  /** Six octets, lower case, separated by colons. */
  readonly mac: string;
  readonly device: string;
};

/**
 * An address of the node's end of a pod's link: it answers when the pod asks who its gateway is. The same on every
 * link, and nothing that the node sends comes from it.
 */
export type DeviceAddress = {
  readonly device: string;
  readonly address: Address;
  readonly length: number;
};

/** What every pod has as its gateways. */
export const GATEWAYS = {
  ipv4: { family: "ipv4", bytes: [169, 254, 1, 1] },
  ipv6: { family: "ipv6", bytes: [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
} as const satisfies Readonly<Record<Family, Address>>;

/** Source translation of traffic that leaves the cluster. */
export type Masquerade = {
  readonly sources: readonly Cidr[];
  /** Destinations that keep the pod's own address. */
  readonly exceptions: readonly Cidr[];
};

/**
 * The node's one VXLAN device, called `TUNNEL_DEVICE` (RFC 7348). It never floods and never learns: frames go
 * where a `Forwarding` says, or nowhere.
 */
export type Tunnel = {
  /** VXLAN network identifier. */
  readonly vni: number;
  /** UDP port on every node. */
  readonly port: number;
  /** Source of the outer packets; its family is that of all outer packets. */
  readonly local: Address;
  /** Six octets, lower case, separated by colons. */
  readonly mac: string;
  readonly mtu: Bytes;
  /** The device's own addresses: what the node itself sends through the tunnel comes from these. */
  readonly addresses: readonly Address[];
  /** Up, and not learning addresses from traffic; always true of a desired tunnel. */
  readonly ready: boolean;
};

/** Frames to this MAC address leave the tunnel's device for this node. */
export type Forwarding = { readonly mac: string; readonly remote: Address };

/** Name of the tunnel's device; it does not start like the pods' links, which are taken for pods. */
export const TUNNEL_DEVICE = "vxlan-seam";

/** The tunnel's UDP port on every node, which IANA gave to VXLAN (RFC 7348 section 8.1). */
export const TUNNEL_PORT = 4789;

/** Transport protocols whose ports can lead to pods. */
export type Transport = "tcp" | "udp" | "sctp";

/** A port of the node that leads to a pod's port. */
export type PortForward = {
  readonly protocol: Transport;
  /** Null: every address of the node. */
  readonly hostAddress: Address | null;
  readonly hostPort: number;
  readonly target: Address;
  readonly targetPort: number;
};

/** What may come in on a pod's link: frames from this MAC address, from these IP addresses or what routes lead to the link. */
export type Source = {
  readonly device: string;
  /** Six octets, lower case, separated by colons. */
  readonly mac: string;
  /** The pod's own addresses; its ARP may speak for those of IPv4. */
  readonly addresses: readonly Address[];
};

/** A kernel setting below /proc/sys, as a dotted key. */
export type Sysctl = { readonly key: string; readonly value: string };

/** Everything that Seam owns on a node. */
export type NodeState = {
  readonly sysctls: readonly Sysctl[];
  readonly routes: readonly Route[];
  readonly neighbours: readonly Neighbour[];
  /** Of the node's ends of pods' links. */
  readonly deviceAddresses: readonly DeviceAddress[];
  /** Null when no traffic is translated. */
  readonly masquerade: Masquerade | null;
  readonly portForwards: readonly PortForward[];
  /**
   * Whether what a pod sends with an address that is not its own, to the node's loopback, or to change the node's
   * routes is dropped; and, on the links of `sources`, what it sends with another's MAC address.
   */
  readonly sourceGuard: boolean;
  /** Empty without the guard. */
  readonly sources: readonly Source[];
  /** Null when no traffic is encapsulated. */
  readonly tunnel: Tunnel | null;
  /** Of the tunnel's device; empty without a tunnel. */
  readonly forwarding: readonly Forwarding[];
  /** Links that are held to a rate in at least one direction. */
  readonly shaping: readonly PodShaping[];
  /** Links to other nodes that are shared out. */
  readonly uplinks: readonly Uplink[];
};
