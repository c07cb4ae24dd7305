/** Reservations of namespaces: what was allowed counts at once, whatever the order in which the rest is seen (U1). */
import type { Rates } from "@seam/bandwidth";
import { mbps } from "@seam/base";
import { expect, test } from "vitest";

import { createBook } from "./book.ts";

const rates = (ul: number, dl = ul): Rates => ({ ulMbps: mbps(ul), dlMbps: mbps(dl) });
const pod = (uid: string, ul: number, namespace = "a") => ({ namespace, uid, rates: rates(ul) });

test("a promise counts until the pod is seen, and then once", () => {
  const book = createBook();
  book.promise(pod("p", 10), 0);
  expect(book.usedBeside("a", "new", 1)).toEqual(rates(10));
  expect(book.usedBeside("a", "p", 1)).toEqual(rates(0));
  expect(book.usedBeside("b", "new", 1)).toEqual(rates(0));
  book.set(pod("p", 10));
  expect(book.usedBeside("a", "new", 2)).toEqual(rates(10));
  book.clear("p");
  expect(book.usedBeside("a", "new", 3)).toEqual(rates(0));
});

test("a promise that nobody keeps is given back after half a minute", () => {
  const book = createBook();
  book.promise(pod("p", 10), 0);
  expect(book.usedBeside("a", "new", 29_999)).toEqual(rates(10));
  expect(book.usedBeside("a", "new", 30_000)).toEqual(rates(0));
});

test("a change to more counts at once, a change to less when it is seen", () => {
  const book = createBook();
  book.set(pod("p", 10));
  book.promise(pod("p", 30), 0);
  expect(book.usedBeside("a", "new", 1)).toEqual(rates(30));
  book.set(pod("p", 30));
  book.promise(pod("p", 5), 2);
  expect(book.usedBeside("a", "new", 3)).toEqual(rates(30));
  book.set(pod("p", 5));
  expect(book.usedBeside("a", "new", 4)).toEqual(rates(5));
});

test("the same news twice, and the end of what was never seen, change nothing", () => {
  const book = createBook();
  for (let times = 0; times < 2; times += 1) book.set(pod("p", 10));
  book.clear("q");
  for (let times = 0; times < 2; times += 1) book.clear("q");
  expect(book.usedBeside("a", "new", 1)).toEqual(rates(10));
});
