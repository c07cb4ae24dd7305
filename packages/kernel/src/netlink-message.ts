/** Netlink messages as bytes (RFC 3549 section 2.3.2, include/uapi/linux/netlink.h); little-endian hosts. */

/** A request without its sequence number, which the socket gives it. */
export type Request = {
  readonly type: number;
  readonly flags: number;
  /** Family header and attributes. */
  readonly body: Buffer;
  /** What the request is for, in error messages. */
  readonly purpose: string;
};

/** One message of an answer. */
export type Message = {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Of the socket that the message answers, or that made the change that it tells of. */
  readonly port: number;
  readonly body: Buffer;
};

/** Attribute payloads by type; of a repeated attribute the last. */
export type Attributes = ReadonlyMap<number, Buffer>;

const HEADER = 16;
/** Of the two bytes of an attribute's type, those that say the type. */
export const ATTRIBUTE_TYPE_MASK = 0x3fff;
const NESTED = 0x8000;

/** An attribute with its padding. */
export const attribute = (type: number, payload: Buffer): Buffer => joined(type, [payload]);

/** An attribute that holds attributes, possibly after a header. */
export const nested = (type: number, parts: readonly Buffer[]): Buffer =>
  joined(type | NESTED, parts);

/** Written once to where it stays: there are ten thousands of these in one transaction. */
function joined(type: number, parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 4);
  const bytes = Buffer.allocUnsafe(aligned(length));
  bytes.writeUInt32LE(0, bytes.length - 4);
  bytes.writeUInt16LE(length, 0);
  bytes.writeUInt16LE(type, 2);
  let at = 4;
  for (const part of parts) at += part.copy(bytes, at);
  return bytes;
}

/** A string with the zero byte that the kernel expects. */
export const text = (value: string): Buffer => Buffer.from(`${value}\0`, "latin1");

/** An unsigned 32-bit integer. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** An unsigned 8-bit integer. */
export const uint8 = (value: number): Buffer => Buffer.from([value]);

/** An unsigned 16-bit integer in network order, as for ports. */
export function uint16Network(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** An unsigned 32-bit integer in network order, as all of netfilter's are. */
export function uint32Network(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** An unsigned integer of 64 bits, no larger than a number can tell exactly, in network order. */
export function uint64Network(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** A MAC address of the form `02:00:00:00:00:01` as bytes. */
export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(":", ""), "hex");

/** Six bytes as a MAC address; other lengths likewise. */
export const formatMac = (bytes: Buffer): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");

/** The string up to its zero byte. */
export const textOf = (bytes: Buffer | undefined): string =>
  bytes === undefined ? "" : (bytes.toString("latin1").split("\0")[0] ?? "");

/** The integer, or null when the attribute is absent or too short. */
export const uint32Of = (bytes: Buffer | undefined): number | null =>
  bytes === undefined || bytes.length < 4 ? null : bytes.readUInt32LE(0);

/** The request as it goes over the socket. */
export function encodeRequest(request: Request, sequence: number): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(HEADER + request.body.length, 0);
  header.writeUInt16LE(request.type, 4);
  header.writeUInt16LE(request.flags, 6);
  header.writeUInt32LE(sequence, 8);
  const padding = Buffer.alloc(aligned(request.body.length) - request.body.length);
  return Buffer.concat([header, request.body, padding]);
}

/** The messages of one datagram, or those that are of or for certain ports; a broken tail is dropped. Bodies are copies. */
export function decodeMessages(
  datagram: Buffer,
  isMeant: (port: number) => boolean = () => true,
): readonly Message[] {
  const messages: Message[] = [];
  for (let offset = 0; offset + HEADER <= datagram.length;) {
    const length = datagram.readUInt32LE(offset);
    if (length < HEADER || offset + length > datagram.length) break;
    const port = datagram.readUInt32LE(offset + 12);
    if (isMeant(port))
      messages.push({
        type: datagram.readUInt16LE(offset + 4),
        flags: datagram.readUInt16LE(offset + 6),
        sequence: datagram.readUInt32LE(offset + 8),
        port,
        body: Buffer.from(datagram.subarray(offset + HEADER, offset + length)),
      });
    offset += aligned(length);
  }
  return messages;
}

/** The attributes of `bytes` from `start`; a broken tail is dropped. */
export function decodeAttributes(bytes: Buffer, start: number): Attributes {
  const attributes = new Map<number, Buffer>();
  for (let offset = start; offset + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(offset);
    if (length < 4 || offset + length > bytes.length) break;
    const type = bytes.readUInt16LE(offset + 2) & ATTRIBUTE_TYPE_MASK;
    attributes.set(type, bytes.subarray(offset + 4, offset + length));
    offset += aligned(length);
  }
  return attributes;
}

const aligned = (length: number): number => (length + 3) & ~3;
