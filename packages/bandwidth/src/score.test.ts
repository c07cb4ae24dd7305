/** V11, V13, U6: which node is best. */
import { expect, test } from "vitest";

import { node, on, pod, rates } from "./ledger.fixture.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import type { LedgerRules } from "./model.ts";

const equalNodes = (rules?: LedgerRules): Ledger => {
  const ledger = createLedger(rules);
  for (const name of ["n1", "n2", "n3"]) ledger.setNode(name, node(1000));
  return ledger;
};

test("V13: three replicas go to one node while it has room", () => {
  const ledger = equalNodes();
  const placed = ["a", "b", "c"].map((name) => {
    const next = pod(name, rates(300), "web");
    const scores = ledger.score(next, ["n1", "n2", "n3"]);
    const best = ["n1", "n2", "n3"][scores.indexOf(Math.max(...scores))]!;
    return ledger.reserve(on(best, next)).ok ? best : "refused";
  });
  expect(placed).toEqual(["n1", "n1", "n1"]);
  expect(ledger.account("n1")!.used.network).toEqual(rates(0));
});

test("V11: a whole group stays whole, whatever bandwidth others have left", () => {
  const ledger = createLedger();
  ledger.setNode("n1", node(100));
  ledger.setNode("n2", node(100_000));
  ledger.setPod(on("n1", pod("a", rates(100), "web")));
  expect(ledger.score(pod("b", rates(10), "web"), ["n1", "n2"])).toEqual([70, 65]);
});

test("V11: without siblings, bandwidth left alone decides", () => {
  const ledger = equalNodes();
  ledger.setPod(on("n1", pod("x", rates(500))));
  ledger.setPod(on("n2", pod("y", rates(0, 900))));
  expect(ledger.score(pod("a", rates(0)), ["n1", "n2", "n3"])).toEqual([15, 3, 30]);
});

test("U6: a group that must be split goes on in its zone, then in its region", () => {
  const ledger = createLedger();
  ledger.setNode("n1", node(1000, { zone: "z1", region: "r1" }));
  ledger.setNode("n2", node(1000, { zone: "z1", region: "r1" }));
  ledger.setNode("n3", node(1000, { zone: "z2", region: "r1" }));
  ledger.setNode("n4", node(1000, { zone: "z1", region: "r2" }));
  ledger.setPod(on("n1", pod("a", rates(1), "web")));
  expect(ledger.score(pod("b", rates(0), "web"), ["n4", "n3", "n2"])).toEqual([30, 65, 100]);
});

test("V11: compatible scoring is the original's: three spare megabits outweigh a sibling", () => {
  const ledger = equalNodes("compatible");
  ledger.setPod(on("n1", pod("a", rates(100), "web")));
  ledger.setPod(on("n2", pod("x", rates(0, 97))));
  expect(ledger.score(pod("b", rates(100), "web"), ["n1", "n2"])).toEqual([99, 100]);
  expect(ledger.score(pod("b", rates(2000), "web"), ["n1", "n2"])).toEqual([100, 0]);
  expect(ledger.score(pod("z", rates(2000)), ["n1", "n2"])).toEqual([0, 0]);
});
