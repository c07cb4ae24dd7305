import { expect, test } from "vitest";

import { formatPermission, parsePermission, type Permitted, type PortRange } from "./policy.ts";

const tcp = (first: number, last = first): PortRange => ({ protocol: "tcp", first, last });
const udp = (first: number, last = first): PortRange => ({ protocol: "udp", first, last });
const sctp = (first: number, last = first): PortRange => ({ protocol: "sctp", first, last });

const cases: readonly (readonly [string, Permitted])[] = [
  ["none", { ranges: [], other: false }],
  ["other", { ranges: [], other: true }],
  ["tcp/80", { ranges: [tcp(80)], other: false }],
  ["tcp/80-82 udp/53 other", { ranges: [tcp(80, 82), udp(53)], other: true }],
  ["tcp/*", { ranges: [tcp(0, 65_535)], other: false }],
  ["all", { ranges: [tcp(0, 65_535), udp(0, 65_535), sctp(0, 65_535)], other: true }],
];

test.each(cases)("%s is read and written (I14)", (text, permitted) => {
  expect(formatPermission(permitted)).toBe(text);
  expect(parsePermission(text)).toEqual({ ok: true, value: permitted });
});

test("ranges that overlap or touch become one, in canonical order", () => {
  const ranges = [sctp(1), udp(9), tcp(90, 99), tcp(80), tcp(81, 85), tcp(83, 91)];
  expect(formatPermission({ ranges, other: false })).toBe("tcp/80-99 udp/9 sctp/1");
});

test("all ports of all three protocols are not all protocols", () => {
  const ranges = [tcp(0, 65_535), udp(0, 65_535), sctp(0, 65_535)];
  expect(formatPermission({ ranges, other: false })).toBe("tcp/* udp/* sctp/*");
});

test("what is no permission is named", () => {
  expect(parsePermission("tcp/80 icmp")).toEqual({
    ok: false,
    error: 'expected tcp/80, udp/1-9, sctp/* or other; found "icmp"',
  });
});
