/** How often somebody may ask (S12). */
import { expect, test } from "vitest";
import { createRateLimiter } from "./rate-limit.ts";

test("S12: a burst, then a steady rate; who waits as long as told is let in, others are not touched", () => {
  const take = createRateLimiter({ burst: 2, perSecond: 0.5 });
  expect([take("a", 0), take("a", 0), take("a", 0), take("b", 0)]).toEqual([0, 0, 2000, 0]);
  expect([take("a", 1000), take("a", 1999)]).toEqual([1000, 1]);
  expect([take("a", 2000), take("a", 2000)]).toEqual([0, 2000]);
  expect([take("a", 60_000), take("a", 60_000), take("a", 60_000)]).toEqual([0, 0, 2000]);
});

test("S12: of very many, who was not seen for the longest time is forgotten", () => {
  const take = createRateLimiter({ burst: 1, perSecond: 0.001 });
  take("first", 0);
  take("second", 0);
  for (let index = 0; index < 9998; index += 1) take(`other-${index}`, 0);
  expect(take("first", 0)).toBeGreaterThan(0);
  take("one more", 0);
  expect([take("first", 0) > 0, take("second", 0)]).toEqual([true, 0]);
});
