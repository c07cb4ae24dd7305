/**
 * Gates of the node's own interfaces (decisions 21 and 22): which endpoint each interface has, and which policies are about it at each of
 * its points.
 */
import { type Address, formatAddress } from "@seam/base";
import {
  ANY_INTERFACE,
  type Changed,
  type Direction,
  HOST_POINTS,
  type HostGate,
  hostGateChange,
  type HostGateChange,
  type HostPoint,
  NO_RULES,
  type PeerClass,
  type SideChange,
} from "@seam/state";

import type { HostEndpoint } from "./calico-host-endpoint.ts";
import { withoutOwnEnd } from "./calico-host-use.ts";
import type { DecisionContext } from "./policy-decisions.ts";
import { type HostUse, type Policy, type Rule, selects } from "./policy-model.ts";
import type { Peers } from "./policy-peers.ts";
import { createSide, isUnchanged, type Side } from "./policy-side.ts";
import type { PolicyTable, Ranked } from "./policy-table.ts";

/** Addresses of this node's interfaces, without those that are pods' links. */
export type NodeInterfaces = ReadonlyMap<string, readonly Address[]>;

/** An endpoint of this node that is in force nowhere. */
export type IdleEndpoint = {
  readonly name: string;
  /** The interface that it names; null: none, but addresses. */
  readonly interface: string | null;
  readonly expectedIPs: readonly Address[];
  /** Name of the endpoint that is in force in its place; null: there is no such interface, or address. */
  readonly behind: string | null;
};

/** The gates of this node's interfaces. */
export type Hosts = {
  /** An endpoint of any node; null: it is gone. */
  readonly setEndpoint: (name: string, endpoint: HostEndpoint | null) => void;
  readonly setInterfaces: (interfaces: NodeInterfaces) => void;
  /** Tiers, or what conditions of rules ask for, are other ones. */
  readonly touch: () => void;
  /** A policy came, went or changed. */
  readonly touchFor: (policy: Policy) => void;
  /** Finds the policies of gates that are due. */
  readonly govern: () => void;
  /** What changed since the last time. */
  readonly takeChanges: () => ReadonlyMap<string, HostGateChange>;
  /** All gates as of then. */
  readonly gates: () => ReadonlyMap<string, HostGate>;
  /** Endpoints of this node that are in force nowhere, by their names. */
  readonly idle: () => readonly IdleEndpoint[];
  /** Whether any endpoint is this node's. */
  readonly isAny: () => boolean;
  /** Policies that decide at a point of an interface; null when none does. */
  readonly policiesAt: (name: string, point: HostPoint) => readonly string[] | null;
  /** Those of them that have a rule about peers of the class. */
  readonly policiesAtFor: (name: string, point: HostPoint, peers: PeerClass) => readonly string[];
};

/** A side for each point, and one for what policies before translation let in for good. */
type SideName = HostPoint | "admitted";
const SIDE_NAMES = [...HOST_POINTS, "admitted"] as const satisfies readonly SideName[];

const DIRECTIONS = {
  "local-ingress": "ingress",
  "local-egress": "egress",
  "forward-ingress": "ingress",
  "forward-egress": "egress",
  "pre-dnat": "ingress",
  admitted: "ingress",
} as const satisfies Readonly<Record<SideName, Direction>>;

const USES: Readonly<Record<SideName, readonly HostUse[]>> = {
  "local-ingress": ["local", "forward"],
  "local-egress": ["local", "forward"],
  "forward-ingress": ["forward"],
  "forward-egress": ["forward"],
  "pre-dnat": ["pre-dnat"],
  admitted: ["pre-dnat"],
};

/** The gate of an interface, or of all; without an endpoint it is about to go. */
type Place = {
  readonly interface: string;
  endpoint: HostEndpoint | null;
  /** What packets to programs of the node are sent to. */
  addresses: readonly Address[];
  readonly sides: Readonly<Record<SideName, Side>>;
  /** As of the last time that changes were taken. */
  isWritten: boolean;
};

type Tables = {
  readonly node: string | null;
  readonly peers: Peers;
  readonly policies: Pick<PolicyTable, "ofHosts">;
  readonly endpoints: Map<string, HostEndpoint>;
  readonly places: Map<string, Place>;
  interfaces: NodeInterfaces;
};

