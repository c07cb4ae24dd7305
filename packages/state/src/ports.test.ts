import fc from "fast-check";
import { expect, test } from "vitest";

import {
  ALL_PORTS,
  formatPermission,
  intersectPorts,
  NO_PORTS,
  parsePermission,
  type Permitted,
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
/** All protocols without ports. */
const other = subtractPorts(ALL_PORTS, uniteAllPorts(everyPort.map(portSet)));
const setOf = (permitted: Permitted): PortSet =>
  uniteAllPorts([...permitted.ranges.map(portSet), permitted.other ? other : NO_PORTS]);

const cases: readonly (readonly [string, Permitted])[] = [
  ["none", { ranges: [], other: false }],
  ["other", { ranges: [], other: true }],
  ["tcp/80", { ranges: [tcp(80)], other: false }],
  ["tcp/80-82 udp/53 other", { ranges: [tcp(80, 82), udp(53)], other: true }],
  ["tcp/*", { ranges: [tcp(0, 65_535)], other: false }],
  ["tcp/9-65535 udp/0", { ranges: [tcp(9, 65_535), udp(0)], other: false }],
  ["all", { ranges: everyPort, other: true }],
];

test.each(cases)("%s is read and written (I14)", (text, permitted) => {
  expect(formatPermission(setOf(permitted))).toBe(text);
  expect(parsePermission(text)).toEqual({ ok: true, value: permitted });
});

test("ranges that overlap or touch become one, in canonical order", () => {
  const ranges = [sctp(1), udp(9), tcp(90, 99), tcp(80), tcp(81, 85), tcp(83, 91)];
  expect(formatPermission(setOf({ ranges, other: false }))).toBe("tcp/80-99 udp/9 sctp/1");
});

test("all ports of all three protocols are not all protocols", () => {
  expect(formatPermission(setOf({ ranges: everyPort, other: false }))).toBe("tcp/* udp/* sctp/*");
});

test("what is no permission is named", () => {
  expect(parsePermission("tcp/80 icmp")).toEqual({
    ok: false,
    error: 'expected tcp/80, udp/1-9, sctp/* or other; found "icmp"',
  });
});

const places = fc.uniqueArray(fc.constantFrom(0, 1, 2, 79, 80, 65_535, 65_536, 196_607, 196_608), {
  maxLength: 8,
});
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
