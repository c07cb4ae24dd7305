/** What a slow reader gets of a queue. */
import { expect, test } from "vitest";

import { createEventQueue } from "./event-queue.ts";

test("events come in order, then the end; a reader may wait first", async () => {
  const queue = createEventQueue<number, string>(2, "overflow");
  const first = queue.next();
  queue.push(1);
  queue.push(2);
  queue.end("over");
  queue.end("too late");
  expect(await first).toEqual({ done: false, event: 1 });
  expect(await queue.next()).toEqual({ done: false, event: 2 });
  expect(await queue.next()).toEqual({ done: true, how: "over" });
  expect(await queue.next()).toEqual({ done: true, how: "over" });
});

test("as many as the limit wait, and one more ends the queue", async () => {
  const queue = createEventQueue<number, string>(2, "overflow");
  for (const event of [1, 2, 3, 4]) queue.push(event);
  expect(await queue.next()).toEqual({ done: false, event: 1 });
  queue.push(5);
  expect(await queue.next()).toEqual({ done: false, event: 2 });
  expect(await queue.next()).toEqual({ done: true, how: "overflow" });
});
