/** What the gates of the node's own interfaces denied (see host-rules.ts), as what is new since the last reading. */
import { FAMILIES, ok, type Result } from "@seam/base";
import { HOST_POINTS, type HostPoint } from "@seam/state";

import { hostSets, interfaceOf } from "./host-rules.ts";
import type { KernelError } from "./libc.ts";
import type { NetfilterSocket } from "./netfilter-socket.ts";
import { countsOf } from "./nft-counts.ts";
import { listIn } from "./nft-messages.ts";
import { POLICY_TABLE } from "./policy-rules.ts";

/** Packets that were denied at a point of an interface, since the last reading. */
export type HostCount = {
  readonly interface: string;
  readonly point: HostPoint;
  readonly packets: number;
};

/** The counts of a table, read again and again. */
export type HostCounts = {
  readonly take: () => Result<readonly HostCount[], KernelError>;
};

/** Nothing is counted yet. */
export function createHostCounts(socket: Pick<NetfilterSocket, "list">): HostCounts {
  const last = new Map<string, number>();
  const newIn = (set: string, point: HostPoint): Result<readonly HostCount[], KernelError> => {
    const listed = socket.list(listIn("getElements", POLICY_TABLE, set));
    if (!listed.ok) return listed;
    return ok(
      countsOf(listed.value).map(({ key, packets }) => {
        const name = `${set} ${key.toString("latin1")}`;
        const before = last.get(name) ?? 0;
        last.set(name, packets);
        return { interface: interfaceOf(key), point, packets: packets - before };
      }),
    );
  };
  return {
    take: () => {
      const found: HostCount[] = [];
      for (const point of HOST_POINTS)
        for (const family of FAMILIES) {
          const taken = newIn(hostSets.denied(point, family), point);
          if (!taken.ok) return taken;
          found.push(...taken.value);
        }
      return ok(byInterface(found));
    },
  };
}

/** All classes of both families as one. */
function byInterface(counts: readonly HostCount[]): readonly HostCount[] {
  const groups = Map.groupBy(counts, (count) => `${count.point} ${count.interface}`);
  return [...groups.values()].flatMap((group) => {
    const packets = group.reduce((sum, count) => sum + count.packets, 0);
    const [first] = group;
    return first === undefined || packets <= 0 ? [] : [{ ...first, packets }];
  });
}
