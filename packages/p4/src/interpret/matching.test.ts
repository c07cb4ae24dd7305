/** Rows are found as by going through all of them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Match } from "../stf/switch.ts";
import { finderOf, type KeyPart, prefixMask, type Row } from "./matching.ts";

/** Whether a value is what a match asks for, as P4Runtime says it (section 9.1.1). */
function isMatched(value: bigint, match: Match, width: number): boolean {
  switch (match.kind) {
    case "any":
      return true;
    case "exact":
      return value === match.value;
    case "lpm":
      return ((value ^ match.value) & prefixMask(match.prefixBits, width)) === 0n;
    case "ternary":
      return ((value ^ match.value) & match.mask) === 0n;
    case "range":
      return value >= match.first && value <= match.last;
  }
}

/** Numbers that often meet: few low bits, and the highest one. */
const value = (width: number): fc.Arbitrary<bigint> =>
  fc.tuple(fc.nat(3), fc.nat(1)).map(([low, high]) => {
    const all = BigInt(low) | (BigInt(high) << BigInt(width - 1));
    return all & ((1n << BigInt(width)) - 1n);
  });

const matches = {
  exact: (width: number) => value(width).map((each): Match => ({ kind: "exact", value: each })),
  lpm: (width: number) =>
    fc
      .tuple(value(width), fc.nat(width))
      .map(([each, prefixBits]): Match => ({ kind: "lpm", value: each, prefixBits })),
  ternary: (width: number) =>
    fc.oneof(
      fc.constant<Match>({ kind: "any" }),
      fc
        .tuple(value(width), value(width))
        .map(([each, mask]): Match => ({ kind: "ternary", value: each, mask })),
    ),
  range: (width: number) =>
    fc.oneof(
      fc.constant<Match>({ kind: "any" }),
      fc
        .tuple(value(width), value(width))
        .map(([one, two]): Match => ({ kind: "range", first: one, last: two })),
    ),
};

const WIDTHS = [1, 8, 32, 48, 128] as const;

type Table = {
  readonly widths: readonly number[];
  readonly kinds: readonly (keyof typeof matches)[];
  readonly hasPriorities: boolean;
};

const table: fc.Arbitrary<Table> = fc
  .tuple(
    fc.constantFrom<Table["kinds"][]>(
      ["exact"],
      ["lpm"],
      ["exact", "lpm"],
      ["exact", "exact"],
      ["ternary"],
      ["ternary", "range"],
      ["range", "exact", "ternary"],
    ),
    fc.array(fc.constantFrom(...WIDTHS), { minLength: 3, maxLength: 3 }),
  )
  .map(([kinds, widths]) => ({
    kinds,
    widths: widths.slice(0, kinds.length),
    hasPriorities: kinds.includes("ternary") || kinds.includes("range"),
  }));

const keyOf = (values: readonly bigint[], widths: readonly number[]): readonly KeyPart[] =>
  values.map((each, index) => ((widths[index] ?? 0) <= 52 ? Number(each) : each));

const lengthOf = ({ matches: all }: Row): number =>
  all.reduce((sum, each) => sum + (each.kind === "lpm" ? each.prefixBits : 0), 0);

test("I9: the row that is found is the winner among all that match, whatever finds it (property)", () => {
  const cases = table.chain((of) =>
    fc.record({
      of: fc.constant(of),
      rows: fc.array(
        fc.record({
          matches: fc.tuple(...of.kinds.map((kind, at) => matches[kind](of.widths[at] ?? 1))),
          rank: fc.constant(0),
        }),
        { maxLength: 40 },
      ),
      key: fc.tuple(...of.widths.map(value)),
    }),
  );
  fc.assert(
    fc.property(cases, ({ of, rows, key }) => {
      const ranked = rows.map((row, index): Row => ({ ...row, rank: (index * 7) % 41 }));
      const fitting = ranked.filter((row) =>
        row.matches.every((match, at) => isMatched(key[at] ?? 0n, match, of.widths[at] ?? 1)),
      );
      const best = fitting.toSorted((one, two) =>
        of.hasPriorities ? two.rank - one.rank : lengthOf(two) - lengthOf(one),
      )[0];
      const { find } = finderOf(ranked, of.widths, of.hasPriorities);
      const found = find(keyOf(key, of.widths));
      expect(found === undefined).toBe(best === undefined);
      expect(found && (of.hasPriorities ? found.rank : lengthOf(found))).toBe(
        best && (of.hasPriorities ? best.rank : lengthOf(best)),
      );
    }),
    { numRuns: 1000 },
  );
});
