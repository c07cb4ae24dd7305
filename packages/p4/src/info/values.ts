/** Which values of a program a control plane can be told. */
import { err, ok, type Result } from "@seam/base";
import type { Expr } from "../ir/expression.ts";
import { placeOf, type Span } from "../source/file.ts";
import { wideOf } from "./types.ts";

/** A place, for messages that are plain text. */
export function placed({ file, start }: Span): string {
  const { line, column } = placeOf(file, start);
  return `${file.name}:${line}:${column}`;
}

/**
 * The number of a value that a control plane can be told; an error says which of the program's it cannot be told: members of enums without
 * numbers, and numbers of types that are texts to a control plane.
 */
export function numberOf(value: Expr, what: string): Result<bigint, string> {
  const told = `${placed(value.span)}: ${what}`;
  if (value.kind === "bool") return ok(value.value ? 1n : 0n);
  if (value.kind !== "integer")
    return err(
      `${told}: expected a number or a truth value, as a control plane knows no others; give the enum a type, such as enum bit<8>`,
    );
  if (wideOf(value.type).bitwidth === undefined)
    return err(
      `${told}: its type is a text to the control plane, so the program's number cannot be told; let the control plane add it`,
    );
  return ok(value.value);
}
