/**
 * Hash functions of P4 architectures over bytes. CRC parameters are those that PSA (section 7.1) and simple_switch use: CRC-16/ARC and
 * CRC-32/ISO-HDLC. The internet checksum is that of RFC 1071.
 */
import { bytesOfHex } from "../stf/packets.ts";

/** A reflected CRC of up to 32 bits. */
type Crc = { readonly polynomial: number; readonly start: number; readonly end: number };

function crcTable({ polynomial }: Crc): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let now = byte;
    for (let bit = 0; bit < 8; bit += 1) now = now & 1 ? (now >>> 1) ^ polynomial : now >>> 1;
    table[byte] = now;
  }
  return table;
}

function crc(parameters: Crc): (data: Uint8Array) => number {
  const table = crcTable(parameters);
  const { start, end } = parameters;
  return (data) => {
    let now = start;
    for (const byte of data) now = (table[(now ^ byte) & 0xff] ?? 0) ^ (now >>> 8);
    return (now ^ end) >>> 0;
  };
}

/** CRC-32/ISO-HDLC, that of Ethernet: polynomial 0x04c11db7. */
export const crc32 = crc({ polynomial: 0xedb8_8320, start: 0xffff_ffff, end: 0xffff_ffff });

/** CRC-16/ARC: polynomial 0x8005. */
export const crc16 = crc({ polynomial: 0xa001, start: 0, end: 0 });

/** The sum of 16-bit words in one's complement, an odd byte as the high one. */
export function onesComplementSum(data: Uint8Array, start = 0): number {
  let sum = start;
  for (let at = 0; at < data.length; at += 2) {
    sum += ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

/** The internet checksum. */
export const csum16 = (data: Uint8Array): number => ~onesComplementSum(data) & 0xffff;

/** The exclusive or of 16-bit words. */
export function xor16(data: Uint8Array): number {
  let all = 0;
  for (let at = 0; at < data.length; at += 2) {
    all ^= ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
  }
  return all;
}

/** The first eight bytes as a number. */
function identity(data: Uint8Array): bigint {
  let all = 0n;
  for (const byte of data.subarray(0, 8)) all = (all << 8n) | BigInt(byte);
  return all;
}

/** The key that the specification of receive side scaling gives for its examples. */
const TOEPLITZ_KEY = bytesOfHex(
  "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa",
);

/** Toeplitz, the hash of receive side scaling, by its published key; data beyond 36 bytes uses the key again. */
export function toeplitz(data: Uint8Array): number {
  const keyBit = (at: number): number => {
    const bit = at % (TOEPLITZ_KEY.length * 8);
    return ((TOEPLITZ_KEY[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
  };
  let result = 0;
  let window = 0;
  for (let at = 0; at < 32; at += 1) window = (window << 1) | keyBit(at);
  for (let at = 0; at < data.length * 8; at += 1) {
    if (((data[at >> 3] ?? 0) >> (7 - (at & 7))) & 1) result ^= window;
    window = (window << 1) | keyBit(at + 32);
  }
  return result >>> 0;
}

/** A hash of bytes, without a sign. */
export type Hash = (data: Uint8Array) => bigint;

/** The functions by the names that architectures give them, in lower case. */
const hashes: ReadonlyMap<string, Hash> = new Map<string, Hash>([
  ["crc32", (data) => BigInt(crc32(data))],
  ["crc32_custom", (data) => BigInt(crc32(data))],
  ["crc16", (data) => BigInt(crc16(data))],
  ["crc16_custom", (data) => BigInt(crc16(data))],
  ["identity", identity],
  ["csum16", (data) => BigInt(csum16(data))],
  ["ones_complement16", (data) => BigInt(csum16(data))],
  ["xor16", (data) => BigInt(xor16(data))],
  ["toeplitz", (data) => BigInt(toeplitz(data))],
  ["target_default", (data) => BigInt(crc32(data))],
]);

/** The hash of an enum's member, such as `crc16` or `CRC16`; undefined for those that are no function of the data. */
export const hashOf = (member: string): Hash | undefined => hashes.get(member.toLowerCase());
