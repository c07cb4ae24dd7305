/** The figures of shapers and uplinks (issue 7 §4, decision 24). */
import { bitsPerSecond, bytes } from "@seam/base";
import { expect, test } from "vitest";

import { shaperOf } from "./shaping.ts";
import { promisable, shareUplink } from "./uplink.ts";

test.each([
  [10e6, 3028, 25_000],
  [100e6, 12_500, 250_000],
  [1e9, 125_000, 2_500_000],
])(
  "V9: at %d bit/s at most 1 %% of 100 ms, or two frames, leaves in one piece",
  (rate, burst, limit) => {
    const shaper = shaperOf(bitsPerSecond(rate), bytes(1500));
    expect(shaper.burst).toBe(burst);
    expect(shaper.leafLimit).toBe(limit);
    expect(shaper.catchUp).toBe(Math.max(burst, (0.004 * rate) / 8));
    expect(shaper.burst).toBeLessThanOrEqual(Math.max(2 * shaper.frame, (0.01 * 0.1 * rate) / 8));
  },
);

test("the largest packet of any link fits at any rate", () => {
  for (const mtu of [1280, 1450, 1500, 9000])
    for (const rate of [1, 20, 5e5, 1e7, 1e15]) {
      const { frame, burst, leafLimit } = shaperOf(bitsPerSecond(rate), bytes(mtu));
      expect(frame).toBe(mtu + 14);
      expect(burst).toBeGreaterThanOrEqual(2 * frame);
      expect(leafLimit).toBeGreaterThanOrEqual(8 * frame);
      expect(leafLimit).toBeLessThan(2 ** 32);
    }
});

test("an uplink's shares are the guarantees as long as they fit, and never more than the link", () => {
  const devices = ["seam00000000001"];
  const capacity = bitsPerSecond(1e9);
  const shares = (...mbit: readonly number[]) =>
    shareUplink({
      device: "eth0",
      capacity,
      guarantees: mbit.map((n) => ({ devices, rate: bitsPerSecond(n * 1e6) })),
    });
  expect(shares(100, 300).guarantees.map(({ rate }) => rate)).toEqual([100e6, 300e6]);
  const full = shares(900, 300);
  const [one = { rate: 0 }, other = { rate: 0 }] = full.guarantees;
  expect(one.rate / other.rate).toBeCloseTo(3);
  expect(one.rate + other.rate).toBeLessThanOrEqual(promisable(capacity));
  const sum = one.rate + other.rate + full.own + full.others;
  expect(sum).toBeLessThanOrEqual(full.whole);
  // Each is rounded down to whole bytes.
  expect(sum).toBeGreaterThan(full.whole - 40);
  expect(full.whole).toBeLessThan(1e9);
});
