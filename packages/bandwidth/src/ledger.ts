/**
 * The ledger of bandwidth: who uses how much of which node. It holds levels, not events: what it was told last of each node, pod and
 * reservation, in any order and any number of times, is its whole state. A change costs the same however many pods there are.
 */
import { err, ok, type Result } from "@seam/base";

import { accountOf, type NodeAccount } from "./account.ts";
import {
  type Book,
  closeLine,
  type Entry,
  lineOf,
  openBook,
  openLine,
  placedOf,
  post,
  without,
} from "./book.ts";
import { type Choice, type ChoiceQuestion, choose } from "./choice.ts";
import { type Misfit, misfits } from "./fit.ts";
import type { LedgerRules, NodeFacts, PlacedPod, PodFacts } from "./model.ts";
import { scores } from "./score.ts";

/** A node's answer to a pod; without misfits, the pod fits. */
export type Fit = { readonly node: string; readonly misfits: readonly Misfit[] };

/** The ledger. What changes it answers with the names of the nodes whose accounts may be others now. */
export type Ledger = {
  readonly setNode: (name: string, facts: NodeFacts) => readonly string[];
  /** The node has no capacity any more; its pods still count as siblings until they are gone. */
  readonly removeNode: (name: string) => readonly string[];
  /** The pod is as its object says. */
  readonly setPod: (pod: PodFacts) => readonly string[];
  /** The pod is gone, and a reservation for it. */
  readonly removePod: (uid: string) => readonly string[];
  /** A reservation that somebody else has made: the pod counts there until its object names a node. Takes the place of an earlier one. */
  readonly setClaim: (pod: PlacedPod) => readonly string[];
  /** Takes a reservation back; a pod that is bound stays where it is. */
  readonly release: (uid: string) => readonly string[];
  /** Reserves if the pod fits, in one step: two pods never get the same megabits. Under `compatible` rules it does not look, as the original. */
  readonly reserve: (pod: PlacedPod) => Result<readonly string[], readonly Misfit[]>;
  /** Which nodes have room for the pod, as if it were nowhere yet and the pods in `evicted` were gone. */
  readonly fit: (
    pod: PodFacts,
    nodes: readonly string[],
    evicted?: readonly string[],
  ) => readonly Fit[];
  /** Those of the nodes that have the best score, of those that have room. */
  readonly choose: (question: ChoiceQuestion) => Choice;
  /** From 0 to 100 for each of the nodes, which are those that fit. */
  readonly score: (pod: PodFacts, nodes: readonly string[]) => readonly number[];
  /** Null for a node without capacity. */
  readonly account: (node: string) => NodeAccount | null;
  /** Where a pod counts, reserved or bound; null for nowhere. */
  readonly nodeOf: (uid: string) => string | null;
  /** The pods that count on a node, reserved ones included. */
  readonly podsOn: (node: string) => readonly PlacedPod[];
};

/** An empty ledger. */
export function createLedger(rules: LedgerRules = "fixed"): Ledger {
  const book = openBook();
  const update = (uid: string, change: (entry: Entry) => Entry): readonly string[] => {
    const before = book.entries.get(uid) ?? { pod: null, claim: null };
    return enter(book, { uid, before, after: change(before) });
  };
  const setClaim = (claim: PlacedPod): readonly string[] =>
    update(claim.uid, ({ pod }) => ({ pod, claim }));
  const fit: Ledger["fit"] = (pod, nodes, evicted = []) =>
    without(book, [pod.uid, ...evicted], () =>
      nodes.map((node) => ({ node, misfits: misfits(book, rules, { pod, node }) })),
    );
  return {
    setNode: (name, facts) => setNode(book, name, facts),
    removeNode: (name) => setNode(book, name, null),
    setPod: (pod) => update(pod.uid, ({ claim }) => ({ pod, claim })),
    removePod: (uid) => update(uid, () => ({ pod: null, claim: null })),
    setClaim,
    release: (uid) => update(uid, ({ pod }) => ({ pod, claim: null })),
    reserve: (pod) => {
      const [answer] = rules === "compatible" ? [] : fit(pod, [pod.node]);
      const found = answer?.misfits ?? [];
      return found.length > 0 ? err(found) : ok(setClaim(pod));
    },
    fit,
    choose: (question) => without(book, [question.pod.uid], () => choose(book, rules, question)),
    score: (pod, nodes) =>
      without(book, [pod.uid], () => {
        const lines = nodes.map((node) => book.lines.get(node) ?? openLine(node, Infinity));
        return scores(book, rules, { pod, lines });
      }),
    account: (node) => accountOf(book, node),
    nodeOf: (uid) => {
      const entry = book.entries.get(uid);
      return entry === undefined ? null : (placedOf(entry)?.node ?? null);
    },
    podsOn: (node) => [...(book.lines.get(node)?.pods.values() ?? [])],
  };
}

function setNode(book: Book, name: string, facts: NodeFacts | null): readonly string[] {
  lineOf(book, name).facts = facts;
  closeLine(book, name);
  return [name];
}

type Turn = { readonly uid: string; readonly before: Entry; readonly after: Entry };

function enter(book: Book, { uid, before, after }: Turn): readonly string[] {
  if (after.pod === null && after.claim === null) book.entries.delete(uid);
  else book.entries.set(uid, after);
  const was = placedOf(before);
  const is = placedOf(after);
  if (isSame(was, is)) return [];
  const left = was === null ? [] : post(book, was, -1);
  const entered = is === null ? [] : post(book, is, 1);
  return [...new Set([...left, ...entered])];
}

/** Whether two placements count and show alike. */
const isSame = (one: PlacedPod | null, other: PlacedPod | null): boolean =>
  one === other || (one !== null && other !== null && isSameFace(one, other));

const isSameFace = (one: PlacedPod, other: PlacedPod): boolean =>
  FACE.every((key) => one[key] === other[key]) &&
  one.rates.ulMbps === other.rates.ulMbps &&
  one.rates.dlMbps === other.rates.dlMbps &&
  one.group.type === other.group.type &&
  one.group.name === other.group.name &&
  one.group.uid === other.group.uid;

const FACE = ["node", "ip", "name", "namespace"] as const;
