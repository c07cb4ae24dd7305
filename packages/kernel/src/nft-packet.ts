/** What rules ask about a packet that is the node's own, in values as registers have them. */
import { attribute, nested, uint32 } from "./netlink-message.ts";
import { expression, number, register } from "./nft-messages.ts";

const TRANSPORT_HEADER = 2;
const FIB = { addressType: 3, ofSource: 1 } as const;

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

/** The state of a packet that is about another connection, such as an ICMP error. */
export const RELATED = uint32(4);
