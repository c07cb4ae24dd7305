/** The links of a node, and what of their gates is due. */
import {
  type Changed,
  type Gate,
  GATE_SIDES,
  gateChange,
  type GateChange,
  type GateSide,
  type SideChange,
} from "@seam/state";

import type { Peers } from "./policy-peers.ts";
import type { PolicyEndpoint } from "./policy-pod.ts";
import { createSide, isUnchanged, type Side } from "./policy-side.ts";

/** A link with its sides. */
export type Link = {
  readonly device: string;
  readonly endpoint: PolicyEndpoint;
  readonly sides: Readonly<Record<GateSide, Side>>;
  /** Whether it has a gate, as of the last time that changes were taken. */
  readonly isOpen: () => boolean;
  /** What changed, after what another link of that name may have left; null: nothing. */
  readonly takeChange: (earlier: GateChange | null, hasGate: boolean) => GateChange | null;
};

/** A link that is about to go is of nobody. */
const NOBODY = { ports: [], isMet: () => false, isClosedAtEnd: false } as const;

/** Links by device. */
export type Links = {
  readonly get: (device: string) => Link | undefined;
  readonly all: () => readonly Link[];
  readonly set: (device: string, endpoint: PolicyEndpoint | null) => void;
  readonly touch: (isMeant: (endpoint: PolicyEndpoint) => boolean) => void;
  readonly takeTouched: () => readonly Link[];
  /** Gates of links that are gone. */
  readonly takeClosed: () => ReadonlyMap<string, GateChange>;
};

/** No links. */
export function createLinks(peers: Peers): Links {
  const links = new Map<string, Link>();
  let touched = new Set<string>();
  let closed = new Map<string, GateChange>();
  const remove = (link: Link): void => {
    const gone = link.takeChange(null, false);
    if (gone !== null) closed.set(link.device, gone);
    for (const side of Object.values(link.sides)) side.govern([], NOBODY);
    links.delete(link.device);
  };
  return {
    get: (device) => links.get(device),
    all: () => [...links.values()],
    set: (device, endpoint) => {
      const before = links.get(device);
      if (before !== undefined) remove(before);
      if (endpoint === null) return;
      links.set(device, createLink(device, endpoint, peers));
      touched.add(device);
    },
    touch: (isMeant) => {
      for (const [device, { endpoint }] of links) if (isMeant(endpoint)) touched.add(device);
    },
    takeTouched: () => {
      const taken = [...touched].flatMap((device) => links.get(device) ?? []);
      touched = new Set();
      return taken;
    },
    takeClosed: () => {
      const taken = closed;
      closed = new Map();
      return taken;
    },
  };
}

function createLink(device: string, endpoint: PolicyEndpoint, peers: Peers): Link {
  const sides = {
    ingress: createSide({ device, direction: "ingress", peers }),
    egress: createSide({ device, direction: "egress", peers }),
    node: createSide({ device, direction: "egress", peers }),
  };
  const { addresses } = endpoint;
  let isOpen = false;
  const gate = (): Gate => ({
    device,
    addresses,
    ingress: sides.ingress.rules(),
    egress: sides.egress.rules(),
    node: sides.node.rules(),
  });
  return {
    device,
    endpoint,
    sides,
    isOpen: () => isOpen,
    takeChange: (earlier, hasGate) => {
      const before = isOpen;
      isOpen = hasGate;
      if (before && !hasGate) return gateChange(gate(), null);
      const changes = {
        ingress: sides.ingress.takeChange(),
        egress: sides.egress.takeChange(),
        node: sides.node.takeChange(),
      };
      if (!hasGate) return earlier;
      if (!before) return after(earlier, gateChange(null, gate()));
      return GATE_SIDES.every((side) => isUnchanged(changes[side]))
        ? null
        : { exists: true, addresses: { before: addresses, after: addresses }, ...changes };
    },
  };
}

/** One change after another, as one. */
function after(earlier: GateChange | null, later: GateChange): GateChange {
  if (earlier === null) return later;
  return {
    exists: later.exists,
    addresses: joined(earlier.addresses, later.addresses),
    ingress: sidesAfter(earlier.ingress, later.ingress),
    egress: sidesAfter(earlier.egress, later.egress),
    node: sidesAfter(earlier.node, later.node),
  };
}

const joined = <T>(earlier: Changed<T>, later: Changed<T>): Changed<T> => ({
  before: earlier.before,
  after: later.after,
});

function sidesAfter(earlier: SideChange, later: SideChange): SideChange {
  const rules = new Map(earlier.rules);
  for (const [peers, change] of later.rules)
    rules.set(peers, joined(earlier.rules.get(peers) ?? change, change));
  return {
    open: joined(earlier.open, later.open),
    rules: new Map([...rules].filter(([, { before, after: now }]) => before !== now)),
  };
}
