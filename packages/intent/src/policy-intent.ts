/**
 * What NetworkPolicies mean for one node (networking.k8s.io/v1; decision 16): which gates its pods' links have, and of which class
 * peers are. It is told objects and interfaces one by one and works out what a change touches, no more.
 */
import type { Direction, Gate, PeerClass, PolicyChange, PolicyState } from "@seam/state";

import { createPeers, type Peers } from "./policy-peers.ts";
import type { PolicyEndpoint, PolicyPod } from "./policy-pod.ts";
import { type Policy, readNetworkPolicy } from "./policy-reading.ts";
import { isSelected, type Labels } from "./policy-selector.ts";
import { createSide, type Side } from "./policy-side.ts";
import type { AddressClass } from "./policy-terms.ts";

/** The policies of one node, worked out as objects and interfaces come and go. */
export type PolicyIntent = {
  /** The NetworkPolicy as JSON, null when it is deleted; what of it is not understood, by field. */
  readonly setPolicy: (key: string, object: unknown) => readonly string[];
  readonly setNamespace: (name: string, labels: Labels | null) => void;
  readonly setPod: (key: string, pod: PolicyPod | null) => void;
  readonly setEndpoint: (device: string, endpoint: PolicyEndpoint | null) => void;
  /** What changed since this was last asked; null when nothing did. */
  readonly takeChange: () => PolicyChange | null;
  /** All of it, as of the last time that changes were taken. */
  readonly state: () => PolicyState;
  /** Policies that isolate the pod of a link; null when none does, or the link has no gate. */
  readonly policiesOf: (device: string, direction: Direction) => readonly string[] | null;
  /** Those of them that have a rule about peers of the class. */
  readonly policiesFor: (
    device: string,
    direction: Direction,
    peers: PeerClass,
  ) => readonly string[];
};

type Link = {
  readonly device: string;
  readonly endpoint: PolicyEndpoint;
  readonly sides: Readonly<Record<Direction, Side>>;
  gate: Gate | null;
};

/** Nothing is known. */
export function createPolicyIntent(): PolicyIntent {
  const peers = createPeers();
  const policies = createPolicyTable();
  const links = createLinks(peers);
  return {
    setPolicy: (key, object) => {
      const namespace = key.split("/")[0] ?? "";
      const reading = object === null ? null : readNetworkPolicy(namespace, object);
      const after = reading?.policy ?? null;
      const concerned = [policies.set(namespace, key, after), after];
      links.touch((endpoint) => {
        const pod = endpoint.pod === null ? null : peers.pod(endpoint.pod.key);
        return pod !== null && concerned.some((each) => each !== null && selectsPod(each, pod));
      });
      return reading?.faults ?? [];
    },
    setNamespace: peers.setNamespace,
    setPod: (key, pod) => {
      const before = peers.pod(key);
      peers.setPod(key, pod);
      if (peers.pod(key) !== before) links.touch((endpoint) => endpoint.pod?.key === key);
    },
    setEndpoint: links.set,
    takeChange: () => {
      const touched = links.takeTouched();
      for (const link of touched) govern(link, peers, policies);
      const { addresses, blocks, classes } = peers.settle();
      const gates = new Map<string, Gate | null>(links.takeClosed().map((each) => [each, null]));
      for (const link of withUsers(touched, classes, links)) {
        const gate = gateOf(link, peers, classes);
        if (gate === link.gate) continue;
        link.gate = gate;
        gates.set(link.device, gate);
      }
      return gates.size + addresses.size === 0 && blocks === null
        ? null
        : { gates, addresses, blocks };
    },
    state: () => ({
      gates: new Map(
        links.all().flatMap(({ device, gate }) => (gate === null ? [] : [[device, gate] as const])),
      ),
      addresses: peers.addresses(),
      blocks: peers.blocks(),
    }),
    policiesFor: (device, direction, of) =>
      links.get(device)?.sides[direction].policiesFor(of) ?? [],
    policiesOf: (device, direction) => links.get(device)?.sides[direction].policies() ?? null,
  };
}

/** A link's pod, if its object is of the one that the runtime named. */
function podOf({ endpoint }: Link, peers: Peers): PolicyPod | null {
  if (endpoint.pod === null) return null;
  const { key, uid } = endpoint.pod;
  const pod = peers.pod(key);
  return pod !== null && (uid === "" || uid === pod.uid) ? pod : null;
}

