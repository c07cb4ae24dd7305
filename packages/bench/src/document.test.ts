/** Statistics and cases of benchmark documents. */
import { expect, test } from "vitest";

import { casesOf, statisticsOf } from "./document.ts";

test("statistics are nearest ranks", () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(statisticsOf(samples)).toEqual({ p50: 50, p99: 99, min: 1, max: 100, n: 100 });
});

test("the ratio is the median of the rounds' ratios, not of pooled samples", () => {
  const names = { what: "add", unit: "ms", better: "lower", peer: "reference" } as const;
  const rounds = [
    { seam: [1], peer: [2] },
    { seam: [10], peer: [100] },
    { seam: [3], peer: [4] },
  ];
  expect(casesOf(names, rounds).map(({ case: what, ratio }) => [what, ratio])).toEqual([
    ["add p50", 0.5],
    ["add p99", 0.5],
  ]);
});
