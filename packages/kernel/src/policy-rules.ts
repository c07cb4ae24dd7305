/**
 * The rules of table `inet seam-policy` (decision 16), of which none is about a certain policy. The table has a base chain at the
 * forward hook, where both ends of a packet are asked that are pods of this node; and where any link asks for it one at the input hook, for
 * what pods say to their own node (own-node-rules.ts). For each side of a link, `egress`, `ingress` and `node`,
 *
 * - `open-egress` and so on have the links whose gates have no rules for it;
 * - `classes4` and `blocks4` (and 6) say of which class the other end's address is;
 * - `egress` and so on say by link and class which permission there is;
 * - `permissions-egress` and so on say whether the packet passes by it, or which chain knows the ports. The kernel walks
 *   through all verdicts of a table and the chains that they lead to whenever a change has one more: so there are few of them;
 * - `own4` and `own6` have the pods' own addresses;
 * - what may not pass goes to `denied-egress` and so on, which count it by link and class and show some of it to who listens.
 *
 * A link that none of them knows is closed. Nothing passes because its connection exists: every packet is held against the rules
 * of now, those of replies and of ICMP errors by the addresses of their connection. What has no connection, as conntrack calls it invalid or
 * others' rules exempt it, passes no link whose gate has rules for the direction, and is not counted.
 */
import { FAMILIES, type Family, invariant, millis } from "@seam/base";
import { ANY, GATE_SIDES, type GateSide, type HostPoint, type PeerClass } from "@seam/state";

import { DEVICE_PREFIX } from "./device-names.ts";
import { type Request, textOf, uint32Network } from "./netlink-message.ts";
import { ifnameKey, PERMISSION_HEAD, permissionKey } from "./nft-keys.ts";
import {
  changeElements,
  compare,
  deleteTable,
  endWith,
  limit,
  loadConnection,
  loadMeta,
  loadBytes,
  loadNumber,
  logTo,
  lookUp,
  newChain,
  newRule,
  newSet,
  newTable,
  noteIn,
  type Pace,
  type SetSpec,
  verdictData,
} from "./nft-messages.ts";
import type { Way } from "./packet-headers.ts";

export const POLICY_TABLE = "seam-policy";

/** After the filters of kube-proxy, and before what teaches the fast path. */
export const PRIORITY = 10;

/** Names of the table's sets. */
export const setNames = {
  open: (side: GateSide): string => `open-${side}`,
  classes: (family: Family): string => `classes${family.slice(-1)}`,
  blocks: (family: Family): string => `blocks${family.slice(-1)}`,
  own: (family: Family): string => `own${family.slice(-1)}`,
  denied: (side: GateSide, family: Family): string => `denied-${side}${family.slice(-1)}`,
  sampled: (side: GateSide): string => `sampled-${side}`,
  logged: (judged: GateSide | HostPoint): string => `logged-${judged}`,
  permissions: (judged: Judged): string => `permissions-${judged}`,
};

export const WAYS = ["original", "reply"] as const satisfies readonly Way[];

/** Links and classes of which denied packets are counted. */
export const DENIED_ELEMENTS = 8192;
/** More links than a node has pods. */
const SAMPLED_LINKS = 4096;
const SAMPLED_IDLE = millis(60_000);
/** A set of links of which denied packets were shown. */
export const sampledSet = (name: string): SetSpec => ({
  name,
  key: ["ifname"],
  dynamic: { elements: SAMPLED_LINKS, idle: SAMPLED_IDLE },
});
/** How many denied packets of a link, and of a whole node, are shown to who listens. */
export const LINK_PACE: Pace = { perSecond: 2, burst: 10 };
export const NODE_PACE: Pace = { perSecond: 50, burst: 100 };
/** Group of nfnetlink_log. */
export const DENIED_GROUP = 7300;
/** The word about a packet that is shown because a policy wants so, whether it passes or not. */
export const LOGGED = "logged";
/** Room for the headers of either family with options, and for ports. */
export const SNAPLEN_BYTES = 128;

/** What is done by a permission. */
export const permissionSet = (judged: Judged): SetSpec => ({
  name: setNames.permissions(judged),
  key: ["bytes16"],
  data: "verdict",
});

const sets: readonly SetSpec[] = [
  ...GATE_SIDES.flatMap((side): readonly SetSpec[] => [
    // What passes to a node of which no policy is asked is not counted.
    { name: setNames.open(side), key: ["ifname"], counted: side !== "node" },
    { name: side, key: ["bytes16"], data: "bytes12", counted: true },
    permissionSet(side),
    ...FAMILIES.map((family) => ({
      name: setNames.denied(side, family),
      key: ["bytes16"] as const,
      dynamic: { elements: DENIED_ELEMENTS, idle: null },
    })),
    sampledSet(setNames.sampled(side)),
    sampledSet(setNames.logged(side)),
  ]),
  ...FAMILIES.flatMap((family): readonly SetSpec[] => [
    { name: setNames.classes(family), key: [family], data: "mark" },
    { name: setNames.blocks(family), key: [family], data: "mark", interval: true },
    { name: setNames.own(family), key: ["ifname", family] },
  ]),
];

