/** Types and expressions (sections 7.2 and 8, appendix H). They contain each other: a width is an expression, a cast has a type. */
import type {
  Argument,
  BinaryOperator,
  Expression,
  NamedType,
  NamedValue,
  TypeRef,
} from "../syntax/ast.ts";
import { isName, type Token } from "../syntax/token.ts";
import { isBuiltInType, isCast, isTypeArguments } from "./ahead.ts";
import { close, commaList } from "./lists.ts";
import { literal } from "./literals.ts";
import {
  accept,
  at,
  complain,
  expect,
  fail,
  found,
  nameOf,
  nested,
  type Parser,
  peek,
  raise,
  spanFrom,
  take,
} from "./state.ts";

/** How tightly operators bind; all associate to the left. */
const LEVELS: ReadonlyMap<string, { readonly level: number; readonly operator: BinaryOperator }> =
  new Map(
    (
      [
        ["||"],
        ["&&"],
        ["==", "!="],
        ["<", ">", "<=", ">="],
        ["|"],
        ["^"],
        ["&"],
        ["<<", ">>"],
        ["++", "+", "-", "|+|", "|-|"],
        ["*", "/", "%"],
      ] as const satisfies readonly (readonly BinaryOperator[])[]
    ).flatMap((operators, index) =>
      operators.map((operator) => [operator, { level: index + 1, operator }] as const),
    ),
  );

/** What stands in place of an expression that could not be read; there is an error then. */
function missing(parser: Parser): Expression {
  const { span } = peek(parser);
  return { kind: "name", isGlobal: false, name: { text: "", span }, span };
}

/** Reads an expression. */
export function expression(parser: Parser): Expression {
  return nested(
    parser,
    () => conditional(parser),
    () => missing(parser),
  );
}

/** `a ? b : c`; the grammar's precedences make it associate to the left. */
function conditional(parser: Parser): Expression {
  const { span: start } = peek(parser);
  let condition = binary(parser, 1);
  let { height } = parser;
  while (accept(parser, "?")) {
    const yes = expression(parser);
    height = Math.max(height, parser.height);
    expect(parser, ":");
    const no = binary(parser, 1);
    raise(parser, Math.max(height, parser.height));
    ({ height } = parser);
    condition = { kind: "conditional", condition, yes, no, span: spanFrom(parser, start) };
  }
  return condition;
}

function binary(parser: Parser, least: number): Expression {
  const { span: start } = peek(parser);
  let left = unary(parser);
  for (;;) {
    const { height } = parser;
    const known = LEVELS.get(peek(parser).kind);
    if (known === undefined || known.level < least || isPartSelect(parser)) return left;
    take(parser);
    const right = binary(parser, known.level + 1);
    raise(parser, Math.max(height, parser.height));
    left = { kind: "binary", operator: known.operator, left, right, span: spanFrom(parser, start) };
  }
}

/** Whether `+:` follows, which ends the first part of a slice. */
const isPartSelect = (parser: Parser): boolean => at(parser, "+") && peek(parser, 1).kind === ":";

function unary(parser: Parser): Expression {
  const { kind, span: start } = peek(parser);
  if (kind !== "!" && kind !== "~" && kind !== "-" && kind !== "+") {
    if (kind === "(" && isCast(parser)) return cast(parser);
    return postfix(parser);
  }
  take(parser);
  const operand = nested(
    parser,
    () => unary(parser),
    () => missing(parser),
  );
  raise(parser, parser.height);
  return { kind: "unary", operator: kind, operand, span: spanFrom(parser, start) };
}

function cast(parser: Parser): Expression {
  const { span: start } = take(parser);
  const type = typeRef(parser);
  close(parser, "(", start);
  const operand = nested(
    parser,
    () => unary(parser),
    () => missing(parser),
  );
  raise(parser, parser.height);
  return { kind: "cast", type, operand, span: spanFrom(parser, start) };
}

/** What is called, indexed or asked for members: also the left of assignments. */
function postfix(parser: Parser): Expression {
  const { span: start } = peek(parser);
  let of = primary(parser);
  for (;;) {
    const { kind } = peek(parser);
    const { height } = parser;
    if (kind === ".") {
      take(parser);
      const member = nameOf(parser, "a member");
      of = { kind: "member", of, member, span: spanFrom(parser, start) };
    } else if (kind === "[") of = subscript(parser, of);
    else if (kind === "(" || (kind === "<" && isTypeArguments(parser))) of = call(parser, of);
    else return of;
    raise(parser, Math.max(height, parser.height));
  }
}

