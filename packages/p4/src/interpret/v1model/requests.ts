/**
 * What a v1model program asks of the switch while it handles a packet, which is done when the pipeline ends: clones, resubmission,
 * recirculation (simple_switch.md, "Pseudocode for what happens at the end of ingress and egress processing").
 */
import type { Annotation } from "../../ir/annotation.ts";
import type { Expr } from "../../ir/expression.ts";
import type { Type } from "../../types/type.ts";
import { type Composite, copy, parts, type Value } from "../value.ts";

/** The way to a field from the struct that has it: places of fields. */
export type FieldPath = {
  readonly of: "user" | "standard";
  readonly path: readonly number[];
};

/** Metadata of a packet. */
export type Metadata = { user: Composite; standard: Composite };

/** What was asked for; the last call of each kind counts. */
export type Requests = {
  clone?: { readonly session: number; readonly keep: readonly FieldPath[] } | undefined;
  resubmit?: readonly FieldPath[] | undefined;
  recirculate?: readonly FieldPath[] | undefined;
  truncateBytes?: number | undefined;
};

/** Numbers in `@field_list(1, 2)`. */
const listsOf = (annotations: readonly Annotation[]): readonly number[] =>
  annotations
    .filter(({ name }) => name === "field_list")
    .flatMap(({ tokens, values }) => [
      ...tokens.map(Number).filter((each) => Number.isInteger(each)),
      ...values.flatMap((value) => (value.kind === "integer" ? Number(value.value) : [])),
    ]);

/** The fields of user metadata that a field list has. */
export function fieldList(
  type: Type,
  list: number,
  path: readonly number[] = [],
): readonly FieldPath[] {
  if (type.kind !== "struct") return [];
  return type.fields.flatMap((field, index) => {
    const here = [...path, index];
    if (listsOf(field.annotations).includes(list)) return [{ of: "user" as const, path: here }];
    return fieldList(field.type, list, here);
  });
}

type Types = { readonly user: Type; readonly standard: Type };

const sameType = (one: Type, two: Type): boolean =>
  one.kind === two.kind && "id" in one && "id" in two && one.id === two.id;

function pathOf(expression: Expr, types: Types): FieldPath | undefined {
  if (expression.kind === "field") {
    const outer = pathOf(expression.of, types);
    return outer === undefined
      ? undefined
      : { of: outer.of, path: [...outer.path, expression.index] };
  }
  if (expression.kind !== "variable") return undefined;
  if (sameType(expression.type, types.user)) return { of: "user", path: [] };
  return sameType(expression.type, types.standard) ? { of: "standard", path: [] } : undefined;
}

/** The metadata that the data of an old form, such as `clone3`, is made of. */
export function fieldsIn(expression: Expr | undefined, types: Types): readonly FieldPath[] {
  if (expression === undefined) return [];
  if (expression.kind === "aggregate") {
    return expression.elements.flatMap((element) => fieldsIn(element, types));
  }
  if (expression.kind === "cast") return fieldsIn(expression.operand, types);
  const path = pathOf(expression, types);
  return path === undefined ? [] : [path];
}

const at = (value: Value, path: readonly number[]): Value =>
  path.reduce((now, index) => parts(now).parts[index] ?? 0, value);

function keepOne(from: Metadata, to: Metadata, { of, path }: FieldPath): void {
  const value = copy(at(from[of], path));
  const last = path.at(-1);
  if (last === undefined) {
    to[of] = parts(value);
    return;
  }
  parts(at(to[of], path.slice(0, -1))).parts[last] = value;
}

/** Copies fields from one packet's metadata to another's. */
export function keepFields(from: Metadata, to: Metadata, keep: readonly FieldPath[]): void {
  for (const each of keep) keepOne(from, to, each);
}
