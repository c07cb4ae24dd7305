/**
 * How a table finds its row. Keys are numbers without a sign, narrow ones as JavaScript numbers. A table whose keys are all matched
 * exactly looks rows up; others go through their rows, the one that wins first (P4Runtime 1.5, section 9.1; specification, 14.2.1).
 */
import type { Match } from "../stf/switch.ts";
import type { Type } from "../types/type.ts";
import { bitsOf, NARROW, nameOf, plainType, scalarOf, shapeOf, type Value } from "./value.ts";

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
    if (scalar.width > NARROW) return (value) => bitsOf(value, scalar);
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
      const wanted = width <= NARROW ? Number(match.value) : match.value;
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
};

function exactFinder<R extends Row>(rows: readonly R[], widths: readonly number[]): Finder<R> {
  const single = widths.length === 1;
  const found = new Map<KeyPart | string, R>();
  for (const row of rows) {
    const key = row.matches.map((match, index) => {
      const value = match.kind === "exact" ? match.value : 0n;
      return (widths[index] ?? 0) <= NARROW ? Number(value) : value;
    });
    const text = single ? (key[0] ?? 0) : keyText(key);
    if (!found.has(text)) found.set(text, row);
  }
  if (single) return { find: (key) => found.get(key[0] ?? 0) };
  return { find: (key) => found.get(keyText(key)) };
}

/** The finder of some rows, in the order in which they were added. */
export function finderOf<R extends Row>(
  rows: readonly R[],
  widths: readonly number[],
  hasPriorities: boolean,
): Finder<R> {
  const isExact = rows.every((row) => row.matches.every(({ kind }) => kind === "exact"));
  if (isExact && !hasPriorities) return exactFinder(rows, widths);
  const ordered = rows
    .map((row) => ({ row, fits: rowFits(row, widths) }))
    .sort((one, two) =>
      hasPriorities
        ? two.row.rank - one.row.rank
        : prefixLength(two.row) - prefixLength(one.row) || two.row.rank - one.row.rank,
    );
  return {
    find: (key) => {
      for (const { row, fits } of ordered) if (fits(key)) return row;
      return undefined;
    },
  };
}

/** Whether two rows are matched by the same, so that the second could never be added. */
export const sameMatches = (one: Row, two: Row): boolean =>
  one.matches.every((match, index) => matchText(match) === matchText(two.matches[index]));

function matchText(match: Match | undefined): string {
  switch (match?.kind) {
    case undefined:
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
