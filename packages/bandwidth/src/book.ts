/** The ledger's counters, and the one way to change them: a pod is put on a node, or taken off it. */
import type { NodeFacts, PlacedPod, PodFacts } from "./model.ts";
import { count, emptyTally, networkChanges, type Sum, type Tally } from "./tally.ts";

/** A node's counters; `facts` is null while only pods have named the node. */
export type Line = {
  readonly name: string;
  /** Lines in the order in which they were opened. */
  readonly rank: number;
  facts: NodeFacts | null;
  readonly local: Sum;
  readonly network: Sum;
  readonly pods: Map<string, PlacedPod>;
};

/** A pod as its object says, and where a reservation has put it until the object says so too. */
export type Entry = { readonly pod: PodFacts | null; readonly claim: PlacedPod | null };

/** All counters. */
export type Book = {
  /** Of the line that was opened last. */
  lastRank: number;
  readonly lines: Map<string, Line>;
  readonly tallies: Map<string, Tally>;
  readonly entries: Map<string, Entry>;
};

/** Empty counters. */
export const openBook = (): Book => ({
  lastRank: 0,
  lines: new Map(),
  tallies: new Map(),
  entries: new Map(),
});

/** What counts of an entry: the pod where it is bound, else where it is reserved, unless it has ended; null for nothing. */
export function placedOf({ pod, claim }: Entry): PlacedPod | null {
  if (pod === null) return claim;
  if (pod.isTerminal) return null;
  const node = pod.node ?? claim?.node ?? null;
  return node === null ? null : { ...pod, node };
}

/** The counters of a node, made when it has none. */
export function lineOf(book: Book, node: string): Line {
  const known = book.lines.get(node);
  if (known !== undefined) return known;
  book.lastRank += 1;
  const line = openLine(node, book.lastRank);
  book.lines.set(node, line);
  return line;
}

/** Counters at zero. */
export const openLine = (name: string, rank: number): Line => ({
  name,
  rank,
  facts: null,
  local: { ulMbps: 0, dlMbps: 0 },
  network: { ulMbps: 0, dlMbps: 0 },
  pods: new Map(),
});

/** Forgets a node's counters when nothing is left that needs them. */
export function closeLine(book: Book, node: string): void {
  const line = book.lines.get(node);
  if (line?.facts === null && line.pods.size === 0) book.lines.delete(node);
}

/** Puts a pod on its node (1) or takes it off (-1); answers with the nodes whose counters changed. */
export function post(book: Book, pod: PlacedPod, sign: 1 | -1): readonly string[] {
  const tally = book.tallies.get(pod.group.uid) ?? emptyTally();
  const changes = networkChanges(tally, pod, sign);
  for (const { node, ulMbps, dlMbps } of changes) {
    const { network } = lineOf(book, node);
    network.ulMbps += ulMbps;
    network.dlMbps += dlMbps;
  }
  count(tally, pod, sign);
  if (tally.count === 0) book.tallies.delete(pod.group.uid);
  else book.tallies.set(pod.group.uid, tally);
  const line = lineOf(book, pod.node);
  line.local.ulMbps += sign * pod.rates.ulMbps;
  line.local.dlMbps += sign * pod.rates.dlMbps;
  if (sign === 1) line.pods.set(pod.uid, pod);
  else line.pods.delete(pod.uid);
  closeLine(book, pod.node);
  return changes.map(({ node }) => node);
}

/** Runs `ask` as if the pods named were on no node, then puts them back. */
export function without<T>(book: Book, uids: readonly string[], ask: () => T): T {
  const placed = [...new Set(uids)].flatMap((uid) => {
    const entry = book.entries.get(uid);
    const pod = entry === undefined ? null : placedOf(entry);
    return pod === null ? [] : [pod];
  });
  for (const pod of placed) post(book, pod, -1);
  try {
    return ask();
  } finally {
    for (const pod of placed) post(book, pod, 1);
  }
}
