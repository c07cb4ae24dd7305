/** Actions with the arguments that a program gives them, as P4Runtime has them. */
import { ok, type Result } from "@seam/base";
import type { BoundAction } from "../ir/declaration.ts";
import { bytesOfType } from "./bytes.ts";
import { namedFields } from "./fields.ts";
import { numberOf } from "./values.ts";

/** An action with what it is given. */
export type ActionCall = {
  readonly action_id: number;
  readonly params: readonly { readonly param_id: number; readonly value: Uint8Array }[];
};

/** An action of an entry or of a table's default, with the arguments that the control plane would give. */
export function callOf(
  { action, arguments: given }: BoundAction,
  id: number,
): Result<ActionCall, string> {
  const params: ActionCall["params"][number][] = [];
  const numbered = namedFields(action.parameters.filter(({ direction }) => direction === "none"));
  for (const { id: parameter, name } of numbered) {
    const value = given.find((each) => each.parameter.name === name)?.value;
    if (value === undefined) continue;
    const number = numberOf(value, `argument ${name} of ${action.name}`);
    if (!number.ok) return number;
    params.push({ param_id: parameter, value: bytesOfType(number.value, value.type) });
  }
  return ok({ action_id: id, params });
}
