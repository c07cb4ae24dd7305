/**
 * Where reservations are guaranteed on the way to other nodes (issue 7 §4, decision 24): on which links, with what capacity, and why not
 * where they are not. Pure.
 */
import { type BitsPerSecond, bitsPerSecond, type Mbps } from "@seam/base";
import type { OwnUplink } from "@seam/intent";
import type { FoundUplink } from "@seam/kernel";
import { MOST_GUARANTEES, promisable } from "@seam/state";

import type { NodeBandwidth } from "./node-bandwidth.ts";

/** Where: nodes of which somebody wrote what they carry; also those whose card tells; nowhere. */
export const GUARANTEE_MODES = ["configured", "known", "off"] as const;
type GuaranteeMode = (typeof GUARANTEE_MODES)[number];

/** What an operator of the cluster chose. */
export type GuaranteeOptions = {
  readonly mode: GuaranteeMode;
  /** Whether queueing disciplines that somebody else put on a link to other nodes may be replaced. */
  readonly replaceQueues: boolean;
};

/** Why reservations are not guaranteed, or not wholly: a word, and a sentence with what to do. */
export type Lack = { readonly reason: string; readonly message: string };

/** What is known of the node. */
export type GuaranteeScene = GuaranteeOptions & {
  readonly nodeName: string;
  /** Null while nothing is known: then the links stay as they are. */
  readonly bandwidth: NodeBandwidth | null;
  /** Pods of the node for which something is reserved. */
  readonly pods: number;
  /** The links to other nodes, with the speed that a card tells. */
  readonly uplinks: readonly (FoundUplink & { readonly speed: Mbps | null })[];
};

/** The links to share out; absent when nothing is known yet. */
export type Guarantees = {
  readonly uplinks?: readonly OwnUplink[];
  readonly lacks: readonly Lack[];
};

/** Decides for a node. */
export function guaranteesOf(scene: GuaranteeScene): Guarantees {
  const { bandwidth, pods, mode, uplinks } = scene;
  if (mode === "off") return none(OFF);
  if (bandwidth === null) return { lacks: [] };
  if (pods === 0) return { uplinks: [], lacks: [] };
  if (!isKnown(bandwidth, mode)) return none(unknownCapacity(scene));
  if (uplinks.length === 0) return none(NO_UPLINK);
  const isFree = ({ foreign }: FoundUplink): boolean => foreign === null || scene.replaceQueues;
  return {
    uplinks: uplinks
      .filter(isFree)
      .map(({ device, speed }) => ({ device, capacity: slower(bandwidth.capacity, speed) })),
    lacks: [
      ...uplinks.filter((each) => !isFree(each)).map(foreignQueue),
      ...tooMany(pods),
      ...tooMuch(bandwidth, uplinks),
    ],
  };
}

const none = (lack: Lack): Guarantees => ({ uplinks: [], lacks: [lack] });

const isKnown = ({ source }: NodeBandwidth, mode: GuaranteeMode): boolean =>
  source === "object" || source === "node" || (source === "card" && mode === "known");

const slower = (capacity: BitsPerSecond, speed: Mbps | null): BitsPerSecond =>
  speed === null ? capacity : bitsPerSecond(Math.min(capacity, speed * 1e6));

const OFF: Lack = {
  reason: "GuaranteesOff",
  message: "agents keep no bandwidth free: agent.guarantees.capacity of the chart is off",
};

const NO_UPLINK: Lack = {
  reason: "NoUplink",
  message: "no link of the node leads to another node, so there is nothing to share out",
};

const unknownCapacity = ({ nodeName, bandwidth }: GuaranteeScene): Lack => ({
  reason: "CapacityUnknown",
  message:
    bandwidth?.source === "card"
      ? `what node ${nodeName} can send to others is known from its network card alone, which does not suffice here; write it down: kubectl annotate node ${nodeName} seam.ucsd.edu/network-bandwidth=${megabits(bandwidth.capacity)}M, or let the card's word count: agent.guarantees.capacity=known of the chart`
      : `nobody knows what node ${nodeName} can send to others; write it down, for example: kubectl annotate node ${nodeName} seam.ucsd.edu/network-bandwidth=1G`,
});

const megabits = (rate: BitsPerSecond): number => Math.round(rate / 1e6);

const foreignQueue = ({ device, foreign }: FoundUplink): Lack => ({
  reason: "QueueOfOthers",
  message: `link ${device} to other nodes has a queueing discipline that is not Seam's (${foreign ?? ""}); remove it (tc qdisc del dev ${device} root), or let Seam replace it: agent.guarantees.replaceQueues=true of the chart`,
});

const tooMany = (pods: number): readonly Lack[] =>
  pods <= MOST_GUARANTEES
    ? []
    : [
        {
          reason: "TooManyGuarantees",
          message: `${pods} pods of the node have reservations, and ${MOST_GUARANTEES} can be told apart; those that came last have none`,
        },
      ];

/** Reserving goes up to what the link carries; Ethernet's own gaps and the node's own traffic need some of it. */
function tooMuch(
  { reserved, capacity }: NodeBandwidth,
  uplinks: GuaranteeScene["uplinks"],
): readonly Lack[] {
  const asked = [...reserved.values()].reduce((sum, rate) => sum + rate, 0);
  const least = Math.min(...uplinks.map(({ speed }) => slower(capacity, speed)));
  const most = promisable(bitsPerSecond(least));
  if (asked <= most) return [];
  return [
    {
      reason: "GuaranteesCut",
      message: `pods have ${megabits(bitsPerSecond(asked))} Mbit/s reserved, and ${megabits(most)} of the link's ${megabits(bitsPerSecond(least))} can be kept free, as the node itself needs the rest; each has ${Math.floor((100 * most) / asked)} % of its reservation`,
    },
  ];
}
