/** U3: what is drawn of rates: a panel for each direction of each pod, axes with units, a legend. */
import { expect, test } from "vitest";
import type { RatePoint } from "./rate-file.ts";
import { drawSvg, ratePlot } from "./rate-plot.ts";

const START = Date.parse("2026-01-02T03:04:05.250Z");

const series = (pod: string, name: string, values: readonly number[]): readonly RatePoint[] =>
  values.map((mbps, index) => ({
    atMs: START + index * 1000,
    namespace: name === "offered" ? null : "lab-a",
    pod,
    direction: "egress",
    series: name,
    mbps,
  }));

const points = [
  ...series("web-10", "measured", [0, 20, 20]),
  ...series("web-2", "measured", [10, 55, 60]),
  ...series("web-2", "reserved", [60, 60, 60]),
  ...series("web-2", "offered", [10, 40, 80]),
  ...series("web-2", "model", [10, 40, 60]),
];

async function drawn(of: readonly RatePoint[], pods: readonly string[] = []): Promise<string> {
  const spec = ratePlot(of, pods);
  if (!spec.ok) throw new Error(spec.error.message);
  return drawSvg(spec.value);
}

/** The words of a drawing, in its order. */
const wordsOf = (svg: string): readonly string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, word = ""]) => word);

test("U3: the drawing says of what it is, in which units, since when, and which line is which", async () => {
  const svg = await drawn(points);
  expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  const words = wordsOf(svg);
  const panels = words.filter((word) => word.startsWith("web-"));
  expect(panels).toEqual(["web-2 egress", "web-10 egress"]);
  expect(words).toContain("seconds since 2026-01-02T03:04:05Z");
  expect(words.filter((word) => word === "Mbit/s")).toHaveLength(2);
  const legend = ["reserved", "offered", "measured", "model"];
  expect(words.filter((word) => legend.includes(word))).toEqual(legend);
});

test("U3: equal points make equal drawings, without programs or anything from elsewhere", async () => {
  const svg = await drawn(points);
  expect(await drawn([...points])).toBe(svg);
  expect(svg).not.toMatch(/<script|href=|url\(/);
});

test("U3: a line is as high as its values: 60 is at three quarters of an axis to 80", async () => {
  const svg = await drawn(points, ["web-2"]);
  const paths = [...svg.matchAll(/<path[^>]* d="([^"]*)"[^>]* stroke="#2f86c6"/g)];
  const line = paths
    .map(([, path = ""]) => path)
    .toSorted((one, other) => other.length - one.length)[0];
  const heights = [...(line ?? "").matchAll(/[ML][-\d.]+,([\d.]+)/g)].map(([, y]) => Number(y));
  expect(heights.at(-1)).toBeCloseTo(110 * (1 - 60 / 80), 1);
  expect(heights[0]).toBeCloseTo(110 * (1 - 10 / 80), 1);
});

test("pods of several namespaces are told apart, and those that are named are drawn alone", async () => {
  const other = series("web-2", "measured", [1, 2, 3]).map((point) => ({
    ...point,
    namespace: "lab-b",
  }));
  const panelsOf = async (...pods: readonly string[]): Promise<readonly string[]> =>
    wordsOf(await drawn([...points, ...other], pods)).filter((word) => word.includes("web-"));
  expect(await panelsOf("web-10")).toEqual(["web-10 egress"]);
  expect(await panelsOf("web-2")).toEqual(["lab-a/web-2 egress", "lab-b/web-2 egress"]);
});

test.each([
  [[], [], "expected rates of at least one pod; the files have none"],
  [points, ["web"], "expected rates of at least one pod; the files have web-10, web-2"],
  [
    Array.from({ length: 25 }, (_, index) => series(`p${index}`, "measured", [1])).flat(),
    [],
    "expected at most 24 directions of pods in one drawing; found 25",
  ],
] as const)("what cannot be drawn is told", (given, pods, message) => {
  const spec = ratePlot(given, pods);
  expect(spec.ok ? "" : spec.error.message).toBe(message);
});
