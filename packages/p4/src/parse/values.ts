/** Declarations of variables, constants and instances: they stand in blocks and elsewhere (sections 11.1, 11.2 and 11.3). */
import type { Annotation } from "../syntax/ast.ts";
import type { Constant, Instantiation, Variable } from "../syntax/ast-program.ts";
import { argumentList, expression, typeRef } from "./expressions.ts";
import {
  accept,
  at,
  declare,
  expect,
  fail,
  nameOf,
  type Parser,
  peek,
  semicolon,
  spanFrom,
  take,
} from "./state.ts";

type Annotations = readonly Annotation[];

/** `type name` or `type name = value`. */
export function variableHead(parser: Parser, annotations: Annotations): Variable {
  const { span: start } = peek(parser);
  const type = typeRef(parser);
  const name = nameOf(parser, "a variable");
  const value = accept(parser, "=") ? expression(parser) : undefined;
  declare(parser, name, "value");
  const span = spanFrom(parser, annotations[0]?.span ?? start);
  return {
    kind: "variable",
    annotations,
    type,
    name,
    ...(value !== undefined && { value }),
    span,
  };
}

/** Reads a variable with its semicolon. */
export function variableDeclaration(parser: Parser, annotations: Annotations): Variable {
  const read = variableHead(parser, annotations);
  semicolon(parser, `variable ${read.name.text}`);
  return read;
}

/** Reads a constant with its semicolon. */
export function constantDeclaration(parser: Parser, annotations: Annotations): Constant {
  const { span: start } = take(parser);
  const type = typeRef(parser);
  const name = nameOf(parser, "a constant");
  if (!at(parser, "=") && name.text !== "")
    fail(parser, { code: "P323", span: name.span }, { name: name.text });
  expect(parser, "=");
  const value = expression(parser);
  declare(parser, name, "value");
  semicolon(parser, `constant ${name.text}`);
  return { kind: "constant", annotations, type, name, value, span: spanFrom(parser, start) };
}

/** Reads an instance without an initialiser, with its semicolon unless `=` follows. */
export function instantiation(parser: Parser, annotations: Annotations): Instantiation {
  const { span: start } = peek(parser);
  const type = typeRef(parser);
  const list = argumentList(parser);
  const name = nameOf(parser, "an instance");
  declare(parser, name, "value");
  if (!at(parser, "=")) semicolon(parser, `instance ${name.text}`);
  const span = spanFrom(parser, annotations[0]?.span ?? start);
  return { kind: "instantiation", annotations, type, arguments: list, name, span };
}