const selectsPod = ({ namespace, selector }: Policy, pod: PolicyPod): boolean =>
  namespace === pod.namespace && isSelected(selector, pod.labels);

/** Finds the policies of both directions of a link. */
function govern(link: Link, peers: Peers, policies: PolicyTable): void {
  const pod = podOf(link, peers);
  const selecting =
    pod === null ? [] : policies.of(pod.namespace).filter(([, policy]) => selectsPod(policy, pod));
  for (const direction of ["ingress", "egress"] as const)
    link.sides[direction].govern(selecting, pod?.ports ?? []);
}

/** The links that were touched, and those with rules about any of the classes. */
function withUsers(
  touched: readonly Link[],
  classes: ReadonlySet<AddressClass>,
  links: Links,
): ReadonlySet<Link> {
  const users = [...classes].flatMap(({ tokens }) => tokens.flatMap(({ term }) => [...term.users]));
  const found = users.flatMap(({ device }) => {
    const link = links.get(device);
    return link === undefined ? [] : [link];
  });
  return new Set([...touched.filter((link) => links.get(link.device) === link), ...found]);
}

/** The gate of a link now; the same object while nothing about it changed. */
function gateOf(link: Link, peers: Peers, classes: ReadonlySet<AddressClass>): Gate | null {
  const { device, endpoint, sides, gate } = link;
  if (endpoint.pod !== null && podOf(link, peers) === null) return null;
  const [ingress, egress] = [sides.ingress.rules(classes), sides.egress.rules(classes)];
  return gate !== null && gate.ingress === ingress && gate.egress === egress
    ? gate
    : { device, addresses: endpoint.addresses, ingress, egress };
}

type PolicyTable = {
  /** Returns the one before. */
  readonly set: (namespace: string, key: string, policy: Policy | null) => Policy | null;
  readonly of: (namespace: string) => readonly (readonly [string, Policy])[];
};

function createPolicyTable(): PolicyTable {
  const byNamespace = new Map<string, Map<string, Policy>>();
  return {
    set: (namespace, key, policy) => {
      const near = byNamespace.get(namespace) ?? new Map<string, Policy>();
      const before = near.get(key) ?? null;
      if (policy === null) near.delete(key);
      else near.set(key, policy);
      if (near.size === 0) byNamespace.delete(namespace);
      else byNamespace.set(namespace, near);
      return before;
    },
    of: (namespace) => [...(byNamespace.get(namespace) ?? [])],
  };
}

type Links = {
  readonly get: (device: string) => Link | undefined;
  readonly all: () => readonly Link[];
  readonly set: (device: string, endpoint: PolicyEndpoint | null) => void;
  readonly touch: (isMeant: (endpoint: PolicyEndpoint) => boolean) => void;
  readonly takeTouched: () => readonly Link[];
  /** Links with a gate that are gone. */
  readonly takeClosed: () => readonly string[];
};

function createLinks(peers: Peers): Links {
  const links = new Map<string, Link>();
  const touched = new Set<string>();
  const closed = new Set<string>();
  const remove = (link: Link): void => {
    for (const side of Object.values(link.sides)) side.govern([], []);
    if (link.gate !== null) closed.add(link.device);
    links.delete(link.device);
  };
  return {
    get: (device) => links.get(device),
    all: () => [...links.values()],
    set: (device, endpoint) => {
      const before = links.get(device);
      if (before !== undefined) remove(before);
      if (endpoint === null) return;
      const sides = {
        ingress: createSide({ device, direction: "ingress", peers }),
        egress: createSide({ device, direction: "egress", peers }),
      };
      links.set(device, { device, endpoint, sides, gate: null });
      touched.add(device);
    },
    touch: (isMeant) => {
      for (const [device, { endpoint }] of links) if (isMeant(endpoint)) touched.add(device);
    },
    takeTouched: () => {
      const taken = [...touched].flatMap((device) => {
        const link = links.get(device);
        return link === undefined ? [] : [link];
      });
      touched.clear();
      return taken;
    },
    takeClosed: () => {
      const taken = [...closed];
      closed.clear();
      return taken;
    },
  };
}
