/** Which class each address of the cluster is of, kept as pods, namespaces and terms come and go. */
import { type Address, FAMILIES, formatAddress } from "@seam/base";
import type { Block, Changed, PeerClass } from "@seam/state";

import { segmentsOf } from "./policy-blocks.ts";
import {
  type Condition,
  type NamedPort,
  NODES,
  type Peer,
  type Surroundings,
} from "./policy-model.ts";
import { createNetworkSets, type OwnEnd } from "./policy-sets.ts";
import type { NetworkSet } from "./calico-objects.ts";
import type { PolicyPod } from "./policy-pod.ts";
import { addressesIn, createKnownPods, type KnownPods, podsMeantBy } from "./policy-pods.ts";
import type { Labels } from "./policy-selector.ts";
import { createTermTable, type TermTable } from "./policy-term-table.ts";
import {
  type AddressClass,
  type Classes,
  createClasses,
  type KnownPod,
  meansPod,
  type Term,
  tokensByPlace,
  tokensOf,
} from "./policy-terms.ts";

/** What changed since the peers were settled last. */
type Settled = {
  readonly addresses: ReadonlyMap<string, Changed<PeerClass | null>>;
  /** Null: as before. */
  readonly blocks: readonly Block[] | null;
  /** Classes that came or went; those that went have no use left. */
  readonly classes: ReadonlySet<AddressClass>;
};

/** A node, whose addresses rules may mean. */
export type PolicyNode = { readonly labels: Labels; readonly addresses: readonly Address[] };

/** The peers of one node's rules. */
export type Peers = {
  readonly setPod: (key: string, pod: PolicyPod | null) => void;
  readonly pod: (key: string) => PolicyPod | null;
  /** Whose an address is, as namespace/name; null for nodes' own, and for what is no pod's. */
  readonly podAt: (address: Address) => string | null;
  readonly setNamespace: (name: string, labels: Labels | null) => void;
  /** Labels of the service account namespace/name. */
  readonly setAccount: (key: string, labels: Labels | null) => void;
  readonly setNetworkSet: (key: string, set: NetworkSet | null) => void;
  readonly around: Surroundings;
  /** Whether the condition is true of a pod, or of the node itself. */
  readonly isMet: (condition: Condition, own: OwnEnd) => boolean;
  readonly setNode: (name: string, node: PolicyNode | null) => void;
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
  const tables: Tables = { known, terms, classes, blocks: [] };
  const join = (pod: KnownPod, among: Iterable<Term>): void => {
    for (const term of among) setMeant(known, { pod, term }, meansPod(term, pod, known.around));
  };
  const touch = (term: Term): void => known.touch(addressesIn(known, term));
  const sets = createNetworkSets({ known, terms, touch, touchRules: classes.touch });
  const setPod: Peers["setPod"] = (key, pod) => {
    const changed = known.set(key, pod);
    if (changed !== null) join(changed, terms.forPod(changed.pod.namespace));
  };
  return {
    setPod,
    ...lookUps(known),
    setNamespace: (name, labels) => {
      known.setNamespace(name, labels);
      for (const pod of known.of(name)) join(pod, terms.forPod(name));
      sets.follow(name);
    },
    setAccount: (key, labels) => {
      known.setAccount(key, labels);
      const [namespace = "", name] = key.split("/");
      for (const pod of known.of(namespace))
        if (pod.pod.serviceAccount === name) join(pod, terms.forPod(namespace));
    },
    setNetworkSet: sets.set,
    isMet: sets.isMet,
    setNode: (name, node) => setPod(`${NODES}/${name}`, node && { ...NO_POD, ...node }),
    acquire: (peer, named) => {
      const { term, isNew } = terms.acquire(peer, named);
      if (!isNew) return term;
      sets.join(term);
      touch(term);
      for (const pod of podsMeantBy(known, peer)) join(pod, [term]);
      return term;
    },
    release: (term) => {
      if (!terms.release(term)) return;
      touch(term);
      for (const pod of podsMeantBy(known, term.peer)) setMeant(known, { pod, term }, false);
    },
    settle: () => settle(tables),
    addresses: () => classedAddresses(known),
    blocks: () => tables.blocks.map(blockOf),
  };
}

const classedAddresses = ({ addresses }: KnownPods): ReadonlyMap<string, PeerClass> =>
  new Map(
    [...addresses].flatMap(([text, { class: of }]) =>
      of === null ? [] : [[text, of.number] as const],
    ),
  );

const lookUps = (known: KnownPods): Pick<Peers, "pod" | "podAt" | "around"> => ({
  pod: (key) => known.pods.get(key)?.pod ?? null,
  podAt: (address) => podAt(known, address),
  around: known.around,
});

function podAt({ addresses }: KnownPods, address: Address): string | null {
  const owner = addresses.get(formatAddress(address))?.owners.at(-1);
  return owner === undefined || owner.pod.namespace === NODES ? null : owner.key;
}

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
  blocks: readonly ClassedBlock[];
};

function settle(tables: Tables): Settled {
  const { terms, classes } = tables;
  const before = tables.blocks;
  const isDue = terms.takeBlocksChanged();
  if (isDue) tables.blocks = blocksOf(terms, classes);
  const moves = moveAddresses(tables);
  if (isDue) for (const each of before) classes.release(each.class);
  const changed = classes.settle();
  return {
    addresses: moved(moves),
    blocks: isDue ? tables.blocks.map(blockOf) : null,
    classes: changed,
  };
}

type Move = {
  readonly text: string;
  readonly before: PeerClass | null;
  readonly after: AddressClass | null;
};

/** New classes are acquired before old ones are released: one that stays in use keeps its number. */
function moveAddresses({ known, terms, classes }: Tables): readonly Move[] {
  const moves: Move[] = [];
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
      entry.class = classes.acquire(entry.address.family, tokens, before);
    }
    released.push(before);
    moves.push({ text, before: before?.number ?? null, after: entry.class });
  }
  for (const each of released) classes.release(each);
  return moves;
}

/** By the numbers that classes have in the end. */
const moved = (moves: readonly Move[]): Settled["addresses"] =>
  new Map(
    moves.flatMap(({ text, before, after }) => {
      const number = after?.number ?? null;
      return before === number ? [] : [[text, { before, after: number }] as const];
    }),
  );

type ClassedBlock = Omit<Block, "peers"> & { readonly class: AddressClass };

const blockOf = ({ first, last, class: of }: ClassedBlock): Block => ({
  first,
  last,
  peers: of.number,
});

/** The blocks that terms mean, each using its class. */
const blocksOf = (terms: TermTable, classes: Classes): readonly ClassedBlock[] =>
  FAMILIES.flatMap((family) =>
    segmentsOf(family, terms.blocks).flatMap(({ first, last, terms: meaning }) => {
      const tokens = meaning.flatMap((term) => tokensByPlace(term, first));
      const found = classes.acquire(family, tokens, null);
      return found === null ? [] : [{ first, last, class: found }];
    }),
  );

/** What a node has of a pod. */
const NO_POD = {
  namespace: NODES,
  uid: "",
  serviceAccount: "",
  hostNetwork: false,
  ports: [],
} as const;
