/** Entries that the program gives, and their priorities (section 14.2.1.4). */
import type { Keyset, TableAction, TableEntry, TableKey } from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import type { Entry, TableProperty } from "../syntax/ast-program.ts";
import { annotated } from "./annotate.ts";
import { keysets, tellUnknown } from "./check-keysets.ts";
import { boundAction } from "./check-table-actions.ts";
import { check, type Checker, isNothing, tell } from "./context.ts";
import { showNumber, underlying } from "./show.ts";

/** Whether a larger priority wins, and how far priorities that are not given lie apart. */
export type Delta = { readonly isLargest: boolean; readonly delta: bigint };

type Given = {
  readonly entries: Extract<TableProperty, { kind: "entries" }>;
  readonly keys: readonly TableKey[];
  readonly actions: readonly TableAction[];
  readonly delta: Delta;
};

/** Keys of these kinds may match several entries at once; longest prefixes decide by themselves. */
const NEEDS_PRIORITY: ReadonlySet<string> = new Set(["ternary", "range", "optional"]);

/** Judges the entries of a table. */
export function entriesOf(c: Checker, given: Given): readonly TableEntry[] {
  const { entries, keys, delta } = given;
  const needs = keys.some(({ matchKind }) => NEEDS_PRIORITY.has(matchKind));
  const hasPriorities = needs || entries.entries.some(({ priority }) => priority !== undefined);
  const made: TableEntry[] = [];
  let before: bigint | undefined;
  for (const each of entries.entries) {
    const entry = entryOf(c, each, given);
    if (entries.isConst && !needs) tellNeedless(c, each);
    const priority =
      priorityOf(c, each) ?? nextPriority(before, { ...delta, count: entries.entries.length });
    before = priority;
    if (hasPriorities) tellNegative(c, each, priority);
    if (entry !== undefined) made.push(hasPriorities ? { ...entry, priority } : entry);
  }
  return made;
}

function tellNeedless(c: Checker, { priority }: Entry): void {
  if (priority !== undefined) tell(c, { code: "P665", span: priority.span }, {});
}

function tellNegative(c: Checker, { span }: Entry, priority: bigint): void {
  if (priority < 0n) tell(c, { code: "P667", span }, { priority: showNumber(priority) });
}

type Judged = { readonly set: Keyset; readonly matchKind: string; readonly span: Entry["span"] };

/** What a key may be matched against depends on its match kind (section 14.2.1.4). */
function tellKind(c: Checker, { set, matchKind, span }: Judged): void {
  const isPoint = set.kind === "value" || set.kind === "any" || set.kind === "value set";
  if (isPoint || !KNOWN.has(matchKind)) return;
  if (set.kind === "range")
    tell(c, { code: "P666", span: set.first.span }, { what: "a range", matchKind });
  else if (matchKind === "exact" || matchKind === "optional")
    tell(c, { code: "P666", span: set.mask.span }, { what: "a mask", matchKind });
  else if (matchKind === "lpm" && !isPrefix(set.mask))
    tell(c, { code: "P666", span }, { what: "a mask that is no prefix", matchKind });
}

const KNOWN: ReadonlySet<string> = new Set(["exact", "optional", "ternary", "lpm"]);

/** Whether a mask has its ones before its zeros. */
function isPrefix(mask: Expr): boolean {
  const type = underlying(mask.type);
  if (mask.kind !== "integer" || !("width" in type)) return true;
  const zeros = (1n << BigInt(type.width)) - 1n - BigInt.asUintN(type.width, mask.value);
  return (zeros & (zeros + 1n)) === 0n;
}

function nextPriority(
  before: bigint | undefined,
  { isLargest, delta, count }: Delta & { readonly count: number },
): bigint {
  if (before === undefined) return isLargest ? BigInt(count - 1) * delta + 1n : 1n;
  return isLargest ? before - delta : before + delta;
}

function priorityOf(c: Checker, { priority: syntax }: Entry): bigint | undefined {
  if (syntax === undefined) return undefined;
  const expr = check(c, syntax);
  if (isNothing(expr.type)) return undefined;
  if (expr.kind === "integer") return expr.value;
  tell(c, { code: "P507", span: expr.span }, { what: "a priority" });
  return undefined;
}

function entryOf(
  c: Checker,
  syntax: Entry,
  { keys, actions, entries }: Given,
): TableEntry | undefined {
  const { span } = syntax;
  const types = keys.map(({ expression }) => expression.type);
  const list = keysets(c, syntax.keyset, types);
  const action = boundAction(c, { ref: syntax.action, actions, role: "entries" });
  if (action === undefined || "kind" in list) return undefined;
  tellUnknown(c, list);
  for (const [index, set] of list.entries())
    tellKind(c, { set, matchKind: keys[index]?.matchKind ?? "", span });
  const isConst = syntax.isConst || entries.isConst;
  return { keys: list, action, isConst, annotations: annotated(c, syntax.annotations), span };
}
