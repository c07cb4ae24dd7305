/** Cases and entries one after the other: which of them never get a value, and which values none of them takes. */
import { covers, type Domain, type Points, takes } from "./points.ts";

/** What one case takes: points for each key. */
export type Row = readonly Points[];

/** So many rows that take more than one value are compared with each row behind them: hostile programs stay cheap. */
const MOST_WIDE = 64;

const isSingle = (row: Row): boolean =>
  row.every((each) => each.kind === "interval" && each.first === each.last);

const textOf = (row: Row): string =>
  row.map((each) => (each.kind === "interval" ? each.first : "")).join();

const isWhole = (row: Row): boolean => row.every(({ kind }) => kind === "any");

const takesNothing = (row: Row): boolean =>
  row.some((each) => each.kind === "interval" && each.first > each.last);

/** Whether a row takes, for sure, all that another takes. */
const coversRow = (row: Row, other: Row): boolean =>
  row.every((each, index) => {
    const points = other[index];
    return points !== undefined && covers(each, points);
  });

/** Rows that are never reached, as an earlier one takes all that they take: the row's index, and that of the earlier one. */
export function hiddenRows(rows: readonly Row[]): readonly (readonly [number, number])[] {
  const hidden: (readonly [number, number])[] = [];
  const single = new Map<string, number>();
  const wide: number[] = [];
  let whole: number | undefined;
  const coveredBy = (row: Row): number | undefined =>
    whole ??
    (isSingle(row) ? single.get(textOf(row)) : undefined) ??
    wide.find((index) => coversRow(rows[index] ?? [], row));
  for (const [index, row] of rows.entries()) {
    if (takesNothing(row)) continue;
    const by = coveredBy(row);
    if (by !== undefined) hidden.push([index, by]);
    else if (isWhole(row)) whole = index;
    else if (isSingle(row)) single.set(textOf(row), index);
    else if (wide.length < MOST_WIDE) wide.push(index);
  }
  return hidden;
}

/** Values of keys that no row takes, or that there are none, or that it is not known. */
type Missing = readonly bigint[] | "none" | "unknown";

/** Masks that are no prefixes are looked at value by value when a key has at most so many. */
const MOST_VALUES = 4096n;

/** Values of a key at which another set of rows begins to fit; undefined when there are too many. */
function starts(rows: readonly Row[], key: number, domain: Domain): readonly bigint[] | undefined {
  const { first, last } = domain;
  const found = new Set([first]);
  for (const row of rows) {
    const points = row[key];
    if (points?.kind === "interval") found.add(points.first).add(points.last + 1n);
    if (points?.kind !== "mask") continue;
    if (last - first >= MOST_VALUES) return undefined;
    for (let value = first; value <= last; value += 1n) found.add(value);
  }
  const inside = [...found].filter((value) => first <= value && value <= last);
  return inside.toSorted((left, right) => (left < right ? -1 : 1));
}

type Search = { readonly domains: readonly Domain[]; steps: number };

function missingFrom(search: Search, rows: readonly Row[], key: number): Missing {
  const { domains } = search;
  const domain = domains[key];
  if (rows.length === 0) return domains.slice(key).map(({ first }) => first);
  if (domain === undefined || rows.some((row) => isWhole(row.slice(key)))) return "none";
  const isOpaque = rows.some((row) => row[key]?.kind === "opaque");
  const values = isOpaque ? undefined : starts(rows, key, domain);
  return values === undefined ? "unknown" : missingAt(search, { rows, key, values });
}

type At = {
  readonly rows: readonly Row[];
  readonly key: number;
  readonly values: readonly bigint[];
};

/** Values of keys that no row takes, of which one key has one of some values. */
function missingAt(search: Search, { rows, key, values }: At): Missing {
  let result: Missing = "none";
  for (const value of values) {
    search.steps -= rows.length;
    if (search.steps < 0) return "unknown";
    const fitting = rows.filter((row) => takes(row[key] ?? { kind: "any" }, value));
    const found = missingFrom(search, fitting, key + 1);
    if (found === "unknown") result = found;
    else if (found !== "none") return [value, ...found];
  }
  return result;
}

/** Values of keys that no row takes; undefined when there are none, or when it is not known. */
export function missingValues(
  rows: readonly Row[],
  domains: readonly (Domain | undefined)[],
): readonly bigint[] | undefined {
  const known = domains.flatMap((each) => (each === undefined ? [] : [each]));
  if (known.length < domains.length) return undefined;
  const search = { domains: known, steps: 64 * rows.length + 4096 };
  const found = missingFrom(search, rows, 0);
  return typeof found === "string" ? undefined : found;
}
