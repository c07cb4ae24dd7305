/**
 * The two programs of the fast path (decision 12), run on each pod's link. What the node sends to a pod is looked at by
 * `learnFlows`: a packet that nftables marked becomes an entry of the flow map. What comes from a pod is
 * looked up there by `forwardFlows`, and put straight into the other pod's namespace when nothing speaks against it.
 * All else takes the node's normal way; so does a flow's packet now and then, as entries end.
 */
import type { Family } from "@seam/base";

import {
  call,
  compute,
  constant,
  exit,
  jump,
  jumpIf,
  type Lines,
  load,
  mapAt,
  mapValueAt,
  store,
} from "./bpf-assembler.ts";

/** File descriptors of the maps. */
export type FastPathMaps = Readonly<Record<Family | "links" | "settings", number>>;

/** Bit of the packet mark with which nftables says that a flow may be learned. */
export const LEARN_MARK = 0x0010_0000;

/** Sizes in bytes: keys of the flow maps, their value, and the values of the other two maps. */
export const SIZES = { ipv4: 20, ipv6: 44, flow: 40, link: 16, settings: 48 } as const;

/** Where each field of a value is. */
const FLOW = { oldMacs: 0, device: 12, newMacs: 16, generation: 28, until: 32 } as const;
export const LINK = { macs: 0, mtu: 12 } as const;
export const SETTINGS = {
  generation: 0,
  ipv4: { prefix: 4, mask: 8, width: 4 },
  ipv6: { prefix: 16, mask: 32, width: 16 },
} as const;

/** Fields of a key; addresses are followed by both ports. */
const KEY = { device: 0, protocol: 4, source: 8 } as const;
/** What a program has on its stack, from its end. */
const STACK = { key: -48, flow: -88, device: -92, header: -96 } as const;

const LEASE_NS = 10_000_000_000n;
const CONTEXT = {
  mark: 8,
  protocol: 16,
  ingressDevice: 36,
  device: 40,
  data: 76,
  end: 80,
} as const;
const HELPER = { lookUp: 1, update: 2, storeBytes: 9, redirectPeer: 155, coarseTime: 160 } as const;
const TC_ACT_SHOT = 2;
const TCP = 6;
const UDP = 17;
const FIN_SYN_RST = 0x07;
const IP = 14;

/** Offsets in an Ethernet frame; types and the fragment mask as a little-endian machine reads them. */
const families = {
  ipv4: { type: 0x0008, hops: IP + 8, protocol: IP + 9, source: IP + 12, width: 4, ports: IP + 20 },
  ipv6: { type: 0xdd86, hops: IP + 7, protocol: IP + 6, source: IP + 8, width: 16, ports: IP + 40 },
} as const;
const FRAGMENT = { at: IP + 6, mask: 0xff3f } as const;
const TCP_FLAGS = 13;

/** For packets that come from a pod. */
export const forwardFlows = (maps: FastPathMaps): Lines => [
  compute("r6", "=", "r1"),
  ...forFamilies((family) => [
    ...parse(family, "device", [
      ...toOwnPrefix(family, maps),
      load("r1", "u8", ["r7", families[family].hops]),
      jumpIf("r1", "<", [2, "pass"]),
    ]),
    ...lookUp(maps[family], STACK.key),
    compute("r9", "=", "r0"),
    ...isCurrent(maps),
    ...sameBytes("r7", FLOW.oldMacs),
    ...spendHop(family),
    compute("r3", "=", "r9"),
    compute("r3", "+=", FLOW.newMacs),
    ...storeBytes(0, 12),
    load("r1", "u32", ["r9", FLOW.device]),
    compute("r2", "=", 0),
    call(HELPER.redirectPeer),
    exit,
  ]),
  ...pass,
  // A packet that could be written in part only.
  "drop:",
  compute("r0", "=", TC_ACT_SHOT),
  exit,
];

