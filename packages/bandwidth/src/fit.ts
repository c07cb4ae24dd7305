/** Whether nodes have room for a pod: on the node itself, and on every node whose pods it makes talk over the network. */
import { exhaustive } from "@seam/base";

import type { Rates } from "./annotations.ts";
import type { Book, Line } from "./book.ts";
import type { LedgerRules, PodFacts } from "./model.ts";
import { emptyTally, homeOf, networkChanges, type Sum, type Tally } from "./tally.ts";

/** Why a node is no place for a pod. */
export type Misfit =
  | { readonly kind: "unknown-node"; readonly node: string }
  | {
      readonly kind: "shortage";
      /** The node that lacks bandwidth: another one than was asked about when the pod's siblings there would need its NIC. */
      readonly node: string;
      readonly resource: "local" | "network";
      readonly direction: "ul" | "dl";
      readonly requiredMbps: number;
      readonly remainingMbps: number;
      /** What the node has of it in all: when more is required, no eviction helps. */
      readonly capacityMbps: number;
    };

type Resource = "local" | "network";
type Need = { readonly node: string; readonly resource: Resource; readonly sum: Readonly<Sum> };

type Direction = { readonly direction: "ul" | "dl"; readonly field: keyof Sum };
const DIRECTIONS: readonly Direction[] = [
  { direction: "ul", field: "ulMbps" },
  { direction: "dl", field: "dlMbps" },
];

/** A pod, which must not be placed, and a node to try it on. */
type Trial = {
  readonly node: string;
  readonly pod: Pick<PodFacts, "rates" | "group">;
};

/** Empty when the pod fits on the node. */
export function misfits(book: Book, rules: LedgerRules, trial: Trial): readonly Misfit[] {
  const { node, pod } = trial;
  const line = book.lines.get(node);
  if (line === undefined || line.facts === null) return [{ kind: "unknown-node", node }];
  const found: Misfit[] = [];
  collect(found, book, { node, resource: "local", sum: pod.rates });
  const tally = book.tallies.get(pod.group.uid);
  if (rules === "compatible" || isPlain(tally, node)) {
    collect(found, book, { node, resource: "network", sum: pod.rates });
    return found;
  }
  for (const sum of networkChanges(tally ?? NOBODY, { node, rates: pod.rates }, 1)) {
    collect(found, book, { node: sum.node, resource: "network", sum });
  }
  return found;
}

/** A pod, which must not be placed, the placed members of its group, and the counters of a node to try it on. */
export type Look = {
  readonly pod: Pick<PodFacts, "rates" | "group">;
  readonly tally: Tally | undefined;
  readonly line: Line;
};

/** Whether the pod fits on the node; as `misfits`, without saying what is missing. */
export function hasRoom(book: Book, rules: LedgerRules, { pod, tally, line }: Look): boolean {
  if (line.facts === null) return false;
  if (rules === "fixed" && !isPlain(tally, line.name))
    return misfits(book, rules, { pod, node: line.name }).length === 0;
  const { local, network } = line.facts.capacity;
  return covers(local, line.local, pod.rates) && covers(network, line.network, pod.rates);
}

/** What is not asked for is not missing, also where too much is used already. */
const covers = (capacity: Rates, used: Sum, asked: Rates): boolean =>
  (asked.ulMbps <= 0 || asked.ulMbps <= capacity.ulMbps - used.ulMbps) &&
  (asked.dlMbps <= 0 || asked.dlMbps <= capacity.dlMbps - used.dlMbps);

/** Whether a member more on the node takes its own rates of the NIC and changes nothing for its siblings, as on most nodes. */
export function isPlain(tally: Tally | undefined, node: string): boolean {
  if (tally === undefined) return true;
  return homeOf(tally) === null && !(tally.nodes.size === 1 && tally.nodes.has(node));
}

/** A sentence about a misfit, for `FailedNodes` and events. */
export function explainMisfit(misfit: Misfit): string {
  switch (misfit.kind) {
    case "unknown-node":
      return `node ${misfit.node} has no Bandwidth object yet, or one whose status says Error`;
    case "shortage": {
      const { node, resource, direction, requiredMbps, remainingMbps } = misfit;
      return `node ${node} has insufficient ${resource} bandwidth (required: ${direction}=${requiredMbps}Mbps, remaining: ${remainingMbps}Mbps)`;
    }
    default:
      return exhaustive(misfit);
  }
}

const NOBODY = emptyTally();

/** Adds what is missing; this is the inner loop of a filter, so it makes nothing that it does not find. */
function collect(found: Misfit[], book: Book, { node, resource, sum }: Need): void {
  const line = book.lines.get(node);
  if (line === undefined || line.facts === null) return;
  const { capacity } = line.facts;
  for (const { direction, field } of DIRECTIONS) {
    const requiredMbps = sum[field];
    const capacityMbps = capacity[resource][field];
    const left = capacityMbps - line[resource][field];
    if (requiredMbps <= 0 || requiredMbps <= left) continue;
    found.push({
      kind: "shortage",
      node,
      resource,
      direction,
      requiredMbps,
      remainingMbps: Math.max(0, left),
      capacityMbps,
    });
  }
}

/** What a node has left, never below zero; null when its capacity is not known. */
export function remainingOn(book: Book, node: string): Record<"local" | "network", Sum> | null {
  const line = book.lines.get(node);
  if (line === undefined || line.facts === null) return null;
  const { capacity } = line.facts;
  return {
    local: difference(capacity.local, line.local),
    network: difference(capacity.network, line.network),
  };
}

const difference = (capacity: Rates, used: Sum): Sum => ({
  ulMbps: Math.max(0, capacity.ulMbps - used.ulMbps),
  dlMbps: Math.max(0, capacity.dlMbps - used.dlMbps),
});
