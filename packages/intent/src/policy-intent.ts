/**
 * What policies mean for one node (networking.k8s.io/v1, policy.networking.k8s.io; decision 16): which gates its pods' links have, and
 * of which class peers are. It is told objects and interfaces one by one and works out what a change touches, no more.
 */
import { type Address, type Family, familyBits } from "@seam/base";
import {
  type Gate,
  type GateChange,
  type GateSide,
  type HostPoint,
  type PeerClass,
  type PolicyChange,
  type PolicyState,
} from "@seam/state";

import type { CalicoKind } from "./calico-kinds.ts";
import { readHostEndpoint } from "./calico-host-endpoint.ts";
import { type NetworkSet, readCalicoTier, readNetworkSet } from "./calico-objects.ts";
import { type CalicoReading, readCalicoPolicy } from "./calico-reading.ts";
import { readClusterPolicy } from "./cluster-policy-reading.ts";
import { createEarlyAddresses } from "./policy-early.ts";
import { createHosts, type Hosts, type IdleEndpoint, type NodeInterfaces } from "./policy-hosts.ts";
import { createLinks, type Link, type Links } from "./policy-links.ts";
import { type Condition, type Policy, type PolicyReading, selects } from "./policy-model.ts";
import { createPeers, type Peers, type PolicyNode } from "./policy-peers.ts";
import type { PolicyEndpoint, PolicyPod } from "./policy-pod.ts";
import { readNetworkPolicy } from "./policy-reading.ts";
import type { Labels } from "./policy-selector.ts";
import { createPolicyTable, type PolicyTable } from "./policy-table.ts";
import type { AddressClass } from "./policy-terms.ts";

/** The policies of one node, worked out as objects and interfaces come and go. */
export type PolicyIntent = {
  /** The NetworkPolicy namespace/name as JSON, null when it is deleted; what of it is not understood, by field. */
  readonly setPolicy: (key: string, object: unknown) => readonly string[];
  /** The ClusterNetworkPolicy of that name, the same way. */
  readonly setClusterPolicy: (name: string, object: unknown) => readonly string[];
  readonly setNamespace: (name: string, labels: Labels | null) => void;
  readonly setNode: (name: string, node: PolicyNode | null) => void;
  /** Takes an object of Calico's by its name or namespace/name, null when it is deleted; what of it is not understood, by field. */
  readonly setCalico: (kind: CalicoKind, key: string, object: unknown) => readonly string[];
  /** Labels of the service account namespace/name. */
  readonly setServiceAccount: (key: string, labels: Labels | null) => void;
  readonly setPod: (key: string, pod: PolicyPod | null) => void;
  /** Which pod has an address, as namespace/name; null for nodes' own, and for what is no pod's. */
  readonly podAt: (address: Address) => string | null;
  readonly setEndpoint: (device: string, endpoint: PolicyEndpoint | null) => void;
  /** All interfaces of this node that are not pods' links, with their addresses; loopback is none of them. */
  readonly setInterfaces: (interfaces: NodeInterfaces) => void;
  /** Whether they matter: whether any host endpoint is this node's. */
  readonly asksInterfaces: () => boolean;
  /** What changed since this was last asked; null when nothing did. */
  readonly takeChange: () => PolicyChange | null;
  /** All of it, as of the last time that changes were taken; it lives on, and is not to be kept. */
  readonly state: () => PolicyState;
  /** Policies that are about a side of the pod of a link, such as lab-a/db or ClusterNetworkPolicy/apart; null when none is, or the link has no gate. */
  readonly policiesOf: (device: string, side: GateSide) => readonly string[] | null;
  /** Those of them that have a rule about peers of the class. */
  readonly policiesFor: (device: string, side: GateSide, peers: PeerClass) => readonly string[];
  /** Host endpoints of this node that are in force nowhere. */
  readonly idleEndpoints: () => readonly IdleEndpoint[];
  /** Policies that decide at a point of one of this node's interfaces; null when none does. */
  readonly policiesAt: (name: string, point: HostPoint) => readonly string[] | null;
  /** Those of them that have a rule about peers of the class. */
  readonly policiesAtFor: (name: string, point: HostPoint, peers: PeerClass) => readonly string[];
};