/** `[index]`, `[high:low]`, `[low+:width]`. */
function subscript(parser: Parser, of: Expression): Expression {
  const { span: start } = of;
  const { span: opened } = take(parser);
  const first = expression(parser);
  const { height } = parser;
  const isPart = isPartSelect(parser);
  if (isPart) take(parser);
  const hasSecond = accept(parser, ":");
  const second = hasSecond ? expression(parser) : undefined;
  close(parser, "[", opened);
  parser.height = Math.max(height, parser.height);
  const span = spanFrom(parser, start);
  if (second === undefined) return { kind: "index", of, index: first, span };
  if (isPart) return { kind: "part select", of, low: first, width: second, span };
  return { kind: "slice", of, high: first, low: second, span };
}

/** A call, or a type with arguments whose member is asked for. */
function call(parser: Parser, callee: Expression): Expression {
  const typeArguments = at(parser, "<") ? typeArgumentList(parser) : [];
  if (typeArguments.length > 0 && at(parser, ".") && callee.kind === "name") {
    const span = spanFrom(parser, callee.span);
    const { isGlobal, name } = callee;
    const base: NamedType = { kind: "named type", isGlobal, name, span: callee.span };
    const type = { kind: "specialized type", base, arguments: typeArguments, span } as const;
    return { kind: "type", type, span };
  }
  const list = argumentList(parser);
  const span = spanFrom(parser, callee.span);
  return { kind: "call", callee, typeArguments, arguments: list, span };
}

/** Reads arguments in parentheses. */
export function argumentList(parser: Parser): readonly Argument[] {
  const { span: opened } = expect(parser, "(");
  let height = 0;
  const list = commaList(parser, {
    opener: "(",
    opened,
    strict: "arguments",
    item: () => {
      const read = argument(parser);
      height = Math.max(height, parser.height);
      return read;
    },
  });
  parser.height = height;
  return list;
}

function argument(parser: Parser): Argument {
  const { span: start } = peek(parser);
  const isNamed = isName(peek(parser)) && peek(parser, 1).kind === "=";
  const name = isNamed ? nameOf(parser, "a parameter") : undefined;
  if (isNamed) take(parser);
  const value = accept(parser, "_") ? undefined : expression(parser);
  return {
    ...(name !== undefined && { name }),
    ...(value !== undefined && { value }),
    span: spanFrom(parser, start),
  };
}

function primary(parser: Parser): Expression {
  const token = peek(parser);
  const read = literal(parser, token);
  if (read !== undefined) return read;
  parser.height = 1;
  const kind: string = token.kind;
  const { span } = token;
  switch (kind) {
    case "(":
      return parenthesised(parser, take(parser));
    case "{":
      return listOrStruct(parser, take(parser));
    case "error":
      take(parser);
      if (!at(parser, ".")) fail(parser, { code: "P301" }, { expected: ".", found: found(parser) });
      return { kind: "type", type: { kind: "base type", name: "error", span }, span };
    default:
      return nameExpression(parser, token);
  }
}

function parenthesised(parser: Parser, open: Token): Expression {
  const inner = expression(parser);
  if (at(parser, "=")) fail(parser, { code: "P326" }, {});
  close(parser, "(", open.span);
  return inner;
}

function nameExpression(parser: Parser, token: Token): Expression {
  const isGlobal = accept(parser, ".");
  if (isName(peek(parser)) || isGlobal) {
    const name = nameOf(parser, "something");
    return { kind: "name", isGlobal, name, span: spanFrom(parser, token.span) };
  }
  fail(parser, { code: "P305" }, { found: found(parser) });
  return missing(parser);
}

/** `{a, b}` or `{x = a, y = b, ...}`; the opening brace was taken. */
function listOrStruct(parser: Parser, open: Token): Expression {
  const { isNamed, elements, fields } = valueList(parser, open);
  raise(parser, parser.height);
  const span = spanFrom(parser, open.span);
  if (!isNamed) return { kind: "list", elements, span };
  return { kind: "struct value", fields, hasRest: elements.length > 0, span };
}

/** Values of which all have names or none has. */
export type ValueList = {
  readonly isNamed: boolean;
  /** Those without names, also a `...` at the end of those with names. */
  readonly elements: readonly Expression[];
  readonly fields: readonly NamedValue[];
};

