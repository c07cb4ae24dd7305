/**
 * Where packets come by the gates of the node's own interfaces (decision 21): the chains that hooks call while an interface has a gate, what
 * passes them unjudged, and the places to which they send all else. How places judge is in host-rules.ts.
 */
import { FAMILIES } from "@seam/base";
import type { HostPoint } from "@seam/state";

import { DEVICE_PREFIX } from "./device-names.ts";
import type { Request } from "./netlink-message.ts";
import { ifnameKey } from "./nft-keys.ts";
import {
  compare,
  endWith,
  type Hook,
  loadConnection,
  loadMeta,
  newChain,
  newRule,
} from "./nft-messages.ts";
import { isIcmp, loadSourceKind, loadTransportByte, RELATED, RTN_LOCAL } from "./nft-packet.ts";
import type { Way } from "./packet-headers.ts";
import { chainWith, goesWay, POLICY_TABLE, PRIORITY, SCRATCH } from "./policy-rules.ts";

/** After conntrack (-200), before what translates (-100). */
const BEFORE_TRANSLATION = -150;

/** The register that has a name. */
export const NAME = 0;

/** Where packets of one way are judged for a point, and which of their interfaces is. */
export type Place = {
  readonly point: HostPoint;
  readonly way: Way;
  readonly end: "iifname" | "oifname";
  readonly chain: keyof typeof BASES;
};

const BASES = {
  "host-prerouting": { hook: "prerouting", priority: BEFORE_TRANSLATION },
  "host-input": { hook: "input", priority: PRIORITY },
  "host-postrouting": { hook: "postrouting", priority: PRIORITY },
  "host-forward": { hook: "forward", priority: PRIORITY },
} as const satisfies Readonly<Record<string, Hook>>;

/** All there are. */
export const places: readonly Place[] = [
  { point: "pre-dnat", way: "original", end: "iifname", chain: "host-prerouting" },
  { point: "local-egress", way: "reply", end: "iifname", chain: "host-input" },
  { point: "local-ingress", way: "original", end: "iifname", chain: "host-input" },
  { point: "local-ingress", way: "reply", end: "oifname", chain: "host-postrouting" },
  { point: "local-egress", way: "original", end: "oifname", chain: "host-postrouting" },
  { point: "forward-egress", way: "reply", end: "iifname", chain: "host-forward" },
  { point: "forward-ingress", way: "reply", end: "oifname", chain: "host-forward" },
  { point: "forward-ingress", way: "original", end: "iifname", chain: "host-forward" },
  { point: "forward-egress", way: "original", end: "oifname", chain: "host-forward" },
];

/** The chain in which a place judges. */
export const chainOf = ({ point, way }: Place): string => `${point}-${way}`;

/** The chain of what goes the way of replies. */
export const repliesOf = (base: keyof typeof BASES): string => `${base}-replies`;

/** Chains that hooks call. */
export const BASE_NAMES = [
  "host-prerouting",
  "host-input",
  "host-postrouting",
  "host-forward",
] as const satisfies readonly (keyof typeof BASES)[];

/** What may not be judged returns; then the places of the replies, or of all else. */
export function baseChains(base: keyof typeof BASES): readonly Request[] {
  const mine = places.filter(({ chain }) => chain === base);
  const jumpsOf = (way: Way): readonly (readonly Buffer[])[] =>
    mine
      .filter((place) => place.way === way)
      .map((place) => [...isNodes(place), endWith({ jump: chainOf(place) })]);
  return [
    ...chainWith(repliesOf(base), jumpsOf("reply")),
    newChain(POLICY_TABLE, base, BASES[base]),
    ...[
      ...(base === "host-forward" ? [] : passing(mine)),
      ...(base === "host-postrouting" ? ofOthers() : []),
      [...goesWay("reply"), endWith({ goto: repliesOf(base) })],
      ...jumpsOf("original"),
    ].map((expressions) => newRule(POLICY_TABLE, base, expressions)),
  ];
}

/** Pods' links are not the node's. */
const isNodes = ({ end }: Place): readonly Buffer[] => [
  loadMeta(end, NAME),
  compare(NAME, "!=", Buffer.from(DEVICE_PREFIX)),
];

/**
 * What conntrack does not track, and IPv6 does not work without: multicast listeners (RFC 2710: 130 to 132; RFC 3810: 143), and neighbour
 * discovery (RFC 4861: 133 to 137).
 */
const LISTENERS_AND_NEIGHBOURS = { first: 130, last: 137 } as const;
const LISTENER_REPORT = 143;

function passing([place]: readonly Place[]): readonly (readonly Buffer[])[] {
  const isIcmpv6 = isIcmp("ipv6", SCRATCH);
  const kind = loadTransportByte(0, SCRATCH);
  return [
    [
      loadMeta(place?.end ?? "iifname", NAME),
      compare(NAME, "==", ifnameKey("lo")),
      endWith("return"),
    ],
    [
      ...isIcmpv6,
      kind,
      compare(SCRATCH, ">=", Buffer.from([LISTENERS_AND_NEIGHBOURS.first])),
      compare(SCRATCH, "<=", Buffer.from([LISTENERS_AND_NEIGHBOURS.last])),
      endWith("return"),
    ],
    [...isIcmpv6, kind, compare(SCRATCH, "==", Buffer.from([LISTENER_REPORT])), endWith("return")],
  ];
}

/** What is forwarded; and ICMP errors of the node, which may be about connections that it forwards. */
const ofOthers = (): readonly (readonly Buffer[])[] => [
  [loadSourceKind(SCRATCH), compare(SCRATCH, "!=", RTN_LOCAL), endWith("return")],
  ...FAMILIES.map((family) => [
    ...isIcmp(family, SCRATCH),
    loadConnection("state", SCRATCH),
    compare(SCRATCH, "==", RELATED),
    endWith("return"),
  ]),
];
