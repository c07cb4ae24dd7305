/** Address choice: distinct, inside the prefix, rested as long as possible, until none is left. */
import { cidrContains, formatAddress, parseCidr } from "@seam/base";
import fc from "fast-check";
import { expect, test } from "vitest";

import { chooseAddresses } from "./addresses.ts";

const cidr = (text: string) => {
  const parsed = parseCidr(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

test("one address of each prefix, the first and last of IPv4 left out", () => {
  const prefixes = [cidr("10.244.1.0/30"), cidr("fd00:1::/64")];
  const used = new Set<string>();
  const cursors = new Map<string, bigint>();
  const next = (): readonly string[] | string => {
    const chosen = chooseAddresses(prefixes, {
      used,
      cursorOf: (prefix) => cursors.get(prefix) ?? 0n,
      requested: [],
    });
    if (!chosen.ok) return chosen.error;
    for (const { prefix, offset } of chosen.value) cursors.set(prefix, offset);
    const texts = chosen.value.map(({ address }) => formatAddress(address));
    for (const text of texts) used.add(text);
    return texts;
  };
  expect([next(), next(), next()]).toEqual([
    ["10.244.1.1", "fd00:1::1"],
    ["10.244.1.2", "fd00:1::2"],
    "all 2 addresses of 10.244.1.0/30 are in use on this node",
  ]);
});

test("a released address comes back only after all others (property)", () => {
  const prefix = cidr("10.0.0.0/28");
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (releases) => {
      const live: string[] = [];
      const history: string[] = [];
      let cursor = 0n;
      for (const release of releases) {
        if (release) live.shift();
        const chosen = chooseAddresses([prefix], {
          used: new Set(live),
          cursorOf: () => cursor,
          requested: [],
        });
        expect(chosen.ok).toBe(live.length < 14);
        if (!chosen.ok) {
          live.shift();
          continue;
        }
        const [choice] = chosen.value;
        const text = formatAddress(choice!.address);
        expect(live).not.toContain(text);
        expect(cidrContains(prefix, choice!.address)).toBe(true);
        const free = 14 - live.length;
        expect(history.slice(history.length - free + 1)).not.toContain(text);
        cursor = choice!.offset;
        live.push(text);
        history.push(text);
      }
    }),
  );
});
