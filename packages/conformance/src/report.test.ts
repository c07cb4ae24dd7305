/** Reading Ginkgo's reports; the inputs are cut from reports of real runs of e2e.test. */
import { expect, test } from "vitest";

import { reportText, selectedSpecs, specResults } from "./report.ts";
import { exclusions, isIn, specSets } from "./specs.ts";

const api = "[sig-network] API Server should provide secure master service [Conformance]";
const dns = "[sig-network] DNS should provide DNS for the cluster [Conformance]";
const sctp = "[sig-network] Networking should function for pod-Service: sctp";
const excluded = `${sctp} [Feature:SCTPConnectivity]`;

const [conformanceSet, dualStackSet, nodePodSet] = specSets;

const spec = (name: string, more: object): object => ({
  ContainerHierarchyTexts: [name.split(" ").slice(0, 2).join(" ")],
  LeafNodeText: name.split(" ").slice(2).join(" "),
  LeafNodeType: "It",
  RunTime: 3_123_456_789,
  ...more,
});
const suite = (...specs: readonly object[]): unknown => [{ SpecReports: specs }];
const failure = (message: string): object => ({
  State: "failed",
  Failure: {
    Message: message,
    Location: { FileName: "k8s.io/kubernetes/test/e2e/network/util.go", LineNumber: 182 },
  },
});

test("a dry run's list has the selected specs alone", () => {
  const report = suite(
    { LeafNodeType: "SynchronizedBeforeSuite", LeafNodeText: "", State: "passed" },
    spec(dns, { State: "passed" }),
    spec(api, { State: "passed" }),
    spec(sctp, { State: "skipped" }),
  );
  expect(selectedSpecs(report)).toEqual([api, dns]);
});

test("passed, failed, and one that skipped itself", () => {
  const skip = "Only supported for providers [gce] (not skeleton)";
  const report = suite(
    spec(api, { State: "passed" }),
    spec(dns, failure("timed out")),
    spec(sctp, { State: "skipped", Failure: { Message: skip } }),
  );
  const results = specResults(report, [api, dns, sctp], []);
  expect(results).toEqual([
    { name: api, outcome: "passed", seconds: 3, reason: "" },
    {
      name: dns,
      outcome: "failed",
      seconds: 3,
      reason: "timed out (failed at k8s.io/kubernetes/test/e2e/network/util.go:182)",
    },
    {
      name: sctp,
      outcome: "skipped",
      seconds: 3,
      reason: `${skip} (skipped at an unknown place)`,
    },
  ]);
  const text = reportText([dualStackSet, conformanceSet], results);
  expect(text).toContain(`failed  ${dns}\n        timed out`);
  expect(text).toContain(`skipped  ${sctp}\n        ${skip}`);
  expect(text.split("\n").slice(-2)).toEqual([
    "dual-stack: 0 passed, 0 failed, 0 skipped",
    "conformance: 1 passed, 1 failed, 0 skipped",
  ]);
});

test("a long reason is cut, and says so", () => {
  const message = Array.from({ length: 20 }, (_, index) => `line ${index}`).join("\n");
  const results = specResults(suite(spec(dns, failure(message))), [dns], []);
  const text = reportText([conformanceSet], results);
  expect(text.split("\n").slice(-4)).toEqual([
    "        line 13",
    "        line 14",
    "        (5 more lines)",
    "conformance: 0 passed, 1 failed, 0 skipped",
  ]);
});

test("an excluded spec is skipped with its reason, and no other is", () => {
  const report = suite(spec(excluded, { State: "skipped" }), spec(api, { State: "passed" }));
  expect(specResults(report, [excluded, api], exclusions)).toMatchObject([
    { name: excluded, outcome: "skipped", reason: "the kernel has no SCTP sockets" },
    { name: api, outcome: "passed" },
  ]);
  expect(specResults(report, [excluded], [])).toMatchObject([{ outcome: "failed" }]);
});

test("a spec belongs to every set whose expression it matches", () => {
  const nodePod = "[sig-network] Networking should function for node-pod communication: udp";
  const setsOf = (name: string): unknown => specSets.filter((set) => isIn(set, name));
  expect(setsOf(api)).toEqual([conformanceSet]);
  expect(setsOf(`${nodePod} [Conformance]`)).toEqual([conformanceSet, nodePodSet]);
  expect(setsOf(`${nodePod} [Feature:IPv6DualStack]`)).toEqual([dualStackSet, nodePodSet]);
});

test("a spec that did not get its turn has failed", () => {
  const results = specResults(suite(spec(api, { State: "skipped" })), [api, dns], []);
  expect(results.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ["failed", "it did not run: the run ended before it"],
    ["failed", "it did not run: the run ended before it"],
  ]);
});

test("when the suite could not start, every spec has failed with the suite's message", () => {
  const refused = "listing schedulable nodes error: dial tcp 127.0.0.1:1: connection refused";
  const report = suite({ LeafNodeType: "SynchronizedBeforeSuite", ...failure(refused) });
  expect(specResults(report, [api], [])).toMatchObject([
    { outcome: "failed", reason: `it did not run: ${refused}` },
  ]);
});