/** No endpoints. */
export function createHosts(given: Pick<Tables, "node" | "peers" | "policies">): Hosts {
  const tables: Tables = {
    ...given,
    endpoints: new Map(),
    places: new Map(),
    interfaces: new Map(),
  };
  const { node, peers, endpoints, places } = tables;
  let isDue = false;
  return {
    setEndpoint: (name, endpoint) => {
      if (endpoint === null) endpoints.delete(name);
      else endpoints.set(name, endpoint);
      place(tables);
      isDue = true;
    },
    setInterfaces: (interfaces) => {
      tables.interfaces = interfaces;
      place(tables);
      isDue = true;
    },
    touch: () => {
      isDue = true;
    },
    touchFor: ({ subject, onHosts }) => {
      const isAbout = ({ endpoint }: Place): boolean =>
        endpoint !== null && isSelected(endpoint, subject, peers);
      isDue ||= onHosts !== null && [...places.values()].some(isAbout);
    },
    govern: () => {
      if (isDue) for (const each of places.values()) govern(each, tables);
      isDue = false;
    },
    takeChanges: () => takeChanges(places),
    gates: () =>
      new Map(
        [...places].flatMap(([name, each]) =>
          each.isWritten ? [[name, gateOf(each)] as const] : [],
        ),
      ),
    idle: () => idleEndpoints(tables),
    isAny: () => [...endpoints.values()].some((each) => each.node === node),
    policiesAt: (name, point) => sideAt(places, name, point)?.policies() ?? null,
    policiesAtFor: (name, point, of) => sideAt(places, name, point)?.policiesFor(of) ?? [],
  };
}

const sideAt = (places: Tables["places"], name: string, point: HostPoint): Side | undefined =>
  (places.get(name) ?? places.get(ANY_INTERFACE))?.sides[point];

/** Gives each interface that has one its endpoint. */
function place(tables: Tables): void {
  const { places, interfaces } = tables;
  const found = endpointsByInterface(tables);
  for (const [name, each] of places) if (!found.has(name)) each.endpoint = null;
  for (const [name, endpoint] of found) {
    const at = places.get(name) ?? newPlace(name, tables.peers);
    at.endpoint = endpoint;
    at.addresses = addressesAt(name, { interfaces, found });
    if (at.addresses.length === 0) at.addresses = endpoint.expectedIPs;
    places.set(name, at);
  }
}

/** The first by name that names an interface, else one that has its address; and at `*` the one for all others. */
function endpointsByInterface({
  node,
  endpoints,
  interfaces,
}: Tables): ReadonlyMap<string, HostEndpoint> {
  const own = ownEndpoints({ node, endpoints }).map(([, each]) => each);
  const found = new Map<string, HostEndpoint>();
  for (const [name, addresses] of interfaces) {
    const at = own.find((each) => each.interface === null && hasAny(each.expectedIPs, addresses));
    if (at !== undefined) found.set(name, at);
  }
  for (const each of own.toReversed()) if (each.interface !== null) found.set(each.interface, each);
  return found;
}

const ownEndpoints = ({
  node,
  endpoints,
}: Pick<Tables, "node" | "endpoints">): readonly (readonly [string, HostEndpoint])[] =>
  [...endpoints]
    .filter(([, each]) => each.node === node)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));

/** One that names an interface is in force as soon as there is such an interface. */
function idleEndpoints(tables: Tables): readonly IdleEndpoint[] {
  const { places, interfaces } = tables;
  const own = ownEndpoints(tables);
  return own.flatMap(([name, each]): readonly IdleEndpoint[] => {
    const inForce = new Set(
      interfacesMeantBy(each, interfaces).map((at) => places.get(at)?.endpoint),
    );
    if (inForce.has(each)) return [];
    const [behind = null] = own.find(([, other]) => inForce.has(other)) ?? [];
    return [{ name, interface: each.interface, expectedIPs: each.expectedIPs, behind }];
  });
}

function interfacesMeantBy(
  { interface: name, expectedIPs }: HostEndpoint,
  interfaces: NodeInterfaces,
): readonly string[] {
  if (name !== null) return name === ANY_INTERFACE || interfaces.has(name) ? [name] : [];
  return [...interfaces].flatMap(([at, addresses]) => (hasAny(expectedIPs, addresses) ? [at] : []));
}

const hasAny = (expected: readonly Address[], addresses: readonly Address[]): boolean => {
  const texts = new Set(addresses.map(formatAddress));
  return expected.some((each) => texts.has(formatAddress(each)));
};

type Found = {
  readonly interfaces: NodeInterfaces;
  readonly found: ReadonlyMap<string, HostEndpoint>;
};

/** Those of the interface, or of all that have no endpoint of their own. */
function addressesAt(name: string, { interfaces, found }: Found): readonly Address[] {
  const all =
    name === ANY_INTERFACE
      ? [...interfaces].flatMap(([each, addresses]) => (found.has(each) ? [] : addresses))
      : (interfaces.get(name) ?? []);
  return all.filter((each) => !isOfLink(each));
}

/** Every interface has one, which nobody writes into a policy (RFC 4291 section 2.5.6: fe80::/10). */
const isOfLink = ({ family, bytes: [first = 0, second = 0] }: Address): boolean =>
  family === "ipv6" && first === 0xfe && (second & 0xc0) === 0x80;