/**
 * Where the registers have things. A link's name takes four of them, of which the first is `seam` on every link: the other three and the
 * class behind them are the key of `egress` and `ingress`. `nft list` takes that key for what it last saw loaded there, and
 * ends itself over one whose part it takes for a map's answer; so the name is first loaded to where the key begins.
 */
export const LINK = 0;
const KEY = 1;
const CLASS = 4;
const OTHER = 5;
/** A link's name and an address, as the sets of pods' own addresses have them. */
const OWN_LINK = 0;
const OWN_OTHER = 4;
export const SCRATCH = 12;
const REGISTER_BYTES = 4;

export const SOURCE = { ipv4: "srcIpv4", ipv6: "srcIpv6" } as const;

/** Where packets of one way are judged for a side of a link, over which they come or go, and the chain that does so. */
export type Place = {
  readonly side: GateSide;
  readonly end: "iifname" | "oifname";
  readonly way: Way;
  readonly chain: string;
};

/** Those at the forward hook. */
const places: readonly Place[] = [
  { side: "egress", end: "iifname", way: "original", chain: "client-iifname" },
  { side: "ingress", end: "oifname", way: "original", chain: "server-oifname" },
  { side: "ingress", end: "iifname", way: "reply", chain: "server-iifname" },
  { side: "egress", end: "oifname", way: "reply", chain: "client-oifname" },
];

const deniedAt = ({ chain }: Place): string => `denied-${chain}`;
const countedAt = ({ chain }: Place): string => `counted-${chain}`;

/**
 * Where a permission holds: at a side of pods' links, or at a point of the node's interfaces (host-rules.ts), also for what was admitted
 * before translation.
 */
export type Judged = GateSide | HostPoint | "local-admitted" | "forward-admitted";

/** The chain in which packets end that may not pass. */
export const deniedChain = (judged: Judged): string => `denied-${judged}`;

/** The table without a gate, in place of whatever has its name: all links are closed. */
export function emptyTable(): readonly Request[] {
  return [
    newTable(POLICY_TABLE),
    deleteTable(POLICY_TABLE),
    newTable(POLICY_TABLE),
    ...sets.map((spec, index) => newSet(POLICY_TABLE, spec, index + 1)),
    ...places.flatMap(deniedChains),
    ...(["egress", "ingress"] as const).flatMap(deniedByWay),
    ...(["egress", "ingress"] as const).flatMap(plainPermissions),
    ...places.flatMap((place) => placeChain(place)),
    newChain(POLICY_TABLE, "replies"),
    newChain(POLICY_TABLE, "forward", { hook: "forward", priority: PRIORITY }),
    newRule(POLICY_TABLE, "forward", [...goesWay("reply"), endWith({ goto: "replies" })]),
    ...places.map((place) =>
      newRule(POLICY_TABLE, place.way === "original" ? "forward" : "replies", jumpTo(place)),
    ),
  ];
}

/** To what judges a packet, if it is over a pod's link. */
export const jumpTo = ({ end, chain }: Place): readonly Buffer[] => [
  loadMeta(end, LINK),
  compare(LINK, "==", Buffer.from(DEVICE_PREFIX)),
  endWith({ jump: chain }),
];

/** How many rules the first chain has. */
export const FIRST_RULES = 1 + places.filter(({ way }) => way === "original").length;

/** The two permissions without a chain. */
const PLAIN = ["all", "none"] as const;

/** Where packets end by the permissions that know no ports. */
export const plainPermissions = (judged: Judged): readonly Request[] =>
  changeElements(
    "add",
    { table: POLICY_TABLE, name: setNames.permissions(judged) },
    PLAIN.map((permission) => ({
      key: permissionKey(permission),
      data: verdictData(permission === "all" ? "return" : { goto: deniedChain(judged) }),
    })),
  );

/** Takes them away. */
export const withoutPlainPermissions = (judged: Judged): readonly Request[] =>
  changeElements(
    "delete",
    { table: POLICY_TABLE, name: setNames.permissions(judged) },
    PLAIN.map((permission) => ({ key: permissionKey(permission) })),
  );

/** A map of permissions, the register of its key, and the first of four that have room. */
type Deciding = { readonly name: string; readonly key: number; readonly free: number };

/**
 * Ends with what is done by the permission that a map has for a key. The permission's own key begins with bytes that are always the same,
 * which `nft list` takes it for: it ends itself over a key that is a map's answer.
 */
