/**
 * How a table finds its row. Keys are numbers without a sign, those of up to 52 bits as JavaScript numbers. A table whose keys are all
 * matched exactly looks rows up; others have a map for each choice of bits that rows look at, and go through those with ranges, the one
 * that wins first (P4Runtime 1.5, section 9.1; specification, 14.2.1).
 */
import type { Match } from "../stf/switch.ts";
import type { Type } from "../types/type.ts";
import {
  bitsOf,
  EXACT,
  NARROW,
  nameOf,
  plainType,
  scalarOf,
  shapeOf,
  type Value,
} from "./value.ts";

/** One part of a key. */
export type KeyPart = number | bigint;

/** What a row is matched by. */
export type Row = {
  readonly matches: readonly Match[];
  /** The larger one wins. */
  readonly rank: number;
};

/** The width of a key in bits; errors and enums have 32. */
export function keyWidth(type: Type): number {
  const scalar = scalarOf(type);
  if (scalar !== undefined) return scalar.width;
  return plainType(type).kind === "bool" ? 1 : NARROW;
}

/** A value as a part of a key; members of enums are numbered as they are declared, errors as in the program. */
export function keyPart(type: Type, errors: readonly string[]): (value: Value) => KeyPart {
  const scalar = scalarOf(type);
  if (scalar !== undefined) {
    if (scalar.width > EXACT) return (value) => bitsOf(value, scalar);
    return scalar.isSigned ? (value) => Number(bitsOf(value, scalar)) : (value) => Number(value);
  }
  const shape = shapeOf(type);
  if (shape.kind === "varbit") {
    return (value) => (typeof value === "object" && value.kind === "varbit" ? value.value : 0n);
  }
  if (shape.kind === "bool") return (value) => (value === true ? 1 : 0);
  const isEnum = shape.kind === "member" && plainType(type).kind === "enum";
  const members = isEnum ? shape.members : errors;
  return (value) => members.indexOf(nameOf(value));
}

type Fits = (part: KeyPart) => boolean;

const ones = (width: number): bigint => (1n << BigInt(width)) - 1n;

function maskFits(value: bigint, mask: bigint, width: number): Fits {
  if (mask === 0n) return () => true;
  if (width <= NARROW) {
    const [bits, care] = [Number(value), Number(mask)];
    return (part) => ((Number(part) ^ bits) & care) === 0;
  }
  const wanted = value & mask;
  return (part) => (BigInt(part) & mask) === wanted;
}

/** The bits of a prefix. */
export function prefixMask(prefixBits: number, width: number): bigint {
  return ones(width) & ~ones(Math.max(0, width - prefixBits));
}

function matchFits(match: Match, width: number): Fits {
  switch (match.kind) {
    case "any":
      return () => true;
    case "exact": {
      const wanted = width <= EXACT ? Number(match.value) : match.value;
      return (part) => part === wanted;
    }
    case "lpm":
      return maskFits(match.value, prefixMask(match.prefixBits, width), width);
    case "ternary":
      return maskFits(match.value, match.mask, width);
    case "range": {
      const { first, last } = match;
      return (part) => part >= first && part <= last;
    }
  }
}

/** Whether a key has what a row asks for. */
function rowFits(row: Row, widths: readonly number[]): (key: readonly KeyPart[]) => boolean {
  const fits = row.matches.map((match, index) => matchFits(match, widths[index] ?? NARROW));
  const [only] = fits;
  if (fits.length === 1 && only !== undefined) return (key) => only(key[0] ?? 0);
  return (key) => {
    for (let index = 0; index < fits.length; index += 1) {
      if (fits[index]?.(key[index] ?? 0) !== true) return false;
    }
    return true;
  };
}

/** The longest prefix wins in tables that have one, before priorities. */
function prefixLength({ matches }: Row): number {
  return matches.reduce((bits, each) => bits + (each.kind === "lpm" ? each.prefixBits : 0), 0);
}

const keyText = (key: readonly KeyPart[]): string => key.join(",");

/** Finds rows of a table. */
export type Finder<R extends Row> = {
  readonly find: (key: readonly KeyPart[]) => R | undefined;
  /** Takes in a row that was added; finders that cannot are made anew. */
  readonly add?: (row: R) => void;
};

function exactFinder<R extends Row>(rows: readonly R[], widths: readonly number[]): Finder<R> {
  const single = widths.length === 1;
  const found = new Map<KeyPart | string, R>();
  const add = (row: R): void => {
    const key = row.matches.map((match, index) => {
      const value = match.kind === "exact" ? match.value : 0n;
      return (widths[index] ?? 0) <= EXACT ? Number(value) : value;
    });
    const text = single ? (key[0] ?? 0) : keyText(key);
    if (!found.has(text)) found.set(text, row);
  };
  for (const row of rows) add(row);
  if (single) return { find: (key) => found.get(key[0] ?? 0), add };
  return { find: (key) => found.get(keyText(key)), add };
}

/** A row with its place among all: the first that fits wins. */
type Placed<R extends Row> = { readonly row: R; readonly place: number };

/** The bits that a match looks at; undefined when it is a range. */
function maskOf(match: Match, width: number): bigint | undefined {
  switch (match.kind) {
    case "any":
      return 0n;
    case "exact":
      return ones(width);
    case "lpm":
      return prefixMask(match.prefixBits, width);
    case "ternary":
      return match.mask & ones(width);
    case "range":
      return undefined;
  }
}

