/**
 * What table `inet seam-policy` has counted (see policy-rules.ts), as what is new since the last reading. An element of `egress`,
 * `ingress` or `node` counts every packet that finds it, also those that its chain of ports then denies; these are counted once more where they
 * end, and taken off here.
 */
import { FAMILIES, type Family, ok, type Result } from "@seam/base";
import { ANY, type Gate, GATE_SIDES, type GateSide, type PeerClass } from "@seam/state";

import type { KernelError } from "./libc.ts";
import type { NetfilterSocket } from "./netfilter-socket.ts";
import { textOf } from "./netlink-message.ts";
import { countsOf, type ElementCount } from "./nft-counts.ts";
import { changeElements, listIn, type SetElement } from "./nft-messages.ts";
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
export type PolicyCounts = {
  /** These elements are about to go, or to be others of the same key. */
  readonly forget: (set: string, elements: readonly SetElement[]) => void;
  /** What is new. What was denied at links without a gate goes from the kernel with that. */
  readonly take: (gates: Gates) => Result<readonly PolicyCount[], KernelError>;
};

type Gates = ReadonlyMap<string, Gate>;

/** What is new of an element. */
type News = {
  readonly key: Buffer;
  readonly packets: number;
  /** Whether it had counted nothing before. */
  readonly isFirst: boolean;
};
type NewsBySet = ReadonlyMap<string, readonly News[]>;

/** What is denied comes after what lets pass: a packet in between is owed, and never told as let through. */
const COUNTED = GATE_SIDES.flatMap((side) => [
  setNames.open(side),
  side,
  ...FAMILIES.map((family) => setNames.denied(side, family)),
]);

/** Nothing is counted yet. */
export function createPolicyCounts(socket: Pick<NetfilterSocket, "commit" | "list">): PolicyCounts {
  const last = new Map<string, number>();
  const debts = new Map<string, number>();
  return {
    forget: (set, elements) => {
      for (const { key } of elements) {
        last.delete(nameOf(set, key));
        debts.delete(nameOf(set, key));
      }
    },
    take: (gates) => {
      const news = new Map<string, readonly News[]>();
      for (const set of COUNTED) {
        const listed = socket.list(listIn("getElements", POLICY_TABLE, set));
        if (!listed.ok) return listed;
        const counts = countsOf(listed.value);
        news.set(
          set,
          counts.map((each) => newsOf(last, set, each)),
        );
      }
      const leaving = withoutGates(news, gates);
      // Should the kernel not find them, they are gone, as they shall be.
      if (leaving.size > 0) socket.commit([...leaving].flatMap(deletion));
      for (const [set, keys] of leaving) for (const key of keys) last.delete(nameOf(set, key));
      return ok(GATE_SIDES.flatMap((side) => countsIn(side, { news, gates, debts })));
    },
  };
}

const nameOf = (set: string, key: Buffer): string => `${set} ${key.toString("latin1")}`;

function newsOf(last: Map<string, number>, set: string, { key, packets }: ElementCount): News {
  const name = nameOf(set, key);
  const before = last.get(name);
  last.set(name, packets);
  // A smaller count is that of an element which somebody else put there.
  return { key, packets: packets - (before ?? 0), isFirst: before === undefined };
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
  /** By key of the element: denied packets that it was not seen to count. */
  readonly debts: Map<string, number>;
};

function countsIn(side: GateSide, reading: Reading): readonly PolicyCount[] {
  const { news, gates, debts } = reading;
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
    const name = nameOf(side, each.key);
    const packets = permission === "none" ? 0 : settle(each, { name, owed, debts });
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

/** By element: how many of the packets that it counted were denied by its chain of ports. */
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
    const name = nameOf(side, verdictKey(device, found));
    owed.set(name, (owed.get(name) ?? 0) + packets);
  }
  return owed;
}

type Account = {
  readonly name: string;
  readonly owed: ReadonlyMap<string, number>;
  readonly debts: Map<string, number>;
};

/** What was let through of what an element counted. Of one that is new, what was denied before is not owed. */
function settle({ packets, isFirst }: News, { name, owed, debts }: Account): number {
  const passed = packets - (owed.get(name) ?? 0) - (debts.get(name) ?? 0);
  if (passed < 0 && !isFirst) debts.set(name, -passed);
  else debts.delete(name);
  return Math.max(passed, 0);
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
