/**
 * Members of a group by node, and V14's rule over them: a pod's traffic stays on its node, and so costs no NIC bandwidth, when its group has
 * two placed members or more and all of them are there.
 */
import type { Rates } from "./annotations.ts";

/** Sums in Mbit/s; mutable, as the ledger's counters. */
export type Sum = { ulMbps: number; dlMbps: number };

type Members = Sum & { count: number };

/** The placed members of a group. */
export type Tally = { count: number; readonly nodes: Map<string, Members> };

/** A member on a node, or one that might be. */
export type Placement = { readonly node: string; readonly rates: Rates };

/** What a change adds to a node's use of its NIC; below zero when it gives back. */
export type NetworkChange = Sum & { readonly node: string };

/** A group without placed members. */
export const emptyTally = (): Tally => ({ count: 0, nodes: new Map() });

/** Counts a member more (1) or less (-1). */
export function count(tally: Tally, { node, rates }: Placement, sign: 1 | -1): void {
  const members = tally.nodes.get(node) ?? { count: 0, ulMbps: 0, dlMbps: 0 };
  members.count += sign;
  members.ulMbps += sign * rates.ulMbps;
  members.dlMbps += sign * rates.dlMbps;
  tally.count += sign;
  if (members.count === 0) tally.nodes.delete(node);
  else tally.nodes.set(node, members);
}

/** The node on which the whole group is, or null when it has several nodes, or less than two members. */
export function homeOf({ count: members, nodes }: Tally): string | null {
  if (members < 2 || nodes.size !== 1) return null;
  const [home = null] = nodes.keys();
  return home;
}

/** What a member more or less would change in the use of NICs: on its own node, and on the home that the group loses or gains. */
export function networkChanges(
  tally: Tally,
  { node, rates }: Placement,
  sign: 1 | -1,
): readonly NetworkChange[] {
  const before = homeOf(tally);
  const after = homeWith(tally, node, sign);
  const changeOn = (each: string): NetworkChange => {
    const own = tally.nodes.get(each) ?? NOBODY;
    const more = each === node ? sign : 0;
    const was = each === before ? 0 : 1;
    const is = each === after ? 0 : 1;
    return {
      node: each,
      ulMbps: is * (own.ulMbps + more * rates.ulMbps) - was * own.ulMbps,
      dlMbps: is * (own.dlMbps + more * rates.dlMbps) - was * own.dlMbps,
    };
  };
  const changes = [changeOn(node)];
  if (before !== null && before !== node) changes.push(changeOn(before));
  if (after !== null && after !== node && after !== before) changes.push(changeOn(after));
  return changes;
}

const NOBODY: Sum = { ulMbps: 0, dlMbps: 0 };

/** `homeOf` after the change. */
function homeWith(tally: Tally, node: string, sign: 1 | -1): string | null {
  if (tally.count + sign < 2) return null;
  const here = tally.nodes.get(node)?.count ?? 0;
  const others = tally.nodes.size - (here > 0 ? 1 : 0);
  if (here + sign > 0) return others === 0 ? node : null;
  if (others !== 1) return null;
  for (const each of tally.nodes.keys()) if (each !== node) return each;
  return null;
}