/** The masks of a row; undefined when it has a range. */
function masksOf({ matches }: Row, widths: readonly number[]): readonly bigint[] | undefined {
  const masks = matches.flatMap((match, index) => maskOf(match, widths[index] ?? NARROW) ?? []);
  return masks.length === matches.length ? masks : undefined;
}

const valueOf = (match: Match): bigint => ("value" in match ? match.value : 0n);

/** What is left of a key under masks, as something that a map finds. */
function cutter(
  masks: readonly bigint[],
  widths: readonly number[],
): (key: readonly KeyPart[]) => KeyPart | string {
  const cuts = masks.map((mask, index): ((part: KeyPart) => KeyPart) => {
    const width = widths[index] ?? NARROW;
    if (mask === ones(width)) return (part) => part;
    const narrow = Number(mask);
    if (width <= NARROW) return (part) => (Number(part) & narrow) >>> 0;
    return (part) => BigInt(part) & mask;
  });
  const [only] = cuts;
  if (cuts.length === 1 && only !== undefined) return (key) => only(key[0] ?? 0);
  return (key) => keyText(cuts.map((cut, index) => cut(key[index] ?? 0)));
}

/** Rows that look at the same bits, found by the value of these. */
type Tuple<R extends Row> = {
  /** The place of the first of them. */
  readonly place: number;
  readonly cut: (key: readonly KeyPart[]) => KeyPart | string;
  readonly rows: Map<KeyPart | string, Placed<R>>;
};

function tuplesOf<R extends Row>(
  placed: readonly Placed<R>[],
  widths: readonly number[],
): readonly Tuple<R>[] {
  const tuples = new Map<string, Tuple<R>>();
  for (const each of placed) {
    const masks = masksOf(each.row, widths);
    if (masks === undefined) continue;
    const name = masks.join(",");
    const tuple = tuples.get(name) ?? {
      place: each.place,
      cut: cutter(masks, widths),
      rows: new Map<KeyPart | string, Placed<R>>(),
    };
    tuples.set(name, tuple);
    const key = each.row.matches.map((match, index) => {
      const value = valueOf(match) & ones(widths[index] ?? NARROW);
      return (widths[index] ?? NARROW) <= EXACT ? Number(value) : value;
    });
    const cut = tuple.cut(key);
    if (!tuple.rows.has(cut)) tuple.rows.set(cut, each);
  }
  return [...tuples.values()];
}

/** So few rows are gone through one by one: that is quicker than a map. */
const FEW_ROWS = 8;

/** Goes through rows, the one that wins first. */
function firstFinder<R extends Row>(
  placed: readonly Placed<R>[],
  widths: readonly number[],
): (key: readonly KeyPart[], before: number) => Placed<R> | undefined {
  const all = placed.map((each) => ({ each, fits: rowFits(each.row, widths) }));
  return (key, before) => {
    for (const { each, fits } of all) {
      if (each.place >= before) return undefined;
      if (fits(key)) return each;
    }
    return undefined;
  };
}

/** Looks rows up by the bits that they look at (tuple space search), those with ranges one by one. */
function tupleFinder<R extends Row>(
  placed: readonly Placed<R>[],
  widths: readonly number[],
): Finder<R> {
  const tuples = tuplesOf(placed, widths);
  const ranges = placed.filter(({ row }) => masksOf(row, widths) === undefined);
  const findRange = firstFinder(ranges, widths);
  return {
    find: (key) => {
      let best: Placed<R> | undefined;
      let before = Number.POSITIVE_INFINITY;
      for (const { place, cut, rows } of tuples) {
        if (place > before) break;
        const found = rows.get(cut(key));
        if (found === undefined || found.place > before) continue;
        best = found;
        before = found.place;
      }
      return (findRange(key, before) ?? best)?.row;
    },
  };
}

/** The finder of some rows, in the order in which they were added. */
export function finderOf<R extends Row>(
  rows: readonly R[],
  widths: readonly number[],
  hasPriorities: boolean,
): Finder<R> {
  const isExact = rows.every((row) => row.matches.every(({ kind }) => kind === "exact"));
  if (isExact && !hasPriorities) return exactFinder(rows, widths);
  const placed = rows
    .toSorted((one, two) =>
      hasPriorities
        ? two.rank - one.rank
        : prefixLength(two) - prefixLength(one) || two.rank - one.rank,
    )
    .map((row, place) => ({ row, place }));
  if (placed.length > FEW_ROWS) return tupleFinder(placed, widths);
  const find = firstFinder(placed, widths);
  return { find: (key) => find(key, Number.POSITIVE_INFINITY)?.row };
}

/** What a row is matched by, as a text: two rows with the same could never both be found. */
export const matchesText = ({ matches }: Row): string => matches.map(matchText).join(" ");

function matchText(match: Match): string {
  switch (match.kind) {
    case "any":
      return "any";
    case "exact":
      return `${match.value}`;
    case "lpm":
      return `${match.value}/${match.prefixBits}`;
    case "ternary":
      return `${match.value & match.mask}&&&${match.mask}`;
    case "range":
      return `${match.first}..${match.last}`;
  }
}