/** Nothing is known but the name of the node, whose host endpoints are its own; without a name none is. */
export function createPolicyIntent(node: string | null = null): PolicyIntent {
  const peers = createPeers();
  const policies = createPolicyTable();
  const links = createLinks(peers);
  const hosts = createHosts({ node, peers, policies });
  const tables: Tables = { peers, policies, links, hosts };
  const early = createEarlyAddresses(peers);
  const set = (key: string, reading: PolicyReading | null): readonly string[] =>
    setPolicy(tables, key, reading);
  return {
    setPolicy: (key, object) =>
      set(key, object === null ? null : readNetworkPolicy(key.split("/")[0] ?? "", object)),
    setClusterPolicy: (name, object) =>
      set(`ClusterNetworkPolicy/${name}`, object === null ? null : readClusterPolicy(object)),
    setNamespace: (name, labels) => setNamespace(tables, name, labels),
    setCalico: (kind, key, object) => setCalico(tables, { kind, key, object }),
    setServiceAccount: (key, labels) => {
      peers.setAccount(key, labels);
      const [namespace, name] = key.split("/");
      links.touch((endpoint) => {
        const pod = endpoint.pod === null ? null : peers.pod(endpoint.pod.key);
        return pod?.namespace === namespace && pod?.serviceAccount === name;
      });
    },
    setNode: peers.setNode,
    podAt: peers.podAt,
    setPod: (key, pod) => {
      const before = peers.pod(key);
      early.setPod(key, pod);
      if (peers.pod(key) !== before) links.touch((endpoint) => endpoint.pod?.key === key);
    },
    setEndpoint: (device, endpoint) => {
      links.set(device, endpoint);
      early.setEndpoint(device, endpoint);
    },
    setInterfaces: hosts.setInterfaces,
    asksInterfaces: hosts.isAny,
    idleEndpoints: hosts.idle,
    takeChange: () => takeChange(tables),
    state: () => stateOf(tables),
    policiesAt: hosts.policiesAt,
    policiesAtFor: hosts.policiesAtFor,
    ...namesAt(links),
  };
}

const namesAt = (links: Links): Pick<PolicyIntent, "policiesOf" | "policiesFor"> => ({
  policiesFor: (device, side, of) => links.get(device)?.sides[side].policiesFor(of) ?? [],
  policiesOf: (device, side) => links.get(device)?.sides[side].policies() ?? null,
});

const stateOf = ({ peers, links, hosts }: Tables): PolicyState => ({
  gates: new Map(
    links.all().flatMap((link) => {
      const gate = gateOf(link);
      return gate === null ? [] : [[link.device, gate] as const];
    }),
  ),
  addresses: peers.addresses(),
  blocks: peers.blocks(),
  hosts: hosts.gates(),
});

function setNamespace(
  { peers, policies, links, hosts }: Tables,
  name: string,
  labels: Labels | null,
): void {
  const isNews = (peers.around.namespace(name) === null) !== (labels === null);
  peers.setNamespace(name, labels);
  if (isNews || policies.asksNamespaces())
    links.touch(({ pod }) => pod !== null && peers.pod(pod.key)?.namespace === name);
  if (policies.asksOwn()) hosts.touch();
}

function setPolicy(
  { peers, policies, links, hosts }: Tables,
  key: string,
  reading: PolicyReading | CalicoReading | null,
): readonly string[] {
  const after = reading === null ? null : reading.policy;
  const concerned = [policies.set(key, after), after];
  for (const each of concerned) if (each !== null) hosts.touchFor(each);
  links.touch((endpoint) => {
    const pod = endpoint.pod === null ? null : peers.pod(endpoint.pod.key);
    return pod !== null && concerned.some((each) => each !== null && isAbout(each, pod, peers));
  });
  return reading?.faults ?? [];
}

type CalicoObject = {
  readonly kind: CalicoKind;
  readonly key: string;
  /** Null: it is deleted. */
  readonly object: unknown;
};

function setCalico(tables: Tables, { kind, key, object }: CalicoObject): readonly string[] {
  const namespace = kind.startsWith("Global") ? null : (key.split("/")[0] ?? "");
  if (kind === "Tier") return setTier(tables, key, object);
  if (kind === "HostEndpoint") return setHostEndpoint(tables, key, object);
  if (kind === "NetworkSet" || kind === "GlobalNetworkSet") {
    const reading = object === null ? null : readNetworkSet(namespace, object);
    return setNetworkSet(tables, `${kind}/${key}`, reading);
  }
  const reading = object === null ? null : readCalicoPolicy(namespace, object);
  return setPolicy(tables, `calico/${kind}/${key}`, reading);
}

function setTier(
  { policies, links, hosts }: Tables,
  name: string,
  object: unknown,
): readonly string[] {
  const reading = object === null ? null : readCalicoTier(name, object);
  policies.setTier(name, reading === null ? null : reading.tier);
  links.touch(() => true);
  hosts.touch();
  return reading === null ? [] : reading.faults;
}

