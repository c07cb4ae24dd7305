/** What rules ask about a packet that is the node's own, in values as registers have them. */
import type { Family } from "@seam/base";

import { attribute, nested, uint32 } from "./netlink-message.ts";
import { compare, expression, loadMeta, number, register } from "./nft-messages.ts";

const TRANSPORT_HEADER = 2;
const FIB = { addressType: 3, ofSource: 1 } as const;

const ICMP = { ipv4: 1, ipv6: 58 } as const satisfies Readonly<Record<Family, number>>;

/** Goes on with the rule only for the family's ICMP; `scratch` is a register. */
export const isIcmp = (family: Family, scratch: number): readonly Buffer[] => [
  loadMeta("l4proto", scratch),
  compare(scratch, "==", Buffer.from([ICMP[family]])),
];

/** Loads a byte of what comes behind the packet's IP headers. */
export const loadTransportByte = (offset: number, into: number): Buffer =>
  expression("payload", [
    number(1, register(into)),
    number(2, TRANSPORT_HEADER),
    number(3, offset),
    number(4, 1),
  ]);

/** Loads of what kind the packet's source is to the node. */
export const loadSourceKind = (into: number): Buffer =>
  expression("fib", [
    number(1, register(into)),
    number(2, FIB.addressType),
    number(3, FIB.ofSource),
  ]);

/** Copies registers, up to 16 bytes. */
export const copy = (from: number, into: number, bytes: number): Buffer =>
  expression("bitwise", [
    number(1, register(from)),
    number(2, register(into)),
    number(3, bytes),
    nested(4, [attribute(1, Buffer.alloc(bytes, 0xff))]),
    nested(5, [attribute(1, Buffer.alloc(bytes))]),
  ]);

/** The kind of the node's own addresses (include/uapi/linux/rtnetlink.h). */
export const RTN_LOCAL = uint32(2);

/** The state of a packet that others' rules exempt from conntrack, or that it exempts itself, such as neighbour discovery. */
export const UNTRACKED = uint32(64);

/** The state of a packet that is about another connection, such as an ICMP error. */
export const RELATED = uint32(4);