/** For packets that the node sends to a pod. */
export const learnFlows = (maps: FastPathMaps): Lines => [
  compute("r6", "=", "r1"),
  load("r1", "u32", ["r6", CONTEXT.mark]),
  compute("r1", "&=", LEARN_MARK),
  jumpIf("r1", "==", [0, "pass"]),
  ...forFamilies((family) => [
    ...parse(family, "ingressDevice", []),
    ...linkOf("ingressDevice", maps),
    ...copy(["r0", LINK.macs], FLOW.oldMacs),
    load("r9", "u32", ["r0", LINK.mtu]),
    ...linkOf("device", maps),
    // A packet that fits the one link fits the other.
    load("r1", "u32", ["r0", LINK.mtu]),
    jumpIf("r9", ">", ["r1", "pass"]),
    ...copy(["r7", 0], FLOW.newMacs),
    load("r1", "u32", ["r6", CONTEXT.device]),
    store(["r10", STACK.flow + FLOW.device], "u32", "r1"),
    ...generation(maps),
    store(["r10", STACK.flow + FLOW.generation], "u32", "r1"),
    call(HELPER.coarseTime),
    constant("r1", LEASE_NS),
    compute("r0", "+=", "r1"),
    store(["r10", STACK.flow + FLOW.until], "u64", "r0"),
    mapAt("r1", maps[family]),
    ...atStack("r2", STACK.key),
    ...atStack("r3", STACK.flow),
    compute("r4", "=", 0),
    call(HELPER.update),
    jump("pass"),
  ]),
  ...pass,
];

/** The next program, or the kernel's normal way, goes on with the packet. */
const pass: Lines = ["pass:", compute("r0", "=", -1), exit];

const forFamilies = (lines: (family: Family) => Lines): Lines => [
  load("r7", "u32", ["r6", CONTEXT.data]),
  load("r8", "u32", ["r6", CONTEXT.end]),
  load("r1", "u32", ["r6", CONTEXT.protocol]),
  jumpIf("r1", "==", [families.ipv6.type, "ipv6"]),
  jumpIf("r1", "!=", [families.ipv4.type, "pass"]),
  ...lines("ipv4"),
  "ipv6:",
  ...lines("ipv6"),
];

/** Makes the key of a packet that is TCP or UDP, whole, without options, and no beginning or end of a connection. */
function parse(family: Family, device: "device" | "ingressDevice", further: Lines): Lines {
  const { protocol, source, width, ports } = families[family];
  const ready = `ports-${family}`;
  return [
    ...atLeast(ports + 8),
    ...(family === "ipv4" ? wholeIpv4 : []),
    ...further,
    load("r1", "u8", ["r7", protocol]),
    store(["r10", STACK.key + KEY.protocol], "u32", "r1"),
    jumpIf("r1", "==", [UDP, ready]),
    jumpIf("r1", "!=", [TCP, "pass"]),
    ...atLeast(ports + 20),
    load("r1", "u8", ["r7", ports + TCP_FLAGS]),
    jumpIf("r1", "&", [FIN_SYN_RST, "pass"]),
    `${ready}:`,
    // Both addresses and both ports, which follow each other in the packet and in the key.
    ...Array.from({ length: (2 * width) / 4 + 1 }, (_, word) => [
      load("r1", "u32", ["r7", source + word * 4]),
      store(["r10", STACK.key + KEY.source + word * 4], "u32", "r1"),
    ]).flat(),
    load("r1", "u32", ["r6", CONTEXT[device]]),
    store(["r10", STACK.key + KEY.device], "u32", "r1"),
  ];
}

const atLeast = (length: number): Lines => [
  compute("r1", "=", "r7"),
  compute("r1", "+=", length),
  jumpIf("r1", ">", ["r8", "pass"]),
];

const wholeIpv4: Lines = [
  load("r1", "u8", ["r7", IP]),
  jumpIf("r1", "!=", [0x45, "pass"]),
  load("r1", "u16", ["r7", FRAGMENT.at]),
  jumpIf("r1", "&", [FRAGMENT.mask, "pass"]),
];

