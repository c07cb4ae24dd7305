/** A MAC address for each node's tunnel device that every other node can compute (decision 6). */

import type { Address } from "@seam/base";

/** FNV-1a with 64 bits (offset basis and prime as published by its authors). */
const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const WORD = 0xffffffffffffffffn;

/** A locally administered unicast address from 46 bits of a hash of the node's name. */
export function macOfNode(name: string): string {
  const hash = fnv1a(name);
  const folded = (hash ^ (hash >> 48n)) & 0xffffffffffffn;
  // The two low bits of the first octet: group address (0) and locally administered (1).
  const marked = (folded & ~(0x03n << 40n)) | (0x02n << 40n);
  const digits = marked.toString(16).padStart(12, "0");
  return (digits.match(/../g) ?? []).join(":");
}

/** The link-local address that belongs to a MAC address (RFC 4291 appendix A). */
export function linkLocalOf(mac: string): Address {
  const octets = mac.split(":").map((each) => Number.parseInt(each, 16));
  const [first = 0, ...rest] = octets;
  const identifier = [first ^ 0x02, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  return { family: "ipv6", bytes: [0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...identifier] };
}

function fnv1a(text: string): bigint {
  let hash = OFFSET;
  for (const character of text) {
    hash = ((hash ^ BigInt(character.codePointAt(0) ?? 0)) * PRIME) & WORD;
  }
  return hash;
}
