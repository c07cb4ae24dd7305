/** Pages of the cluster's objects: together the whole list, in order, whatever is deleted and made meanwhile (S14). */
import type { KubeObject } from "@seam/kube";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type ObjectQuery, pageOf } from "./object-page.ts";

const object = (name: string, creationTimestamp: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, creationTimestamp, managedFields: [{}] },
});

const query = (more: Partial<ObjectQuery>): ObjectQuery => ({
  limit: 3,
  sort: "name",
  direction: "ascending",
  ...more,
});

const objects = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-c]{1,4}$/),
    second: fc.integer({ min: 0, max: 3 }),
  }),
  { selector: ({ name }) => name, maxLength: 20 },
);

test("S14: each object that stays comes once, in order, while others come and go between pages", () => {
  const input = fc.record({
    before: objects,
    after: objects,
    limit: fc.integer({ min: 1, max: 5 }),
    sort: fc.constantFrom("name", "created"),
    direction: fc.constantFrom("ascending", "descending"),
  });
  fc.assert(
    fc.property(input, ({ before, after, limit, sort, direction }) => {
      const made = (all: typeof before): readonly KubeObject[] =>
        all.map(({ name, second }) => object(name, `2026-11-28T00:00:0${second}Z`));
      const kept = new Set(
        before
          .filter(({ name, second }) =>
            after.some((other) => other.name === name && other.second === second),
          )
          .map(({ name }) => name),
      );
      const seen: string[] = [];
      let cursor: string | null = null;
      let list = made(before);
      do {
        const page = pageOf(
          list,
          query({ limit, sort, direction, ...(cursor === null ? {} : { cursor }) }),
        );
        if (!page.ok) throw new Error(page.error.detail);
        seen.push(...page.value.items.map(({ metadata }) => metadata.name));
        cursor = page.value.next;
        list = made(after);
      } while (cursor !== null);
      const staying = seen.filter((name) => kept.has(name));
      expect(new Set(staying)).toEqual(kept);
      expect(staying).toHaveLength(kept.size);
    }),
  );
});

test("what the API server notes of fields' writers is left out, and a search is for part of the name", () => {
  const list = [object("one", ""), object("two", "")];
  const page = pageOf(list, query({ search: "w" }));
  expect(page).toMatchObject({ ok: true, value: { items: [{ metadata: { name: "two" } }] } });
  expect(JSON.stringify(page)).not.toContain("managedFields");
});

test.each(["", "x", Buffer.from("[1,2,3]").toString("base64url"), "W10"])(
  "S14: the cursor %j is of no list",
  (cursor) => {
    expect(pageOf([], query({ cursor }))).toMatchObject({
      ok: false,
      error: { code: "bad-request", errors: [{ field: "query.cursor" }] },
    });
  },
);
