/**
 * Terms, tokens and classes: how addresses become alike (decision 16). A term is a peer as some rule has it, with the name of a
 * port where the rule has that. An address has a token of each term that means it, with the port that the name stands for there;
 * addresses of one family with the same tokens are one class.
 */
import { type Address, cidrContains, type Family } from "@seam/base";
import type { PeerClass } from "@seam/state";

import { isInRanges, type Networks } from "./policy-blocks.ts";
import { type NamedPort, type Peer, selects, type Surroundings } from "./policy-model.ts";
import type { PolicyPod } from "./policy-pod.ts";

/** A peer that rules of this node name; null: every pod. */
export type Term = {
  readonly id: number;
  readonly text: string;
  readonly peer: Peer | null;
  readonly named: NamedPort | null;
  /** How many users it has, and who is about to be one. */
  refs: number;
  /** Classes with a token of it. */
  readonly classes: Set<AddressClass>;
  readonly users: Set<TermUser>;
  /** Networks that it means: of a peer, or of all sets that it selects. */
  networks: readonly Networks[];
};

/** Who has rules about a term: one direction of a link; told of classes of the term that came or went. */
export type TermUser = {
  readonly device: string;
  readonly touch: (changed: AddressClass) => void;
};

/** That a term means an address; with the number that its named port stands for. */
export type Token = { readonly term: Term; readonly port: number | null };

/** Addresses that are alike. */
export type AddressClass = {
  number: PeerClass;
  readonly family: Family;
  readonly key: string;
  readonly tokens: readonly Token[];
  /** How many addresses and blocks are of it. */
  refs: number;
};

/** A pod that policies may mean. */
export type KnownPod = {
  /** namespace/name. */
  readonly key: string;
  readonly pod: PolicyPod;
  readonly addresses: readonly string[];
  /** Terms of pods that mean it: a list, because there is one for each of ten thousand pods. */
  terms: readonly Term[];
};

/** Whether a term of pods means the pod. */
export function meansPod({ peer, named }: Term, { pod }: KnownPod, around: Surroundings): boolean {
  if (pod.hostNetwork || (peer !== null && peer.kind !== "pods")) return false;
  if (named !== null && portsNamed(pod.ports, named).length === 0) return false;
  return peer === null || selects(peer, pod, around);
}

/** Whether it means addresses by where they lie. */
export const isAboutNetworks = ({ peer, networks }: Term): boolean =>
  peer?.kind === "block" || networks.length > 0;

/** Numbers of the ports that a pod calls so. */
export const portsNamed = (
  ports: PolicyPod["ports"],
  { name, protocol }: NamedPort,
): readonly number[] =>
  ports
    .filter((each) => each.name === name && each.protocol.toLowerCase() === protocol)
    .map(({ port }) => port);

/** Tokens of a pod's address. */
export function tokensOf(
  address: Address,
  known: KnownPod,
  blockTerms: Iterable<Term>,
): readonly Token[] {
  const { terms, pod } = known;
  const ofPod = (term: Term): readonly Token[] =>
    (term.named === null ? [null] : portsNamed(pod.ports, term.named)).map((port) => ({
      term,
      port,
    }));
  const tokens = [
    ...terms.flatMap(ofPod),
    ...[...blockTerms]
      .filter((term) => isIn(term, address))
      .flatMap((term) =>
        term.peer?.kind === "block" ? ofPod(term) : tokensByPlace(term, address),
      ),
  ];
  return [...new Map(tokens.map((token) => [keyOf(token), token])).values()];
}

/** Tokens of whatever has an address, by where it lies. Where no pod is, the name of a port stands for nothing in a block. */
export const tokensByPlace = (term: Term, address: Address): readonly Token[] =>
  term.peer?.kind === "block"
    ? term.named === null
      ? [{ term, port: null }]
      : []
    : term.networks
        .filter(({ ranges }) => isInRanges(ranges, address))
        .map(({ port }) => ({ term, port }));

/** Whether a term means an address by where it lies. */
export const isIn = (
  { peer, networks }: Pick<Term, "peer" | "networks">,
  address: Address,
): boolean =>
  peer?.kind === "block"
    ? cidrContains(peer.cidr, address) && !peer.except.some((each) => cidrContains(each, address))
    : networks.some(({ ranges }) => isInRanges(ranges, address));

const keyOf = ({ term, port }: Token): string =>
  port === null ? `${term.id}` : `${term.id}:${port}`;

/** Classes, counted by their use. */
export type Classes = {
  /** The class of these tokens, used once more by what was of another class; null without tokens. */
  readonly acquire: (
    family: Family,
    tokens: readonly Token[],
    before: AddressClass | null,
  ) => AddressClass | null;
  readonly release: (used: AddressClass | null) => void;
  /** Rules about all classes of a term are to be worked out again. */
  readonly touch: (term: Term) => void;
  /** Classes that came and went since the last call; those that went have no use left. Numbers are final from here on. */
  readonly settle: () => ReadonlySet<AddressClass>;
};

/** Below are `ANY` of either family. */
const FIRST_CLASS = 3;

/** No classes yet. */
export function createClasses(): Classes {
  const byKey = new Map<string, AddressClass>();
  let changed = new Set<AddressClass>();
  let origins = new Map<AddressClass, Set<AddressClass | null>>();
  let last = FIRST_CLASS - 1;
  return {
    acquire: (family, tokens, before) => {
      if (tokens.length === 0) return null;
      const key = `${family} ${tokens.map(keyOf).toSorted().join(" ")}`;
      let found = byKey.get(key);
      if (found === undefined) {
        found = { number: (last += 1), family, key, tokens, refs: 0 };
        byKey.set(key, found);
        for (const { term } of tokens) term.classes.add(found);
        changed.add(found);
        origins.set(found, new Set());
      }
      origins.get(found)?.add(before);
      found.refs += 1;
      return found;
    },
    release: (used) => {
      if (used === null) return;
      used.refs -= 1;
      if (used.refs > 0) return;
      byKey.delete(used.key);
      for (const { term } of used.tokens) term.classes.delete(used);
      changed.add(used);
    },
    touch: (term) => {
      for (const each of term.classes) changed.add(each);
    },
    settle: () => {
      inheritNumbers(origins);
      const taken = changed;
      [changed, origins] = [new Set(), new Map()];
      return taken;
    },
  };
}

/**
 * A class that took in all of another, as when one more rule means its addresses, has the number of that: so its addresses
 * and the rules about it stay as they are.
 */
function inheritNumbers(
  origins: ReadonlyMap<AddressClass, ReadonlySet<AddressClass | null>>,
): void {
  const heirs = new Set<AddressClass>();
  for (const [found, from] of origins) {
    const [before = null] = from;
    if (from.size !== 1 || before === null || before.refs > 0 || heirs.has(before)) continue;
    heirs.add(before);
    found.number = before.number;
  }
}
