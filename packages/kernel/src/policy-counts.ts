/** What table `inet seam-policy` has counted at pods' links (see policy-rules.ts), as what is new since the last reading. */
import { FAMILIES, type Family, ok, type Result } from "@seam/base";
import { ANY, type Gate, GATE_SIDES, type GateSide, type PeerClass } from "@seam/state";

import { createElementAccounts, type ElementAccounts, type News } from "./element-accounts.ts";
import type { KernelError } from "./libc.ts";
import type { NetfilterSocket } from "./netfilter-socket.ts";
import { textOf } from "./netlink-message.ts";
import { changeElements } from "./nft-messages.ts";
import { isAboutPorts } from "./policy-permissions.ts";
import { POLICY_TABLE, readVerdictKey, setNames, verdictKey } from "./policy-rules.ts";

/** Packets of connections of one side of a link, since the last reading. */
export type PolicyCount = {
  readonly device: string;
  readonly side: GateSide;
  readonly packets: number;
} & (
  | {
      readonly verdict: "allowed";
      /** Class of the other end; null: the gate has no rules for the side. */
      readonly peers: PeerClass | null;
    }
  | { readonly verdict: "denied" }
);

/** The counts of a table, read again and again. */
export type PolicyCounts = Pick<ElementAccounts, "forget"> & {
  /** What is new. What was denied at links without a gate goes from the kernel with that. */
  readonly take: (gates: Gates) => Result<readonly PolicyCount[], KernelError>;
};

type Gates = ReadonlyMap<string, Gate>;

type NewsBySet = ReadonlyMap<string, readonly News[]>;

/** What is denied comes after what lets pass: a packet in between is owed, and never told as let through. */
const COUNTED = GATE_SIDES.flatMap((side) => [
  setNames.open(side),
  side,
  ...FAMILIES.map((family) => setNames.denied(side, family)),
]);

/** Nothing is counted yet. */
export function createPolicyCounts(socket: Pick<NetfilterSocket, "commit" | "list">): PolicyCounts {
  const accounts = createElementAccounts(socket);
  return {
    forget: accounts.forget,
    take: (gates) => {
      const news = new Map<string, readonly News[]>();
      for (const set of COUNTED) {
        const found = accounts.newsIn(set);
        if (!found.ok) return found;
        news.set(set, found.value);
      }
      const leaving = withoutGates(news, gates);
      // Should the kernel not find them, they are gone, as they shall be.
      if (leaving.size > 0) socket.commit([...leaving].flatMap(deletion));
      for (const [set, keys] of leaving) accounts.forget(set, keys);
      return ok(GATE_SIDES.flatMap((side) => countsIn(side, { news, gates, accounts })));
    },
  };
}

/** Keys of the sets of what was denied, of links that have no gate any more. */
function withoutGates(news: NewsBySet, gates: Gates): ReadonlyMap<string, readonly Buffer[]> {
  const sets = GATE_SIDES.flatMap((side) =>
    FAMILIES.map((family) => setNames.denied(side, family)),
  );
  const found = sets.map((set): [string, readonly Buffer[]] => [
    set,
    (news.get(set) ?? [])
      .map(({ key }) => key)
      .filter((key) => !gates.has(readVerdictKey(key).device)),
  ]);
  return new Map(found.filter(([, keys]) => keys.length > 0));
}

const deletion = ([name, keys]: readonly [string, readonly Buffer[]]) =>
  changeElements(
    "delete",
    { table: POLICY_TABLE, name },
    keys.map((key) => ({ key })),
  );

type Reading = {
  readonly news: NewsBySet;
  readonly gates: Gates;
  readonly accounts: Pick<ElementAccounts, "settle">;
};

function countsIn(side: GateSide, reading: Reading): readonly PolicyCount[] {
  const { news, gates, accounts } = reading;
  const denied = FAMILIES.flatMap((family) =>
    (news.get(setNames.denied(side, family)) ?? []).map((each) => ({
      ...readVerdictKey(each.key),
      family,
      packets: each.packets,
    })),
  );
  const open = (news.get(setNames.open(side)) ?? []).map(({ key, packets }): PolicyCount => ({
    device: textOf(key),
    side,
    packets,
    verdict: "allowed",
    peers: null,
  }));
  const owed = owedBy(side, gates, denied);
  const allowed = (news.get(side) ?? []).map((each): PolicyCount => {
    const { device, peers } = readVerdictKey(each.key);
    const permission = gates.get(device)?.[side]?.get(peers) ?? "none";
    const denials = owed.get(each.key.toString("latin1")) ?? 0;
    const packets = permission === "none" ? 0 : accounts.settle(side, each, denials);
    return { device, side, packets, verdict: "allowed", peers };
  });
  return [...open, ...allowed, ...byLink(side, denied)].filter(({ packets }) => packets > 0);
}

type Denied = {
  readonly device: string;
  readonly peers: PeerClass;
  readonly family: Family;
  readonly packets: number;
};

/** By key of the element: how many of the packets that it counted were denied by its chain of ports. */
function owedBy(
  side: GateSide,
  gates: Gates,
  denied: readonly Denied[],
): ReadonlyMap<string, number> {
  const owed = new Map<string, number>();
  for (const { device, peers, family, packets } of denied) {
    const rules = gates.get(device)?.[side] ?? null;
    const found = [peers, ANY[family]].find((each) => rules?.has(each) === true);
    if (found === undefined || !isAboutPorts(rules?.get(found) ?? "none")) continue;
    const name = verdictKey(device, found).toString("latin1");
    owed.set(name, (owed.get(name) ?? 0) + packets);
  }
  return owed;
}

function byLink(side: GateSide, denied: readonly Denied[]): readonly PolicyCount[] {
  const packets = new Map<string, number>();
  for (const each of denied)
    packets.set(each.device, (packets.get(each.device) ?? 0) + each.packets);
  return [...packets].map(([device, count]) => ({
    device,
    side,
    packets: count,
    verdict: "denied",
  }));
}
