/**
 * The rules for the node's own interfaces (decision 21), a part of table `inet seam-policy` that is there while an interface has a gate.
 * Five points have a set of the interfaces that are judged there, and a map from interface and class to what becomes of a packet, as
 * pods' links have them. Each connection is judged at a point by two places, one for each way:
 *
 * - `pre-dnat`: what comes in, at prerouting before translation, only on the original way;
 * - `local-ingress` and `local-egress`: at input, and at postrouting what has an address of the node as its source. At the output hook a
 *   packet that was translated still names the interface of where it was to go before;
 * - `forward-ingress` and `forward-egress`: at forward, besides the pods' gates.
 *
 * An interface that is judged goes by its own name, one without a gate by that of `ANY_INTERFACE`. Loopback and pods' links pass. So does
 * at local places what conntrack leaves alone for IPv6 to work, and ICMP errors that the node sends. What else has no connection, or is in
 * no rule, ends in `denied-...`, where the ports pass that must stay open lest a node be cut off for good, and what a policy let in before
 * translation. What has no connection is not counted.
 */
import { FAMILIES, type Family } from "@seam/base";
import {
  ANY,
  ANY_INTERFACE,
  HOST_POINTS,
  type HostPoint,
  type PeerClass,
  PROTOCOL_NUMBERS,
  TUNNEL_PORT,
} from "@seam/state";

import {
  BASE_NAMES,
  baseChains,
  chainOf,
  NAME,
  type Place,
  places,
  repliesOf,
} from "./host-hooks.ts";
import { type Request, textOf, uint32Network } from "./netlink-message.ts";
import { ifnameKey, portKey } from "./nft-keys.ts";
import {
  changeElements,
  compare,
  deleteChain,
  deleteSet,
  endWith,
  loadBytes,
  loadConnection,
  loadMeta,
  loadNumber,
  lookUp,
  newSet,
  noteIn,
  type SetSpec,
} from "./nft-messages.ts";
import { copy } from "./nft-packet.ts";
import type { Way } from "./packet-headers.ts";
import { serverPort } from "./policy-permissions.ts";
import {
  chainWith,
  DENIED_ELEMENTS,
  deniedChain,
  goesWay,
  decideBy,
  permissionSet,
  plainPermissions,
  POLICY_TABLE,
  sampledSet,
  SCRATCH,
  setNames,
  showDenied,
  SOURCE,
  withoutPlainPermissions,
} from "./policy-rules.ts";

/** Where what was let in before translation is found again. */
export const ADMITTED = ["local-admitted", "forward-admitted"] as const;
type Admitted = (typeof ADMITTED)[number];
const admittedAt: Readonly<Partial<Record<HostPoint, Admitted>>> = {
  "local-ingress": "local-admitted",
  "forward-ingress": "forward-admitted",
};

/** Names of the sets. */
export const hostSets = {
  /** Interfaces that have a gate of their own. */
  own: "host-own",
  judged: (point: HostPoint): string => `judged-${point}`,
  permissions: (judged: HostPoint | Admitted): string => `host-${judged}`,
  denied: (point: HostPoint, family: Family): string => `denied-${point}${family.slice(-1)}`,
  sampled: (point: HostPoint): string => `sampled-${point}`,
};

type FailsafeProtocol = "tcp" | "udp";
type FailsafeSide = keyof typeof FAILSAFE;

/**
 * Ports that stay open whatever policies say: those of Calico (FailsafeInboundHostPorts and FailsafeOutboundHostPorts of its
 * FelixConfiguration), and the tunnel's, which Calico lets through between nodes as well.
 */
const CONTROL = [179, 2379, 2380, 5473, 6443, 6666, 6667];
const FAILSAFE = {
  in: { tcp: [22, ...CONTROL], udp: [68, TUNNEL_PORT] },
  out: { tcp: CONTROL, udp: [53, 67, TUNNEL_PORT] },
} as const satisfies Readonly<
  Record<string, Readonly<Record<FailsafeProtocol, readonly number[]>>>
>;
const SIDES = ["in", "out"] as const satisfies readonly FailsafeSide[];
const FAILSAFE_PROTOCOLS = ["tcp", "udp"] as const satisfies readonly FailsafeProtocol[];
const failsafeSet = (side: FailsafeSide, protocol: FailsafeProtocol): string =>
  `failsafe-${side}-${protocol}`;
const failsafeSide: Readonly<Record<HostPoint, FailsafeSide | null>> = {
  "local-ingress": "in",
  "local-egress": "out",
  "forward-ingress": null,
  "forward-egress": null,
  "pre-dnat": "in",
};

const permissions = (judged: HostPoint | Admitted, counted: boolean): readonly SetSpec[] => [
  { name: hostSets.permissions(judged), key: ["ifname", "mark"], data: "bytes12", counted },
  permissionSet(judged),
];

