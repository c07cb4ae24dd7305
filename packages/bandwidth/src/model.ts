/** What the ledger counts: nodes with two capacities, and pods that use them. */
import type { Rates } from "./annotations.ts";
import type { Group } from "./group.ts";

/**
 * Two resources of a node: `local` is its virtual switch, which all traffic of its pods passes, `network` its NIC, which only
 * traffic with other nodes passes. The shape of `capacity`, `used` and `remaining` in the contract.
 */
export type Shares = { readonly local: Rates; readonly network: Rates };

/** Where a node is, by its labels `topology.kubernetes.io/zone` and `…/region`; null without the label. */
export type Place = { readonly zone: string | null; readonly region: string | null };

/** What the ledger must know of a node. */
export type NodeFacts = { readonly capacity: Shares; readonly place: Place };

/** What the ledger must know of a pod. Pods without rates matter as well: they are siblings of others. */
export type PodFacts = {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Empty while it has none. */
  readonly ip: string;
  /** Null until it is bound. */
  readonly node: string | null;
  /** Phase Succeeded or Failed: it uses nothing and is nobody's sibling. */
  readonly isTerminal: boolean;
  readonly rates: Rates;
  readonly group: Group;
};

/** A pod that counts on a node. */
export type PlacedPod = PodFacts & { readonly node: string };

/**
 * `fixed`: a pod is judged by what it makes of every node that it touches. `compatible`: as the original, which asks for local and NIC
 * bandwidth of every pod, does not look at siblings, does not check again when it reserves, and scores megabits against siblings.
 */
export type LedgerRules = "fixed" | "compatible";
