/** Sets of networks, which Calico's selectors select by their labels as they do pods. */
import { type Address, cidrContains } from "@seam/base";

import type { NetworkSet } from "./calico-objects.ts";
import { type Networks, rangesOf } from "./policy-blocks.ts";
import { type Condition, type Peer, selects, type Surroundings } from "./policy-model.ts";
import type { PolicyPod } from "./policy-pod.ts";
import type { KnownPods } from "./policy-pods.ts";
import type { TermTable } from "./policy-term-table.ts";
import { isAboutNetworks, portsNamed, type Term } from "./policy-terms.ts";

/** A pod, or null for the node itself, by some of its addresses. */
export type OwnEnd = { readonly pod: PolicyPod | null; readonly addresses: readonly Address[] };

/** The sets that are known. */
export type NetworkSets = {
  readonly set: (key: string, set: NetworkSet | null) => void;
  /** A term is new. */
  readonly join: (term: Term) => void;
  /** Labels of a namespace are other ones. */
  readonly follow: (namespace: string) => void;
  /** Whether a condition is true of it, by what it is or by where it lies. */
  readonly isMet: (condition: Condition, own: OwnEnd) => boolean;
};

type Tables = {
  readonly known: KnownPods;
  readonly terms: TermTable;
  /** Addresses that the term means by its networks are to be worked out again. */
  readonly touch: (term: Term) => void;
  /** So are rules about who it means: whether they need any depends on whether it means networks. */
  readonly touchRules: (term: Term) => void;
};

/** No sets. */
export function createNetworkSets(tables: Tables): NetworkSets {
  const sets = new Map<string, NetworkSet>();
  const members = createMembers(sets, tables);
  return {
    set: (key, set) => {
      if (set === null) sets.delete(key);
      else sets.set(key, set);
      members.refreshAll([key]);
    },
    join: (term) => members.refresh(term, [...sets.keys()]),
    follow: (namespace) => {
      const own = [...sets].filter(([, set]) => set.namespace === namespace);
      if (own.length > 0) members.refreshAll(own.map(([key]) => key));
    },
    isMet: ({ all, none }, own) => {
      const context = { sets, around: tables.known.around };
      const means = (peer: Peer): boolean => meansOwn(peer, own, context);
      return all.every(means) && !none.some(means);
    },
  };
}

type Context = { readonly sets: ReadonlyMap<string, NetworkSet>; readonly around: Surroundings };

function meansOwn(peer: Peer, { pod, addresses }: OwnEnd, { sets, around }: Context): boolean {
  const isIn = (cidrs: NetworkSet["cidrs"]): boolean =>
    cidrs.some((cidr) => addresses.some((address) => cidrContains(cidr, address)));
  if (peer.kind === "networks") return isIn(peer.cidrs);
  if (peer.kind === "block") return isIn([peer.cidr]) && !isIn(peer.except);
  if (pod !== null && selects(peer, pod, around)) return true;
  return [...sets.values()].some((set) => isSelected(peer, set, around) && isIn(set.cidrs));
}

const isSelected = (peer: Peer, set: NetworkSet, around: Surroundings): boolean =>
  peer.kind === "pods" &&
  (peer.endpoints ?? null) !== null &&
  selects(peer, { ...set, serviceAccount: null }, around);

/** Whether a term means what has an address of the set. By the name of a port it means endpoints that have one. */
const isMember = (
  { peer, named }: Pick<Term, "peer" | "named">,
  set: NetworkSet,
  around: Surroundings,
): boolean => {
  if (named !== null && portsNamed(set.ports, named).length === 0) return false;
  return peer === null ? named?.isOfHosts === true : isSelected(peer, set, around);
};

/** What sets have together, for each number that a term's port has there. */
const networksOf = ({ named }: Term, sets: readonly NetworkSet[]): readonly Networks[] => {
  const places = sets.flatMap(({ cidrs, ports }) =>
    (named === null ? [null] : portsNamed(ports, named)).map((port) => ({ port, cidrs })),
  );
  return [...Map.groupBy(places, ({ port }) => port)].map(([port, of]) => ({
    port,
    ranges: rangesOf(of.flatMap(({ cidrs }) => cidrs)),
  }));
};

type Members = {
  /** Which of these sets a term selects may be different. */
  readonly refresh: (term: Term, changed: readonly string[]) => void;
  readonly refreshAll: (changed: readonly string[]) => void;
};

/** Which sets each term selects; its networks are all of theirs. */
function createMembers(
  sets: ReadonlyMap<string, NetworkSet>,
  { known, terms, touch, touchRules }: Tables,
): Members {
  const members = new Map<Term, ReadonlySet<string>>();
  const give = (term: Term, keys: ReadonlySet<string>): void => {
    if (keys.size === 0 && term.networks.length === 0) return;
    touch(term);
    const before = isAboutNetworks(term);
    terms.setNetworks(
      term,
      networksOf(
        term,
        [...keys].flatMap((key) => sets.get(key) ?? []),
      ),
    );
    if (isAboutNetworks(term) !== before) touchRules(term);
    touch(term);
  };
  const refresh: Members["refresh"] = (term, changed) => {
    const before = members.get(term) ?? new Set();
    const after = new Set(before);
    for (const key of changed) {
      const set = sets.get(key);
      if (set !== undefined && isMember(term, set, known.around)) after.add(key);
      else after.delete(key);
    }
    if (after.size === 0) members.delete(term);
    else members.set(term, after);
    if (changed.some((key) => before.has(key) || after.has(key))) give(term, after);
  };
  return {
    refresh,
    refreshAll: (changed) => {
      const selecting = new Set(terms.selecting());
      for (const term of members.keys()) if (!selecting.has(term)) members.delete(term);
      for (const term of selecting) refresh(term, changed);
    },
  };
}
