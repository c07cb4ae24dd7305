/**
 * The rules of table `inet seam-policy` (decision 16), of which none is about a certain policy. The table has one base chain, at the
 * forward hook. What a node and its own pods say to each other does not come by there, and passes as NetworkPolicy wants it. Of every
 * other packet, both ends that are pods of this node are asked:
 *
 * - `open-egress` and `open-ingress` have the links whose gates have no rules for the direction;
 * - `classes4` and `blocks4` (and 6) say of which class the other end's address is;
 * - `egress` and `ingress` say by link and class whether the packet passes, or which chain knows the ports;
 * - `own4` and `own6` have the pods' own addresses.
 *
 * A link that none of them knows is closed. Nothing passes because its connection exists: every packet is held against the rules
 * of now, those of replies and of ICMP errors by the addresses of their connection.
 */
import { FAMILIES, type Family, invariant } from "@seam/base";
import {
  ANY,
  type Direction,
  LAST_PORT,
  parsePermission,
  type PeerClass,
  type Permission,
  type PortRange,
  type Transport,
} from "@seam/state";
import { createHash } from "node:crypto";

import { DEVICE_PREFIX } from "./device-names.ts";
import { familyNumber } from "./family.ts";
import { type Request, uint32Network } from "./netlink-message.ts";
import {
  changeElements,
  compare,
  count,
  deleteChain,
  deleteTable,
  endWith,
  ifnameKey,
  loadConnection,
  loadMeta,
  loadNumber,
  lookUp,
  newChain,
  newRule,
  newSet,
  newTable,
  portKey,
  type SetElement,
  type SetSpec,
} from "./nft-messages.ts";

export const POLICY_TABLE = "seam-policy";

/** After the filters of kube-proxy, and before what teaches the fast path. */
const PRIORITY = 10;

/** Names of the table's sets. */
export const setNames = {
  open: (direction: Direction): string => `open-${direction}`,
  classes: (family: Family): string => `classes${family.slice(-1)}`,
  blocks: (family: Family): string => `blocks${family.slice(-1)}`,
  own: (family: Family): string => `own${family.slice(-1)}`,
};

const DIRECTIONS = ["egress", "ingress"] as const satisfies readonly Direction[];

