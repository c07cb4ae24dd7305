/** U3: recorded rates are read as they were written, and tables of others with what is wrong with them. */
import { mbps } from "@seam/base";
import type { RateUsage } from "@seam/client";
import { expect, test } from "vitest";
import { type RateFormat, rateHeader, type RatePoint, rateRowsOf, readRates } from "./rate-file.ts";

const usage = (name: string, measured: number): RateUsage => ({
  namespace: "lab-a",
  name,
  node: "n1",
  direction: "egress",
  limit: mbps(60),
  measured: mbps(measured),
  droppedPerSecond: 0.5,
});
const atMs = Date.parse("2026-01-02T03:04:05.678Z");
const reserved = new Map([["lab-a/web-0 egress", mbps(60)]]);

const written = (format: RateFormat): string =>
  rateHeader(format) +
  rateRowsOf({ items: [usage("web-0", 59.87654)], atMs }, reserved, format) +
  rateRowsOf({ items: [usage("web-1", 0)], atMs: atMs + 1000 }, null, format) +
  rateRowsOf({ items: [], atMs: atMs + 2000 }, null, format);

test("U3: a table has a row for each direction of each pod and look", () => {
  expect(written("csv")).toBe(
    [
      "time,namespace,pod,node,direction,measured_mbps,limit_mbps,reserved_mbps,drops_per_second",
      "2026-01-02T03:04:05.678Z,lab-a,web-0,n1,egress,59.877,60,60,0.5",
      "2026-01-02T03:04:06.678Z,lab-a,web-1,n1,egress,0,60,,0.5",
      "",
    ].join("\n"),
  );
});

test.each(["csv", "jsonl"] as const)("U3: what is written as %s is read again", (format) => {
  const point = (pod: string, time: number): Omit<RatePoint, "series" | "mbps"> => ({
    atMs: time,
    namespace: "lab-a",
    pod,
    direction: "egress",
  });
  expect(readRates("rates", written(format))).toEqual({
    ok: true,
    value: [
      { ...point("web-0", atMs), series: "measured", mbps: 59.877 },
      { ...point("web-0", atMs), series: "limit", mbps: 60 },
      { ...point("web-0", atMs), series: "reserved", mbps: 60 },
      { ...point("web-1", atMs + 1000), series: "measured", mbps: 0 },
      { ...point("web-1", atMs + 1000), series: "limit", mbps: 60 },
    ],
  });
});

test("a table of others needs no namespace, and may have series of its own", () => {
  const text = 'time,pod,"direction",offered_mbps\n2026-01-02T03:04:05Z,"web-0",egress,1e2\n';
  expect(readRates("offered.csv", text)).toEqual({
    ok: true,
    value: [
      {
        atMs: Date.parse("2026-01-02T03:04:05Z"),
        namespace: null,
        pod: "web-0",
        direction: "egress",
        series: "offered",
        mbps: 100,
      },
    ],
  });
});

test.each([
  ["", "rates: expected rows below the names of columns; found none"],
  ["time,pod,direction,offered_mbps\n", "found none"],
  ["time,pod,x_mbps\nt,p,1\n", "expected the columns time, pod, direction and at least one"],
  ["time,pod,direction\nt,p,egress\n", "such as offered_mbps; found time, pod, direction"],
  ["time,pod,direction,x_mbps\nnow,p,egress,1\n", "row 1: time: expected RFC 3339"],
  [
    "time,pod,direction,x_mbps\n2026-01-01T00:00:00Z,p,egress,1\n2026-01-01T00:00:00Z,p,egress,fast\n",
    "row 2: x_mbps: expected a number of Mbit/s; found fast",
  ],
  ['{"time": "2026-01-01T00:00:00Z"}\nno object\n', "line 2: expected an object"],
])("%j is refused", (text, message) => {
  const read = readRates("rates", text);
  expect(read.ok ? "" : read.error.message).toContain(message);
});
