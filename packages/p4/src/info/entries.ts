/**
 * Entries that a program gives its tables, as the request that writes them (P4Runtime 1.5, sections 9.1 and 9.1.1). Fields are named and
 * ordered as in p4/v1/p4runtime.proto.
 */
import { err, ok, type Result } from "@seam/base";
import { pathIn, type Tree } from "../eval/instances.ts";
import type { Keyset, Program, TableEntry, TableKey } from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import { underlying } from "../types/show.ts";
import { bytesOf, bytesOfType } from "./bytes.ts";
import { type ActionCall, callOf } from "./calls.ts";
import { type Assembly, assemblyOf } from "./info.ts";
import { matchFields } from "./fields.ts";
import type { MatchField } from "./p4info.ts";
import type { Placed } from "./tables.ts";
import { numberOf, placed } from "./values.ts";

type FieldMatch = {
  readonly field_id: number;
  readonly exact?: { readonly value: Uint8Array };
  readonly ternary?: { readonly value: Uint8Array; readonly mask: Uint8Array };
  readonly lpm?: { readonly value: Uint8Array; readonly prefix_len: number };
  readonly range?: { readonly low: Uint8Array; readonly high: Uint8Array };
  readonly optional?: { readonly value: Uint8Array };
};

type Update = {
  readonly type: "INSERT";
  readonly entity: {
    readonly table_entry: {
      readonly table_id: number;
      readonly match: readonly FieldMatch[];
      readonly action: { readonly action: ActionCall };
      readonly priority?: number;
      readonly is_const?: true;
    };
  };
};

/** All entries of a program, table by table, in its order. */
export type WriteRequest = { readonly updates: readonly Update[] };

/** The entries of a program; an error says which one cannot be told, and why. */
export function entriesOf(program: Program, tree: Tree): Result<WriteRequest, string> {
  const assembly = assemblyOf(program, tree);
  if (!assembly.ok) return assembly;
  const updates: Update[] = [];
  for (const where of assembly.value.objects.tables)
    for (const entry of where.table.entries) {
      const update = updateOf(entry, where, assembly.value);
      if (!update.ok) return update;
      updates.push(update.value);
    }
  return ok({ updates });
}

function updateOf(
  entry: TableEntry,
  where: Placed,
  { idOf }: Pick<Assembly, "idOf">,
): Result<Update, string> {
  const match = matchesOf(entry, where);
  if (!match.ok) return match;
  const called = callOf(entry.action, idOf("action", pathIn(where.block, entry.action.action)));
  if (!called.ok) return called;
  const priority = priorityOf(entry, where);
  if (!priority.ok) return priority;
  const tableEntry = {
    table_id: idOf("table", where.path),
    match: match.value,
    action: { action: called.value },
    ...(priority.value !== undefined && { priority: priority.value }),
    ...(entry.isConst && { is_const: true as const }),
  };
  return ok({ type: "INSERT", entity: { table_entry: tableEntry } });
}

/** Kinds of keys of which several entries may match. */
const NEEDS_PRIORITY: ReadonlySet<string> = new Set(["ternary", "range", "optional"]);

const GREATEST_PRIORITY = 2n ** 31n - 1n;

/** Only where several entries may match a priority may be told (section 9.1). */
function priorityOf(
  { priority, span }: TableEntry,
  { table, path }: Placed,
): Result<number | undefined, string> {
  const needs = table.keys.some(({ matchKind }) => NEEDS_PRIORITY.has(matchKind));
  if (!needs || priority === undefined) return ok(undefined);
  if (priority >= 1n && priority <= GREATEST_PRIORITY) return ok(Number(priority));
  return err(
    `${placed(span)}: priority ${priority} of an entry of ${path}: P4Runtime has 1 to ${GREATEST_PRIORITY}; give the entry one of these`,
  );
}

function matchesOf(entry: TableEntry, { table }: Placed): Result<readonly FieldMatch[], string> {
  const isKey = ({ matchKind }: TableKey): boolean => matchKind !== "selector";
  const fields = matchFields(table.keys);
  const sets = entry.keys.filter((_, index) => {
    const key = table.keys[index];
    return key !== undefined && isKey(key);
  });
  const made: FieldMatch[] = [];
  for (const [index, field] of fields.entries()) {
    const key = table.keys.filter(isKey)[index];
    const set = sets[index];
    if (key === undefined || set === undefined) continue;
    const match = matchOf(set, { field, key, entry });
    if (!match.ok) return match;
    if (match.value !== undefined) made.push({ field_id: field.id, ...match.value });
  }
  return ok(made);
}

type Keyed = {
  readonly field: MatchField;
  readonly key: TableKey;
  readonly entry: TableEntry;
};

type Matched = Omit<FieldMatch, "field_id"> | undefined;

const widthOf = ({ expression }: TableKey): number => {
  const type = underlying(expression.type);
  return "width" in type ? type.width : 1;
};

/** What is matched; a key that may be anything is left out. */
function matchOf(set: Keyset, keyed: Keyed): Result<Matched, string> {
  const { field, key, entry } = keyed;
  const what = `key ${field.name ?? ""}`;
  if (set.kind === "any" || set.kind === "value set") {
    if (field.match_type !== "EXACT" || set.kind === "value set") return ok(undefined);
    return err(
      `${placed(entry.span)}: ${what} is exact, and P4Runtime has no entry that matches anything there; give a value, or make the key ternary or optional`,
    );
  }
  if (field.match_type === undefined)
    return err(
      `${placed(entry.span)}: ${what}: P4Runtime has no form for ${key.matchKind}; let the control plane add the entry`,
    );
  if (set.kind === "range")
    return boundsOf([set.first, set.last], what, (low, high) => rangeOf([low, high], key));
  const mask = set.kind === "mask" ? set.mask : set.value;
  return boundsOf([set.value, mask], what, (value, bits) =>
    pointOf([value, set.kind === "mask" ? bits : ones(widthOf(key))], keyed),
  );
}

function boundsOf(
  [first, second]: readonly [Expr, Expr],
  what: string,
  make: (first: bigint, second: bigint) => Matched,
): Result<Matched, string> {
  const [left, right] = [numberOf(first, what), numberOf(second, what)];
  if (!left.ok) return left;
  return right.ok ? ok(make(left.value, right.value)) : right;
}

const ones = (width: number): bigint => (1n << BigInt(width)) - 1n;

function rangeOf([low, high]: readonly [bigint, bigint], key: TableKey): Matched {
  if (low === 0n && high === ones(widthOf(key))) return undefined;
  const { type } = key.expression;
  return { range: { low: bytesOfType(low, type), high: bytesOfType(high, type) } };
}

/** A value under a mask. Bits outside of the mask are 0. */
function pointOf([value, mask]: readonly [bigint, bigint], { field, key }: Keyed): Matched {
  const width = widthOf(key);
  const care = BigInt.asUintN(width, mask);
  const whole = bytesOfType(value, key.expression.type);
  const wanted = bytesOf(BigInt.asUintN(width, value) & care);
  switch (field.match_type) {
    case "LPM": {
      const bits = care.toString(2).replaceAll("0", "").length;
      return care === 0n ? undefined : { lpm: { value: wanted, prefix_len: bits } };
    }
    case "TERNARY":
      return care === 0n ? undefined : { ternary: { value: wanted, mask: bytesOf(care) } };
    case "RANGE":
      return { range: { low: whole, high: whole } };
    case "OPTIONAL":
      return { optional: { value: whole } };
    case "EXACT":
    case undefined:
      break;
  }
  return { exact: { value: whole } };
}
