/**
 * The two programs of a guarantee (decision 24). `markPackets` stands where a pod's packets come into the node and writes into
 * their mark whose they are; the mark stays through routing, translation and encapsulation. `chooseShare` reads it at the uplink.
 */
import { TUNNEL_PORT } from "@seam/state";

import { compute, constant, exit, jump, jumpIf, type Lines, load, store } from "./bpf-assembler.ts";

/** Handles of the classes: a pod's is that of the first, and its slot more. */
export type ShareHandles = {
  readonly own: number;
  readonly others: number;
  readonly firstPod: number;
};

/** The bits of a packet's mark that tell the slot of its pod, from 1; the rest is others'. */
const SLOT_SHIFT = 24;
const OTHER_BITS = 0x00ff_ffff;

const CONTEXT = { mark: 8, protocol: 16, ingressDevice: 36, data: 76, end: 80 } as const;
const UDP = 17;
const IP = 14;
/** Numbers of two bytes as a little-endian machine reads them. */
const swapped = (value: number): number => ((value & 0xff) << 8) | (value >> 8);
const headers = {
  ipv4: { type: swapped(0x0800), protocol: IP + 9, port: IP + 20 + 2 },
  ipv6: { type: swapped(0x86dd), protocol: IP + 6, port: IP + 40 + 2 },
} as const;

/** The next program, or the kernel's normal way, goes on with the packet. */
export const markPackets = (slot: number): Lines => [
  load("r2", "u32", ["r1", CONTEXT.mark]),
  compute("r2", "&=", OTHER_BITS),
  constant("r3", BigInt(slot) << BigInt(SLOT_SHIFT)),
  compute("r2", "|=", "r3"),
  store(["r1", CONTEXT.mark], "u32", "r2"),
  compute("r0", "=", -1),
  exit,
];

/** What the node itself makes came in by no device, except what it encapsulates for pods. */
export const chooseShare = ({ own, others, firstPod }: ShareHandles): Lines => [
  load("r2", "u32", ["r1", CONTEXT.mark]),
  compute("r2", ">>=", SLOT_SHIFT),
  jumpIf("r2", "!=", [0, "pod"]),
  load("r2", "u32", ["r1", CONTEXT.ingressDevice]),
  jumpIf("r2", "!=", [0, "others"]),
  load("r4", "u32", ["r1", CONTEXT.data]),
  load("r5", "u32", ["r1", CONTEXT.end]),
  load("r2", "u32", ["r1", CONTEXT.protocol]),
  jumpIf("r2", "==", [headers.ipv4.type, "ipv4"]),
  jumpIf("r2", "!=", [headers.ipv6.type, "own"]),
  ...tunnelled("ipv6"),
  "ipv4:",
  ...tunnelled("ipv4"),
  "own:",
  constant("r0", BigInt(own)),
  exit,
  "others:",
  constant("r0", BigInt(others)),
  exit,
  "pod:",
  constant("r0", BigInt(firstPod)),
  compute("r0", "+=", "r2"),
  exit,
];

const tunnelled = (family: "ipv4" | "ipv6"): Lines => [
  compute("r2", "=", "r4"),
  compute("r2", "+=", headers[family].port + 2),
  jumpIf("r2", ">", ["r5", "own"]),
  load("r2", "u8", ["r4", headers[family].protocol]),
  jumpIf("r2", "!=", [UDP, "own"]),
  load("r2", "u16", ["r4", headers[family].port]),
  jumpIf("r2", "==", [swapped(TUNNEL_PORT), "others"]),
  jump("own"),
];
