/** Differences of documents, judged by another implementation of RFC 6902. */
import fc from "fast-check";
import { applyPatch } from "rfc6902";
import { expect, test } from "vitest";
import { type Json, patchOf } from "./json-patch.ts";

const copyOf = (value: Json): Json => JSON.parse(JSON.stringify(value));

/** The judge loses keys of this name. */
const documents = fc
  .json({ maxDepth: 4 })
  .filter((text) => !text.includes("__proto__"))
  .map((text): Json => JSON.parse(text));

/** A document and one that shares parts with it. */
const pairs = fc
  .tuple(documents, documents, documents)
  .map(([one, two, shared]): readonly [Json, Json] => [
    { one, list: [shared, one, shared, "a/b~c"], "a/b~": shared, gone: 1 },
    { one: shared, list: [shared, two, one, shared], "a/b~": two, fresh: two },
  ]);

test("applying the difference to the first gives the second (property)", () => {
  fc.assert(
    fc.property(fc.oneof(pairs, fc.tuple(documents, documents)), ([before, after]) => {
      // Without objects that are in two places, as those of JSON are not.
      const holder: { document: Json } = { document: copyOf(before) };
      const steps = patchOf(before, after).map((step) => ({
        ...step,
        ...("value" in step ? { value: copyOf(step.value) } : {}),
        path: `/document${step.path}`,
      }));
      expect(applyPatch(holder, steps).filter((error) => error !== null)).toEqual([]);
      expect(copyOf(holder.document)).toEqual(copyOf(after));
    }),
    { numRuns: 500 },
  );
});

test.each([
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, []],
  [[1, 2, 3, 4], [1, 2, 4], [{ op: "remove", path: "/2" }]],
  [[1, 2], [1, 9, 2], [{ op: "add", path: "/1", value: 9 }]],
  [{ a: [{ x: 1 }, 2] }, { a: [{ x: 3 }, 2] }, [{ op: "replace", path: "/a/0/x", value: 3 }]],
  [{ "a/b~": 1 }, {}, [{ op: "remove", path: "/a~1b~0" }]],
  [{}, JSON.parse('{"__proto__":1}'), [{ op: "add", path: "/__proto__", value: 1 }]],
])("%j to %j is the fewest steps", (before, after, steps) => {
  expect(patchOf(before, after)).toEqual(steps);
});
