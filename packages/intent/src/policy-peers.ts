/** Which class each address of the cluster is of, kept as pods, namespaces and terms come and go. */
import { FAMILIES } from "@seam/base";
import type { Block, PeerClass } from "@seam/state";

import { segmentsOf } from "./policy-blocks.ts";
import type { PolicyPod } from "./policy-pod.ts";
import { addressesIn, createKnownPods, type KnownPods, podsMeantBy } from "./policy-pods.ts";
import type { NamedPort, Peer } from "./policy-reading.ts";
import type { Labels } from "./policy-selector.ts";
import { createTermTable, type TermTable } from "./policy-term-table.ts";
import {
  type AddressClass,
  type Classes,
  createClasses,
  type KnownPod,
  meansPod,
  type Term,
  tokensOf,
} from "./policy-terms.ts";

/** The class of an address before and after. */
type Moved = { readonly before: PeerClass | null; readonly after: PeerClass | null };

/** What changed since the peers were settled last. */
type Settled = {
  readonly addresses: ReadonlyMap<string, Moved>;
  /** Null: as before. */
  readonly blocks: readonly Block[] | null;
  /** Classes that came or went; those that went have no use left. */
  readonly classes: ReadonlySet<AddressClass>;
};

/** The peers of one node's rules. */
export type Peers = {
  readonly setPod: (key: string, pod: PolicyPod | null) => void;
  readonly pod: (key: string) => PolicyPod | null;
  readonly setNamespace: (name: string, labels: Labels | null) => void;
  /** The term, used once more. */
  readonly acquire: (peer: Peer | null, named: NamedPort | null) => Term;
  readonly release: (term: Term) => void;
  /** Works out what is due. */
  readonly settle: () => Settled;
  readonly addresses: () => ReadonlyMap<string, PeerClass>;
  readonly blocks: () => readonly Block[];
};

/** No peers. */
export function createPeers(): Peers {
  const known = createKnownPods();
  const terms = createTermTable();
  const classes = createClasses();
  let blocks: readonly ClassedBlock[] = [];
  const join = (pod: KnownPod, among: Iterable<Term>): void => {
    const labels = known.namespaces.get(pod.pod.namespace) ?? null;
    for (const term of among) setMeant(known, { pod, term }, meansPod(term, pod, labels));
  };
  const touch = (term: Term): void => known.touch(addressesIn(known, term.peer));
  return {
    setPod: (key, pod) => {
      const changed = known.set(key, pod);
      if (changed !== null) join(changed, terms.forPod(changed.pod.namespace));
    },
    pod: (key) => known.pods.get(key)?.pod ?? null,
    setNamespace: (name, labels) => {
      known.setNamespace(name, labels);
      for (const pod of known.of(name)) join(pod, terms.wide);
    },
    acquire: (peer, named) => {
      const { term, isNew } = terms.acquire(peer, named);
      if (!isNew) return term;
      touch(term);
      for (const pod of podsMeantBy(known, peer)) join(pod, [term]);
      return term;
    },
    release: (term) => {
      if (!terms.release(term)) return;
      touch(term);
      for (const pod of podsMeantBy(known, term.peer)) setMeant(known, { pod, term }, false);
    },
    settle: () => {
      const before = blocks;
      const isDue = terms.takeBlocksChanged();
      if (isDue) blocks = blocksOf(terms, classes);
      const addresses = settleAddresses({ known, terms, classes });
      if (isDue) for (const each of before) classes.release(each.class);
      return {
        addresses,
        blocks: isDue ? blocks.map(({ block }) => block) : null,
        classes: classes.takeChanged(),
      };
    },
    addresses: () => classedAddresses(known),
    blocks: () => blocks.map(({ block }) => block),
  };
}

const classedAddresses = ({ addresses }: KnownPods): ReadonlyMap<string, PeerClass> =>
  new Map(
    [...addresses].flatMap(([text, { class: of }]) =>
      of === null ? [] : [[text, of.number] as const],
    ),
  );

type Meant = { readonly pod: KnownPod; readonly term: Term };

function setMeant(known: KnownPods, { pod, term }: Meant, isMeant: boolean): void {
  if (pod.terms.includes(term) === isMeant) return;
  pod.terms = isMeant ? [...pod.terms, term] : pod.terms.filter((each) => each !== term);
  known.touch(pod.addresses);
}

type Tables = {
  readonly known: KnownPods;
  readonly terms: TermTable;
  readonly classes: Classes;
};

/** New classes are acquired before old ones are released: one that stays in use keeps its number. */
function settleAddresses({ known, terms, classes }: Tables): ReadonlyMap<string, Moved> {
  const moved = new Map<string, Moved>();
  const released: (AddressClass | null)[] = [];
  for (const text of known.takeTouched()) {
    const entry = known.addresses.get(text);
    if (entry === undefined) continue;
    const owner = entry.owners.at(-1);
    const before = entry.class;
    if (owner === undefined) {
      known.addresses.delete(text);
      entry.class = null;
    } else {
      const tokens = tokensOf(entry.address, owner, terms.blocks);
      entry.class = classes.acquire(entry.address.family, tokens);
    }
    released.push(before);
    const [from, to] = [before?.number ?? null, entry.class?.number ?? null];
    if (from !== to) moved.set(text, { before: from, after: to });
  }
  for (const each of released) classes.release(each);
  return moved;
}

type ClassedBlock = { readonly block: Block; readonly class: AddressClass };

/** The blocks that terms mean, each using its class. Where no pod is, a port's name stands for nothing. */
const blocksOf = (terms: TermTable, classes: Classes): readonly ClassedBlock[] =>
  FAMILIES.flatMap((family) =>
    segmentsOf(family, terms.blocks).flatMap(({ first, last, terms: meaning }) => {
      const tokens = meaning
        .filter(({ named }) => named === null)
        .map((term) => ({ term, port: null }));
      const found = classes.acquire(family, tokens);
      return found === null ? [] : [{ block: { first, last, peers: found.number }, class: found }];
    }),
  );
