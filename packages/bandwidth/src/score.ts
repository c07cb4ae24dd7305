/** Which of several nodes that fit is best for a pod, from 0 to 100 (V11, V13, U6). */
import { exhaustive } from "@seam/base";

import type { Rates } from "./annotations.ts";
import type { Book, Line } from "./book.ts";
import { isPlain } from "./fit.ts";
import type { LedgerRules, PodFacts } from "./model.ts";
import { emptyTally, networkChanges, type Sum, type Tally } from "./tally.ts";

/** How near a node is to a sibling: on it, in its zone, in its region, elsewhere. */
const SAME_NODE = 100;
const SAME_ZONE = 50;
const SAME_REGION = 25;

const LOCALITY_SHARE = 0.7;
const BANDWIDTH_SHARE = 0.3;

/** A score for each node, in the order of `lines`. The pod must not be placed. */
export function scores(
  book: Book,
  rules: LedgerRules,
  { pod, lines }: { readonly pod: PodFacts; readonly lines: readonly Line[] },
): number[] {
  const tally = book.tallies.get(pod.group.uid) ?? emptyTally();
  switch (rules) {
    case "fixed":
      return fixedScores(book, { pod, tally, lines });
    case "compatible":
      return compatibleScores({ pod, tally, lines });
    default:
      return exhaustive(rules);
  }
}

type Question = {
  readonly pod: PodFacts;
  readonly tally: Tally;
  readonly lines: readonly Line[];
};

/**
 * 70 % nearness to the siblings, 30 % NIC bandwidth left with the pod there; the best of each is 100. A group that is whole on a node
 * and fits there stays whole, whatever bandwidth others have left: 70 % of the step from a zone to a node is more than 30 %.
 */
function fixedScores(book: Book, { pod, tally, lines }: Question): number[] {
  const nearness = normalised(nearnessOf(book, tally, lines));
  const left = normalised(lines.map((line) => leftWith(line, tally, pod.rates)));
  return left.map((value, index) =>
    Math.round(LOCALITY_SHARE * (nearness[index] ?? 0) + BANDWIDTH_SHARE * value),
  );
}

/** The largest becomes 100; in place, as there are thousands, several times for each pod. */
function normalised(values: number[]): number[] {
  let most = 0;
  for (const value of values) most = Math.max(most, value);
  for (let at = 0; at < values.length; at += 1) {
    values[at] = most === 0 ? 0 : ((values[at] ?? 0) * 100) / most;
  }
  return values;
}

/** The mean nearness to the group's members; 0 everywhere without any. */
function nearnessOf(book: Book, tally: Tally, lines: readonly Line[]): number[] {
  if (tally.count === 0) return [];
  const zones = new Map<string, number>();
  const regions = new Map<string, number>();
  for (const [node, { count }] of tally.nodes) {
    const { zone, region } = placeKeys(book.lines.get(node));
    zones.set(zone, (zones.get(zone) ?? 0) + count);
    regions.set(region, (regions.get(region) ?? 0) + count);
  }
  return lines.map((line) => {
    const { zone, region } = placeKeys(line);
    const here = tally.nodes.get(line.name)?.count ?? 0;
    const inZone = zones.get(zone) ?? 0;
    const inRegion = regions.get(region) ?? 0;
    const sum = SAME_NODE * here + SAME_ZONE * (inZone - here) + SAME_REGION * (inRegion - inZone);
    return sum / tally.count;
  });
}

/** Nodes without a label are all in one nameless region, and zone of their region. */
function placeKeys(line: Line | undefined): { readonly zone: string; readonly region: string } {
  const { zone, region } = line?.facts?.place ?? { zone: null, region: null };
  return { zone: `${region ?? ""}/${zone ?? ""}`, region: region ?? "" };
}

function leftWith(line: Line, tally: Tally, rates: Rates): number {
  const node = line.name;
  if (isPlain(tally, node)) return spare(line, rates);
  const changes = networkChanges(tally, { node, rates }, 1);
  return spare(line, changes.find((change) => change.node === node) ?? rates);
}

/** What is left of a node's NIC in the direction that has less, with `taken` of it gone; 0 where the capacity is not known. */
function spare({ facts, network }: Line, taken: Readonly<Sum>): number {
  if (facts === null) return 0;
  const { ulMbps, dlMbps } = facts.capacity.network;
  const ul = Math.max(0, ulMbps - network.ulMbps) - taken.ulMbps;
  const dl = Math.max(0, dlMbps - network.dlMbps) - taken.dlMbps;
  return Math.max(0, Math.min(ul, dl));
}

/** The original's sum: a sibling counts 7, a spare megabit 3; then the best is 100, rounded down. */
function compatibleScores({ pod, tally, lines }: Question): number[] {
  const raw = lines.map(
    (line) => 7 * (tally.nodes.get(line.name)?.count ?? 0) + 3 * spare(line, pod.rates),
  );
  return normalised(raw).map(Math.floor);
}
