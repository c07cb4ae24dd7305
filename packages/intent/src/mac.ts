/** A MAC address for each node's tunnel device that every other node can compute (decision 6). */

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

function fnv1a(text: string): bigint {
  let hash = OFFSET;
  for (const character of text) {
    hash = ((hash ^ BigInt(character.codePointAt(0) ?? 0)) * PRIME) & WORD;
  }
  return hash;
}
