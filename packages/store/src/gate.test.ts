/** When a database that is away is tried again. */
import { expect, test } from "vitest";
import { createGate } from "./gate.ts";

test("one call at a time tries a database that is away, later and later, and a success opens it for all", () => {
  let now = 0;
  const gate = createGate(() => now);
  expect([gate.enter(), gate.enter(), gate.awaySince()]).toEqual([true, true, null]);
  gate.failed();
  const triedAt: number[] = [];
  for (; now < 10_000; now += 10) {
    if (!gate.enter()) continue;
    expect(gate.enter()).toBe(false);
    triedAt.push(now);
    gate.failed();
  }
  expect(triedAt).toEqual([100, 300, 700, 1500, 3100, 5100, 7100, 9100]);
  expect(gate.awaySince()).toBe(0);
  gate.succeeded();
  expect([gate.enter(), gate.enter(), gate.awaySince()]).toEqual([true, true, null]);
});

test("a call that tries and never tells what came of it does not close the gate for good", () => {
  let now = 0;
  const gate = createGate(() => now);
  gate.failed();
  now = 100;
  expect(gate.enter()).toBe(true);
  now = 250;
  expect(gate.enter()).toBe(true);
});
