/** Ranges of addresses in the kernel's interval map, against what nft lists of it. */
import { type Address, invariant, parseAddress } from "@seam/base";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { openPolicyTable } from "./index.ts";

const netns = `seam-blocks-${process.pid}`;
const blocks4 = ["inet", "seam-policy", "blocks4"];
const done = { ok: true, value: null };

beforeAll(() => void execFileSync("ip", ["netns", "add", netns]));
afterAll(() => void execFileSync("ip", ["netns", "del", netns]));

function addressOf(text: string): Address {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
}

type Listed =
  | string
  | { readonly prefix: { readonly addr: string; readonly len: number } }
  | { readonly range: readonly [string, string] };

/** First and last of a range as nft lists it, by the last byte. */
function boundsOf(listed: Listed): readonly [number, number] {
  const last = (each: string): number => Number(each.split(".")[3]);
  if (typeof listed === "string") return [last(listed), last(listed)];
  if ("range" in listed) return [last(listed.range[0]), last(listed.range[1])];
  const { addr, len } = listed.prefix;
  return [last(addr), last(addr) + 2 ** (32 - len) - 1];
}

type Listing = { readonly map?: { readonly elem?: readonly (readonly [Listed, number])[] } };

/** Classes of 10.0.0.0/24, by the last byte. */
function listedBlocks(): ReadonlyMap<number, number> {
  const { nftables }: { nftables: readonly Listing[] } = JSON.parse(
    execFileSync("ip", ["netns", "exec", netns, "nft", "-j", "list", "map", ...blocks4], {
      encoding: "utf8",
    }),
  );
  const elements = nftables.flatMap(({ map }) => map?.elem ?? []);
  return new Map(
    elements.flatMap(([listed, peers]) => {
      const [first, last] = boundsOf(listed);
      return Array.from({ length: last - first + 1 }, (_, at) => [first + at, peers] as const);
    }),
  );
}

test("blocks may touch, split, grow and go; only what differs is written", () => {
  const opened = openPolicyTable(`/run/netns/${netns}`);
  invariant(opened.ok, "the table");
  using table = opened.value;
  expect(
    table.rewrite({ gates: new Map(), addresses: new Map(), blocks: [], hosts: new Map() }),
  ).toEqual(done);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 3 }))),
      (parts) => {
        const wanted = new Map<number, number>();
        let at = 0;
        const blocks = parts.flatMap(([size, kind]) => {
          const [first, last] = [at, at + size - 1];
          at += size;
          if (kind === 0 || last > 255) return [];
          for (let each = first; each <= last; each += 1) wanted.set(each, 20 + kind);
          const [low, high] = [addressOf(`10.0.0.${first}`), addressOf(`10.0.0.${last}`)];
          return [{ first: low, last: high, peers: 20 + kind }];
        });
        expect(
          table.change({ gates: new Map(), addresses: new Map(), blocks, hosts: new Map() }),
        ).toEqual(done);
        expect(listedBlocks()).toEqual(wanted);
      },
    ),
    { numRuns: 60 },
  );
});
