/** Chains of table `inet seam-policy` that know what a permission has: ports, types of ICMP, other protocols, and what is to be shown. */
import { invariant } from "@seam/base";
import {
  GATE_SIDES,
  type GateSide,
  HOST_POINTS,
  type HostPoint,
  lastOf,
  type LineProtocol,
  parsePermission,
  type Permission,
  type PortRange,
  PROTOCOL_NUMBERS,
} from "@seam/state";

import type { Request } from "./netlink-message.ts";
import { permissionBytes, permissionKey, portKey, protocolKey } from "./nft-keys.ts";
import {
  changeElements,
  compare,
  deleteChain,
  endWith,
  limit,
  loadConnection,
  loadMeta,
  logTo,
  lookUp,
  newChain,
  newRule,
  newSet,
  noteIn,
  type SetElement,
  verdictData,
} from "./nft-messages.ts";
import {
  DENIED_GROUP,
  deniedChain,
  type Judged,
  LINK,
  LINK_PACE,
  LOGGED,
  NODE_PACE,
  POLICY_TABLE,
  SCRATCH,
  setNames,
  SNAPLEN_BYTES,
} from "./policy-rules.ts";

/** What gates permit at a side, or at a point. */
export type Permitting = { readonly direction: Judged; readonly permission: Permission };

/** The chain of a permission that is about ports; its name is that of nothing else. */
const permissionChain = ({ direction, permission }: Permitting): string =>
  `ports-${direction}-${permissionBytes(permission).toString("hex")}`;

/** Whether a permission needs a chain. */
export const isAboutPorts = (permission: Permission): boolean =>
  permission !== "all" && permission !== "none";

/** Deletes the chain of a permission that no element leads to any more. */
export const withoutPermission = (permitting: Permitting): readonly Request[] => [
  ...changeElements("delete", mapOf(permitting), [{ key: permissionKey(permitting.permission) }]),
  deleteChain(POLICY_TABLE, permissionChain(permitting)),
];

const mapOf = ({ direction }: Permitting): { readonly table: string; readonly name: string } => ({
  table: POLICY_TABLE,
  name: setNames.permissions(direction),
});

/** How many sets a permission's chain may have: one for each protocol, and again for what is shown. */
export const SETS_OF_PERMISSION = 2 * (Object.keys(PROTOCOL_NUMBERS).length + 1);

/** Makes the chain of a permission; `firstId` tells its sets from others of the batch. */
export function withPermission(permitting: Permitting, firstId: number): readonly Request[] {
  const { direction, permission } = permitting;
  const parsed = parsePermission(permission);
  invariant(parsed.ok, `a permission that is none: ${permission}`);
  const name = permissionChain(permitting);
  const { ranges, logged } = parsed.value;
  const permitted = { ranges, firstId, begin: [], end: [endWith("return")], judged: direction };
  return [
    newChain(POLICY_TABLE, name),
    ...loggedRules(name, { ranges: logged, firstId: firstId + SETS_OF_PERMISSION / 2 }, direction),
    ...rangeRules(name, permitted),
    newRule(POLICY_TABLE, name, [endWith({ goto: deniedChain(direction) })]),
    ...changeElements("add", mapOf(permitting), [
      { key: permissionKey(permission), data: verdictData({ goto: name }) },
    ]),
  ];
}

/** Shows what begins, but for what is admitted: that was shown before its translation. */
function loggedRules(
  chain: string,
  ranges: Pick<RangeRules, "ranges" | "firstId">,
  judged: Judged,
): readonly Request[] {
  const place = [...GATE_SIDES, ...HOST_POINTS].find((each) => each === judged);
  if (place === undefined) return [];
  const begin = [loadConnection("state", SCRATCH), compare(SCRATCH, "==", NEW)];
  return rangeRules(chain, { ...ranges, begin, end: logRule(place), judged });
}

/** The state of a connection's first packet (NF_CT_STATE_BIT(IP_CT_NEW)), in the machine's order. */
const NEW = Buffer.from(new Uint32Array([8]).buffer);

/** Shows the first packet of a connection. */
const logRule = (judged: GateSide | HostPoint): readonly Buffer[] => [
  loadMeta(interfaceAt(judged), LINK),
  noteIn(setNames.logged(judged), LINK, LINK_PACE),
  limit(NODE_PACE),
  logTo(DENIED_GROUP, `${judged} original ${LOGGED}`, SNAPLEN_BYTES),
];

/** It comes by its client's link or goes by its server's; at the node's own interfaces it is the other way round. */
const interfaceAt = (judged: GateSide | HostPoint): "iifname" | "oifname" =>
  judged === "egress" || judged === "node" || judged.endsWith("-ingress") || judged === "pre-dnat"
    ? "iifname"
    : "oifname";

/** What is done with packets to any of the ranges. */
type RangeRules = {
  readonly ranges: readonly PortRange[];
  readonly firstId: number;
  readonly begin: readonly Buffer[];
  readonly end: readonly Buffer[];
  readonly judged: Judged;
};

/** One rule for each protocol. */
const rangeRules = (
  chain: string,
  { ranges, firstId, begin, end, judged }: RangeRules,
): readonly Request[] =>
  [...Map.groupBy(ranges, ({ protocol }) => protocol)].flatMap(([protocol, list], index) => {
    const set = { name: `__set${firstId + index}`, id: firstId + index };
    const load = loadPlace(protocol, judged);
    const [only] = list;
    if (only !== undefined && only.first === 0 && only.last === lastOf(protocol))
      return [newRule(POLICY_TABLE, chain, [...begin, ...load.isProtocol, ...end])];
    const spec = { name: "__set%d", key: [load.key], interval: true, anonymous: set.id } as const;
    const elements = list.flatMap((range) => rangeElements(range));
    const expressions = [...begin, ...load.isProtocol, load.place, lookUp(set, SCRATCH), ...end];
    return [
      newSet(POLICY_TABLE, spec, set.id),
      ...changeElements("add", { ...set, table: POLICY_TABLE }, elements),
      newRule(POLICY_TABLE, chain, expressions),
    ];
  });

/** Loads the port of the connection's server, after the translation of services, or before it. */
export const serverPort = (judged: Judged): Buffer =>
  judged === "pre-dnat" || judged.endsWith("-admitted")
    ? loadConnection("protoDst", SCRATCH, "original")
    : loadConnection("protoSrc", SCRATCH, "reply");

type PlaceLoad = {
  readonly isProtocol: readonly Buffer[];
  readonly key: "port" | "protocol";
  readonly place: Buffer;
};

/** What tells a connection's place on the line of ports. */
function loadPlace(protocol: LineProtocol, judged: Judged): PlaceLoad {
  const load = loadConnection("protocol", SCRATCH, "original");
  if (protocol === "protocol") {
    const others = Object.values(PROTOCOL_NUMBERS).map((each) =>
      compare(SCRATCH, "!=", Buffer.from([each])),
    );
    return { isProtocol: [load, ...others], key: "protocol", place: load };
  }
  return {
    isProtocol: [load, compare(SCRATCH, "==", Buffer.from([PROTOCOL_NUMBERS[protocol]]))],
    key: "port",
    // Or the type and code of what was asked.
    place: protocol.startsWith("icmp")
      ? loadConnection("protoDst", SCRATCH, "original")
      : serverPort(judged),
  };
}

function rangeElements({ protocol, first, last }: PortRange): readonly SetElement[] {
  const key = protocol === "protocol" ? protocolKey : portKey;
  return [
    { key: key(first) },
    ...(last === lastOf(protocol) ? [] : [{ key: key(last + 1), isEnd: true }]),
  ];
}
