/**
 * What nodes are to enforce of Calico's policies, beside Kubernetes' own, against the evaluator, which shares no code with it: random
 * objects, in a random order of changes (I15, S23).
 */
import { formatAddress } from "@seam/base";
import { permits } from "@seam/intent/testing";
import { directionOf, type Gate, type GateSide, type PolicyState } from "@seam/state";
import fc from "fast-check";
import { expect, test } from "vitest";

import type { Attempt, End, Traffic } from "./attempt.ts";
import { setStep, withoutOwnEnds } from "./calico-own-ends.fixture.ts";
import {
  judgedPod,
  INTERFACES,
  LOCAL,
  newWorld,
  NODE,
  type Other,
  othersOf,
  placeOf,
  policiesOf,
  step,
  take,
  tell,
  TRAFFIC,
  type World,
} from "./calico-world.fixture.ts";
import type { Policies } from "./tiers.ts";
import { isAllowed, judge } from "./verdict.ts";

/** Where the two disagree. */
function differences(world: World): readonly string[] {
  world.intent.takeChange();
  const state = world.intent.state();
  const policies = policiesOf(world);
  return LOCAL.flatMap((key) => {
    const gate = state.gates.get(`seam-${key}`);
    const draft = world.pods.get(key);
    if (gate === undefined || draft === undefined) return [];
    const own: End = { kind: "pod", pod: judgedPod(world, key, draft) };
    return [...othersOf(world, key), ...OWN_NODE].flatMap(({ end, address }) =>
      TRAFFIC.flatMap((traffic) =>
        differing({ state, gate, policies, own }, { end, address, traffic }),
      ),
    );
  });
}

/** The node by the addresses of all its interfaces. */
const OWN_NODE: readonly Other[] = [...INTERFACES.values()]
  .flat()
  .map((address) => ({ end: { kind: "address", address, node: NODE }, address }));

/** What of a gate is asked about an end: its own node always comes in. */
const sidesTo = (end: End): readonly GateSide[] =>
  end.kind === "address" && end.node === NODE ? ["node"] : ["egress", "ingress"];

type Compared = {
  readonly state: PolicyState;
  readonly gate: Gate;
  readonly policies: Policies;
  readonly own: End;
};

function differing(
  { state, gate, policies, own }: Compared,
  { end, address, traffic }: Other & { readonly traffic: Traffic },
): readonly string[] {
  const { family } = address;
  const attempt = (from: End, to: End): Attempt => ({ ...traffic, from, to, family });
  const wanted = {
    egress: isAllowed(judge(attempt(own, end), policies).egress),
    ingress: isAllowed(judge(attempt(end, own), policies).ingress),
  };
  const place = placeOf(traffic, family);
  return sidesTo(end)
    .filter(
      (side) =>
        permits(state, gate, { side, other: address, ...place }) !== wanted[directionOf(side)],
    )
    .map((side) => `${gate.device} ${side} ${formatAddress(address)} ${JSON.stringify(traffic)}`);
}

test("gates and classes say of Calico's policies what the evaluator says, after any changes in any order (I15, S23)", () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 10, maxLength: 40, size: "max" }),
      fc.boolean(),
      (steps, isTakenEach) => {
        const world = newWorld();
        for (const one of steps) {
          tell(world, one);
          if (isTakenEach) take(world);
        }
        expect(differences(world)).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
}, 120_000);

test("rules follow sets of networks that come and go beside pods, where nothing else makes them anew (I15)", () => {
  const before = fc.array(step, { minLength: 10, maxLength: 30, size: "max" });
  fc.assert(
    fc.property(before, fc.array(setStep, { minLength: 1, maxLength: 4 }), (steps, sets) => {
      const world = newWorld();
      for (const one of steps) tell(world, withoutOwnEnds(one));
      for (const one of sets) {
        take(world);
        tell(world, one);
      }
      expect(differences(world)).toEqual([]);
    }),
    { numRuns: 300 },
  );
}, 120_000);