export const decideBy = (judged: Judged, { name, key, free }: Deciding): readonly Buffer[] => [
  loadBytes(permissionKey("none"), free),
  lookUp({ name }, key, free + PERMISSION_HEAD.length / REGISTER_BYTES),
  lookUp({ name: setNames.permissions(judged) }, free, "verdict"),
];

export const goesWay = (way: Way): readonly Buffer[] => [
  loadConnection("direction", SCRATCH),
  compare(SCRATCH, "==", Buffer.from([way === "original" ? 0 : 1])),
];

/** A chain of these rules. */
export const chainWith = (
  name: string,
  rules: readonly (readonly Buffer[])[],
): readonly Request[] => [
  newChain(POLICY_TABLE, name),
  ...rules.map((expressions) => newRule(POLICY_TABLE, name, expressions)),
];

/** The chain of a place; where a gate has rules, `first` come before them. */
export function placeChain(
  place: Place,
  first: readonly (readonly Buffer[])[] = [],
): readonly Request[] {
  const { side, chain } = place;
  const open = { name: setNames.open(side) };
  const decide = decideBy(side, { name: side, key: KEY, free: OTHER });
  return chainWith(chain, [
    [loadMeta(place.end, LINK), lookUp(open, LINK), endWith("return")],
    ...first,
    ...FAMILIES.flatMap((family) => peerRules(place, family, decide)),
    [endWith({ goto: deniedAt(place) })],
  ]);
}

/** A pod may reach itself by way of the node, whatever its rules say of others. */
const ownRules = (place: Place): readonly (readonly Buffer[])[] =>
  FAMILIES.map((family) => [
    loadMeta(place.end, OWN_LINK),
    loadConnection(SOURCE[family], OWN_OTHER, wayOfOther(place)),
    lookUp({ name: setNames.own(family) }, OWN_LINK),
    endWith("return"),
  ]);

/** The tuple that has the other end as its source: where its own packets come from, before and after all translation. */
const wayOfOther = ({ side }: Place): Way => (side === "ingress" ? "original" : "reply");

/** The link and the closest class that is known of the other end, and then what shall be done with both. */
function peerRules(
  place: Place,
  family: Family,
  then: readonly Buffer[],
): readonly (readonly Buffer[])[] {
  const { end } = place;
  const other = loadConnection(SOURCE[family], OTHER, wayOfOther(place));
  const begin = [loadMeta(end, KEY), loadMeta(end, LINK)];
  return [
    ...[setNames.classes(family), setNames.blocks(family)].map((name) => [
      ...begin,
      other,
      lookUp({ name }, OTHER, CLASS),
      ...then,
    ]),
    // Whoever the other end is: but what has no connection has none.
    [other, ...begin, loadNumber(ANY[family], CLASS), ...then],
  ];
}

/** What may not pass is counted by link and class, now and then shown to who listens, and dropped. */
export function deniedChains(place: Place): readonly Request[] {
  const { side } = place;
  return [
    ...chainWith(
      countedAt(place),
      FAMILIES.flatMap((family) => {
        const note = noteIn(setNames.denied(side, family), KEY, "counter");
        return peerRules(place, family, [note, endWith("return")]);
      }),
    ),
    ...chainWith(deniedAt(place), [
      ...ownRules(place),
      [endWith({ jump: countedAt(place) })],
      showDenied(place.end, setNames.sampled(side), `${side} ${place.way}`),
      [endWith("drop")],
    ]),
  ];
}

/** Shows some of what was denied at each link to who listens. */
export const showDenied = (end: Place["end"], sampled: string, word: string): readonly Buffer[] => [
  loadMeta(end, LINK),
  noteIn(sampled, LINK, LINK_PACE),
  limit(NODE_PACE),
  logTo(DENIED_GROUP, word, SNAPLEN_BYTES),
];

/** Where permissions send what they do not have; which end of the link the packet is at is found out again. */
function deniedByWay(side: GateSide): readonly Request[] {
  const [original, reply] = WAYS.map((way) =>
    places.find((place) => place.way === way && place.side === side),
  );
  invariant(original !== undefined && reply !== undefined, "each direction has both ways");
  return chainWith(deniedChain(side), [
    [...goesWay("reply"), endWith({ goto: deniedAt(reply) })],
    [endWith({ goto: deniedAt(original) })],
  ]);
}

/** Key of `egress`, `ingress` and `node`. */
export const verdictKey = (device: string, peers: PeerClass): Buffer =>
  Buffer.concat([ifnameKey(device).subarray(DEVICE_PREFIX.length), uint32Network(peers)]);

/** What such a key says. */
export const readVerdictKey = (
  key: Buffer,
): { readonly device: string; readonly peers: PeerClass } => ({
  device: `${DEVICE_PREFIX}${textOf(key.subarray(0, -4))}`,
  peers: key.readUInt32BE(key.length - 4),
});
