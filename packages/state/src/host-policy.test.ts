import fc from "fast-check";
import { expect, test } from "vitest";

import { type GateRules, HOST_POINTS, type HostGate, hostGateChange } from "./index.ts";

const rules: fc.Arbitrary<GateRules | null> = fc.option(
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom("all", "none", "tcp/80")))
    .map((entries) => new Map(entries)),
);
const gate: fc.Arbitrary<HostGate | null> = fc.option(
  fc
    .record({
      "local-ingress": rules,
      "local-egress": rules,
      "forward-ingress": rules,
      "forward-egress": rules,
      "pre-dnat": rules,
    })
    .map((points) => ({ interface: "eth0", rules: points })),
);

test("a change of an interface's gate is what makes the one out of the other (I16)", () => {
  fc.assert(
    fc.property(gate, gate, (before, after) => {
      const change = hostGateChange(before, after);
      expect(change.exists).toEqual({ before: before !== null, after: after !== null });
      for (const point of HOST_POINTS) {
        const [earlier, later] = [before?.rules[point] ?? null, after?.rules[point] ?? null];
        const { open, rules: changed } = change.points[point];
        expect(open).toEqual({ before: earlier === null, after: later === null });
        const made = new Map(earlier);
        for (const [peers, { before: was, after: is }] of changed) {
          expect(made.get(peers) ?? null).toBe(was);
          expect(is).not.toBe(was);
          if (is === null) made.delete(peers);
          else made.set(peers, is);
        }
        expect(made).toEqual(new Map(later));
      }
    }),
  );
});

test("nothing is different between a gate and itself, and points without rules are open", () => {
  const none = hostGateChange(null, null);
  expect(none.points["pre-dnat"]).toEqual({
    open: { before: true, after: true },
    rules: new Map(),
  });
  const only: HostGate = {
    interface: "eth0",
    rules: {
      "local-ingress": new Map([[1, "tcp/80"]]),
      "local-egress": null,
      "forward-ingress": new Map(),
      "forward-egress": null,
      "pre-dnat": null,
    },
  };
  const made = hostGateChange(null, only).points;
  expect(made["local-ingress"].rules).toEqual(new Map([[1, { before: null, after: "tcp/80" }]]));
  expect(HOST_POINTS.filter((point) => !made[point].open.after)).toEqual([
    "local-ingress",
    "forward-ingress",
  ]);
  const same = hostGateChange(only, only);
  expect(HOST_POINTS.flatMap((point) => [...same.points[point].rules])).toEqual([]);
});
