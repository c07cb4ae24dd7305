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
import { has, undocumentedOf } from "./annotated.ts";
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

/** A table. */
export function tableInfo(placed: Placed, preamble: Preamble, idOf: IdOf): TableInfo {
  const { table, block } = placed;
  const implementation = implementationOf(placed);
  const constant =
    table.defaultAction?.isConst === true
      ? idOf("action", pathIn(block, table.defaultAction.action))
      : undefined;
  return {
    preamble,
    match_fields: matchFields(table.keys),
    action_refs: actionRefs(placed, idOf),
    ...(constant !== undefined && { const_default_action_id: constant }),
    ...(implementation !== undefined && {
      implementation_id: idOf("actionProfile", implementation.path),
    }),
    direct_resource_ids: directOf(placed).flatMap((node) => {
      const sort = knownOf(node)?.sort;
      return sort === undefined ? [] : [idOf(sort, node.path)];
    }),
    size: table.size === undefined || table.size <= 0 ? USUAL_SIZE : table.size,
    ...(tellsIdle(table) && { idle_timeout_behavior: "NOTIFY_CONTROL" }),
    ...(table.areEntriesConst && table.entries.length > 0 && { is_const_table: true }),
  };
}

/** An action with its parameters that the control plane gives: those without a direction. */
export const actionInfo = (action: Action, preamble: Preamble): ActionInfo => ({
  preamble,
  params: namedFields(action.parameters.filter(({ direction }) => direction === "none")),
});
