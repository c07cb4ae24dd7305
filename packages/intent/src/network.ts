/** What intent needs to know beside nodes and pods: the cluster's network settings and this node's own place. */
import type { Address, BitsPerSecond, Bytes, Cidr, Mbps } from "@seam/base";

/** What Seam needs to know of a Kubernetes node. */
export type NodeFacts = {
  readonly name: string;
  /** Addresses of type InternalIP, the preferred one of each family first. */
  readonly internalAddresses: readonly Address[];
  readonly podCidrs: readonly Cidr[];
};

/** What the cluster's `NetworkConfig` says. */
export type NetworkFacts = {
  readonly overlay: "direct" | "vxlan";
  /** Which nodes are reached through the overlay: those that are not on the link, or all. */
  readonly encapsulate: "off-link" | "always";
  /** MTU of pods; null derives it from the uplink. */
  readonly mtu: Bytes | null;
  /** Destinations that see the pod's own address, beside all of the cluster. */
  readonly masqueradeExceptions: readonly Cidr[];
  /** Whether established flows between pods of a node may skip its network stack. */
  readonly fastPath: boolean;
};

/** The cluster as each node sees it. */
export type ClusterFacts = {
  readonly nodes: readonly NodeFacts[];
  readonly network: NetworkFacts;
};

/** The node whose state is wanted. */
export type OwnNode = {
  readonly name: string;
  /** Prefixes of the interfaces that have the node's addresses: what lies in them is on the link. */
  readonly onLink: readonly Cidr[];
  /** Smallest MTU of these interfaces. */
  readonly uplinkMtu: Bytes;
  /** The slowest of them as far as hardware says so; null or absent when none does. */
  readonly linkSpeed?: Mbps | null;
  /** Whether some packets between its pods skip its network stack; its kernel must be able to. */
  readonly fastPath?: boolean;
  /** The links to other nodes that are to be shared out, with what each can send; absent: none. */
  readonly uplinks?: readonly OwnUplink[];
};

/** A link to other nodes. */
export type OwnUplink = { readonly device: string; readonly capacity: BitsPerSecond };

/** Without a `NetworkConfig`. */
export const DEFAULT_NETWORK: NetworkFacts = {
  overlay: "direct",
  encapsulate: "off-link",
  mtu: null,
  masqueradeExceptions: [],
  fastPath: true,
};
