/** V7, V18: both families of annotations, what contradicts, and what is accounted for a pod that says nothing. */
import { mbps } from "@seam/base";
import { expect, test } from "vitest";

import {
  CEILING_KEYS,
  DEFAULT_RATES,
  familiesWith,
  isRefused,
  readRates,
  reservedRates,
} from "./annotations.ts";

const EGRESS = "kubernetes.io/egress-bandwidth";
const INGRESS = "kubernetes.io/ingress-bandwidth";
const OVN_EGRESS = "ovn.kubernetes.io/egress_rate";
const OVN_INGRESS = "ovn.kubernetes.io/ingress_rate";

test.each([
  [{ [EGRESS]: "100M", [INGRESS]: "50M" }, 100e6, 50e6],
  [{ [OVN_EGRESS]: "100", [OVN_INGRESS]: "50" }, 100e6, 50e6],
  [{ [OVN_EGRESS]: "100", [INGRESS]: "50M" }, 100e6, 50e6],
  [{ [EGRESS]: "100M", [OVN_EGRESS]: "100", [INGRESS]: "1M", [OVN_INGRESS]: "1" }, 100e6, 1e6],
  [{}, null, null],
])("V7: %j is ul %s, dl %s", (annotations, ul, dl) => {
  expect(readRates(annotations)).toEqual({ ul, dl, most: { ul, dl }, findings: [] });
});

test("V7: the README's key printed twice is egress alone, and said to be", () => {
  const document: Record<string, string> = JSON.parse(`{"${EGRESS}": "100M", "${EGRESS}": "50M"}`);
  const read = readRates(document);
  expect(read).toMatchObject({ ul: 50e6, dl: null });
  expect(read.findings).toEqual([
    {
      severity: "advice",
      key: EGRESS,
      value: "50M",
      read: "50 Mbit/s",
      message: `only egress is limited; was the key ${EGRESS} meant twice? The other direction is ${INGRESS}: "50M"`,
    },
  ]);
  expect(isRefused(read)).toBe(false);
});

test("V8, U5: a bad value names the key, the value, what was read and the right form", () => {
  const read = readRates({ [EGRESS]: "20", [INGRESS]: "1M" });
  expect(read.findings).toEqual([
    {
      severity: "error",
      key: EGRESS,
      value: "20",
      read: "20 bit/s",
      message: `${EGRESS}: "20" is read as 20 bit/s, less than the 1k that Kubernetes takes; write "20M" for 20 Mbit/s`,
    },
  ]);
  expect(isRefused(read)).toBe(true);
});

test("V7: families that say different things contradict each other; the first counts", () => {
  const read = readRates({ [EGRESS]: "100M", [OVN_EGRESS]: "20", [INGRESS]: "1M" });
  expect(read.ul).toBe(100e6);
  expect(read.findings.map(({ severity, message }) => [severity, message])).toEqual([
    [
      "error",
      `${OVN_EGRESS}: "20" (20 Mbit/s) contradicts ${EGRESS}: "100M" (100 Mbit/s); leave one of them out`,
    ],
  ]);
});

test("V17: an operator's own keys come first, bare numbers are Mbit/s there", () => {
  const families = familiesWith({ egress: "example.org/up", ingress: "example.org/down" });
  const read = readRates({ "example.org/up": "20", "example.org/down": "10" }, { families });
  expect(read).toMatchObject({ ul: 20e6, dl: 10e6, findings: [] });
  expect(readRates({ [EGRESS]: "1M", [INGRESS]: "1M" }, { families }).ul).toBe(1e6);
});

test("V17: a known key that an operator names keeps its unit", () => {
  const families = familiesWith({ egress: EGRESS, ingress: INGRESS });
  expect(families.map(({ egress, unit }) => [egress, unit])).toEqual([
    [EGRESS, "bit/s"],
    [OVN_EGRESS, "Mbit/s"],
  ]);
});

test("V8: with vaclab's units a bare number is Mbit/s under every key", () => {
  const read = readRates({ [EGRESS]: "20", [INGRESS]: "20" }, { units: "vaclab" });
  expect(read).toMatchObject({ ul: 20e6, dl: 20e6, findings: [] });
});

test.each([
  [{}, DEFAULT_RATES, [20, 20]],
  [{}, undefined, [0, 0]],
  [{ [EGRESS]: "1.5M" }, DEFAULT_RATES, [2, 20]],
  [{ [EGRESS]: "1.5M", [INGRESS]: "500k" }, undefined, [2, 1]],
])("V18: %j with the default %j reserves ul and dl %j", (annotations, absent, [ul, dl]) => {
  expect(reservedRates(readRates(annotations), absent)).toEqual({
    ulMbps: mbps(ul!),
    dlMbps: mbps(dl!),
  });
});

const UP = CEILING_KEYS.egress;
const DOWN = CEILING_KEYS.ingress;
test.each<[object, readonly [number | null, number | null], string]>([
  [{ [EGRESS]: "10M", [INGRESS]: "5M" }, [10e6, 5e6], ""],
  [{ [EGRESS]: "10M", [INGRESS]: "5M", [UP]: "100M" }, [100e6, 5e6], ""],
  [{ [EGRESS]: "10M", [INGRESS]: "5M", [UP]: "10M", [DOWN]: "1G" }, [10e6, 1e9], ""],
  [{ [OVN_EGRESS]: "10", [INGRESS]: "5M", [UP]: "11M" }, [11e6, 5e6], ""],
  [
    { [EGRESS]: "10M", [INGRESS]: "5M", [UP]: "9M" },
    [10e6, 5e6],
    `${UP}: "9M" is less than the rate that it is to go beyond, ${EGRESS}: "10M"; write at least that, or leave it out`,
  ],
  [
    { [INGRESS]: "5M", [UP]: "9M" },
    [null, 5e6],
    `${UP}: "9M" is how far a pod may go beyond its rate in that direction, and it names none; add one, or leave this out`,
  ],
  [{ [EGRESS]: "10M", [INGRESS]: "5M", [DOWN]: "fast" }, [10e6, 5e6], `${DOWN}: "fast" expected`],
  [{ [EGRESS]: "10M", [INGRESS]: "5M", [DOWN]: "100" }, [10e6, 5e6], `${DOWN}: "100" is read as`],
])("U2: of %j the pod is held to %j", (annotations, [ul, dl], message) => {
  const read = readRates({ ...annotations });
  expect(read.most).toEqual({ ul, dl });
  expect(read.findings.map((each) => each.message).join()).toContain(message);
  expect(isRefused(read)).toBe(message !== "");
});

test("U2: an operator may name other annotations for ceilings", () => {
  const ceilings = { egress: "example.org/most-up", ingress: "example.org/most-down" };
  const annotations = { [EGRESS]: "1M", [INGRESS]: "1M", [UP]: "9M", "example.org/most-up": "7M" };
  expect(readRates(annotations, { ceilings }).most).toEqual({ ul: 7e6, dl: 1e6 });
});
