import fc from "fast-check";
import { expect, test } from "vitest";

import {
  type GateRules,
  HOST_POINTS,
  type HostGate,
  hostGateChange,
  type SideChange,
} from "./index.ts";

const rules: fc.Arbitrary<GateRules | null> = fc.option(
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom("all", "none", "tcp/80")))
    .map((entries) => new Map(entries)),
);
const points: fc.Arbitrary<HostGate["rules"]> = fc.record({
  "local-ingress": rules,
  "local-egress": rules,
  "forward-ingress": rules,
  "forward-egress": rules,
  "pre-dnat": rules,
});
const gate: fc.Arbitrary<HostGate | null> = fc.option(
  fc.tuple(points, rules).map(([of, admitted]) => ({
    interface: "eth0",
    rules: of,
    ...(admitted === null ? {} : { admitted }),
  })),
);

/** What rules become by a change, each part of which must be one. */
function changed(before: GateRules | null, change: SideChange["rules"]): GateRules {
  const made = new Map(before);
  for (const [peers, { before: was, after: is }] of change) {
    expect(made.get(peers) ?? null).toBe(was);
    expect(is).not.toBe(was);
    if (is === null) made.delete(peers);
    else made.set(peers, is);
  }
  return made;
}

test("a change of an interface's gate is what makes the one out of the other (I16)", () => {
  fc.assert(
    fc.property(gate, gate, (before, after) => {
      const change = hostGateChange(before, after);
      expect(change.exists).toEqual({ before: before !== null, after: after !== null });
      for (const point of HOST_POINTS) {
        const [earlier, later] = [before?.rules[point] ?? null, after?.rules[point] ?? null];
        const side = change.points[point];
        expect(side.open).toEqual({ before: earlier === null, after: later === null });
        expect(changed(earlier, side.rules)).toEqual(new Map(later));
      }
      expect(changed(before?.admitted ?? null, change.admitted)).toEqual(new Map(after?.admitted));
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
