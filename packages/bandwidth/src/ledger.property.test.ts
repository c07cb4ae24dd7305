/** V5, V14: the ledger against a second, naive one that counts from the objects each time, over random sequences, crashes included. */
import { invariant } from "@seam/base";
import fc from "fast-check";
import { expect, test } from "vitest";

import { node, pod, rates } from "./ledger.fixture.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import type { PlacedPod, PodFacts } from "./model.ts";
import { accountNaively, emptyWorld, fitsNaively, type World } from "./naive-ledger.fixture.ts";

const NODES = ["n1", "n2", "n3"] as const;
const CAPACITY = 60;
/** Generators may take their time beside other files. */
const PATIENCE_MS = 60_000;

type Step =
  | { readonly do: "pod"; readonly pod: PodFacts }
  | { readonly do: "reserve" | "claim"; readonly pod: PlacedPod }
  | { readonly do: "gone" | "release"; readonly uid: string }
  | { readonly do: "node"; readonly name: string; readonly capacity: number | null }
  | { readonly do: "crash" };

const anyNode = fc.constantFrom(...NODES);
const anyRates = fc.tuple(fc.nat(30), fc.nat(30)).map(([ul, dl]) => rates(ul, dl));
const anyPod = fc
  .tuple(fc.nat(11), anyRates, fc.constantFrom("alone", "web", "db"))
  .map(([index, of, group]) => pod(`p${index}`, of, group === "alone" ? `p${index}` : group));
const placed = fc.tuple(anyPod, anyNode).map(([one, where]) => ({ ...one, node: where }));
const uid = fc.nat(11).map((index) => `uid-p${index}`);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: placed.map((one): Step => ({ do: "reserve", pod: one })) },
  { weight: 1, arbitrary: placed.map((one): Step => ({ do: "claim", pod: one })) },
  {
    weight: 5,
    arbitrary: fc.tuple(anyPod, fc.option(anyNode), fc.nat(4)).map(([one, where, end]): Step => ({
      do: "pod",
      pod: { ...one, node: where, isTerminal: end === 0 },
    })),
  },
  { weight: 3, arbitrary: uid.map((one): Step => ({ do: "gone", uid: one })) },
  { weight: 2, arbitrary: uid.map((one): Step => ({ do: "release", uid: one })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anyNode, fc.option(fc.nat(CAPACITY * 2)))
      .map(([name, capacity]): Step => ({ do: "node", name, capacity })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "crash" }) },
);

/** A ledger that is told the world anew, in another order and twice, as after a crash. */
function rebuild({ pods, claims, nodes }: World): Ledger {
  const ledger = createLedger();
  const tellings = [
    ...[...claims.values()].map((one) => () => ledger.setClaim(one)),
    ...[...nodes].map(
      ([name, capacity]) =>
        () =>
          ledger.setNode(name, node(capacity, undefined, capacity)),
    ),
    ...[...pods.values()].map((one) => () => ledger.setPod(one)),
  ];
  for (const telling of [...tellings.toReversed(), ...tellings]) telling();
  return ledger;
}

/** Takes the step in both; answers with the ledger that goes on. */
function take(ledger: Ledger, world: World, step: Step): Ledger {
  switch (step.do) {
    case "pod":
      world.pods.set(step.pod.uid, step.pod);
      ledger.setPod(step.pod);
      return ledger;
    case "claim":
      world.claims.set(step.pod.uid, step.pod);
      ledger.setClaim(step.pod);
      return ledger;
    case "reserve": {
      const expected = fitsNaively(world, step.pod);
      const { ok } = ledger.reserve(step.pod);
      invariant(ok === expected, `reserve says ${ok}, the naive ledger ${expected}`);
      if (expected) world.claims.set(step.pod.uid, step.pod);
      return ledger;
    }
    case "gone":
      world.pods.delete(step.uid);
      world.claims.delete(step.uid);
      ledger.removePod(step.uid);
      return ledger;
    case "release":
      world.claims.delete(step.uid);
      ledger.release(step.uid);
      return ledger;
    case "node":
      if (step.capacity === null) world.nodes.delete(step.name);
      else world.nodes.set(step.name, step.capacity);
      if (step.capacity === null) ledger.removeNode(step.name);
      else ledger.setNode(step.name, node(step.capacity, undefined, step.capacity));
      return ledger;
    case "crash":
      return rebuild(world);
  }
}

/** V5: all that the ledger says, beside what the naive one counts. */
const accounts = (ledger: Ledger): unknown => NODES.map((name) => ledger.account(name));
const naiveAccounts = (world: World): unknown => NODES.map((name) => accountNaively(world, name));

test(
  "V5, V14: after every step the ledger is what a naive one counts",
  () => {
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 30, maxLength: 120 }), (steps) => {
        const world = emptyWorld();
        for (const name of NODES) world.nodes.set(name, CAPACITY);
        let ledger = rebuild(world);
        for (const step of steps) {
          ledger = take(ledger, world, step);
          expect(accounts(ledger)).toEqual(naiveAccounts(world));
        }
      }),
      { numRuns: 150 },
    );
  },
  PATIENCE_MS,
);

test(
  "V6: reservations and ends alone, in any order, never take more than there is",
  () => {
    const steps = fc.array(
      fc.oneof(
        placed.map((one): Step => ({
          do: "reserve",
          pod: { ...one, group: pod(one.name, one.rates).group },
        })),
        uid.map((one): Step => ({ do: "gone", uid: one })),
      ),
      { minLength: 50, maxLength: 200 },
    );
    let refused = 0;
    fc.assert(
      fc.property(steps, (all) => {
        const ledger = createLedger();
        for (const name of NODES) ledger.setNode(name, node(CAPACITY, undefined, CAPACITY));
        for (const step of all) {
          if (step.do === "reserve") refused += ledger.reserve(step.pod).ok ? 0 : 1;
          else if (step.do === "gone") ledger.removePod(step.uid);
          for (const name of NODES) expect(ledger.account(name)!.overcommitted).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
    expect(refused).toBeGreaterThan(100);
  },
  PATIENCE_MS,
);

test(
  "V5, V10: a question about fit or score changes nothing; those that are chosen fit and score best",
  () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), anyPod, (steps, asked) => {
        const world = emptyWorld();
        for (const name of NODES) world.nodes.set(name, CAPACITY);
        let ledger = rebuild(world);
        for (const step of steps) ledger = take(ledger, world, step);
        ledger.fit(asked, NODES, ["uid-p1", "uid-p1", "uid-p2", "uid-none"]);
        ledger.score(asked, NODES);
        const fitting = ledger.fit(asked, NODES).filter(({ misfits }) => misfits.length === 0);
        const names = fitting.map(({ node: name }) => name);
        const scores = ledger.score(asked, names);
        const best = names.filter((_, index) => scores[index] === Math.max(...scores));
        const choice = ledger.choose({ pod: asked, nodes: NODES, step: 1, most: NODES.length });
        expect(choice).toEqual({ fitting: names.length, best });
        expect(accounts(ledger)).toEqual(naiveAccounts(world));
      }),
      { numRuns: 60 },
    );
  },
  PATIENCE_MS,
);
