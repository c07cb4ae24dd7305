/** Addresses and prefixes: RFC 4291 and RFC 5952 tables, and round trips as properties. */
import fc from "fast-check";
import { expect, test } from "vitest";

import {
  type Address,
  addressAt,
  type Cidr,
  cidrContains,
  cidrSize,
  formatAddress,
  formatCidr,
  maskAddress,
  parseAddress,
  parseCidr,
  parseNetwork,
} from "./address.ts";
import type { Result } from "./result.ts";

const unwrap = <T>(result: Result<T, string>): T => {
  if (!result.ok) throw new Error(result.error);
  return result.value;
};
const address = (text: string): Address => unwrap(parseAddress(text));
const cidr = (text: string): Cidr => unwrap(parseCidr(text));

test.each([
  ["10.0.0.1", "10.0.0.1"],
  ["2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"],
  ["::", "::"],
  ["::1", "::1"],
  ["fd00::", "fd00::"],
  ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
  ["::ffff:10.1.2.3", "::ffff:a01:203"],
  ["1:0:0:2:3:0:0:4", "1::2:3:0:0:4"],
])("%s is written %s (RFC 5952 section 4)", (text, canonical) => {
  expect(formatAddress(address(text))).toBe(canonical);
});

test.each([
  "",
  "10.0.0",
  "10.0.0.256",
  "010.0.0.1",
  "10.0.0.1.2",
  ":::",
  "1::2::3",
  "12345::",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7::8",
  "10.0.0.1::",
  "fe80::1%eth0",
])("%j is not an address", (text) => {
  expect(parseAddress(text)).toEqual({
    ok: false,
    error: `"${text}" is not an IP address: expected a form such as 10.0.0.1 or fd00::1`,
  });
});

test.each(["10.0.0.0", "10.0.0.0/33", "fd00::/129", "10.0.0.0/08", "10.0.0.0/8/8", "x/8"])(
  "%j is not a prefix",
  (text) => {
    expect(parseCidr(text).ok).toBe(false);
  },
);

test("host bits are named, not dropped", () => {
  expect(parseCidr("10.1.2.3/16")).toEqual({
    ok: false,
    error: '"10.1.2.3/16" has host bits set: write 10.1.0.0/16',
  });
});

test.each([
  ["10.244.1.0/24", "10.244.1.255", true],
  ["10.244.1.0/24", "10.244.2.0", false],
  ["fd00:1::/64", "fd00:1::ffff", true],
  ["fd00:1::/64", "fd00:1:0:1::", false],
  ["0.0.0.0/0", "::1", false],
])("%s contains %s: %s", (prefix, host, expected) => {
  expect(cidrContains(cidr(prefix), address(host))).toBe(expected);
});

test.each([
  ["10.1.2.3/8", "10.0.0.0/8"],
  ["FD00::7/8", "fd00::/8"],
  ["::ffff:10.1.2.3/104", "10.0.0.0/8"],
  ["::ffff:10.1.2.3/128", "10.1.2.3/32"],
  ["::ffff:0:0/96", "0.0.0.0/0"],
  ["::ffff:0:0/95", "::fffe:0:0/95"],
  ["::/0", "::/0"],
])("the network of %s is %s, also in IPv6's form of IPv4 (S5)", (text, network) => {
  expect(formatCidr(unwrap(parseNetwork(text)))).toBe(network);
});

test.each(["10.0.0.0", "fd00::", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/33", "10.0.0.0/8/8"])(
  "%s is no network: without its length nobody knows which",
  (text) => {
    expect(parseNetwork(text)).toEqual({ ok: false, error: expect.stringContaining(`"${text}"`) });
  },
);

test("addressAt counts from the first address and stops at the last", () => {
  const prefix = cidr("10.244.255.0/24");
  expect(formatAddress(addressAt(prefix, 255n)!)).toBe("10.244.255.255");
  expect(addressAt(prefix, 256n)).toBeNull();
  expect(addressAt(prefix, -1n)).toBeNull();
  expect(cidrSize(cidr("fd00::/64"))).toBe(1n << 64n);
});

const anyAddress = fc
  .oneof(
    fc.tuple(fc.constant("ipv4" as const), fc.uint8Array({ minLength: 4, maxLength: 4 })),
    fc.tuple(fc.constant("ipv6" as const), fc.uint8Array({ minLength: 16, maxLength: 16 })),
  )
  .map(([family, octets]): Address => ({ family, bytes: [...octets] }));

test("parse(format(x)) is x", () => {
  fc.assert(
    fc.property(anyAddress, (value) => {
      expect(address(formatAddress(value))).toEqual(value);
    }),
  );
});

test("a masked address is a prefix that contains the address", () => {
  fc.assert(
    fc.property(anyAddress, fc.nat(128), (value, bits) => {
      const length = Math.min(bits, value.bytes.length * 8);
      const prefix = { address: maskAddress(value, length), length };
      expect(cidrContains(cidr(formatCidr(prefix)), value)).toBe(true);
    }),
  );
});