/** Reads values up to the bracket that closes the given one, which was taken. */
export function valueList(parser: Parser, open: Token): ValueList {
  const isNamed = isName(peek(parser)) && peek(parser, 1).kind === "=";
  let height = 0;
  const item = (): NamedValue | Expression => {
    const read = namedOrNot(parser, isNamed);
    height = Math.max(height, parser.height);
    return read;
  };
  const opener = open.kind === "[" ? "[" : "{";
  const items = commaList(parser, { opener, opened: open.span, item });
  parser.height = height;
  const elements = items.flatMap((each) => ("kind" in each ? [each] : []));
  const last = items.at(-1);
  const early = elements.find((each) => each.kind === "rest" && each !== last);
  if (early !== undefined) complain(parser, { code: "P321", span: early.span }, {});
  return { isNamed, elements, fields: items.flatMap((each) => ("kind" in each ? [] : [each])) };
}

/** One item of a list, which has names or has none; the other form is told. */
function namedOrNot(parser: Parser, isNamed: boolean): NamedValue | Expression {
  const hasName = isName(peek(parser)) && peek(parser, 1).kind === "=";
  if (hasName !== isNamed && !at(parser, "...")) complain(parser, { code: "P320" }, {});
  return hasName ? namedValue(parser) : expression(parser);
}

/** `name = value`. */
function namedValue(parser: Parser): NamedValue {
  const name = nameOf(parser, "a field");
  expect(parser, "=");
  return { name, value: expression(parser) };
}

/** Reads a type. */
export function typeRef(parser: Parser): TypeRef {
  const { span } = peek(parser);
  return nested(
    parser,
    () => withStacks(parser, plainType(parser)),
    () => ({ kind: "any type", span }),
  );
}

function withStacks(parser: Parser, inner: TypeRef): TypeRef {
  let type = inner;
  while (at(parser, "[")) {
    const { span: opened } = take(parser);
    const size = expression(parser);
    close(parser, "[", opened);
    raise(parser, parser.height);
    type = { kind: "stack type", element: type, size, span: spanFrom(parser, inner.span) };
  }
  return type;
}

function plainType(parser: Parser): TypeRef {
  const token = peek(parser);
  const kind: string = token.kind;
  const { span } = token;
  switch (kind) {
    case "bool":
    case "error":
    case "match_kind":
    case "string":
    case "void":
      take(parser);
      return { kind: "base type", name: kind, span };
    case "bit":
    case "int":
    case "varbit":
      return sizedType(parser, kind);
    case "tuple":
      take(parser);
      return {
        kind: "tuple type",
        arguments: typeArgumentList(parser),
        span: spanFrom(parser, span),
      };
    default:
      return isBuiltInType(parser, parser.at) ? listType(parser) : namedType(parser);
  }
}

function listType(parser: Parser): TypeRef {
  const { span: start } = take(parser);
  const [element = { kind: "any type", span: start }] = typeArgumentList(parser);
  return { kind: "list type", element, span: spanFrom(parser, start) };
}

function sizedType(parser: Parser, base: "bit" | "int" | "varbit"): TypeRef {
  const { span: start } = take(parser);
  if (base !== "varbit" && !at(parser, "<")) return { kind: "base type", name: base, span: start };
  const { span: opened } = expect(parser, "<");
  const width = at(parser, "(")
    ? parenthesised(parser, take(parser))
    : (literal(parser, expectWidth(parser)) ?? missing(parser));
  close(parser, "<", opened);
  return { kind: "sized type", base, width, span: spanFrom(parser, start) };
}

/** A width is a number, or an expression in parentheses, so that `>` always closes it. */
function expectWidth(parser: Parser): Token {
  const token = peek(parser);
  if (token.kind !== "integer") {
    fail(parser, { code: "P341" }, { found: found(parser) });
  }
  return token;
}

function namedType(parser: Parser): TypeRef {
  const { span: start } = peek(parser);
  const isGlobal = accept(parser, ".");
  if (!isName(peek(parser))) {
    fail(parser, { code: "P306" }, { found: found(parser) });
    return { kind: "any type", span: start };
  }
  const name = nameOf(parser, "a type");
  const base = { kind: "named type", isGlobal, name, span: spanFrom(parser, start) } as const;
  if (!at(parser, "<")) return base;
  const list = typeArgumentList(parser);
  return { kind: "specialized type", base, arguments: list, span: spanFrom(parser, start) };
}

/** Reads type arguments in angle brackets. */
function typeArgumentList(parser: Parser): readonly TypeRef[] {
  const { span: opened } = expect(parser, "<");
  const item = (): TypeRef => {
    const { span } = peek(parser);
    return accept(parser, "_") ? { kind: "any type", span } : typeRef(parser);
  };
  return commaList(parser, { opener: "<", opened, strict: "type arguments", item });
}