function setNetworkSet(
  tables: Tables,
  key: string,
  reading: ReturnType<typeof readNetworkSet> | null,
): readonly string[] {
  putNetworkSet(tables, key, reading === null ? null : reading.set);
  return reading === null ? [] : reading.faults;
}

function putNetworkSet(
  { peers, policies, links, hosts }: Tables,
  key: string,
  set: NetworkSet | null,
): void {
  peers.setNetworkSet(key, set);
  if (!policies.asksOwn()) return;
  links.touch(() => true);
  hosts.touch();
}

/** Rules find an endpoint of any node by its labels, at the addresses that it says it has. */
function setHostEndpoint(tables: Tables, name: string, object: unknown): readonly string[] {
  const reading = object === null ? null : readHostEndpoint(object);
  const endpoint = reading === null ? null : reading.endpoint;
  tables.hosts.setEndpoint(name, endpoint);
  const set = endpoint && {
    namespace: null,
    labels: endpoint.labels,
    cidrs: endpoint.expectedIPs.map((address) => ({
      address,
      length: familyBits(address.family),
    })),
    ports: endpoint.ports,
  };
  putNetworkSet(tables, `HostEndpoint/${name}`, set);
  return reading === null ? [] : reading.faults;
}

const isAbout = ({ subject, onHosts }: Policy, pod: PolicyPod, { around }: Peers): boolean =>
  !pod.hostNetwork && onHosts !== "pre-dnat" && selects(subject, pod, around);

type Tables = {
  readonly peers: Peers;
  readonly policies: PolicyTable;
  readonly links: Links;
  readonly hosts: Hosts;
};

function takeChange({ peers, policies, links, hosts }: Tables): PolicyChange | null {
  const due = new Set(links.takeTouched());
  for (const link of due) govern(link, peers, policies);
  hosts.govern();
  const { addresses, blocks, classes } = peers.settle();
  for (const link of usersOf(classes, links)) due.add(link);
  const gates = new Map<string, GateChange>(links.takeClosed());
  for (const link of due) {
    const earlier = gates.get(link.device) ?? null;
    const change = link.takeChange(earlier, hasGate(link, peers));
    if (change === null) gates.delete(link.device);
    else gates.set(link.device, change);
  }
  const ofHosts = hosts.takeChanges();
  return gates.size + addresses.size + ofHosts.size === 0 && blocks === null
    ? null
    : { gates, addresses, blocks, hosts: ofHosts };
}

/** A link's pod, if its object is of the one that the runtime named. */
function podOf({ endpoint }: Link, peers: Peers): PolicyPod | null {
  if (endpoint.pod === null) return null;
  const { key, uid } = endpoint.pod;
  const pod = peers.pod(key);
  return pod !== null && (uid === "" || uid === pod.uid) ? pod : null;
}

/** Of a namespace that was not seen yet it is not known which policies are about it. */
function hasGate(link: Link, peers: Peers): boolean {
  if (link.endpoint.pod === null) return true;
  const pod = podOf(link, peers);
  return pod !== null && peers.around.namespace(pod.namespace) !== null;
}

/** Finds the policies of all sides of a link. */
function govern(link: Link, peers: Peers, policies: PolicyTable): void {
  const pod = podOf(link, peers);
  const selecting =
    pod === null
      ? []
      : policies.of(pod.namespace).filter(({ policy }) => isAbout(policy, pod, peers));
  const own = {
    ports: pod?.ports ?? [],
    isMet: (condition: Condition, { family }: { readonly family: Family }): boolean =>
      pod !== null &&
      peers.isMet(condition, {
        pod,
        addresses: link.endpoint.addresses.filter((each) => each.family === family),
      }),
    isClosedAtEnd: false,
  };
  link.sides.ingress.govern(selecting, own);
  link.sides.egress.govern(selecting, own);
  link.sides.node.govern(
    selecting.filter(({ policy }) => policy.onOwnNode),
    own,
  );
}

/** Links with rules about any of the classes, whose sides are told; those of hosts are told as well. */
function usersOf(classes: ReadonlySet<AddressClass>, links: Links): ReadonlySet<Link> {
  const devices = new Set<string>();
  for (const each of classes) {
    for (const user of each.tokens.flatMap(({ term }) => [...term.users])) {
      user.touch(each);
      devices.add(user.device);
    }
  }
  return new Set([...devices].flatMap((device) => links.get(device) ?? []));
}

const gateOf = ({ device, endpoint, sides, isOpen }: Link): Gate | null =>
  isOpen()
    ? {
        device,
        addresses: endpoint.addresses,
        ingress: sides.ingress.rules(),
        egress: sides.egress.rules(),
        node: sides.node.rules(),
      }
    : null;