/** Saves all other packets the look-up. */
function toOwnPrefix(family: Family, maps: FastPathMaps): Lines {
  const { source, width } = families[family];
  const { prefix, mask } = SETTINGS[family];
  return [
    mapValueAt("r1", maps.settings),
    ...Array.from({ length: width / 4 }, (_, word) => [
      load("r2", "u32", ["r7", source + width + word * 4]),
      load("r3", "u32", ["r1", mask + word * 4]),
      compute("r2", "&=", "r3"),
      load("r3", "u32", ["r1", prefix + word * 4]),
      jumpIf("r2", "!=", ["r3", "pass"]),
    ]).flat(),
  ];
}

const lookUp = (map: number, key: number): Lines => [
  mapAt("r1", map),
  ...atStack("r2", key),
  call(HELPER.lookUp),
  jumpIf("r0", "==", [0, "pass"]),
];

/** R0 becomes what is known of the link; others than pods' are unknown. */
const linkOf = (device: "device" | "ingressDevice", { links }: FastPathMaps): Lines => [
  load("r1", "u32", ["r6", CONTEXT[device]]),
  store(["r10", STACK.device], "u32", "r1"),
  ...lookUp(links, STACK.device),
];

const isCurrent = (maps: FastPathMaps): Lines => [
  ...generation(maps),
  load("r2", "u32", ["r9", FLOW.generation]),
  jumpIf("r1", "!=", ["r2", "pass"]),
  call(HELPER.coarseTime),
  load("r1", "u64", ["r9", FLOW.until]),
  jumpIf("r0", ">", ["r1", "pass"]),
];

const generation = (maps: FastPathMaps): Lines => [
  mapValueAt("r1", maps.settings),
  load("r1", "u32", ["r1", SETTINGS.generation]),
];

/** Both MAC addresses of the packet are those that the flow was learned with. */
const sameBytes = (packet: "r7", flow: number): Lines =>
  ([0, 8] as const).flatMap((at) => {
    const width = at === 0 ? "u64" : "u32";
    return [
      load("r1", width, [packet, at]),
      load("r2", width, ["r9", flow + at]),
      jumpIf("r1", "!=", ["r2", "pass"]),
    ];
  });

/** Twelve bytes into the flow on the stack. */
const copy = ([from, offset]: readonly ["r0" | "r7", number], to: number): Lines =>
  ([0, 8] as const).flatMap((at) => {
    const width = at === 0 ? "u64" : "u32";
    return [
      load("r1", width, [from, offset + at]),
      store(["r10", STACK.flow + to + at], width, "r1"),
    ];
  });

/** As a router does (RFC 1812 section 5.3.1, RFC 8200 section 3), and the header's checksum with it (RFC 1624). */
const spendHop = (family: Family): Lines =>
  family === "ipv6"
    ? [
        load("r1", "u8", ["r7", families.ipv6.hops]),
        compute("r1", "-=", 1),
        store(["r10", STACK.header], "u8", "r1"),
        ...atStack("r3", STACK.header),
        ...storeBytes(families.ipv6.hops, 1),
      ]
    : [
        load("r1", "u32", ["r7", families.ipv4.hops]),
        compute("r1", "-=", 1),
        store(["r10", STACK.header], "u32", "r1"),
        load("r1", "u16", ["r7", families.ipv4.hops + 2]),
        compute("r1", "+=", 1),
        jumpIf("r1", "<", [0xffff, "checksum"]),
        compute("r1", "+=", 1),
        "checksum:",
        store(["r10", STACK.header + 2], "u16", "r1"),
        ...atStack("r3", STACK.header),
        ...storeBytes(families.ipv4.hops, 4),
      ];

/** Writes what R3 points to into the packet. */
const storeBytes = (offset: number, length: number): Lines => [
  compute("r1", "=", "r6"),
  compute("r2", "=", offset),
  compute("r4", "=", length),
  compute("r5", "=", 0),
  call(HELPER.storeBytes),
  jumpIf("r0", "!=", [0, "drop"]),
];

const atStack = (register: "r2" | "r3", offset: number): Lines => [
  compute(register, "=", "r10"),
  compute(register, "+=", offset),
];
