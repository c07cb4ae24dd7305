/** Which of several nodes that fit is best for a pod, from 0 to 100 (V11, V13, U6). */
import { exhaustive } from "@seam/base";

import type { Book } from "./book.ts";
import { remainingOn } from "./fit.ts";
import type { LedgerRules, PodFacts } from "./model.ts";
import { emptyTally, networkChanges, type Sum, type Tally } from "./tally.ts";

/** How near a node is to a sibling: on it, in its zone, in its region, elsewhere. */
const SAME_NODE = 100;
const SAME_ZONE = 50;
const SAME_REGION = 25;

const LOCALITY_SHARE = 0.7;
const BANDWIDTH_SHARE = 0.3;

/** A score for each node, in the order of `nodes`. The pod must not be placed. */
export function scores(
  book: Book,
  rules: LedgerRules,
  { pod, nodes }: { readonly pod: PodFacts; readonly nodes: readonly string[] },
): readonly number[] {
  const tally = book.tallies.get(pod.group.uid) ?? emptyTally();
  switch (rules) {
    case "fixed":
      return fixedScores(book, { pod, tally, nodes });
    case "compatible":
      return compatibleScores(book, { pod, tally, nodes });
    default:
      return exhaustive(rules);
  }
}

type Question = {
  readonly pod: PodFacts;
  readonly tally: Tally;
  readonly nodes: readonly string[];
};

/**
 * 70 % nearness to the siblings, 30 % NIC bandwidth left with the pod there; the best of each is 100. A group that is whole on a node
 * and fits there stays whole, whatever bandwidth others have left: 70 % of the step from a zone to a node is more than 30 %.
 */
function fixedScores(book: Book, { pod, tally, nodes }: Question): readonly number[] {
  const nearness = normalised(nearnessOf(book, tally, nodes));
  const left = normalised(nodes.map((node) => leftWith(book, { pod, tally, node })));
  return nodes.map((_, index) =>
    Math.round(LOCALITY_SHARE * (nearness[index] ?? 0) + BANDWIDTH_SHARE * (left[index] ?? 0)),
  );
}

const normalised = (values: readonly number[]): readonly number[] => {
  const most = values.reduce((max, value) => Math.max(max, value), 0);
  return values.map((value) => (most === 0 ? 0 : (value * 100) / most));
};

/** The mean nearness to the group's members; 0 everywhere without any. */
function nearnessOf(book: Book, tally: Tally, nodes: readonly string[]): readonly number[] {
  if (tally.count === 0) return nodes.map(() => 0);
  const zones = new Map<string, number>();
  const regions = new Map<string, number>();
  for (const [node, { count }] of tally.nodes) {
    const { zone, region } = placeKeys(book, node);
    zones.set(zone, (zones.get(zone) ?? 0) + count);
    regions.set(region, (regions.get(region) ?? 0) + count);
  }
  return nodes.map((node) => {
    const { zone, region } = placeKeys(book, node);
    const here = tally.nodes.get(node)?.count ?? 0;
    const inZone = zones.get(zone) ?? 0;
    const inRegion = regions.get(region) ?? 0;
    const sum = SAME_NODE * here + SAME_ZONE * (inZone - here) + SAME_REGION * (inRegion - inZone);
    return sum / tally.count;
  });
}

/** Nodes without a label are all in one nameless region, and zone of their region. */
function placeKeys(book: Book, node: string): { readonly zone: string; readonly region: string } {
  const { zone, region } = book.lines.get(node)?.facts?.place ?? { zone: null, region: null };
  return { zone: `${region ?? ""}/${zone ?? ""}`, region: region ?? "" };
}

function leftWith(
  book: Book,
  { pod, tally, node }: { readonly pod: PodFacts; readonly tally: Tally; readonly node: string },
): number {
  const left = remainingOn(book, node)?.network ?? { ulMbps: 0, dlMbps: 0 };
  const changes = networkChanges(tally, { node, rates: pod.rates }, 1);
  return spare(left, changes.find((change) => change.node === node) ?? pod.rates);
}

const spare = (left: Sum, taken: Readonly<Sum>): number =>
  Math.max(0, Math.min(left.ulMbps - taken.ulMbps, left.dlMbps - taken.dlMbps));

/** The original's sum: a sibling counts 7, a spare megabit 3; then the best is 100, rounded down. */
function compatibleScores(book: Book, { pod, tally, nodes }: Question): readonly number[] {
  const raw = nodes.map((node) => {
    const left = remainingOn(book, node)?.network ?? { ulMbps: 0, dlMbps: 0 };
    return 7 * (tally.nodes.get(node)?.count ?? 0) + 3 * spare(left, pod.rates);
  });
  return normalised(raw).map(Math.floor);
}
