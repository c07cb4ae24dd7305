/** Annotations and parameters (sections 20 and 6.8). */
import type { Annotation, Parameter } from "../syntax/ast.ts";
import { expression, typeRef, valueList } from "./expressions.ts";
import { commaList } from "./lists.ts";
import {
  accept,
  at,
  complain,
  declare,
  expect,
  fail,
  nameOf,
  type Parser,
  peek,
  spanFrom,
  take,
} from "./state.ts";

/** Reads all annotations that stand here. */
export function annotationList(parser: Parser): readonly Annotation[] {
  const list: Annotation[] = [];
  while (at(parser, "@")) list.push(annotation(parser));
  return list;
}

function annotation(parser: Parser): Annotation {
  const { span: start } = take(parser);
  if (peek(parser).text === "pragma") {
    take(parser);
    return pragma(parser, start);
  }
  const { text, span } = peek(parser);
  // Keywords are names of annotations too, such as @default.
  const isWord = /^[A-Za-z_]\w*$/.test(text);
  const name = isWord ? { text, span } : nameOf(parser, "an annotation");
  if (isWord) take(parser);
  const body = annotationBody(parser);
  return { name, body, span: spanFrom(parser, start) };
}

/** `@pragma name ...`: an older form, up to the end of the line. */
function pragma(parser: Parser, start: Annotation["span"]): Annotation {
  const { text, span } = take(parser);
  const tokens: string[] = [];
  while (!peek(parser).startsLine && !at(parser, "end")) tokens.push(take(parser).text);
  return { name: { text, span }, body: { kind: "pragma", tokens }, span: spanFrom(parser, start) };
}

function annotationBody(parser: Parser): Annotation["body"] {
  if (at(parser, "(")) return tokensBody(parser);
  if (!at(parser, "[")) return { kind: "none" };
  const { isNamed, elements, fields } = valueList(parser, take(parser));
  return isNamed
    ? { kind: "named", values: fields }
    : { kind: "expressions", expressions: elements };
}

/** Any tokens, parentheses in pairs. */
function tokensBody(parser: Parser): Annotation["body"] {
  const open = take(parser);
  const behind = parser.at;
  const tokens: string[] = [];
  for (let depth = 1; ;) {
    const { kind, text } = take(parser);
    if (kind === "(") depth += 1;
    if (kind === ")") depth -= 1;
    if (depth === 0) return { kind: "tokens", tokens };
    if (kind === "end") break;
    tokens.push(text);
  }
  parser.at = behind;
  fail(parser, { code: "P319", span: open.span }, { opener: "(" });
  return { kind: "tokens", tokens };
}

/** Reads parameters in parentheses and enters their names into the innermost scope. */
export function parameterList(parser: Parser): readonly Parameter[] {
  const { span: opened } = expect(parser, "(");
  const item = (): Parameter => parameter(parser);
  return commaList(parser, { opener: "(", opened, strict: "parameters", item });
}

function parameter(parser: Parser): Parameter {
  const { span: start } = peek(parser);
  const annotations = annotationList(parser);
  const { kind } = peek(parser);
  const direction = kind === "in" || kind === "out" || kind === "inout" ? kind : undefined;
  if (direction !== undefined) take(parser);
  const type = typeRef(parser);
  const name = nameOf(parser, "a parameter");
  const defaultValue = accept(parser, "=") ? expression(parser) : undefined;
  declare(parser, name, "value");
  return {
    annotations,
    ...(direction !== undefined && { direction }),
    type,
    name,
    ...(defaultValue !== undefined && { defaultValue }),
    span: spanFrom(parser, start),
  };
}

/** Tells annotations where none may stand. */
export function noAnnotations(parser: Parser, list: readonly Annotation[], word: string): void {
  const [first] = list;
  if (first !== undefined) complain(parser, { code: "P332", span: first.span }, { word });
}
