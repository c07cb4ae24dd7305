/** Explicit casts (section 8.12.1). */
import { castValue } from "../eval/evaluate.ts";
import type { Expr } from "../ir/expression.ts";
import { boolOf } from "../ir/value.ts";
import type { Span } from "../source/file.ts";
import { converted, fitted } from "./coerce.ts";
import { type Checker, isNothing, typeOf, wrong } from "./context.ts";
import { known, same, settled } from "./relate.ts";
import { isBits, show, underlying } from "./show.ts";
import type { Type } from "./type.ts";

/** An expression cast to a type. */
export function cast(
  c: Checker,
  operand: Expr,
  { to, span }: { readonly to: Type; readonly span: Span },
): Expr {
  const from = typeOf(operand);
  const target = known(to);
  if (isNothing(from) || isNothing(target)) return { ...operand, type: { kind: "nothing" } };
  if (target.kind === "serializable enum" || target.kind === "newtype" || from.kind === "newtype")
    return castNamed(c, operand, { to: target, span });
  if (from.kind === "integer" && target.kind === "bool") return bitAsBool(c, operand, { to, span });
  const itself = converted(c, operand, target);
  if (itself !== undefined) return { ...itself, span };
  if (!castable(underlying(from), target)) return refused(c, operand, { to, span });
  return changed(operand, { to: target, span });
}

type To = { readonly to: Type; readonly span: Span };

const refused = (c: Checker, operand: Expr, { to, span }: To): Expr =>
  wrong(c, { code: "P612", span }, { from: show(operand.type), to: show(to) });

/** `0` and `1` are truth values, when cast (section 8.12.1). */
function bitAsBool(c: Checker, operand: Expr, { to, span }: To): Expr {
  if (operand.kind === "integer" && (operand.value === 0n || operand.value === 1n))
    return boolOf(operand.value === 1n, span);
  return refused(c, operand, { to, span });
}

/** To or from types with a name of their own: by what is under it. */
function castNamed(c: Checker, operand: Expr, { to, span }: To): Expr {
  const from = typeOf(operand);
  const under = underlying(to);
  if (same(from, to)) return { ...operand, span };
  if (from.kind !== "integer")
    return castable(underlying(from), under)
      ? changed(operand, { to, span })
      : refused(c, operand, { to, span });
  if (isBits(under))
    return operand.kind === "integer"
      ? { ...fitted(c, operand.value, { type: under, span }), type: settled(to) }
      : changed(operand, { to, span });
  return under.kind === "integer"
    ? changed(operand, { to, span })
    : refused(c, operand, { to, span });
}

function castable(from: Type, to: Type): boolean {
  if (same(from, to)) return true;
  if (from.kind === "bool") return isOneBit(to);
  if (!isBits(from)) return false;
  if (to.kind === "bool") return isOneBit(from);
  if (isBits(to)) return from.kind === to.kind || from.width === to.width;
  return to.kind === "integer";
}

const isOneBit = (type: Type): boolean => type.kind === "bit" && type.width === 1;

/** A cast that is allowed, worked out when its operand is a value. */
const changed = (operand: Expr, { to, span }: To): Expr =>
  castValue({ kind: "cast", type: settled(to), operand, span });
