/** The terms that rules of this node use, found by what they could mean. */
import { type Networks, rangesOf } from "./policy-blocks.ts";
import type { NamedPort, Peer } from "./policy-model.ts";
import type { Term } from "./policy-terms.ts";

/** Terms in use. */
export type TermTable = {
  readonly blocks: ReadonlySet<Term>;
  /** About pods of more than one namespace. */
  readonly wide: ReadonlySet<Term>;
  /** Those that could mean a pod of the namespace. */
  readonly forPod: (namespace: string) => Iterable<Term>;
  /** The term, used once more. */
  readonly acquire: (
    peer: Peer | null,
    named: NamedPort | null,
  ) => { readonly term: Term; readonly isNew: boolean };
  /** Whether that was the last use. */
  readonly release: (term: Term) => boolean;
  /** Of Calico's selectors and names of ports, which sets of networks and host endpoints may meet. */
  readonly selecting: () => readonly Term[];
  /** The networks that a term means, other ones than before. */
  readonly setNetworks: (term: Term, networks: readonly Networks[]) => void;
  /** Whether blocks came or went since this was last asked. */
  readonly takeBlocksChanged: () => boolean;
};

/** Where terms are looked for. */
type Places = {
  readonly blocks: Set<Term>;
  readonly wide: Set<Term>;
  readonly near: Map<string, Set<Term>>;
  readonly selecting: Set<Term>;
};

const noPlaces = (): Places => ({
  blocks: new Set(),
  wide: new Set(),
  near: new Map(),
  selecting: new Set(),
});

/** No terms. */
export function createTermTable(): TermTable {
  const byText = new Map<string, Term>();
  const places = noPlaces();
  const { blocks, wide, near, selecting } = places;
  let blocksChanged = false;
  let last = 0;
  return {
    blocks,
    wide,
    forPod: (namespace) => [...(near.get(namespace) ?? []), ...wide],
    acquire: (peer, named) => {
      const text = JSON.stringify([peer?.kind ?? null, peer?.text ?? null, named]);
      const found = byText.get(text);
      if (found !== undefined) {
        found.refs += 1;
        return { term: found, isNew: false };
      }
      last += 1;
      const term = newTerm({ id: last, text, peer, named });
      byText.set(text, term);
      enter(places, term);
      blocksChanged ||= blocks.has(term);
      return { term, isNew: true };
    },
    release: (term) => {
      term.refs -= 1;
      if (term.refs > 0) return false;
      byText.delete(term.text);
      blocksChanged ||= blocks.has(term);
      leave(places, term);
      return true;
    },
    selecting: () => [...selecting],
    setNetworks: (term, networks) => {
      term.networks = networks;
      if (networks.length === 0) blocks.delete(term);
      else blocks.add(term);
      blocksChanged = true;
    },
    takeBlocksChanged: () => {
      const taken = blocksChanged;
      blocksChanged = false;
      return taken;
    },
  };
}

function enter({ blocks, wide, near, selecting }: Places, term: Term): void {
  const { peer, named } = term;
  if (peer === null) {
    wide.add(term);
    if (named?.isOfHosts === true) selecting.add(term);
  } else if (peer.kind !== "pods") blocks.add(term);
  else {
    const { namespaces, endpoints = null } = peer;
    if (endpoints !== null) selecting.add(term);
    if (typeof namespaces === "string")
      near.set(namespaces, (near.get(namespaces) ?? new Set()).add(term));
    else wide.add(term);
  }
}

function leave({ blocks, wide, near, selecting }: Places, term: Term): void {
  for (const place of [blocks, wide, selecting]) place.delete(term);
  if (term.peer?.kind !== "pods" || typeof term.peer.namespaces !== "string") return;
  const { namespaces } = term.peer;
  near.get(namespaces)?.delete(term);
  if (near.get(namespaces)?.size === 0) near.delete(namespaces);
}

const newTerm = (of: Pick<Term, "id" | "text" | "peer" | "named">): Term => ({
  ...of,
  refs: 1,
  classes: new Set(),
  users: new Set(),
  networks: of.peer?.kind === "networks" ? [{ ranges: rangesOf(of.peer.cidrs), port: null }] : [],
});
