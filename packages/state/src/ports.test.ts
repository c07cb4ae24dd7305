import fc from "fast-check";
import { expect, test } from "vitest";

import {
  ALL_PORTS,
  formatPermission,
  intersectPorts,
  parsePermission,
  portSet,
  type PortRange,
  type PortSet,
  subtractPorts,
  uniteAllPorts,
  unitePorts,
} from "./ports.ts";

const tcp = (first: number, last = first): PortRange => ({ protocol: "tcp", first, last });
const udp = (first: number, last = first): PortRange => ({ protocol: "udp", first, last });
const sctp = (first: number, last = first): PortRange => ({ protocol: "sctp", first, last });

const everyPort = [tcp(0, 65_535), udp(0, 65_535), sctp(0, 65_535)];
const everything: readonly PortRange[] = [
  ...everyPort,
  { protocol: "icmp", first: 0, last: 65_535 },
  { protocol: "icmpv6", first: 0, last: 65_535 },
  { protocol: "protocol", first: 0, last: 255 },
];
const setOf = (ranges: readonly PortRange[]): PortSet => uniteAllPorts(ranges.map(portSet));

const cases: readonly (readonly [string, readonly PortRange[]])[] = [
  ["none", []],
  ["protocol/*", [{ protocol: "protocol", first: 0, last: 255 }]],
  [
    "icmp/2048 protocol/47",
    [
      { protocol: "icmp", first: 2048, last: 2048 },
      { protocol: "protocol", first: 47, last: 47 },
    ],
  ],
  ["tcp/80", [tcp(80)]],
  [
    "tcp/80-82 udp/53 icmpv6/*",
    [tcp(80, 82), udp(53), { protocol: "icmpv6", first: 0, last: 65_535 }],
  ],
  ["tcp/*", [tcp(0, 65_535)]],
  ["tcp/9-65535 udp/0", [tcp(9, 65_535), udp(0)]],
  ["all", everything],
];

test.each(cases)("%s is read and written (I14)", (text, ranges) => {
  expect(formatPermission(setOf(ranges))).toBe(text);
  expect(parsePermission(text)).toEqual({ ok: true, value: { ranges, logged: [] } });
});

test.each([
  ["none log all", [], everything],
  ["all log tcp/22", everything, [tcp(22)]],
  ["tcp/80 log tcp/80 udp/*", [tcp(80)], [tcp(80), udp(0, 65_535)]],
])("%s is read and written with what is shown (I15)", (text, ranges, logged) => {
  expect(formatPermission(setOf(ranges), setOf(logged))).toBe(text);
  expect(parsePermission(text)).toEqual({ ok: true, value: { ranges, logged } });
});

test("ranges that overlap or touch become one, in canonical order", () => {
  const ranges = [sctp(1), udp(9), tcp(90, 99), tcp(80), tcp(81, 85), tcp(83, 91)];
  expect(formatPermission(setOf(ranges))).toBe("tcp/80-99 udp/9 sctp/1");
});

test("all ports of all three protocols are not all protocols", () => {
  expect(formatPermission(setOf(everyPort))).toBe("tcp/* udp/* sctp/*");
  expect(formatPermission(subtractPorts(ALL_PORTS, setOf(everyPort)))).toBe(
    "icmp/* icmpv6/* protocol/*",
  );
});

test("what is no permission is named", () => {
  expect(parsePermission("tcp/80 icmp")).toEqual({
    ok: false,
    error: 'expected tcp/80, udp/1-9, sctp/* or the like; found "icmp"',
  });
});

const places = fc.uniqueArray(
  fc.constantFrom(0, 1, 2, 79, 80, 65_535, 65_536, 196_607, 196_608, 327_680, 327_935),
  {
    maxLength: 8,
  },
);
const anySet = places.map((list): PortSet => {
  const sorted = list.toSorted((one, two) => one - two);
  return sorted.length % 2 === 0 ? sorted : sorted.slice(1);
});
const has = (set: PortSet, place: number): boolean =>
  set.filter((each) => each <= place).length % 2 === 1;

test("sets unite, intersect and subtract as sets do", () => {
  fc.assert(
    fc.property(anySet, anySet, places, (one, two, probes) => {
      const both = (place: number): readonly boolean[] => [has(one, place), has(two, place)];
      for (const place of probes) {
        expect(has(unitePorts(one, two), place)).toBe(both(place).includes(true));
        expect(has(intersectPorts(one, two), place)).toBe(!both(place).includes(false));
        expect(has(subtractPorts(one, two), place)).toBe(has(one, place) && !has(two, place));
      }
      expect(uniteAllPorts([one, two, one])).toEqual(unitePorts(one, two));
    }),
  );
});
