/** The queue's promises: each key once, never twice at the same time, later after failures. */
import { millis } from "@seam/base";
import { expect, test } from "vitest";
import { backoff } from "./backoff.ts";
import { createWorkQueue } from "./work-queue.ts";

test("a key added twice is worked on once; added during work it comes again", async () => {
  using queue = createWorkQueue();
  for (const key of ["a", "a", "b"]) queue.add(key);
  expect(await queue.next()).toBe("a");
  queue.add("a");
  expect(await queue.next()).toBe("b");
  queue.done("a");
  expect(await queue.next()).toBe("a");
});

test("what is urgent comes first, also when it waits already", async () => {
  using queue = createWorkQueue();
  for (const key of ["a", "b", "c"]) queue.add(key);
  queue.add("c", "urgent");
  queue.add("d", "urgent");
  const order = [await queue.next(), await queue.next(), await queue.next(), await queue.next()];
  expect(order).toEqual(["c", "d", "a", "b"]);
});

test("who takes urgent keys only waits for one, and leaves the others alone", async () => {
  using queue = createWorkQueue();
  queue.add("a");
  const taken: (string | null)[] = [];
  const waiting = queue.next("urgent").then((key) => taken.push(key));
  expect(await queue.next()).toBe("a");
  queue.add("b");
  expect(await queue.next()).toBe("b");
  expect(taken).toEqual([]);
  queue.add("c", "urgent");
  await waiting;
  expect(taken).toEqual(["c"]);
});

test("a key rests after work, and what was added meanwhile is worked on once", async () => {
  using queue = createWorkQueue();
  queue.add("a");
  await queue.next();
  queue.done("a", millis(40));
  const rested = performance.now();
  for (const key of ["a", "a", "b"]) queue.add(key);
  expect(await queue.next()).toBe("b");
  expect(await queue.next()).toBe("a");
  expect(performance.now() - rested).toBeGreaterThan(30);
  queue.done("a");
  queue.done("b");
  queue.add("c");
  expect(await queue.next()).toBe("c");
});

test("a key that is added later comes once, as soon as anybody wanted it", async () => {
  using queue = createWorkQueue();
  const asked = performance.now();
  for (const wait of [10_000, 30, 60]) queue.addAfter("a", millis(wait));
  expect(await queue.next()).toBe("a");
  expect(performance.now() - asked).toBeGreaterThan(25);
  queue.done("a");
  queue.addAfter("b", millis(60));
  expect(await queue.next()).toBe("b");
});

test("a retried key comes back, and a closed queue ends its workers", async () => {
  const queue = createWorkQueue({ first: millis(1), longest: millis(5) });
  queue.retry("a");
  expect(await queue.next()).toBe("a");
  const pending = queue.next();
  queue[Symbol.dispose]();
  expect(await pending).toBeNull();
});

test.each([
  [1, 0, 50],
  [1, 1, 100],
  [3, 1, 400],
  [99, 1, 1000],
])("after %i failures with jitter %f the wait is %i ms", (failures, jitter, wait) => {
  expect(
    backoff(failures, { first: millis(100), longest: millis(1000), random: () => jitter }),
  ).toBe(wait);
});
