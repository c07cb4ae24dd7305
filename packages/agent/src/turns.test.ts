/** Turns of work that takes its time. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";

import { createTurns } from "./turns.ts";

type World = {
  readonly turns: ReturnType<typeof createTurns>;
  /** What was told in which order. */
  readonly log: readonly string[];
  /** Ends the work that is going on. */
  readonly end: (hasWorked: boolean) => Promise<void>;
};

function world(isIdle = (): boolean => false): World {
  const log: string[] = [];
  let ending = Promise.withResolvers<boolean>();
  const turns = createTurns({
    work: async () => {
      log.push("begins");
      ending = Promise.withResolvers<boolean>();
      return ending.promise;
    },
    retryMs: 5,
    onCurrent: () => log.push("current"),
    isIdle,
  });
  const end = async (hasWorked: boolean): Promise<void> => {
    ending.resolve(hasWorked);
    await turns.ended();
  };
  return { turns, log, end };
}

test("what comes during a turn is for the next, and only then nothing is missing", async () => {
  const { turns, log, end } = world();
  using _ = turns;
  turns.now();
  turns.now();
  turns.ask(1);
  await sleep(10);
  expect([turns.isWorking(), log]).toEqual([true, ["begins"]]);
  await end(true);
  await sleep(10);
  expect(log).toEqual(["begins", "begins"]);
  // Asked for, and its time has not come yet.
  turns.ask(20);
  await end(true);
  expect(log).toEqual(["begins", "begins"]);
  await sleep(40);
  await end(true);
  expect(log).toEqual(["begins", "begins", "begins", "current"]);
  expect(turns.isWorking()).toBe(false);
});

test("what failed is tried again, and is not current", async () => {
  const { turns, log, end } = world();
  using _ = turns;
  turns.ask(0);
  await sleep(5);
  await end(false);
  await sleep(20);
  expect(log).toEqual(["begins", "begins"]);
  await end(true);
  expect(log.at(-1)).toBe("current");
});

test("no turn begins while there are none, and what ends then tells nobody", async () => {
  let idle = true;
  const { turns, log, end } = world(() => idle);
  using _ = turns;
  turns.now();
  turns.ask(0);
  await sleep(5);
  expect(log).toEqual([]);
  idle = false;
  turns.now();
  idle = true;
  await end(true);
  expect(log).toEqual(["begins"]);
});
