/** Rules about the core library's methods that their signatures do not say (sections 13.7, 13.8 and 15.1). */
import type { CallExpr, Expr } from "../ir/expression.ts";
import { type Checker, tell } from "./context.ts";
import { known } from "./relate.ts";
import { show } from "./show.ts";
import type { Type } from "./type.ts";

/** Judges a call of a method of `packet_in` or `packet_out`, or of `verify`; all others are right. */
export function tellCore(c: Checker, call: CallExpr): void {
  const { callee } = call;
  if (callee.kind === "extern function" && callee.function.name === "verify") tellVerify(c, call);
  if (callee.kind !== "method") return;
  const owner = known(callee.of.type);
  const of = owner.kind === "extern" ? owner.name : "";
  const method = `${of}.${callee.method.name}`;
  if (method === "packet_in.extract") tellExtract(c, call);
  if (method === "packet_out.emit") tellEmit(c, call);
  const [type] = call.typeArguments;
  if (method === "packet_in.lookahead" && type !== undefined && hasVarbit(type))
    tell(c, { code: "P671", span: call.span }, { method: "lookahead", type: show(type) });
}

function tellVerify(c: Checker, { span, arguments: list }: CallExpr): void {
  const isInParser = c.place.kind === "state" || c.place.kind === "parser";
  if (!isInParser && list.length === 2)
    tell(c, { code: "P635", span }, { what: "verify", where: "outside of a parser" });
}

const hasVarbit = (given: Type): boolean => {
  const type = known(given);
  if (type.kind === "varbit") return true;
  if ("fields" in type) return type.fields.some((each) => hasVarbit(each.type));
  return type.kind === "tuple" && type.elements.some(hasVarbit);
};

function tellExtract(c: Checker, { arguments: list, typeArguments, span }: CallExpr): void {
  const at: Expr["span"] = list[0]?.value?.span ?? span;
  const type = known(typeArguments[0] ?? { kind: "nothing" });
  if (type.kind === "nothing" || type.kind === "variable") return;
  if (type.kind === "header") {
    tellLength(c, { type, isGiven: list.length > 1, at });
    return;
  }
  const fields = { what: "what is extracted", expected: "a header", found: show(type) };
  tell(c, { code: "P601", span: at }, fields);
}

type Length = { readonly type: Type; readonly isGiven: boolean; readonly at: Expr["span"] };

/** The length of a varbit field is given exactly when there is one. */
function tellLength(c: Checker, { type, isGiven, at }: Length): void {
  const isOpen = hasVarbit(type);
  if (isOpen && !isGiven)
    tell(c, { code: "P671", span: at }, { method: "extract with one argument", type: show(type) });
  if (isGiven && !isOpen) tell(c, { code: "P672", span: at }, { type: show(type) });
}

function tellEmit(c: Checker, { typeArguments, arguments: list, span }: CallExpr): void {
  const type = typeArguments[0];
  if (type === undefined || isEmitted(type)) return;
  const expected = "headers, stacks, unions, or structs of them";
  const fields = { what: "what is emitted", expected, found: show(type) };
  tell(c, { code: "P601", span: list[0]?.value?.span ?? span }, fields);
}

function isEmitted(given: Type): boolean {
  const type = known(given);
  if (type.kind === "stack") return isEmitted(type.element);
  if (type.kind === "tuple") return type.elements.every(isEmitted);
  if (type.kind === "struct" || type.kind === "record")
    return type.fields.every((each) => isEmitted(each.type));
  return ["header", "header_union", "nothing", "variable"].includes(type.kind);
}