const sets: readonly SetSpec[] = [
  { name: hostSets.own, key: ["ifname"] },
  // What is admitted was counted where it came in.
  ...ADMITTED.flatMap((judged) => permissions(judged, false)),
  ...HOST_POINTS.flatMap((point): readonly SetSpec[] => [
    { name: hostSets.judged(point), key: ["ifname"] },
    ...permissions(point, true),
    ...FAMILIES.map((family) => ({
      name: hostSets.denied(point, family),
      key: ["ifname", "mark"] as const,
      dynamic: { elements: DENIED_ELEMENTS, idle: null },
    })),
    sampledSet(hostSets.sampled(point)),
    sampledSet(setNames.logged(point)),
  ]),
  ...SIDES.flatMap((side) =>
    FAILSAFE_PROTOCOLS.map((protocol): SetSpec => ({
      name: failsafeSet(side, protocol),
      key: ["port"],
    })),
  ),
];

/**
 * Where the registers have things: a name; the class that is found, behind a name; the address of the other end; and the key, a name with
 * the class behind it. The class comes there as a copy, with the end of the name: `nft list` (1.0.6) ends itself over a key of which it takes
 * a part for a map's answer, and of a copy it knows where it begins, so it takes the class for the number that was there before.
 */
const FOUND = 4;
const OTHER = 5;
const KEY = 9;
const CLASS = 13;
const NAME_REGISTERS = 4;
const COPIED_BYTES = 8;

/** Loads a name into a register. */
type Load = (into: number) => Buffer;

const ownAt = (place: Place): string => `own-${chainOf(place)}`;
const anyAt = (place: Place): string => `any-${chainOf(place)}`;
const deniedAt = (place: Place): string => `denied-${chainOf(place)}`;
const droppedAt = (place: Place): string => `dropped-${chainOf(place)}`;
const countedAt = (place: Place): string => `counted-${chainOf(place)}`;
/** Makes all of it, without a gate. */
export const hostTable = (): readonly Request[] => [
  ...sets.map((spec, index) => newSet(POLICY_TABLE, spec, FIRST_SET + index)),
  ...SIDES.flatMap((side) =>
    FAILSAFE_PROTOCOLS.flatMap((protocol) =>
      changeElements(
        "add",
        { table: POLICY_TABLE, name: failsafeSet(side, protocol) },
        FAILSAFE[side][protocol].map((port) => ({ key: portKey(port) })),
      ),
    ),
  ),
  ...places.flatMap(droppedChains),
  ...ADMITTED.flatMap(deniedAdmitted),
  ...places.flatMap(deniedHere),
  ...HOST_POINTS.flatMap((point) => byWay(deniedChain(point), point, deniedAt)),
  ...[...HOST_POINTS, ...ADMITTED].flatMap(plainPermissions),
  ...places.flatMap(placeChains),
  ...BASE_NAMES.flatMap(baseChains),
];

/** Tells the sets from the table's others, of which there are fewer. */
const FIRST_SET = 50;

/** Deletes all of it, when no element leads anywhere any more: each chain and set after what uses it. */
export const withoutHostTable = (): readonly Request[] => [
  ...[...HOST_POINTS, ...ADMITTED].flatMap(withoutPlainPermissions),
  ...[
    ...BASE_NAMES,
    ...BASE_NAMES.map(repliesOf),
    ...places.map(chainOf),
    ...places.flatMap((place) => [ownAt(place), anyAt(place)]),
    ...HOST_POINTS.map(deniedChain),
    ...places.map(deniedAt),
    ...ADMITTED.map(deniedChain),
    ...places.map(droppedAt),
    ...places.map(countedAt),
  ].map((name) => deleteChain(POLICY_TABLE, name)),
  ...sets.map(({ name }) => deleteSet(POLICY_TABLE, name)),
];

const ownNameAt =
  ({ end }: Place): Load =>
  (into) =>
    loadMeta(end, into);
const anyName: Load = (into) => loadBytes(ifnameKey(ANY_INTERFACE), into);

/** Whether the interface is judged here, by its own name or by that of all. */
function placeChains(place: Place): readonly Request[] {
  const judged = { name: hostSets.judged(place.point) };
  const ownName = ownNameAt(place);
  const judging = (name: Load): readonly (readonly Buffer[])[] => [
    ...decisions(place, place.point, name),
    [endWith({ goto: deniedAt(place) })],
  ];
  return [
    ...chainWith(ownAt(place), judging(ownName)),
    ...chainWith(anyAt(place), judging(anyName)),
    ...chainWith(chainOf(place), [
      [ownName(NAME), lookUp(judged, NAME), endWith({ goto: ownAt(place) })],
      [ownName(NAME), lookUp({ name: hostSets.own }, NAME), endWith("return")],
      [anyName(NAME), lookUp(judged, NAME), endWith({ goto: anyAt(place) })],
    ]),
  ];
}