const sets: readonly SetSpec[] = [
  ...DIRECTIONS.flatMap((direction): readonly SetSpec[] => [
    { name: setNames.open(direction), key: ["ifname"] },
    { name: direction, key: ["bytes16"], data: "verdict" },
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
const LINK = 0;
const KEY = 1;
const CLASS = 4;
const OTHER = 5;
/** A link's name and an address, as the sets of pods' own addresses have them. */
const OWN_LINK = 0;
const OWN_OTHER = 4;
const SCRATCH = 12;

const SOURCE = { ipv4: "srcIpv4", ipv6: "srcIpv6" } as const;
const PROTOCOLS: Readonly<Record<Transport, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** Who of a connection a link leads to, and which way a packet goes over it. */
type Place = { readonly role: "client" | "server"; readonly end: "iifname" | "oifname" };

const places: readonly Place[] = [
  { role: "client", end: "iifname" },
  { role: "server", end: "oifname" },
  { role: "server", end: "iifname" },
  { role: "client", end: "oifname" },
];

const directionOf = { client: "egress", server: "ingress" } as const satisfies Readonly<
  Record<Place["role"], Direction>
>;

const chainOf = ({ role, end }: Place): string => `${role}-${end}`;

/** The table without a gate, in place of whatever has its name: all links are closed. */
export function emptyTable(): readonly Request[] {
  return [
    newTable(POLICY_TABLE),
    deleteTable(POLICY_TABLE),
    newTable(POLICY_TABLE),
    ...sets.map((spec, index) => newSet(POLICY_TABLE, spec, index + 1)),
    newChain(POLICY_TABLE, "replies"),
    ...places.flatMap(placeChain),
    newChain(POLICY_TABLE, "forward", { hook: "forward", priority: PRIORITY }),
    newRule(POLICY_TABLE, "forward", [
      loadConnection("direction", SCRATCH),
      compare(SCRATCH, "==", Buffer.from([1])),
      endWith({ goto: "replies" }),
    ]),
    ...places.map((place, index) => {
      const expressions = [
        loadMeta(place.end, LINK),
        compare(LINK, "==", Buffer.from(DEVICE_PREFIX)),
        endWith({ jump: chainOf(place) }),
      ];
      return newRule(POLICY_TABLE, index < 2 ? "forward" : "replies", expressions);
    }),
  ];
}

function placeChain(place: Place): readonly Request[] {
  const name = chainOf(place);
  const open = { name: setNames.open(directionOf[place.role]) };
  const rules = [
    [loadMeta(place.end, LINK), lookUp(open, LINK), endWith("return")],
    ...FAMILIES.flatMap((family) => peerRules(place, family)),
    [count(), endWith("drop")],
  ];
  return [
    newChain(POLICY_TABLE, name),
    ...rules.map((expressions) => newRule(POLICY_TABLE, name, expressions)),
  ];
}

/** The closest thing that is known of the other end decides; a pod may also speak to itself. */
function peerRules({ role, end }: Place, family: Family): readonly (readonly Buffer[])[] {
  // Where the other end's own packets come from, before and after all translation.
  const other = loadConnection(SOURCE[family], OTHER, role === "client" ? "reply" : "original");
  const begin = [loadMeta(end, KEY), loadMeta(end, LINK)];
  const decide = lookUp({ name: directionOf[role] }, KEY, "verdict");
  return [
    ...[setNames.classes(family), setNames.blocks(family)].map((name) => [
      ...begin,
      other,
      lookUp({ name }, OTHER, CLASS),
      decide,
    ]),
    [
      loadMeta("nfproto", OTHER),
      compare(OTHER, "==", Buffer.from([familyNumber(family)])),
      ...begin,
      loadNumber(ANY[family], CLASS),
      decide,
    ],
    [
      loadMeta(end, OWN_LINK),
      loadConnection(SOURCE[family], OWN_OTHER, role === "client" ? "reply" : "original"),
      lookUp({ name: setNames.own(family) }, OWN_LINK),
      endWith("return"),
    ],
  ];
}

/** Key of `egress` and `ingress`. */
export const verdictKey = (device: string, peers: PeerClass): Buffer =>
  Buffer.concat([ifnameKey(device).subarray(DEVICE_PREFIX.length), uint32Network(peers)]);

/** The chain of a permission that is about ports; its name is that of nothing else. */
export const permissionChain = (permission: Permission): string =>
  `ports-${createHash("sha256").update(permission).digest("hex").slice(0, 16)}`;

/** Whether a permission needs a chain. */
export const isAboutPorts = (permission: Permission): boolean =>
  permission !== "all" && permission !== "none";

/** Deletes the chain of a permission that no element leads to any more. */
export const withoutPermission = (permission: Permission): Request =>
  deleteChain(POLICY_TABLE, permissionChain(permission));

/** Makes the chain of a permission; `firstId` tells its sets from others of the batch. */
export function withPermission(permission: Permission, firstId: number): readonly Request[] {
  const parsed = parsePermission(permission);
  invariant(parsed.ok, `a permission that is none: ${permission}`);
  const name = permissionChain(permission);
  const { ranges, other } = parsed.value;
  const byProtocol = [...Map.groupBy(ranges, ({ protocol }) => protocol)];
  return [
    newChain(POLICY_TABLE, name),
    ...byProtocol.flatMap(([protocol, list], index) =>
      portRules(name, { protocol, ranges: list, id: firstId + index }),
    ),
    ...(other ? [newRule(POLICY_TABLE, name, [...isOther(), endWith("return")])] : []),
    newRule(POLICY_TABLE, name, [count(), endWith("drop")]),
  ];
}

/** How many sets a permission's chain may have. */
export const SETS_OF_PERMISSION = Object.keys(PROTOCOLS).length;

const isOther = (): readonly Buffer[] => [
  loadConnection("protocol", SCRATCH, "original"),
  ...Object.values(PROTOCOLS).map((protocol) => compare(SCRATCH, "!=", Buffer.from([protocol]))),
];

type Ports = {
  readonly protocol: Transport;
  readonly ranges: readonly PortRange[];
  readonly id: number;
};

function portRules(chain: string, { protocol, ranges, id }: Ports): readonly Request[] {
  const isProtocol = [
    loadConnection("protocol", SCRATCH, "original"),
    compare(SCRATCH, "==", Buffer.from([PROTOCOLS[protocol]])),
  ];
  // Of the connection's server, after the translation of services.
  const port = loadConnection("protoSrc", SCRATCH, "reply");
  const set = { name: `__set${id}`, id };
  const spec = { name: "__set%d", key: ["port"], interval: true, anonymous: id } as const;
  return [
    newSet(POLICY_TABLE, spec, id),
    ...changeElements("add", { ...set, table: POLICY_TABLE }, ranges.flatMap(rangeElements)),
    newRule(POLICY_TABLE, chain, [...isProtocol, port, lookUp(set, SCRATCH), endWith("return")]),
  ];
}

const rangeElements = ({ first, last }: PortRange): readonly SetElement[] => [
  { key: portKey(first) },
  ...(last === LAST_PORT ? [] : [{ key: portKey(last + 1), isEnd: true }]),
];
