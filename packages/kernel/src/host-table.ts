/** What a change of the gates of the node's own interfaces does to the table (see host-rules.ts). */
import { ANY_INTERFACE, HOST_POINTS, type HostGateChange, type PeerClass } from "@seam/state";

import { ADMITTED, hostKey, hostSets, hostTable, withoutHostTable } from "./host-rules.ts";
import type { Request } from "./netlink-message.ts";
import { ifnameKey } from "./nft-keys.ts";

import { changeRules, type Difference, putChanged } from "./policy-change.ts";

/** What comes before all else of the transaction, and what after it. */
type Frame = { readonly made: readonly Request[]; readonly unused: readonly Request[] };

/** Notes the changes, and takes them as made: `written` are interfaces that have a gate. */
export function changeHosts(
  difference: Difference,
  written: Set<string>,
  changes: ReadonlyMap<string, HostGateChange>,
): Frame {
  const before = written.size;
  for (const [name, change] of changes) {
    if (change.exists.after) written.add(name);
    else written.delete(name);
    changeHost(difference, name, change);
  }
  return {
    made: before === 0 && written.size > 0 ? hostTable() : [],
    unused: before > 0 && written.size === 0 ? withoutHostTable() : [],
  };
}

function changeHost(
  difference: Difference,
  name: string,
  { exists, points, admitted }: HostGateChange,
): void {
  const key = ifnameKey(name);
  if (name !== ANY_INTERFACE) putChanged(difference, hostSets.own, { key, ...exists });
  const keyOf = (peers: PeerClass): Buffer => hostKey(name, peers);
  for (const point of HOST_POINTS) {
    const { open, rules } = points[point];
    const judged = { before: !open.before, after: !open.after };
    putChanged(difference, hostSets.judged(point), { key, ...judged });
    changeRules(difference, { map: hostSets.permissions(point), judged: point, keyOf }, rules);
  }
  for (const judged of ADMITTED)
    changeRules(difference, { map: hostSets.permissions(judged), judged, keyOf }, admitted);
}
