/** Tables and actions as a control plane sees them (P4Runtime 1.5, sections 6.4.1 and 6.4.2). */
import {
  DIRECT_PROPERTIES,
  type ExternNode,
  instanceNamed,
  pathIn,
  saidBy,
  type Tree,
} from "../eval/instances.ts";
import type { Action, Table } from "../ir/declaration.ts";
import type { Count } from "../types/type.ts";
import { has, undocumentedOf } from "./annotated.ts";
import { callOf } from "./calls.ts";
import { knownOf } from "./externs.ts";
import { matchFields, namedFields } from "./fields.ts";
import type { IdOf } from "./identifiers.ts";
import type { ActionInfo, ActionRef, Preamble, TableInfo } from "./p4info.ts";

/** A table, where it is. */
export type Placed = Tree["tables"][number];

/** How many entries a table holds that says nothing. */
const USUAL_SIZE = 1024;

/** Properties by which tables name their action profiles and selectors: those of v1model, PSA and PNA. */
const IMPLEMENTATION = ["implementation", "psa_implementation", "pna_implementation"];

/** The action that runs when a table does not say which (section 14.2.1.3 of the language). */
export const NO_ACTION = "NoAction";

/** Extern objects that are named by one of these properties of a table. */
function objectsOf({ table, block }: Placed, names: readonly string[]): readonly ExternNode[] {
  return saidBy(table, names).flatMap((value) => {
    const node = instanceNamed(value, block.instances);
    return node?.kind === "extern" ? [node] : [];
  });
}

/** The action profile or selector of a table. */
export const implementationOf = (placed: Placed): ExternNode | undefined =>
  objectsOf(placed, IMPLEMENTATION)[0];

/** Counters and meters of a table's entries. */
export const directOf = (placed: Placed): readonly ExternNode[] =>
  objectsOf(placed, DIRECT_PROPERTIES);

/** Whether idle entries are told: `support_timeout` of v1model, an enum's NOTIFY_CONTROL in PSA and PNA. */
const tellsIdle = ({ properties }: Table): boolean =>
  properties.some(
    ({ name, value }) =>
      (name === "support_timeout" && value.kind === "bool" && value.value) ||
      (/^(psa|pna)_idle_timeout$/.test(name) &&
        value.kind === "enum" &&
        value.member === "NOTIFY_CONTROL"),
  );

/** Actions that a table may run. A table without a default action has NoAction, which entries cannot name unless it is in the list. */
function actionRefs(placed: Placed, idOf: IdOf): readonly ActionRef[] {
  const { table, block } = placed;
  const refs = table.actions.map(({ action, annotations }): ActionRef => ({
    id: idOf("action", pathIn(block, action)),
    ...undocumentedOf(annotations),
    ...(has(annotations, "tableonly") && { scope: "TABLE_ONLY" }),
    ...(has(annotations, "defaultonly") && { scope: "DEFAULT_ONLY" }),
  }));
  if (!runsNoActionUnnamed(table)) return refs;
  const id = idOf("action", NO_ACTION);
  return [...refs, { id, annotations: ["@defaultonly"], scope: "DEFAULT_ONLY" }];
}

/** Whether NoAction is a table's default action although it is not in its list. */
export const runsNoActionUnnamed = ({ actions, defaultAction }: Table): boolean =>
  (defaultAction === undefined || defaultAction.action.name === NO_ACTION) &&
  !actions.some(({ action }) => action.name === NO_ACTION);

/** What runs when nothing fits: for good, or until the control plane says otherwise; arguments that it cannot be told hide the call. */
function defaultOf(
  { table, block }: Placed,
  idOf: IdOf,
): Pick<TableInfo, "const_default_action_id" | "initial_default_action"> {
  const { defaultAction } = table;
  if (defaultAction === undefined)
    return { initial_default_action: { action_id: idOf("action", NO_ACTION), arguments: [] } };
  const id = idOf("action", pathIn(block, defaultAction.action));
  if (defaultAction.isConst) return { const_default_action_id: id };
  const called = callOf(defaultAction, id);
  if (!called.ok) return {};
  return { initial_default_action: { action_id: id, arguments: called.value.params } };
}

/** A table. */
export function tableInfo(placed: Placed, preamble: Preamble, idOf: IdOf): TableInfo {
  const { table } = placed;
  const implementation = implementationOf(placed);
  return {
    preamble,
    match_fields: matchFields(table.keys),
    action_refs: actionRefs(placed, idOf),
    ...defaultOf(placed, idOf),
    ...(implementation !== undefined && {
      implementation_id: idOf("actionProfile", implementation.path),
    }),
    direct_resource_ids: directOf(placed).flatMap((node) => {
      const sort = knownOf(node)?.sort;
      return sort === undefined ? [] : [idOf(sort, node.path)];
    }),
    size: sizeOf(table),
    ...(tellsIdle(table) && { idle_timeout_behavior: "NOTIFY_CONTROL" }),
    ...(table.entries.length > 0 && {
      ...(table.areEntriesConst && { is_const_table: true }),
      has_initial_entries: true,
    }),
  };
}

/** How many entries a table holds at least. */
export const sizeOf = ({ size }: Table): Count =>
  size === undefined || size <= 0 ? USUAL_SIZE : size;

/** An action with its parameters that the control plane gives: those without a direction. */
export const actionInfo = (action: Action, preamble: Preamble): ActionInfo => ({
  preamble,
  params: namedFields(action.parameters.filter(({ direction }) => direction === "none")),
});
