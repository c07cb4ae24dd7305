/** Declarations of types: structs, headers, enums, typedefs, and the lists of errors and match kinds (section 7). */
import type { Annotation, Name } from "../syntax/ast.ts";
import type {
  Enum,
  EnumMember,
  Members,
  Struct,
  StructField,
  Typedef,
} from "../syntax/ast-program.ts";
import { isName } from "../syntax/token.ts";
import { annotationList, noAnnotations } from "./annotations.ts";
import { expression, typeRef } from "./expressions.ts";
import { braced, commaList } from "./lists.ts";
import {
  at,
  complain,
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

type Annotations = readonly Annotation[];

/** Reads type parameters in angle brackets, if any, and enters them into the innermost scope. */
export function typeParameterList(parser: Parser): readonly Name[] {
  if (!at(parser, "<")) return [];
  const { span: opened } = take(parser);
  const item = (): Name => {
    const name = nameOf(parser, "a type parameter");
    declare(parser, name, "type");
    return name;
  };
  return commaList(parser, { opener: "<", opened, strict: "type parameters", item });
}

/** Reads a struct, header or header union. */
export function structDeclaration(
  parser: Parser,
  annotations: Annotations,
  kind: Struct["kind"],
): Struct {
  const { span: start } = take(parser);
  const name = nameOf(parser, `a ${kind}`);
  declare(parser, name, "type");
  return scoped(parser, () => {
    const typeParameters = typeParameterList(parser);
    const { span: opened } = expect(parser, "{");
    const fields = braced(parser, opened, () => field(parser));
    const span = spanFrom(parser, start);
    return { kind, annotations, name, typeParameters, fields, span };
  });
}

function field(parser: Parser): StructField {
  const { span: start } = peek(parser);
  const annotations = annotationList(parser);
  const type = typeRef(parser);
  const name = nameOf(parser, "a field");
  semicolon(parser, `field ${name.text}`);
  return { annotations, type, name, span: spanFrom(parser, start) };
}

/** Reads an enum; with a type in front of its name its members have values. */
export function enumDeclaration(parser: Parser, annotations: Annotations): Enum {
  const { span: start } = take(parser);
  const isPlain = isName(peek(parser)) && peek(parser, 1).kind === "{";
  const underlying = isPlain ? undefined : typeRef(parser);
  const name = nameOf(parser, "an enum");
  declare(parser, name, "type");
  const { span: opened } = expect(parser, "{");
  const item = (): EnumMember => enumMember(parser, underlying !== undefined);
  const members = commaList(parser, { opener: "{", opened, item });
  if (members.length === 0)
    complain(parser, { code: "P327", span: name.span }, { kind: "enum", name: name.text });
  const span = spanFrom(parser, start);
  return {
    kind: "enum",
    annotations,
    ...(underlying !== undefined && { underlying }),
    name,
    members,
    span,
  };
}

function enumMember(parser: Parser, hasValue: boolean): EnumMember {
  const name = nameOf(parser, "a member");
  const isGiven = at(parser, "=");
  if (isGiven && !hasValue) complain(parser, { code: "P339" }, { name: name.text });
  if (!isGiven && hasValue)
    complain(parser, { code: "P340", span: name.span }, { name: name.text });
  if (!isGiven) return { name };
  take(parser);
  return { name, value: expression(parser) };
}

/** Reads `error { ... }` or `match_kind { ... }`. */
export function memberList(
  parser: Parser,
  annotations: Annotations,
  kind: Members["kind"],
): Members {
  noAnnotations(parser, annotations, kind);
  const { span: start } = take(parser);
  const { span: opened } = expect(parser, "{");
  const item = (): Name => {
    const name = nameOf(parser, "a member");
    if (kind === "match_kind") declare(parser, name, "value");
    return name;
  };
  const strict = kind === "error" ? { strict: "a list of errors" } : {};
  const members = commaList(parser, { opener: "{", opened, item, ...strict });
  if (members.length === 0)
    complain(parser, { code: "P327", span: start }, { kind: "a list of", name: `${kind}s` });
  return { kind, members, span: spanFrom(parser, start) };
}

/** Reads `typedef` or `type` with its semicolon. */
export function typedefDeclaration(
  parser: Parser,
  annotations: Annotations,
  kind: Typedef["kind"],
): Typedef {
  const { span: start } = take(parser);
  const target = kind === "type" ? typeRef(parser) : typedefTarget(parser);
  const name = nameOf(parser, "a type");
  declare(parser, name, "type");
  semicolon(parser, `${kind} ${name.text}`);
  return { kind, annotations, target, name, span: spanFrom(parser, start) };
}

function typedefTarget(parser: Parser): Typedef["target"] {
  const annotations = annotationList(parser);
  const { kind } = peek(parser);
  if (kind === "struct" || kind === "header" || kind === "header_union")
    return structDeclaration(parser, annotations, kind);
  if (kind === "enum") return enumDeclaration(parser, annotations);
  noAnnotations(parser, annotations, "a type's name");
  return typeRef(parser);
}
