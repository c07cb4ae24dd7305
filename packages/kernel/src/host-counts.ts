/** What the gates of the node's own interfaces let through and denied (see host-rules.ts), as what is new since the last reading. */
import { FAMILIES, type Family, ok, type Result } from "@seam/base";
import {
  ANY,
  ANY_INTERFACE,
  HOST_POINTS,
  type HostPoint,
  NO_RULES,
  type PeerClass,
  type PolicyState,
} from "@seam/state";

import { createElementAccounts, type ElementAccounts, type News } from "./element-accounts.ts";
import { hostKey, hostSets, readHostKey } from "./host-rules.ts";
import type { KernelError } from "./libc.ts";
import type { NetfilterSocket } from "./netfilter-socket.ts";
import { isAboutPorts } from "./policy-permissions.ts";

/** Packets at a point of an interface, since the last reading. */
export type HostCount = {
  readonly point: HostPoint;
  readonly packets: number;
} & (
  | {
      readonly verdict: "allowed";
      /** Whose gate let them through, maybe `ANY_INTERFACE`. */
      readonly interface: string;
      /** Class of the other end. */
      readonly peers: PeerClass;
    }
  | {
      readonly verdict: "denied";
      /** Where they were. */
      readonly interface: string;
    }
);

type Gates = PolicyState["hosts"];

/** The counts of a table, read again and again. */
export type HostCounts = Pick<ElementAccounts, "forget"> & {
  /** What is new, by the gates that are written. */
  readonly take: (gates: Gates) => Result<readonly HostCount[], KernelError>;
};

/** Nothing is counted yet. */
export function createHostCounts(socket: Pick<NetfilterSocket, "list">): HostCounts {
  const accounts = createElementAccounts(socket);
  return {
    forget: accounts.forget,
    take: (gates) => {
      const found: HostCount[] = [];
      for (const point of HOST_POINTS) {
        const taken = takeAt(point, gates, accounts);
        if (!taken.ok) return taken;
        found.push(...taken.value);
      }
      return ok(found.filter(({ packets }) => packets > 0));
    },
  };
}

type Denied = ReturnType<typeof readHostKey> & {
  readonly family: Family;
  readonly packets: number;
};

/** What lets pass is read before what is denied: a packet in between is owed, and never told as let through. */
function takeAt(
  point: HostPoint,
  gates: Gates,
  accounts: ElementAccounts,
): Result<readonly HostCount[], KernelError> {
  const set = hostSets.permissions(point);
  const found = accounts.newsIn(set);
  if (!found.ok) return found;
  const denied: Denied[] = [];
  for (const family of FAMILIES) {
    const ofFamily = accounts.newsIn(hostSets.denied(point, family));
    if (!ofFamily.ok) return ofFamily;
    for (const { key, packets } of ofFamily.value)
      denied.push({ ...readHostKey(key), family, packets });
  }
  const owed = owedAt(point, gates, denied);
  const allowed = (news: News): HostCount => {
    const of = readHostKey(news.key);
    const permission = gates.get(of.interface)?.rules[point]?.get(of.peers) ?? "none";
    const denials = owed.get(news.key.toString("latin1")) ?? 0;
    const packets = permission === "none" ? 0 : accounts.settle(set, news, denials);
    return { ...of, point, verdict: "allowed", packets };
  };
  return ok([...found.value.map(allowed), ...byInterface(point, denied)]);
}

/** By key of the element: how many of the packets that it counted were denied by its chain of ports. */
function owedAt(
  point: HostPoint,
  gates: Gates,
  denied: readonly Denied[],
): ReadonlyMap<string, number> {
  const owed = new Map<string, number>();
  for (const each of denied) {
    const gate = gates.get(each.interface) ?? gates.get(ANY_INTERFACE);
    const rules = gate?.rules[point] ?? NO_RULES;
    const found = [each.peers, ANY[each.family]].find((peers) => rules.has(peers));
    if (gate === undefined || found === undefined) continue;
    if (!isAboutPorts(rules.get(found) ?? "none")) continue;
    const key = hostKey(gate.interface, found).toString("latin1");
    owed.set(key, (owed.get(key) ?? 0) + each.packets);
  }
  return owed;
}

/** All classes of both families as one. */
function byInterface(point: HostPoint, denied: readonly Denied[]): readonly HostCount[] {
  const packets = new Map<string, number>();
  for (const each of denied)
    packets.set(each.interface, (packets.get(each.interface) ?? 0) + each.packets);
  return [...packets].map(([name, count]) => ({
    interface: name,
    point,
    verdict: "denied",
    packets: count,
  }));
}
