/** Headers of packets as they come from the kernel, whole and cut short. */
import { formatAddress } from "@seam/base";
import { expect, test } from "vitest";

import { connectionIn, type Way } from "./packet-headers.ts";

const V4 = "0a000001 0a000002";
const V6 = "fd000000000000000000000000000001 fd000000000000000000000000000002";
const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
/** As `10.0.0.1 10.0.0.2 TCP/80`. */
const told = (hex: string, way: Way): string | null => {
  const found = connectionIn(bytesOf(hex), way);
  if (found === null) return null;
  const { client, server, protocol, port } = found;
  const ends = `${formatAddress(client)} ${formatAddress(server)}`;
  return `${ends} ${protocol}${port === null ? "" : `/${port}`}`;
};
const ipv4 = (protocol: string, rest: string): string =>
  `45000028 00000000 40${protocol}0000 ${V4} ${rest}`;
const ipv6 = (next: string, rest: string): string => `60000000 0010${next}40 ${V6} ${rest}`;

test.each([
  ["the way there", ipv4("06", "c0000050"), "original", "10.0.0.1 10.0.0.2 TCP/80"],
  ["the way back", ipv4("06", "0050c000"), "reply", "10.0.0.2 10.0.0.1 TCP/80"],
  [
    "options of IPv4",
    `46000028 00000000 40110000 ${V4} 01010101 c0000035`,
    "original",
    "10.0.0.1 10.0.0.2 UDP/53",
  ],
  ["no ports behind the cut", ipv4("06", "c000"), "original", "10.0.0.1 10.0.0.2 TCP"],
  ["a ping", ipv4("01", "0800"), "original", "10.0.0.1 10.0.0.2 ICMP"],
  ["a protocol without a name here", ipv4("2f", "0000"), "original", "10.0.0.1 10.0.0.2 47"],
  ["IPv6", ipv6("84", "c0001388"), "original", "fd00::1 fd00::2 SCTP/5000"],
  ["a ping of IPv6", ipv6("3a", "8000"), "original", "fd00::1 fd00::2 ICMPv6"],
  [
    "extension headers",
    ipv6("00", "2c00000000000000 0600000000000000 c0000050"),
    "original",
    "fd00::1 fd00::2 TCP/80",
  ],
  ["an extension header that is cut", ipv6("00", "06"), "original", "fd00::1 fd00::2 0"],
] as const)("%s", (...row) => {
  const [, hex, way, expected] = row;
  expect(told(hex, way)).toBe(expected);
});

test.each([
  ["nothing", ""],
  ["half of an address", "45000028 00000000 40060000 0a000001 0a00"],
  ["an ICMP error, whose source is anybody", ipv4("01", "0304")],
  ["an ICMPv6 error", ipv6("3a", "0200")],
])("of %s nothing is told", (_what, hex) => {
  expect(told(hex, "original")).toBeNull();
});
