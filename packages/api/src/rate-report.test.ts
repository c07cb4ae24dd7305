/** What agents tell of rates comes back as it was, and is short where many pods lack the same (U3). */
import fc from "fast-check";
import { expect, test } from "vitest";

import {
  formatRateReport,
  NO_RATE_REPORT,
  type RateReport,
  readRateReport,
} from "./rate-report.ts";

const state = fc.oneof(
  fc.constantFrom(null, true as const),
  fc.record({ reason: fc.constantFrom("A", "B"), message: fc.string() }),
);
const reports = fc.record({
  measured: fc.option(fc.record({ ulMbps: fc.nat(), dlMbps: fc.nat() })),
  pods: fc
    .uniqueArray(fc.tuple(fc.uuid(), fc.record({ limit: state, guarantee: state })), {
      selector: ([uid]) => uid,
    })
    .map((pods) => new Map(pods)),
});

test("U3: a report is read as it was written", () => {
  fc.assert(
    fc.property(reports, (report) => {
      expect(readRateReport(formatRateReport(report))).toEqual(report);
    }),
  );
});

test("of a node with 500 pods that all lack the same a report fits into an annotation ten times", () => {
  const lack = { reason: "CapacityUnknown", message: "x".repeat(300) };
  const pods: RateReport["pods"] = new Map(
    Array.from({ length: 500 }, (_, at) => [
      `3f4f1a0e-8f0f-4b62-9c3e-${String(at).padStart(12, "0")}`,
      { limit: true, guarantee: lack } as const,
    ]),
  );
  expect(formatRateReport({ pods, measured: null }).length).toBeLessThan((256 * 1024) / 10);
});

test.each(["", "{", "[]", "7", '{"pods": 7}', '{"pods": {"u": 7}, "lacks": 7, "measured": []}'])(
  "%j says nothing",
  (text) => {
    expect(readRateReport(text)).toEqual(NO_RATE_REPORT);
  },
);
