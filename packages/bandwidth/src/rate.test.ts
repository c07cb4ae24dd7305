/** V8: what annotations' values mean, exactly, and what is said about doubtful ones. */
import fc from "fast-check";
import { expect, test } from "vitest";

import { formatRate, parseRate, parseRateAsVaclab, type RateUnit, wholeMbps } from "./rate.ts";

test.each<[string, RateUnit, number]>([
  ["100M", "bit/s", 100],
  ["1G", "bit/s", 1000],
  ["20", "Mbit/s", 20],
  ["20", "bit/s", 0.000_02],
  ["500k", "bit/s", 0.5],
  ["1Gi", "bit/s", 1073.741_824],
  ["1.5M", "bit/s", 1.5],
  ["1.5", "Mbit/s", 1.5],
  ["100M", "Mbit/s", 100],
  [".5M", "bit/s", 0.5],
  ["+5.M", "bit/s", 5],
  ["1Ki", "bit/s", 0.001_024],
  ["1Mi", "bit/s", 1.048_576],
  ["1Ti", "bit/s", 1_099_511.627_776],
  ["1T", "bit/s", 1_000_000],
  ["1P", "bit/s", 1_000_000_000],
  ["0.001E", "bit/s", 1_000_000_000],
  ["1e6", "bit/s", 1],
  ["1E6", "bit/s", 1],
  ["12e-1", "bit/s", 0.000_002],
  ["1e6", "Mbit/s", 1],
  ["2000000000m", "bit/s", 2],
  ["1000000", "bit/s", 1],
  ["1234567890123", "bit/s", 1_234_567.890_123],
])("V8: %j where bare numbers are %s is %d Mbit/s", (text, unit, expected) => {
  expect(parseRate(text, unit).rate).toBe(Math.round(expected * 1e6));
});

test.each<[string, RateUnit]>([
  ["100M", "bit/s"],
  ["1000000", "bit/s"],
  ["500k", "bit/s"],
  ["1k", "bit/s"],
  ["1P", "bit/s"],
  ["20", "Mbit/s"],
  ["0", "Mbit/s"],
  ["1e6", "bit/s"],
])("V8: nothing is said about %j where bare numbers are %s", (text, unit) => {
  expect(parseRate(text, unit).fault).toBeNull();
});

test.each<[string, RateUnit, string]>([
  [
    "20",
    "bit/s",
    'is read as 20 bit/s, less than the 1k that Kubernetes takes; write "20M" for 20 Mbit/s',
  ],
  [
    "100m",
    "bit/s",
    'is read as 1 bit/s, less than the 1k that Kubernetes takes; write "100M" for 100 Mbit/s',
  ],
  [
    "0.5k",
    "bit/s",
    'is read as 500 bit/s, less than the 1k that Kubernetes takes; write a number with a suffix, such as "100M"',
  ],
  [
    "1E",
    "bit/s",
    'is more than the 1P (10^15 bit/s) that Kubernetes takes; write a number with a suffix, such as "100M"',
  ],
  [
    "0",
    "bit/s",
    'is no rate; leave the annotation out for no limit; write a number with a suffix, such as "100M"',
  ],
  [
    "100Mbps",
    "bit/s",
    'expected a number of bit/s with a suffix such as k, M, G or Mi; write "100M" for 100 Mbit/s',
  ],
  [
    "1.5 Gbit",
    "Mbit/s",
    'expected a number of Mbit/s, or bit/s with a suffix such as k, M, G or Mi; write "1.5G" for 1.5 Gbit/s',
  ],
  [
    "500K",
    "bit/s",
    'expected a number of bit/s with a suffix such as k, M, G or Mi; write "500k" for 500 kbit/s',
  ],
])("V8, U5: refused is %j where bare numbers are %s: %s", (text, unit, message) => {
  expect(parseRate(text, unit).fault).toEqual({ severity: "error", message });
});

test.each<[string, RateUnit, string]>([
  [
    "5000",
    "bit/s",
    'is read as 5 kbit/s, and probably meant in Mbit/s; write "5000M" if so, else "5k"',
  ],
  [
    "100000000",
    "Mbit/s",
    'is read as 100000000 Mbit/s, and probably meant in bit/s; write "100M" if so, else "100000000M"',
  ],
])("V8, U5: doubtful is %j where bare numbers are %s: %s", (text, unit, message) => {
  expect(parseRate(text, unit).fault).toEqual({ severity: "warning", message });
});

test.each([
  "",
  " ",
  ".",
  "M",
  "-5M",
  "1e",
  "1e400",
  "0x10",
  "1_000M",
  "1,5M",
  "١M",
  `1${"0".repeat(70)}`,
])("V8: %j is no rate", (text) => {
  expect(parseRate(text, "bit/s")).toMatchObject({ rate: null, fault: { severity: "error" } });
});

test.each<[string, number | null]>([
  ["20", 20],
  ["1000000", 1_000_000],
  ["100M", 100],
  ["1Gi", 1073],
  ["1.9M", 1],
  ["1.5", null],
  ["500k", null],
  ["0", null],
  ["x", null],
])("V8: with vaclab's units %j is %d Mbit/s", (text, expected) => {
  const { rate, fault } = parseRateAsVaclab(text);
  expect(rate).toBe(expected === null ? null : expected * 1e6);
  expect(fault === null).toBe(expected !== null);
});

test("V8: reservations are whole megabits, never less than the rate", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1000n, max: 10n ** 15n }), (bits) => {
      const { rate } = parseRate(`${bits}`, "bit/s");
      expect(rate).toBe(Number(bits));
      expect(BigInt(wholeMbps(rate!))).toBe((bits + 999_999n) / 1_000_000n);
    }),
  );
});

test("V8: what is shown of a rate, read again, is that rate", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 1_000_000_000_000 }), (bits) => {
      const text = formatRate(parseRate(`${bits}`, "bit/s").rate!);
      expect(parseRate(text.replace(/ (k|M)bit\/s$/, "$1"), "bit/s").rate).toBe(bits);
    }),
  );
});
