/** Whether nodes have room for a pod: on the node itself, and on every node whose pods it makes talk over the network. */
import { exhaustive } from "@seam/base";

import type { Rates } from "./annotations.ts";
import type { Book, Line } from "./book.ts";
import type { LedgerRules, PodFacts } from "./model.ts";
import { emptyTally, homeOf, type NetworkChange, networkChanges, type Sum } from "./tally.ts";

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

const NONE: readonly Misfit[] = [];

/** Empty when the pod fits on the node. */
export function misfits(book: Book, rules: LedgerRules, trial: Trial): readonly Misfit[] {
  const { node, pod } = trial;
  const line = book.lines.get(node);
  if (line === undefined || line.facts === null) return [{ kind: "unknown-node", node }];
  if (hasAmpleRoom(book, line, trial)) return NONE;
  const found: Misfit[] = [];
  collect(found, book, { node, resource: "local", sum: pod.rates });
  for (const sum of networkNeeds(book, rules, trial)) {
    collect(found, book, { node: sum.node, resource: "network", sum });
  }
  return found;
}

/** Most nodes need no closer look: all of the pod fits in both ways, and no sibling elsewhere would have to use its NIC for it. */
function hasAmpleRoom(book: Book, { facts, local, network }: Line, { node, pod }: Trial): boolean {
  if (facts === null) return false;
  const { capacity } = facts;
  const { ulMbps, dlMbps } = pod.rates;
  const home = homeOf(book.tallies.get(pod.group.uid) ?? NOBODY);
  return (
    (home === null || home === node) &&
    local.ulMbps + ulMbps <= capacity.local.ulMbps &&
    local.dlMbps + dlMbps <= capacity.local.dlMbps &&
    network.ulMbps + ulMbps <= capacity.network.ulMbps &&
    network.dlMbps + dlMbps <= capacity.network.dlMbps
  );
}

/** A sentence about a misfit, for `FailedNodes` and events. */
export function explainMisfit(misfit: Misfit): string {
  switch (misfit.kind) {
    case "unknown-node":
      return `node ${misfit.node} has no Bandwidth object yet`;
    case "shortage": {
      const { node, resource, direction, requiredMbps, remainingMbps } = misfit;
      return `node ${node} has insufficient ${resource} bandwidth (required: ${direction}=${requiredMbps}Mbps, remaining: ${remainingMbps}Mbps)`;
    }
    default:
      return exhaustive(misfit);
  }
}

/** What the pod takes of NICs: its own rates at most on its node, and what its siblings need where they are. */
const networkNeeds = (
  book: Book,
  rules: LedgerRules,
  { node, pod: { rates, group } }: Trial,
): readonly NetworkChange[] =>
  rules === "compatible"
    ? [{ node, ...rates }]
    : networkChanges(book.tallies.get(group.uid) ?? NOBODY, { node, rates }, 1);

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
