/** Externs, functions, actions, instances with initialisers (sections 7.2.9, 10, 11.3 and 14.1). */
import type { Annotation } from "../syntax/ast.ts";
import type {
  Action,
  Extern,
  ExternFunction,
  FunctionDeclaration,
  Instantiation,
  Method,
} from "../syntax/ast-program.ts";
import { isName } from "../syntax/token.ts";
import { behindAngles } from "./ahead.ts";
import { annotationList, parameterList } from "./annotations.ts";
import { typeRef } from "./expressions.ts";
import { braced } from "./lists.ts";
import { block } from "./statements.ts";
import {
  accept,
  at,
  declare,
  expect,
  nameOf,
  type Parser,
  peek,
  scoped,
  semicolon,
  spanFrom,
  take,
} from "./state.ts";
import { typeParameterList } from "./types.ts";
import { instantiation } from "./values.ts";

type Annotations = readonly Annotation[];

/** Reads an action. */
export function actionDeclaration(parser: Parser, annotations: Annotations): Action {
  const { span: start } = take(parser);
  const name = nameOf(parser, "an action");
  declare(parser, name, "value");
  return scoped(parser, () => {
    const parameters = parameterList(parser);
    const body = block(parser, `action ${name.text}`);
    return { kind: "action", annotations, name, parameters, body, span: spanFrom(parser, start) };
  });
}

/** What a function's first line says. */
type Prototype = Pick<FunctionDeclaration, "result" | "name" | "typeParameters" | "parameters">;

/**
 * Reads a result type, a name, type parameters and parameters. The result may be one of the type parameters, which come after it;
 * the body, if there is one, is read in their scope.
 */
function prototype<T>(parser: Parser, then: (read: Prototype) => T): T {
  const result = typeRef(parser);
  const name = nameOf(parser, "a function");
  declare(parser, name, "value");
  return scoped(parser, () => {
    const typeParameters = typeParameterList(parser);
    return then({ result, name, typeParameters, parameters: parameterList(parser) });
  });
}

/** Reads a function with its body. */
export function functionDeclaration(parser: Parser, annotations: Annotations): FunctionDeclaration {
  const { span: start } = peek(parser);
  return prototype(parser, (read) => {
    const body = block(parser, `function ${read.name.text}`);
    return { kind: "function", annotations, ...read, body, span: spanFrom(parser, start) };
  });
}

/** Reads an extern object or function. */
export function externDeclaration(
  parser: Parser,
  annotations: Annotations,
): Extern | ExternFunction {
  const { span: start } = take(parser);
  if (isObject(parser)) return externObject(parser, annotations, start);
  return prototype(parser, (read) => {
    semicolon(parser, `function ${read.name.text}`);
    return { kind: "extern function", annotations, ...read, span: spanFrom(parser, start) };
  });
}

/** Whether a name and a brace follow, with type parameters between them or without. */
function isObject(parser: Parser): boolean {
  if (!isName(peek(parser))) return false;
  const behind = peek(parser, 1).kind === "<" ? behindAngles(parser, parser.at + 1) : parser.at + 1;
  return parser.tokens[behind]?.kind === "{";
}

function externObject(parser: Parser, annotations: Annotations, start: Extern["span"]): Extern {
  const name = nameOf(parser, "an extern");
  declare(parser, name, "type");
  return scoped(parser, () => {
    const typeParameters = typeParameterList(parser);
    const { span: opened } = expect(parser, "{");
    const methods = braced(parser, opened, () => method(parser));
    return {
      kind: "extern",
      annotations,
      name,
      typeParameters,
      methods,
      span: spanFrom(parser, start),
    };
  });
}

function method(parser: Parser): Method {
  const { span: start } = peek(parser);
  const annotations = annotationList(parser);
  const isAbstract = accept(parser, "abstract");
  if (isName(peek(parser)) && peek(parser, 1).kind === "(") {
    const name = nameOf(parser, "a constructor");
    const parameters = scoped(parser, () => parameterList(parser));
    semicolon(parser, `constructor ${name.text}`);
    const span = spanFrom(parser, start);
    return { kind: "method", annotations, isAbstract, name, typeParameters: [], parameters, span };
  }
  const result = typeRef(parser);
  const name = nameOf(parser, "a method");
  const shape = scoped(parser, () => {
    const typeParameters = typeParameterList(parser);
    return { typeParameters, parameters: parameterList(parser) };
  });
  semicolon(parser, `method ${name.text}`);
  const span = spanFrom(parser, start);
  return { kind: "method", annotations, isAbstract, result, name, ...shape, span };
}

/** Reads an instance, also one whose abstract methods are given in an initialiser. */
export function instanceDeclaration(parser: Parser, annotations: Annotations): Instantiation {
  const read = instantiation(parser, annotations);
  if (!accept(parser, "=")) return read;
  const { span: opened } = expect(parser, "{");
  const initializer = scoped(parser, () => braced(parser, opened, () => initialised(parser)));
  semicolon(parser, `instance ${read.name.text}`);
  return { ...read, initializer, span: spanFrom(parser, read.span) };
}

/** One part of an initialiser: a method's implementation, or a further instance. */
function initialised(parser: Parser): FunctionDeclaration | Instantiation {
  const annotations = annotationList(parser);
  return isInstance(parser)
    ? instanceDeclaration(parser, annotations)
    : functionDeclaration(parser, annotations);
}

/** Whether an instance follows, and not a function: its type is followed by arguments, not by a name. */
export function isInstance(parser: Parser): boolean {
  if (!isName(peek(parser)) && !at(parser, ".")) return false;
  const name = at(parser, ".") ? parser.at + 1 : parser.at;
  const isGeneric = parser.tokens[name + 1]?.kind === "<";
  const behind = isGeneric ? behindAngles(parser, name + 1) : name + 1;
  return parser.tokens[behind]?.kind === "(";
}