function newPlace(name: string, peers: Peers): Place {
  const side = (of: SideName): Side =>
    createSide({ device: `host ${name}`, direction: DIRECTIONS[of], peers });
  return {
    interface: name,
    endpoint: null,
    addresses: [],
    isWritten: false,
    sides: {
      "local-ingress": side("local-ingress"),
      "local-egress": side("local-egress"),
      "forward-ingress": side("forward-ingress"),
      "forward-egress": side("forward-egress"),
      "pre-dnat": side("pre-dnat"),
      admitted: side("admitted"),
    },
  };
}

/** Finds the policies of all sides; those of a gate that goes have none. */
function govern({ endpoint, addresses, sides }: Place, { peers, policies }: Tables): void {
  const concerned =
    endpoint === null
      ? []
      : policies.ofHosts().filter(({ policy }) => isSelected(endpoint, policy.subject, peers));
  const isMet: DecisionContext["isMet"] = (own, { action, family }) => {
    const near = addresses.filter((each) => each.family === family);
    const meets = (address: Address): boolean =>
      peers.isMet(own, { pod: null, addresses: [address] });
    return action === "deny" ? near.length === 0 || near.some(meets) : all(near, meets);
  };
  for (const name of SIDE_NAMES)
    sides[name].govern(
      concerned.filter(({ policy }) => isAt(name, policy)).map((each) => asAt(name, each)),
      {
        ports: endpoint?.ports ?? [],
        isMet,
        isClosedAtEnd: endpoint !== null && isClosedAtEnd(name, endpoint),
      },
    );
}

/** All of some: none is not enough. */
const all = <T>(list: readonly T[], is: (one: T) => boolean): boolean =>
  list.length > 0 && list.every(is);

const isSelected = (
  { labels }: HostEndpoint,
  subject: Policy["subject"],
  { around }: Peers,
): boolean => selects(subject, { namespace: null, labels, serviceAccount: null }, around);

const isAt = (name: SideName, { onHosts }: Policy): boolean =>
  onHosts !== null && USES[name].includes(onHosts);

/** What no policy decides about is denied: at local points without the open profile; and nothing else is admitted for good. */
const isClosedAtEnd = (name: SideName, { isOpen }: HostEndpoint): boolean =>
  name === "admitted" || (name.startsWith("local") && !isOpen);

/** A policy as it is at a point. */
function asAt(name: SideName, { key, policy, tier }: Ranked): Ranked {
  const isLocal = name.startsWith("local");
  const rulesAt = (direction: Direction): readonly Rule[] | null => {
    const rules = policy[direction];
    return rules === null || isLocal ? rules : withoutOwnEnd(rules, direction);
  };
  return {
    key,
    policy: { ...policy, ingress: rulesAt("ingress"), egress: rulesAt("egress") },
    tier: policy.onHosts === "pre-dnat" ? { ...tier, otherwise: "next" } : tier,
  };
}

function takeChanges(places: Map<string, Place>): ReadonlyMap<string, HostGateChange> {
  const changes = new Map<string, HostGateChange>();
  for (const [name, each] of places) {
    if (each.endpoint === null) {
      places.delete(name);
      if (each.isWritten) changes.set(name, hostGateChange(gateOf(each), null));
      continue;
    }
    const change = takeChange(each);
    if (change !== null) changes.set(name, change);
  }
  return changes;
}

function takeChange(of: Place): HostGateChange | null {
  const { sides } = of;
  const exists: Changed<boolean> = { before: of.isWritten, after: true };
  of.isWritten = true;
  const points: Readonly<Record<HostPoint, SideChange>> = {
    "local-ingress": sides["local-ingress"].takeChange(),
    "local-egress": sides["local-egress"].takeChange(),
    "forward-ingress": sides["forward-ingress"].takeChange(),
    "forward-egress": sides["forward-egress"].takeChange(),
    "pre-dnat": sides["pre-dnat"].takeChange(),
  };
  const admitted = sides.admitted.takeChange().rules;
  const isSame = HOST_POINTS.every((point) => isUnchanged(points[point])) && admitted.size === 0;
  return isSame && exists.before ? null : { exists, points, admitted };
}

const gateOf = ({ interface: name, sides }: Place): HostGate => ({
  interface: name,
  rules: {
    "local-ingress": sides["local-ingress"].rules(),
    "local-egress": sides["local-egress"].rules(),
    "forward-ingress": sides["forward-ingress"].rules(),
    "forward-egress": sides["forward-egress"].rules(),
    "pre-dnat": sides["pre-dnat"].rules(),
  },
  admitted: sides.admitted.rules() ?? NO_RULES,
});
