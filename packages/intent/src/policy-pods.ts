/** The cluster's pods, by name, namespace and address. */
import { type Address, type Cidr, formatAddress } from "@seam/base";

import type { PolicyPod } from "./policy-pod.ts";
import type { Peer, Surroundings } from "./policy-model.ts";
import { isSelected, type Labels } from "./policy-selector.ts";
import {
  type AddressClass,
  isAboutNetworks,
  isIn,
  type KnownPod,
  type Term,
} from "./policy-terms.ts";

/** An address that pods have. */
type KnownAddress = {
  readonly address: Address;
  /** Of several, which only a moment between two pods can have, the last counts. */
  owners: readonly KnownPod[];
  class: AddressClass | null;
};

/** What is known of pods. */
export type KnownPods = {
  readonly pods: ReadonlyMap<string, KnownPod>;
  readonly namespaces: ReadonlyMap<string, Labels>;
  readonly addresses: Map<string, KnownAddress>;
  /** How addresses of pods begin that are or were known (see `headOf`). */
  readonly heads: ReadonlySet<string>;
  /** The pod as it is now known; null when it is gone, or as before. */
  readonly set: (key: string, pod: PolicyPod | null) => KnownPod | null;
  readonly setNamespace: (name: string, labels: Labels | null) => void;
  readonly setAccount: (key: string, labels: Labels | null) => void;
  readonly around: Surroundings;
  readonly of: (namespace: string) => Iterable<KnownPod>;
  /** Classes of these addresses are to be worked out again. */
  readonly touch: (addresses: Iterable<string>) => void;
  readonly takeTouched: () => ReadonlySet<string>;
};

type Tables = {
  readonly pods: Map<string, KnownPod>;
  readonly near: Map<string, Set<KnownPod>>;
  readonly namespaces: Map<string, Labels>;
  readonly addresses: Map<string, KnownAddress>;
  readonly heads: Set<string>;
};

/** No pods. */
export function createKnownPods(): KnownPods {
  const tables = noTables();
  const { pods, near, namespaces, addresses, heads } = tables;
  const accounts = new Map<string, Labels>();
  let touched = new Set<string>();
  const touch = (texts: Iterable<string>): void => {
    for (const text of texts) touched.add(text);
  };
  return {
    pods,
    namespaces,
    addresses,
    heads,
    set: (key, pod) => {
      const before = pods.get(key);
      if (before !== undefined && pod !== null && isAlike(before.pod, pod)) return null;
      if (before !== undefined) {
        forget(tables, key, before);
        touch(before.addresses);
      }
      if (pod === null) return null;
      const known = learn(tables, key, pod);
      touch(known.addresses);
      return known;
    },
    setNamespace: (name, labels) => {
      if (labels === null) namespaces.delete(name);
      else namespaces.set(name, labels);
    },
    setAccount: (key, labels) => {
      if (labels === null) accounts.delete(key);
      else accounts.set(key, labels);
    },
    around: {
      namespace: (name) => namespaces.get(name) ?? null,
      account: (key) => accounts.get(key) ?? null,
    },
    of: (namespace) => near.get(namespace) ?? [],
    touch,
    takeTouched: () => {
      const taken = touched;
      touched = new Set();
      return taken;
    },
  };
}

const noTables = (): Tables => ({
  pods: new Map(),
  near: new Map(),
  namespaces: new Map(),
  addresses: new Map(),
  heads: new Set(),
});

function forget({ pods, near, addresses }: Tables, key: string, known: KnownPod): void {
  pods.delete(key);
  const { namespace } = known.pod;
  near.get(namespace)?.delete(known);
  if (near.get(namespace)?.size === 0) near.delete(namespace);
  for (const text of known.addresses) {
    const found = addresses.get(text);
    if (found !== undefined) found.owners = found.owners.filter((each) => each !== known);
  }
}

const NO_TERMS: readonly Term[] = [];

function learn({ pods, near, addresses, heads }: Tables, key: string, pod: PolicyPod): KnownPod {
  const own = new Map(
    pod.hostNetwork ? [] : pod.addresses.map((each) => [formatAddress(each), each] as const),
  );
  const known: KnownPod = { key, pod, addresses: [...own.keys()], terms: NO_TERMS };
  pods.set(key, known);
  near.set(pod.namespace, (near.get(pod.namespace) ?? new Set()).add(known));
  // One list for all of its addresses: there are ten thousand pods.
  const alone = [known];
  for (const [text, address] of own) {
    heads.add(headOf(address));
    const found = addresses.get(text);
    if (found === undefined) addresses.set(text, { address, owners: alone, class: null });
    else found.owners = [...found.owners, known];
  }
  return known;
}

/** Whether policies see no difference; most updates of a pod are of its status. */
function isAlike(one: PolicyPod, other: PolicyPod): boolean {
  return (
    one.uid === other.uid &&
    one.hostNetwork === other.hostNetwork &&
    one.serviceAccount === other.serviceAccount &&
    JSON.stringify([one.labels, one.addresses, one.ports]) ===
      JSON.stringify([other.labels, other.addresses, other.ports])
  );
}

/** All pods that a peer could mean; null: every pod. */
export function podsMeantBy(known: KnownPods, peer: Peer | null): Iterable<KnownPod> {
  if (peer === null) return known.pods.values();
  if (peer.kind !== "pods") return [];
  const { namespaces } = peer;
  if (typeof namespaces === "string") return known.of(namespaces);
  return [...known.namespaces].flatMap(([name, labels]) =>
    isSelected(namespaces, labels) ? [...known.of(name)] : [],
  );
}

/** A family and the first 16 bits of an address: pods have few of them, and most blocks in rules are of others. */
const headOf = ({ family, bytes: [first, second] }: Address): string =>
  `${family} ${first} ${second}`;
const HEAD_BITS = 16;

/** Addresses of pods that a term means by where they lie. */
export function addressesIn({ addresses, heads }: KnownPods, term: Term): readonly string[] {
  if (!isAboutNetworks(term)) return [];
  const { peer } = term;
  if (peer?.kind === "block" && isElsewhere(peer.cidr, heads)) return [];
  return [...addresses].flatMap(([text, { address }]) => (isIn(term, address) ? [text] : []));
}

const isElsewhere = ({ address, length }: Cidr, heads: ReadonlySet<string>): boolean =>
  length >= HEAD_BITS && !heads.has(headOf(address));
