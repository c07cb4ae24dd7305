/** What cases of selects and switches and entries of tables take: nothing, what was taken before, or too little (sections 12.7, 13.6 and 14.2.1.4). */
import type { Keyset, SelectCase, Table, TableEntry, Transition } from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import type { Statement } from "../ir/statement.ts";
import { underlying } from "../types/show.ts";
import type { Findings } from "../validate/report.ts";
import { type Domain, domainOf, overlap, type Points, pointsOf } from "./points.ts";
import { hiddenRows, missingValues, type Row } from "./rows.ts";

type Select = Extract<Transition, { kind: "select" }>;

/** Where findings go, and the program's errors, which number those in keysets. */
export type Judging = { readonly found: Findings; readonly errors: readonly string[] };

type Keys = Judging & { readonly domains: readonly (Domain | undefined)[] };

const keysOf = (judging: Judging, keys: readonly Expr[]): Keys => ({
  ...judging,
  domains: keys.map(({ type }) => domainOf(type, judging.errors)),
});

const rowOf = ({ domains, errors }: Keys, list: readonly Keyset[]): Row =>
  list.map((set, index) => pointsOf(set, { domain: domains[index], errors }));

/** Judges the cases of a select. */
export function tellSelect(judging: Judging, { keys, cases }: Select): void {
  const at = keysOf(judging, keys);
  const rows = cases.map((each): Row => selectRow(at, each));
  for (const each of cases) if (!("kind" in each.keys)) tellSets(judging.found, each.keys);
  tellHidden(judging.found, { rows, places: cases, code: "P713" });
}

/** Tells values that no case of a select takes. */
export function tellMissing(judging: Judging, { keys, cases, span }: Select): void {
  const at = keysOf(judging, keys);
  const rows = cases.map((each): Row => selectRow(at, each));
  const missing = missingValues(rows, at.domains);
  if (missing === undefined) return;
  const shown = missing.map((value, index) => at.domains[index]?.show(value) ?? "");
  const example = shown.length === 1 ? shown.join("") : `(${shown.join(", ")})`;
  judging.found.add("P722", { span }, { example });
}

const selectRow = (at: Keys, { keys }: SelectCase): Row =>
  "kind" in keys ? at.domains.map((): Points => ({ kind: "opaque" })) : rowOf(at, keys);

type Placed = { readonly span: SelectCase["span"]; readonly priority?: bigint };

type Hidden = {
  readonly rows: readonly Row[];
  readonly places: readonly Placed[];
  readonly code: "P713" | "P714";
};

function tellHidden(found: Findings, { rows, places, code }: Hidden): void {
  for (const [index, by] of hiddenRows(rows)) {
    const place = places[index];
    const earlier = places[by];
    if (place === undefined || earlier === undefined) continue;
    const isEqual = place.priority !== undefined && place.priority === earlier.priority;
    const related = [{ message: "this one takes all of it", span: earlier.span }];
    if (!isEqual) found.add(code, { span: place.span, related }, {});
  }
}

/** Masks and ranges that say something else than they seem to. */
function tellSets(found: Findings, sets: readonly Keyset[]): void {
  for (const set of sets) {
    if (set.kind === "mask") tellMask(found, set);
    if (set.kind === "range") tellRange(found, set);
  }
}

function tellMask(found: Findings, { value, mask }: Extract<Keyset, { kind: "mask" }>): void {
  if (value.kind !== "integer" || mask.kind !== "integer" || underlying(value.type).kind !== "bit")
    return;
  const masked = value.value & mask.value;
  if (masked === value.value) return;
  const [shown, shownMask, kept] = [value.value, mask.value, masked].map(hexadecimal);
  const fields = { value: shown ?? "", mask: shownMask ?? "", masked: kept ?? "" };
  found.add("P741", { span: value.span }, fields);
}

const hexadecimal = (value: bigint): string => `0x${value.toString(16)}`;

function tellRange(found: Findings, { first, last }: Extract<Keyset, { kind: "range" }>): void {
  if (first.kind !== "integer" || last.kind !== "integer" || first.value <= last.value) return;
  const fields = { first: String(first.value), last: String(last.value) };
  found.add("P742", { span: first.span }, fields);
}

type ValueSwitch = Extract<Statement, { kind: "value switch" }>;

