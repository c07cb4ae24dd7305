/** Entries and actions of STF files, resolved against a table's shape. */
import { err, invariant, ok, type Result } from "@seam/base";
import { findKey, findName } from "./names.ts";
import type { Literal, StfAction, StfMatch } from "./statement.ts";
import type { ActionCall, ActionShape, Match, SwitchShape, TableShape } from "./switch.ts";

type Field = TableShape["keys"][number];

/** The one of some things that a name means, or why there is none. */
function named<T extends { readonly name: string }>(
  what: string,
  name: string,
  known: readonly T[],
): Result<T, string> {
  const found = findName(
    what,
    name,
    known.map((each) => each.name),
  );
  if (!found.ok) return found;
  const meant = known.find((each) => each.name === found.value);
  invariant(meant !== undefined, "a name that is found is one of the known");
  return ok(meant);
}

/** The table of a name. */
export const findTable = (name: string, shape: SwitchShape): Result<TableShape, string> =>
  named("table", name, shape.tables);

const allOnes = (width: number): bigint => (1n << BigInt(width)) - 1n;

function fitting({ value, text }: Literal, what: string, width: number): Result<bigint, string> {
  if (value <= allOnes(width)) return ok(value);
  return err(`${text} does not fit into the ${width} bits of ${what}`);
}

/** The length of a prefix: as given, or what stands before the first don't-care digit, or all of it. */
function prefixLength({ value, prefixBits }: StfMatch, width: number): number {
  if (prefixBits !== undefined) return prefixBits;
  if (value.mask === undefined) return width;
  const stars = (value.bits ?? 0) - (value.leadingBits ?? 0);
  return Math.max(0, width - stars);
}

function ternary(match: StfMatch, width: number): bigint {
  if (match.prefixBits !== undefined) {
    const free = BigInt(Math.max(0, width - match.prefixBits));
    return allOnes(width) & ~((1n << free) - 1n);
  }
  const { mask } = match.value;
  return mask === undefined ? allOnes(width) : mask & allOnes(width);
}

const exactly = (
  { value: { mask, text } }: StfMatch,
  value: bigint,
  name: string,
): Result<Match, string> =>
  mask === undefined
    ? ok({ kind: "exact", value })
    : err(`${name} is matched exactly, and ${text} has don't-care digits`);

/** How a field is matched with what is written. */
function matchOf(match: StfMatch, { name, width, match: kind }: Field): Result<Match, string> {
  const fits = fitting(match.value, name, width);
  if (!fits.ok) return fits;
  const { value } = fits;
  if (match.last !== undefined && kind !== "range") {
    return err(`${name} is matched ${kind}, and "->" is for ranges`);
  }
  switch (kind) {
    case "exact":
    case "selector":
      return exactly(match, value, name);
    case "optional":
      return ok(ternary(match, width) === 0n ? { kind: "any" } : { kind: "exact", value });
    case "lpm": {
      const prefixBits = prefixLength(match, width);
      return prefixBits > width
        ? err(`a prefix of ${prefixBits} bits does not fit into the ${width} bits of ${name}`)
        : ok({ kind: "lpm", value, prefixBits });
    }
    case "ternary":
      return ok({ kind: "ternary", value, mask: ternary(match, width) });
    case "range": {
      const last = fitting(match.last ?? match.value, name, width);
      const free = allOnes(width) & ~ternary(match, width);
      return last.ok ? ok({ kind: "range", first: value, last: last.value | free }) : last;
    }
  }
}

/** Matches of a whole key, in its order; what is not written matches anything, unless it is matched exactly. */
export function keyOf(
  matches: readonly StfMatch[],
  table: TableShape,
): Result<readonly Match[], string> {
  const names = table.keys.map(({ name }) => name);
  const found = new Map<number, Match>();
  for (const each of matches) {
    const place = findKey(each.key, names);
    if (!place.ok) return place;
    const field = table.keys[place.value];
    if (field === undefined) continue;
    if (found.has(place.value)) return err(`field ${field.name} stands twice`);
    const match = matchOf(each, field);
    if (!match.ok) return match;
    found.set(place.value, match.value);
  }
  const missing = table.keys.find(({ match }, index) => match === "exact" && !found.has(index));
  if (missing !== undefined) return err(`the entry says nothing of ${missing.name}, an exact key`);
  return ok(table.keys.map((_, index) => found.get(index) ?? { kind: "any" }));
}

function argumentsOf(action: StfAction, shape: ActionShape): Result<readonly bigint[], string> {
  const written: { readonly name: string; readonly value: Literal }[] = [];
  for (const { name, value } of action.args) {
    const parameter = named(`parameter of ${shape.name},`, name, shape.parameters);
    if (!parameter.ok) return parameter;
    written.push({ name: parameter.value.name, value });
  }
  const args: bigint[] = [];
  for (const { name, width } of shape.parameters) {
    const [only, second] = written.filter((each) => each.name === name);
    if (only === undefined) return err(`action ${shape.name} needs parameter ${name}`);
    if (second !== undefined) return err(`parameter ${name} stands twice`);
    const value = fitting(only.value, `parameter ${name}`, width);
    if (!value.ok) return value;
    args.push(value.value);
  }
  return ok(args);
}

/** A call of one of a table's actions. */
export function actionOf(action: StfAction, table: TableShape): Result<ActionCall, string> {
  const shape = named(`action of table ${table.name},`, action.name, table.actions);
  if (!shape.ok) return shape;
  const args = argumentsOf(action, shape.value);
  return args.ok ? ok({ name: shape.value.name, args: args.value }) : args;
}
