/** Reading the output of upstream's suite of cluster-wide policies; the texts are cut from a run on a lab. */
import { expect, test } from "vitest";

import { policySuiteResults } from "./policy-suite-output.ts";
import { policySuite } from "./specs.ts";

const own = "TestClusterPolicies";
const started = (name: string): string => `\u0016=== RUN   ${own}/${name}`;
const ended = (outcome: string, name: string): string =>
  `\u0016--- ${outcome}: ${own}/${name} (4.57s)`;

const tcp = "CNPAdminTierEgressTCP";
const part = `${tcp}/Should_support_a_'deny-egress'_policy_for_TCP_protocol_at_the_specified_port`;
const partName = `[cluster-policies] ${tcp} Should support a 'deny-egress' policy for TCP protocol at the specified port`;

/** As many empty tests as the suite has beside those of `names`. */
const others = (...names: readonly string[]): readonly string[] =>
  Array.from({ length: policySuite.count - names.length }, (_, index) => `Other${index}`).flatMap(
    (name) => [started(name), ended("PASS", name)],
  );

const textOf = (...lines: readonly string[]): string => [...others(tcp), ...lines].join("\n");
const toldOf = (text: string): unknown =>
  policySuiteResults(text).filter(({ name }) => !name.includes("Other"));

const partEnds = (outcome: string, ...lines: readonly string[]): string =>
  textOf(started(tcp), started(part), ...lines, ended(outcome, part), ended(outcome, tcp));

const probe =
  "    helper.go:71: FAILED Command was [/agnhost connect --timeout=1.5s --protocol=tcp 10.200.0.12:20301]";
const reached =
  "    helper.go:71: Expected connection to fail from gryffindor/harry-potter-1 to 10.200.0.12, but instead it successfully connected.";
const trace = "        \tError Trace:\tconformance/tests/egress-rules.go:102";

test("a part that passed, and that its test is not counted beside it", () => {
  expect(toldOf(partEnds("PASS", "    helper.go:70: made: a probe over tcp"))).toEqual([
    { name: partName, outcome: "passed", seconds: 5, reason: "" },
  ]);
});

test("a part that failed says which probe and where, once", () => {
  const text = partEnds("FAIL", probe, reached, probe, reached, trace);
  expect(toldOf(text)).toEqual([
    {
      name: partName,
      outcome: "failed",
      seconds: 5,
      reason: [
        "FAILED Command was [/agnhost connect --timeout=1.5s --protocol=tcp 10.200.0.12:20301]",
        "Expected connection to fail from gryffindor/harry-potter-1 to 10.200.0.12, but instead it successfully connected.",
        "Error Trace:\tconformance/tests/egress-rules.go:102",
      ].join("\n"),
    },
  ]);
});

test("probes that were left out are counted as skipped beside what the others had as outcome", () => {
  const made = "    helper.go:70: made: a probe over tcp";
  const leftOut = "    helper.go:70: left out: a probe over sctp";
  const skipped = {
    outcome: "skipped",
    reason: "the kernel has no SCTP sockets; probes over SCTP that were not made: 2",
  };
  expect(toldOf(partEnds("PASS", made, leftOut, leftOut))).toMatchObject([
    { name: partName, outcome: "passed" },
    { name: `${partName}, over SCTP`, ...skipped },
  ]);
  expect(toldOf(partEnds("FAIL", made, trace, leftOut, leftOut))).toMatchObject([
    { name: partName, outcome: "failed" },
    { name: `${partName}, over SCTP`, ...skipped },
  ]);
  expect(toldOf(partEnds("PASS", leftOut, leftOut))).toMatchObject([
    { name: partName, ...skipped },
  ]);
});

test("a test of a feature that is not claimed says so", () => {
  const why = `Skipping ${tcp}: suite does not support ClusterNetworkPolicyNamedPorts`;
  const text = textOf(started(tcp), `    suite.go:209: ${why}`, ended("SKIP", tcp));
  expect(toldOf(text)).toEqual([
    { name: `[cluster-policies] ${tcp}`, outcome: "skipped", seconds: 5, reason: why },
  ]);
});

test("a test that failed although its parts passed has failed", () => {
  const text = textOf(
    started(tcp),
    started(part),
    ended("PASS", part),
    "    apply.go:153: error deleting resource",
    ended("FAIL", tcp),
  );
  expect(toldOf(text)).toMatchObject([
    { name: `[cluster-policies] ${tcp}`, outcome: "failed" },
    { name: partName, outcome: "passed" },
  ]);
});

test("a part that did not end, and tests that did not begin", () => {
  const text = [`\u0016=== RUN   ${own}`, started(tcp), started(part), probe].join("\n");
  expect(policySuiteResults(text)).toMatchObject([
    {
      name: partName,
      outcome: "failed",
      reason: expect.stringContaining("it did not end: FAILED"),
    },
    {
      name: "[cluster-policies] all tests",
      outcome: "failed",
      reason: expect.stringContaining("expected 30 tests, 1 ran"),
    },
  ]);
});

test("a suite that could not start says why", () => {
  const text = `\u0016=== RUN   ${own}\n    suite_test.go:44: KUBECONFIG: no such file\n\u0016--- FAIL: ${own} (0.00s)\n`;
  expect(policySuiteResults(text)).toMatchObject([
    { name: "[cluster-policies]", outcome: "failed", reason: "KUBECONFIG: no such file" },
    { outcome: "failed", reason: expect.stringContaining("expected 30 tests, 0 ran") },
  ]);
});
