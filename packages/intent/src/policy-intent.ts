/**
 * What policies mean for one node (networking.k8s.io/v1, policy.networking.k8s.io; decision 16): which gates its pods' links have, and
 * of which class peers are. It is told objects and interfaces one by one and works out what a change touches, no more.
 */
import type { Family } from "@seam/base";
import type {
  Direction,
  Gate,
  GateChange,
  PeerClass,
  PolicyChange,
  PolicyState,
} from "@seam/state";

import type { CalicoKind } from "./calico-kinds.ts";
import { readCalicoTier, readNetworkSet } from "./calico-objects.ts";
import { type CalicoReading, readCalicoPolicy } from "./calico-reading.ts";
import { readClusterPolicy } from "./cluster-policy-reading.ts";
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
  readonly setEndpoint: (device: string, endpoint: PolicyEndpoint | null) => void;
  /** What changed since this was last asked; null when nothing did. */
  readonly takeChange: () => PolicyChange | null;
  /** All of it, as of the last time that changes were taken; it lives on, and is not to be kept. */
  readonly state: () => PolicyState;
  /** Policies that are about the pod of a link, such as lab-a/db or ClusterNetworkPolicy/apart; null when none is, or the link has no gate. */
  readonly policiesOf: (device: string, direction: Direction) => readonly string[] | null;
  /** Those of them that have a rule about peers of the class. */
  readonly policiesFor: (
    device: string,
    direction: Direction,
    peers: PeerClass,
  ) => readonly string[];
};

/** Nothing is known. */
export function createPolicyIntent(): PolicyIntent {
  const peers = createPeers();
  const policies = createPolicyTable();
  const links = createLinks(peers);
  const tables: Tables = { peers, policies, links };
  const set = (key: string, reading: PolicyReading | null): readonly string[] =>
    setPolicy(tables, key, reading);
  return {
    setPolicy: (key, object) =>
      set(key, object === null ? null : readNetworkPolicy(key.split("/")[0] ?? "", object)),
    setClusterPolicy: (name, object) =>
      set(`ClusterNetworkPolicy/${name}`, object === null ? null : readClusterPolicy(object)),
    setNamespace: (name, labels) => {
      peers.setNamespace(name, labels);
      if (policies.asksNamespaces())
        links.touch(({ pod }) => pod !== null && peers.pod(pod.key)?.namespace === name);
    },
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
    setPod: (key, pod) => {
      const before = peers.pod(key);
      peers.setPod(key, pod);
      if (peers.pod(key) !== before) links.touch((endpoint) => endpoint.pod?.key === key);
    },
    setEndpoint: links.set,
    takeChange: () => takeChange(tables),
    state: () => ({
      gates: new Map(
        links.all().flatMap((link) => {
          const gate = gateOf(link);
          return gate === null ? [] : [[link.device, gate] as const];
        }),
      ),
      addresses: peers.addresses(),
      blocks: peers.blocks(),
      hosts: new Map(),
    }),
    policiesFor: (device, direction, of) =>
      links.get(device)?.sides[direction].policiesFor(of) ?? [],
    policiesOf: (device, direction) => links.get(device)?.sides[direction].policies() ?? null,
  };
}

function setPolicy(
  { peers, policies, links }: Tables,
  key: string,
  reading: PolicyReading | CalicoReading | null,
): readonly string[] {
  const after = reading === null ? null : reading.policy;
  const concerned = [policies.set(key, after), after];
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
  if (kind === "NetworkSet" || kind === "GlobalNetworkSet") {
    const reading = object === null ? null : readNetworkSet(namespace, object);
    return setNetworkSet(tables, `${kind}/${key}`, reading);
  }
  const reading = object === null ? null : readCalicoPolicy(namespace, object);
  return setPolicy(tables, `calico/${kind}/${key}`, reading);
}

function setTier({ policies, links }: Tables, name: string, object: unknown): readonly string[] {
  const reading = object === null ? null : readCalicoTier(name, object);
  policies.setTier(name, reading === null ? null : reading.tier);
  links.touch(() => true);
  return reading === null ? [] : reading.faults;
}

function setNetworkSet(
  { peers, policies, links }: Tables,
  key: string,
  reading: ReturnType<typeof readNetworkSet> | null,
): readonly string[] {
  peers.setNetworkSet(key, reading === null ? null : reading.set);
  if (policies.asksOwn()) links.touch(() => true);
  return reading === null ? [] : reading.faults;
}

const isAbout = ({ subject }: Policy, pod: PolicyPod, { around }: Peers): boolean =>
  !pod.hostNetwork && selects(subject, pod, around);

type Tables = { readonly peers: Peers; readonly policies: PolicyTable; readonly links: Links };

function takeChange({ peers, policies, links }: Tables): PolicyChange | null {
  const due = new Set(links.takeTouched());
  for (const link of due) govern(link, peers, policies);
  const { addresses, blocks, classes } = peers.settle();
  for (const link of usersOf(classes, links)) due.add(link);
  const gates = new Map<string, GateChange>(links.takeClosed());
  for (const link of due) {
    const earlier = gates.get(link.device) ?? null;
    const change = link.takeChange(earlier, hasGate(link, peers));
    if (change === null) gates.delete(link.device);
    else gates.set(link.device, change);
  }
  return gates.size + addresses.size === 0 && blocks === null
    ? null
    : { gates, addresses, blocks, hosts: new Map() };
}

/** A link's pod, if its object is of the one that the runtime named. */
function podOf({ endpoint }: Link, peers: Peers): PolicyPod | null {
  if (endpoint.pod === null) return null;
  const { key, uid } = endpoint.pod;
  const pod = peers.pod(key);
  return pod !== null && (uid === "" || uid === pod.uid) ? pod : null;
}

const hasGate = (link: Link, peers: Peers): boolean =>
  link.endpoint.pod === null || podOf(link, peers) !== null;

/** Finds the policies of both directions of a link. */
function govern(link: Link, peers: Peers, policies: PolicyTable): void {
  const pod = podOf(link, peers);
  const selecting =
    pod === null
      ? []
      : policies.of(pod.namespace).filter(({ policy }) => isAbout(policy, pod, peers));
  const own = {
    ports: pod?.ports ?? [],
    isMet: (condition: Condition, family: Family): boolean =>
      pod !== null &&
      peers.isMet(condition, {
        pod,
        addresses: link.endpoint.addresses.filter((each) => each.family === family),
      }),
  };
  for (const direction of ["ingress", "egress"] as const)
    link.sides[direction].govern(selecting, own);
}

/** Links with rules about any of the classes, whose sides are told. */
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
      }
    : null;
