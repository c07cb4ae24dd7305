/** IP addresses and prefixes as bytes: parsed once at the edge, printed canonically (RFC 5952). */
import { err, ok, type Result } from "./result.ts";

/** An address family. */
export type Family = "ipv4" | "ipv6";

/** Both of them. */
export const FAMILIES = ["ipv4", "ipv6"] as const satisfies readonly Family[];

/** An IP address: 4 or 16 bytes in network order. */
export type Address = { readonly family: Family; readonly bytes: readonly number[] };

/** An address prefix; bits after `length` are zero. */
export type Cidr = { readonly address: Address; readonly length: number };

/** Width of an address of `family` in bits. */
export const familyBits = (family: Family): number => (family === "ipv4" ? 32 : 128);

/** Parses a dotted quad or an IPv6 address (RFC 4291 section 2.2); the error says what was expected. */
export function parseAddress(text: string): Result<Address, string> {
  const parsed = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  return parsed === null
    ? err(`"${text}" is not an IP address: expected a form such as 10.0.0.1 or fd00::1`)
    : ok({ family: parsed.length === 4 ? "ipv4" : "ipv6", bytes: parsed });
}

const LENGTH = /^(0|[1-9]\d{0,2})$/;

/** Parses `ADDRESS/LENGTH`; host bits must be zero, so that a typing error is not silently dropped. */
export function parseCidr(text: string): Result<Cidr, string> {
  const expected = `"${text}" is not an address prefix: expected a form such as 10.244.0.0/16`;
  const [host, length, ...rest] = text.split("/");
  if (host === undefined || length === undefined || rest.length > 0) return err(expected);
  const address = parseAddress(host);
  if (!address.ok || !LENGTH.test(length)) return err(expected);
  const bits = Number(length);
  if (bits > familyBits(address.value.family)) return err(expected);
  const network = maskAddress(address.value, bits);
  if (formatAddress(network) !== formatAddress(address.value)) {
    return err(`"${text}" has host bits set: write ${formatAddress(network)}/${bits}`);
  }
  return ok({ address: network, length: bits });
}

/**
 * Parses `ADDRESS/LENGTH` where Kubernetes takes an address of the network for the network, and one of IPv4 in IPv6's form (RFC 4291
 * section 2.5.5.2) for that of IPv4.
 */
export function parseNetwork(text: string): Result<Cidr, string> {
  const [host = "", length = "", ...rest] = text.split("/");
  const address = parseAddress(host);
  const bits = Number(length);
  if (!address.ok || rest.length > 0 || !LENGTH.test(length)) return parseCidr(text);
  if (bits > familyBits(address.value.family)) return parseCidr(text);
  return ok(unmapped({ address: maskAddress(address.value, bits), length: bits }));
}

/** What addresses of IPv4 begin with in IPv6's form. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function unmapped(cidr: Cidr): Cidr {
  const { bytes } = cidr.address;
  const length = cidr.length - MAPPED.length * 8;
  return length >= 0 && bytes.length > 4 && MAPPED.every((byte, at) => byte === bytes[at])
    ? { address: { family: "ipv4", bytes: bytes.slice(MAPPED.length) }, length }
    : cidr;
}

/** Canonical text of an address: RFC 5952 for IPv6. */
export function formatAddress(address: Address): string {
  return address.family === "ipv4" ? address.bytes.join(".") : formatIpv6(address.bytes);
}

/** Canonical text of a prefix. */
export const formatCidr = (cidr: Cidr): string => `${formatAddress(cidr.address)}/${cidr.length}`;

/** The address with all bits after `length` cleared. */
export function maskAddress(address: Address, length: number): Address {
  const bytes = address.bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, length - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  return { family: address.family, bytes };
}

/** Whether `address` lies in `cidr`; false across families. */
export function cidrContains({ address: network, length }: Cidr, address: Address): boolean {
  if (network.family !== address.family) return false;
  for (const [index, byte] of address.bytes.entries()) {
    const kept = Math.min(8, length - index * 8);
    if (kept <= 0) return true;
    if (((byte ^ (network.bytes[index] ?? 0)) & (0xff << (8 - kept)) & 0xff) !== 0) return false;
  }
  return true;
}

/** Number of addresses in a prefix. */
export const cidrSize = (cidr: Cidr): bigint =>
  1n << BigInt(familyBits(cidr.address.family) - cidr.length);

/** The address `offset` places after the first of `cidr`, or null when it lies outside. */
export function addressAt(cidr: Cidr, offset: bigint): Address | null {
  if (offset < 0n || offset >= cidrSize(cidr)) return null;
  let rest = addressNumber(cidr.address) + offset;
  const bytes = cidr.address.bytes.map(() => 0);
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return { family: cidr.address.family, bytes };
}

/** The place of an address among all of its family, from 0. */
export const addressNumber = ({ bytes }: Address): bigint =>
  bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

function parseIpv4(text: string): number[] | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

function parseIpv6(text: string): number[] | null {
  const [before = "", after, ...more] = text.split("::");
  if (more.length > 0) return null;
  return after === undefined ? parseWhole(before) : parseElided(before, after);
}

/** All eight groups written out. */
function parseWhole(text: string): number[] | null {
  const bytes = parseGroups(text);
  return bytes?.length === 16 ? bytes : null;
}

/** The two sides of `::`, which stands for one group of zeros or more. */
function parseElided(before: string, after: string): number[] | null {
  const head = before.includes(".") ? null : parseGroups(before);
  const tail = parseGroups(after);
  if (head === null || tail === null || head.length + tail.length > 14) return null;
  const gap = Array.from({ length: 16 - head.length - tail.length }, () => 0);
  return [...head, ...gap, ...tail];
}

/** Colon-separated groups as bytes; the last may be a dotted quad (RFC 4291 section 2.2, form 3). */
function parseGroups(text: string): number[] | null {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    const parsed =
      index === groups.length - 1 && group.includes(".") ? parseIpv4(group) : parseGroup(group);
    if (parsed === null) return null;
    bytes.push(...parsed);
  }
  return bytes;
}

function parseGroup(group: string): number[] | null {
  if (!/^[\da-f]{1,4}$/i.test(group)) return null;
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}

function formatIpv6(bytes: readonly number[]): string {
  const groups = Array.from(
    { length: 8 },
    (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0),
  );
  const run = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (run.length < 2) return hex.join(":");
  const head = hex.slice(0, run.start).join(":");
  return `${head}::${hex.slice(run.start + run.length).join(":")}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}

/** The link-local address that belongs to a MAC address (RFC 4291 appendix A). */
export function linkLocalOf(mac: string): Address {
  const octets = mac.split(":").map((each) => Number.parseInt(each, 16));
  const [first = 0, ...rest] = octets;
  const identifier = [first ^ 0x02, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  return { family: "ipv6", bytes: [0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...identifier] };
}