/** So many missing members are named. */
const MOST_NAMES = 4;

/** Tells which members of an enum a switch without a default leaves out. */
export function tellSwitch(found: Findings, { subject, cases, span }: ValueSwitch): void {
  if (cases.some(({ isDefault }) => isDefault)) return;
  const { type } = subject;
  const labels = cases.flatMap((each) => each.labels);
  const names = membersMissing(type, labels);
  if (names.length === 0) return;
  const shown = names.slice(0, MOST_NAMES);
  const rest = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  found.add("P723", { span }, { names: shown.join(", ") + rest });
}

function membersMissing(type: Expr["type"], labels: readonly Expr[]): readonly string[] {
  if (type.kind === "enum") {
    const given = new Set(labels.flatMap((each) => ("member" in each ? [each.member] : [])));
    return type.members.filter((each) => !given.has(each)).map((each) => `${type.name}.${each}`);
  }
  if (type.kind !== "serializable enum") return [];
  const given = new Set(labels.flatMap((each) => (each.kind === "integer" ? [each.value] : [])));
  return type.members
    .filter(({ value }) => !given.has(value))
    .map(({ name }) => `${type.name}.${name}`);
}

/** Judges the entries of a table. */
export function tellEntries(judging: Judging, table: Table): void {
  const { entries, keys } = table;
  const at = keysOf(
    judging,
    keys.map(({ expression }) => expression),
  );
  for (const each of entries) tellSets(judging.found, each.keys);
  tellOrder(judging.found, table);
  const sorted = entries.toSorted(byPriority(table));
  const isLongest = keys.some(({ matchKind }) => matchKind === "lpm");
  const rows = sorted.map((each) => rowOf(at, each.keys));
  if (isLongest && entries.every(({ priority }) => priority === undefined))
    tellTwice(judging.found, sorted, rows);
  else tellHidden(judging.found, { rows, places: sorted, code: "P714" });
  tellEqual(judging.found, sorted, rows);
}

/** The entry that wins goes first; those that are alike stay as they are. */
const byPriority =
  ({ largestPriorityWins }: Table) =>
  ({ priority: left = 0n }: TableEntry, { priority: right = 0n }: TableEntry): number => {
    if (left === right) return 0;
    return left > right === largestPriorityWins ? -1 : 1;
  };

/** Of two entries with the same prefixes one never matches; otherwise the longest prefix decides. */
function tellTwice(found: Findings, entries: readonly TableEntry[], rows: readonly Row[]): void {
  const seen = new Map<string, TableEntry>();
  for (const [index, row] of rows.entries()) {
    const entry = entries[index];
    if (entry === undefined || row.some(({ kind }) => kind === "opaque")) continue;
    const text = row.map((each) => Object.values(each).join(" ")).join();
    const earlier = seen.get(text);
    seen.set(text, earlier ?? entry);
    if (earlier === undefined) continue;
    const related = [{ message: "this one takes all of it", span: earlier.span }];
    found.add("P714", { span: entry.span, related }, {});
  }
}

/** Entries one behind the other are compared with so many before them. */
const MOST_EQUAL = 16;

/** Tells entries of one priority that match the same keys. */
function tellEqual(found: Findings, entries: readonly TableEntry[], rows: readonly Row[]): void {
  for (const [index, entry] of entries.entries()) {
    const { priority, span } = entry;
    if (priority === undefined) continue;
    const from = Math.max(0, index - MOST_EQUAL);
    const rival = entries
      .slice(from, index)
      .find((each, at) => each.priority === priority && meet(rows[from + at], rows[index]));
    if (rival === undefined) continue;
    const related = [{ message: "the other one", span: rival.span }];
    found.add("P750", { span, related }, { priority: String(priority) });
  }
}

const meet = (left: Row = [], right: Row = []): boolean =>
  left.every((each, index) => overlap(each, right[index] ?? { kind: "opaque" }));

/** Tells entries that win over the one before them. */
function tellOrder(found: Findings, table: Table): void {
  const order = byPriority(table);
  for (const [index, entry] of table.entries.entries()) {
    const before = table.entries[index - 1];
    if (before === undefined || order(before, entry) <= 0) continue;
    const related = [{ message: "the one before it", span: before.span }];
    found.add("P751", { span: entry.span, related }, {});
  }
}