/** The tuple that has the other end as its source: where its own packets come from. */
const wayOfOther = ({ point }: Place): Way =>
  point === "local-egress" || point === "forward-egress" ? "reply" : "original";

/** The other end of the connection, which nothing has that has no connection. */
const otherEnd = (place: Place, family: Family): Buffer =>
  loadConnection(SOURCE[family], OTHER, wayOfOther(place));

/** What the rules for the closest class of an address say. */
function decisions(
  place: Place,
  judged: HostPoint | Admitted,
  name: Load,
): readonly (readonly Buffer[])[] {
  const decide = decideBy(judged, { name: hostSets.permissions(judged), key: KEY, free: OTHER });
  return FAMILIES.flatMap((family) =>
    keys(family, name, otherEnd(place, family)).map((key) => [...key, ...decide]),
  );
}

/** Puts the key of a name and of the class of the other end where it is looked up, from what is closest to what is true of any address. */
const keys = (family: Family, name: Load, other: Buffer): readonly (readonly Buffer[])[] => [
  ...[setNames.classes(family), setNames.blocks(family)].map((set) => [
    ...[FOUND - 1, CLASS].map((index) => loadNumber(0, index)),
    name(FOUND - NAME_REGISTERS),
    name(KEY),
    other,
    lookUp({ name: set }, OTHER, FOUND),
    copy(FOUND - 1, CLASS - 1, COPIED_BYTES),
  ]),
  [other, name(KEY), loadNumber(ANY[family], CLASS)],
];

/** What may not pass by the rules, but for the ports that stay open, and what was admitted before translation. */
function deniedHere(place: Place): readonly Request[] {
  const admitted = admittedAt[place.point];
  const drop = endWith({ goto: droppedAt(place) });
  const ownName = ownNameAt(place);
  return chainWith(deniedAt(place), [
    ...failsafe(place.point),
    ...(admitted === undefined
      ? []
      : [
          ...decisions(place, admitted, ownName),
          [ownName(NAME), lookUp({ name: hostSets.own }, NAME), drop],
          ...decisions(place, admitted, anyName),
        ]),
    [drop],
  ]);
}

/** What is dropped is counted by interface and class, and now and then shown to who listens. */
function droppedChains(place: Place): readonly Request[] {
  const { point, way, end } = place;
  return [
    ...chainWith(
      countedAt(place),
      FAMILIES.flatMap((family) => {
        const found = keys(family, ownNameAt(place), otherEnd(place, family));
        const note = [noteIn(hostSets.denied(point, family), KEY, "counter"), endWith("return")];
        return found.map((key) => [...key, ...note]);
      }),
    ),
    ...chainWith(droppedAt(place), [
      [endWith({ jump: countedAt(place) })],
      showDenied(end, hostSets.sampled(point), `${point} ${way}`),
      [endWith("drop")],
    ]),
  ];
}

function failsafe(point: HostPoint): readonly (readonly Buffer[])[] {
  const side = failsafeSide[point];
  if (side === null) return [];
  return FAILSAFE_PROTOCOLS.map((protocol) => [
    loadConnection("protocol", SCRATCH, "original"),
    compare(SCRATCH, "==", Buffer.from([PROTOCOL_NUMBERS[protocol]])),
    serverPort(point),
    lookUp({ name: failsafeSet(side, protocol) }, SCRATCH),
    endWith("return"),
  ]);
}

/** Where permissions send what they do not have; which way the packet goes is found out again. */
function byWay(name: string, point: HostPoint, next: (place: Place) => string): readonly Request[] {
  const mine = places.filter((place) => place.point === point);
  return chainWith(
    name,
    ["reply", "original"].flatMap((way) =>
      mine
        .filter((place) => place.way === way)
        .map((place) => [
          ...(place.way === "reply" ? goesWay("reply") : []),
          endWith({ goto: next(place) }),
        ]),
    ),
  );
}

const deniedAdmitted = (admitted: Admitted): readonly Request[] =>
  HOST_POINTS.filter((point) => admittedAt[point] === admitted).flatMap((point) =>
    byWay(deniedChain(admitted), point, droppedAt),
  );

/** Key of the maps of verdicts and of the sets of what was denied. */
export const hostKey = (name: string, peers: PeerClass): Buffer =>
  Buffer.concat([ifnameKey(name), uint32Network(peers)]);

/** What such a key says. */
export const readHostKey = (
  key: Buffer,
): { readonly interface: string; readonly peers: PeerClass } => ({
  interface: textOf(key.subarray(0, -4)),
  peers: key.readUInt32BE(key.length - 4),
});
