/** What the headers of a packet tell of its connection (RFC 791, RFC 8200, RFC 792, RFC 4443); nothing behind them is looked at. */
import type { Address, Family } from "@seam/base";

import { addressOf } from "./family.ts";

/** The way of a packet in its connection. */
export type Way = "original" | "reply";

/** A connection as a packet tells of it. */
export type PacketConnection = {
  readonly family: Family;
  /** Who began. */
  readonly client: Address;
  readonly server: Address;
  /** `TCP`, `UDP`, `SCTP`, `ICMP` or `ICMPv6`; of another protocol its number. */
  readonly protocol: string;
  /** The server's; null for protocols without ports. */
  readonly port: number | null;
};

const NAMES: Readonly<Record<number, string>> = {
  1: "ICMP",
  6: "TCP",
  17: "UDP",
  58: "ICMPv6",
  132: "SCTP",
};
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 132]);
/** Messages of ICMP that are about another packet: their source is anybody on its way. */
const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const LAST_ICMPV6_ERROR = 127;

/** Null for what is cut short, and for ICMP errors, which are told of their connection's own packets. */
export function connectionIn(packet: Buffer, way: Way): PacketConnection | null {
  const layout = layoutOf(packet);
  if (layout === null) return null;
  const { protocol, start, addresses } = layout;
  if (isError(protocol, packet[start])) return null;
  const [source, destination] = addresses;
  const hasPorts = WITH_PORTS.has(protocol) && packet.length >= start + 4;
  return {
    family: source.family,
    client: way === "original" ? source : destination,
    server: way === "original" ? destination : source,
    protocol: NAMES[protocol] ?? String(protocol),
    port: hasPorts ? packet.readUInt16BE(way === "original" ? start + 2 : start) : null,
  };
}

const isError = (protocol: number, type: number | undefined): boolean =>
  type !== undefined &&
  ((protocol === 1 && ICMP_ERRORS.has(type)) || (protocol === 58 && type <= LAST_ICMPV6_ERROR));

type Layout = {
  readonly protocol: number;
  /** Where the header of that protocol is. */
  readonly start: number;
  readonly addresses: readonly [Address, Address];
};

function layoutOf(packet: Buffer): Layout | null {
  const isIpv4 = (packet[0] ?? 0) >> 4 === 4;
  const [at, width] = isIpv4 ? [12, 4] : [8, 16];
  const source = addressOf(packet.subarray(at, at + width));
  const destination = addressOf(packet.subarray(at + width, at + 2 * width));
  if (source === null || destination === null) return null;
  const addresses = [source, destination] as const;
  return isIpv4
    ? { protocol: packet[9] ?? 0, start: 4 * ((packet[0] ?? 0) & 15), addresses }
    : { ...behindExtensions(packet), addresses };
}

/** Extension headers that may come before the one that counts, and in what their lengths are given. */
const EXTENSIONS: ReadonlyMap<number, (length: number) => number> = new Map([
  [0, (length: number) => 8 * (length + 1)],
  [43, (length: number) => 8 * (length + 1)],
  [44, () => 8],
  [51, (length: number) => 4 * (length + 2)],
  [60, (length: number) => 8 * (length + 1)],
]);

function behindExtensions(packet: Buffer): Pick<Layout, "protocol" | "start"> {
  let protocol = packet[6] ?? 0;
  let start = 40;
  for (;;) {
    const lengthOf = EXTENSIONS.get(protocol);
    if (lengthOf === undefined || start + 2 > packet.length) return { protocol, start };
    protocol = packet[start] ?? 0;
    start += lengthOf(packet[start + 1] ?? 0);
  }
}
