/** What actions need. */
import type { Tree } from "../eval/instances.ts";
import type { Action } from "../ir/declaration.ts";
import { statementsOf } from "../ir/parts.ts";
import type { ActionResources, Bits } from "./needs.ts";
import { sum, widthOf } from "./widths.ts";

/** Bits that the control plane gives an action. */
export const parameterBits = ({ parameters }: Action): Bits =>
  sum(parameters.filter(({ direction }) => direction === "none").map(({ type }) => widthOf(type)));

const DOES: ReadonlySet<string> = new Set(["assignment", "call statement"]);

/** All actions of a program, those of the architecture that nothing runs left out. */
export function actionResources(tree: Tree): readonly ActionResources[] {
  const used = new Set(
    tree.tables.flatMap(({ table }) => table.actions.map(({ action }) => action.id)),
  );
  const isOwn = (path: string): boolean => path.includes(".");
  return tree.actions
    .filter(({ path, action }) => isOwn(path) || used.has(action.id))
    .map(({ path, action }) => ({
      name: path,
      parameterBits: parameterBits(action),
      instructions: statementsOf(action.body).filter(({ kind }) => DOES.has(kind)).length,
    }));
}
