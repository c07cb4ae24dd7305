/** Methods that are part of the language: of headers, unions, stacks, and the sizes of types (sections 8.17 to 8.19 and 9). */
import type { Parameter } from "../ir/declaration.ts";
import type { Expr, HeaderMethod } from "../ir/expression.ts";
import { integerOf, plain } from "../ir/value.ts";
import type { Name } from "../syntax/ast.ts";
import { isAssignable } from "./check-access.ts";
import { passed, type Use } from "./check-arguments.ts";
import { type Checker, isNothing, newId, tell, typeOf } from "./context.ts";
import { known } from "./relate.ts";
import { show, showNumber, underlying } from "./show.ts";
import type { Type } from "./type.ts";

type Of = { readonly of: Expr; readonly name: Name; readonly use: Use };

const VALIDITY: ReadonlyMap<string, HeaderMethod> = new Map<string, HeaderMethod>([
  ["isValid", "isValid"],
  ["setValid", "setValid"],
  ["setInvalid", "setInvalid"],
]);

/** How many bits a value of a type has, least or at most; undefined when it has no size (section 9). */
function bitsOf(given: Type, of: "least" | "most"): bigint | undefined {
  const type = underlying(given);
  switch (type.kind) {
    case "bit":
    case "int":
      return BigInt(type.width);
    case "varbit":
      return of === "least" ? 0n : BigInt(type.width);
    case "bool":
      return 1n;
    case "struct":
    case "header":
      return sumOf(type.fields.map((each) => bitsOf(each.type, of)));
    case "tuple":
      return sumOf(type.elements.map((each) => bitsOf(each, of)));
    case "stack": {
      const element = bitsOf(type.element, of);
      return element === undefined ? undefined : element * BigInt(type.size);
    }
    case "header_union":
      return unionBits(
        type.fields.map((each) => bitsOf(each.type, of)),
        of,
      );
    case "action run":
    case "apply result":
    case "control":
    case "enum":
    case "error":
    case "extern":
    case "inferred":
    case "integer":
    case "invalid":
    case "list":
    case "match_kind":
    case "newtype":
    case "nothing":
    case "package":
    case "parser":
    case "record":
    case "rest":
    case "serializable enum":
    case "set":
    case "string":
    case "table":
    case "variable":
    case "void":
      return undefined;
  }
}

function sumOf(list: readonly (bigint | undefined)[]): bigint | undefined {
  let sum = 0n;
  for (const each of list) {
    if (each === undefined) return undefined;
    sum += each;
  }
  return sum;
}

function unionBits(
  list: readonly (bigint | undefined)[],
  of: "least" | "most",
): bigint | undefined {
  let best: bigint | undefined;
  for (const each of list) {
    if (each === undefined) return undefined;
    if (best === undefined || (of === "least" ? each < best : each > best)) best = each;
  }
  return best;
}

const SIZES: ReadonlyMap<string, { readonly of: "least" | "most"; readonly unit: bigint }> =
  new Map([
    ["minSizeInBits", { of: "least", unit: 1n }],
    ["minSizeInBytes", { of: "least", unit: 8n }],
    ["maxSizeInBits", { of: "most", unit: 1n }],
    ["maxSizeInBytes", { of: "most", unit: 8n }],
  ]);

const noArguments = (c: Checker, { name, use }: Of): boolean =>
  passed(c, { name: name.text, typeParameters: [], parameters: [], result: plain("void") }, use) !==
  undefined;

/** A method of headers, or the size of a value or type; undefined when it is none. */
export function headerCall(c: Checker, given: Of): Expr | undefined {
  const { of, name, use } = given;
  const type = typeOf(of);
  const size = SIZES.get(name.text);
  if (size !== undefined) {
    const bits = bitsOf(type, size.of);
    if (bits === undefined) return undefined;
    noArguments(c, given);
    return integerOf((bits + size.unit - 1n) / size.unit, plain("integer"), use.span);
  }
  const method = VALIDITY.get(name.text);
  const isHeader = type.kind === "header" || (type.kind === "header_union" && method === "isValid");
  if (method === undefined || !isHeader) return undefined;
  noArguments(c, given);
  if (method !== "isValid" && !isAssignable(of))
    tell(c, { code: "P636", span: of.span }, { what: show(type) });
  const result = plain(method === "isValid" ? "bool" : "void");
  const callee = { kind: "header", method, of } as const;
  return {
    kind: "call",
    callee,
    typeArguments: [],
    arguments: [],
    order: [],
    type: result,
    span: use.span,
  };
}

/** `push_front` or `pop_front`, by a number that is known. */
export function stackCall(c: Checker, given: Of): Expr | undefined {
  const { of, name, use } = given;
  const { text } = name;
  const type = typeOf(of);
  const isStack = type.kind === "stack" && known(type.element).kind.startsWith("header");
  if ((text !== "push_front" && text !== "pop_front") || !isStack) return undefined;
  const parameter = countOf(c, name);
  const signature = { name: text, typeParameters: [], parameters: [parameter], result: VOID };
  const list = passed(c, signature, use)?.arguments ?? [];
  const count = list[0]?.value;
  if (count !== undefined) tellCount(c, count, text);
  if (!isAssignable(of)) tell(c, { code: "P636", span: of.span }, { what: show(type) });
  const callee = { kind: "stack", method: text, of } as const;
  const { span } = use;
  return { kind: "call", callee, typeArguments: [], arguments: list, order: [0], type: VOID, span };
}

const VOID = plain("void");

const countOf = (c: Checker, { span }: Name): Parameter => ({
  kind: "parameter",
  id: newId(c),
  name: "count",
  annotations: [],
  span,
  type: plain("integer"),
  direction: "none",
  isOptional: false,
});

function tellCount(c: Checker, count: Expr, method: string): void {
  const { span } = count;
  if (isNothing(count.type)) return;
  if (count.kind !== "integer")
    tell(c, { code: "P507", span }, { what: `the argument of ${method}` });
  else if (count.value < 0n || count.value > 65_536n) {
    const value = showNumber(count.value);
    tell(c, { code: "P508", span }, { what: "a count", value, least: "0", most: "65536" });
  }
}
