/** Entries that the program gives, and their priorities (section 14.2.1.4). */
import type { TableAction, TableEntry, TableKey } from "../ir/declaration.ts";
import type { Entry, TableProperty } from "../syntax/ast-program.ts";
import { annotated } from "./annotate.ts";
import { keysets, tellUnknown } from "./check-keysets.ts";
import { boundAction } from "./check-table-actions.ts";
import { check, type Checker, isNothing, tell } from "./context.ts";

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
  const isGiven = entries.entries.some(({ priority }) => priority !== undefined);
  const made: TableEntry[] = [];
  let before: bigint | undefined;
  for (const each of entries.entries) {
    const entry = entryOf(c, each, given);
    const written = priorityOf(c, each);
    if (each.priority !== undefined && entries.isConst && !needs)
      tell(c, { code: "P665", span: each.priority.span }, {});
    const priority = written ?? nextPriority(before, { ...delta, count: entries.entries.length });
    before = priority;
    if (entry !== undefined) made.push(needs || isGiven ? { ...entry, priority } : entry);
  }
  return made;
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
  const action = boundAction(c, { ref: syntax.action, actions, span: syntax.action.span });
  if (action === undefined || "kind" in list) return undefined;
  tellUnknown(c, list);
  const isConst = syntax.isConst || entries.isConst;
  return { keys: list, action, isConst, annotations: annotated(c, syntax.annotations), span };
}
