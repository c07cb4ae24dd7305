/** Figures of results of any form, and their drawing (S10). */
import { expect, test } from "vitest";
import { figuresIn, svgOf } from "./figures.ts";

test("every number has its path; texts and what is no number have none", () => {
  const document = { p99Ms: 3.5, cases: [{ rate: 1 }, { rate: 2 }], name: "x", none: null };
  expect(figuresIn(document)).toEqual([
    ["p99Ms", 3.5],
    ["cases.0.rate", 1],
    ["cases.1.rate", 2],
  ]);
  expect(figuresIn({ bad: Number.NaN })).toEqual([]);
});

test("a drawing runs from the first point to the last, and its title is text", () => {
  const svg = svgOf("a < b", [
    [0, 0],
    [60, 10],
  ]);
  expect(svg).toContain('points="60.0,240.0 740.0,60.0"');
  expect(svg).toContain("a &lt; b");
  expect(svgOf("one", [[0, 5]])).not.toContain("NaN");
});
