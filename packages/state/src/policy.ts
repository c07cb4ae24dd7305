/**
 * What a node enforces of policies (decision 16). A connection has a client and a server; every packet of it, in either direction
 * and also an ICMP error about it, is judged by the egress rules of the client's gate and the ingress rules of the server's. A
 * gate asks two things only: of which class the other end's address is, and what its rules let that class use. So what a
 * packet costs does not depend on how many policies there are.
 */
import type { Address, Family } from "@seam/base";

import type { HostGate, HostGateChange } from "./host-policy.ts";
import type { Permission } from "./ports.ts";

/**
 * A number for all addresses that are alike to every rule of this node. Which number means what is the business of who makes a
 * `PolicyState`; only `ANY` is fixed.
 */
export type PeerClass = number;

/** Every address of a family for which a gate's rules have nothing closer. */
export const ANY = { ipv4: 1, ipv6: 2 } as const satisfies Readonly<Record<Family, PeerClass>>;

/** What peers of each class may use; a class that is missing may use what `ANY` of its family may, or nothing. */
export type GateRules = ReadonlyMap<PeerClass, Permission>;

/** To a pod, or from it: of a connection, not of its packets. */
export type Direction = "ingress" | "egress";

/**
 * What of a pod's connections is judged by rules of its own: those to it, those from it, and apart from these those from it to its own
 * node, about which fewer policies have a say (decision 32). What the node begins always passes.
 */
export type GateSide = Direction | "node";

export const GATE_SIDES = ["egress", "ingress", "node"] as const satisfies readonly GateSide[];

/** Which way the connections of a side go. */
export const directionOf = (side: GateSide): Direction =>
  side === "ingress" ? "ingress" : "egress";

/** What may pass a pod's link. A link without a gate is closed. */
export type Gate = {
  readonly device: string;
  /** The pod's own: what it sends to itself by way of the node passes. */
  readonly addresses: readonly Address[];
  /** Connections to the pod; null: all pass. */
  readonly ingress: GateRules | null;
  /** Connections from the pod to anybody but its own node; null: all pass. */
  readonly egress: GateRules | null;
  /** Connections from the pod to its own node; null: all pass. */
  readonly node: GateRules | null;
};

/** The class of all addresses from `first` to `last`, both included. */
export type Block = { readonly first: Address; readonly last: Address; readonly peers: PeerClass };

/** Everything that a node enforces of policies. */
export type PolicyState = {
  /** By device. */
  readonly gates: ReadonlyMap<string, Gate>;
  /** Classes of single addresses, by their canonical text; they come before blocks. */
  readonly addresses: ReadonlyMap<string, PeerClass>;
  /** Disjoint. */
  readonly blocks: readonly Block[];
  /** Gates of the node's own interfaces, by interface. */
  readonly hosts: ReadonlyMap<string, HostGate>;
};

/** What something was and what it is; null: nothing. */
export type Changed<T> = { readonly before: T; readonly after: T };

/** What is different in one side of a gate, or at one point of an interface's. */
export type SideChange = {
  /** Whether all connections pass. */
  readonly open: Changed<boolean>;
  /** Classes whose rule came, went or changed. */
  readonly rules: ReadonlyMap<PeerClass, Changed<Permission | null>>;
};

/** What is different about a gate; one that is gone has nothing after. */
export type GateChange = {
  readonly exists: boolean;
  readonly addresses: Changed<readonly Address[]>;
} & Readonly<Record<GateSide, SideChange>>;

/** What is different from an earlier `PolicyState`. */
export type PolicyChange = {
  /** By device. */
  readonly gates: ReadonlyMap<string, GateChange>;
  /** By canonical text; null: the address has no class of its own. */
  readonly addresses: ReadonlyMap<string, Changed<PeerClass | null>>;
  /** All blocks, when one of them changed; otherwise null. */
  readonly blocks: readonly Block[] | null;
  /** By interface of the node. */
  readonly hosts: ReadonlyMap<string, HostGateChange>;
};

/** The sides of a gate, or of none. */
type SideState = Pick<Gate, GateSide> | null;

/** Nobody may use anything. */
export const NO_RULES: GateRules = new Map();

/** How one gate becomes another; null: there is none. */
export const gateChange = (before: Gate | null, after: Gate | null): GateChange => ({
  exists: after !== null,
  addresses: { before: before?.addresses ?? [], after: after?.addresses ?? [] },
  ingress: sideChange("ingress", before, after),
  egress: sideChange("egress", before, after),
  node: sideChange("node", before, after),
});

function sideChange(side: GateSide, before: SideState, after: SideState): SideChange {
  const isOpen = (sides: SideState): boolean => sides !== null && sides[side] === null;
  return {
    open: { before: isOpen(before), after: isOpen(after) },
    rules: rulesChange(before?.[side] ?? NO_RULES, after?.[side] ?? NO_RULES),
  };
}

/** Where rules differ. */
export function rulesChange(before: GateRules, after: GateRules): SideChange["rules"] {
  const changed = new Map<PeerClass, Changed<Permission | null>>();
  for (const [peers, permission] of before) {
    const now = after.get(peers) ?? null;
    if (now !== permission) changed.set(peers, { before: permission, after: now });
  }
  for (const [peers, permission] of after)
    if (!before.has(peers)) changed.set(peers, { before: null, after: permission });
  return changed;
}
