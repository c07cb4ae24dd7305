/** From tokens to a program: the declarations of the top level (section 6.5.2). */
import type { Diagnostic } from "../source/diagnostic.ts";
import type { Annotation } from "../syntax/ast.ts";
import type { Declaration, Program } from "../syntax/ast-program.ts";
import { isName, type Token } from "../syntax/token.ts";
import { behindType, isBuiltInType } from "./ahead.ts";
import { annotationList } from "./annotations.ts";
import { blockDeclaration, valueSet } from "./blocks.ts";
import {
  actionDeclaration,
  externDeclaration,
  functionDeclaration,
  instanceDeclaration,
  isInstance,
} from "./callables.ts";
import { recover } from "./lists.ts";
import { accept, at, complain, fail, found, type Parser, parserOf, peek } from "./state.ts";
import { enumDeclaration, memberList, structDeclaration, typedefDeclaration } from "./types.ts";
import { constantDeclaration, variableDeclaration } from "./values.ts";

/** A program, and what is wrong with its syntax; with errors it has only the declarations that could be read. */
export type Parsed = { readonly program: Program; readonly diagnostics: readonly Diagnostic[] };

/** Parses tokens, the last of which is `end`. Never throws. */
export function parse(tokens: readonly Token[]): Parsed {
  const parser = parserOf(tokens);
  const declarations: Declaration[] = [];
  while (!at(parser, "end")) {
    const start = parser.at;
    if (accept(parser, ";")) continue;
    const read = declaration(parser);
    if (!parser.failed && read !== undefined) declarations.push(read);
    recoverAtTop(parser, start);
  }
  return { program: { declarations }, diagnostics: parser.diagnostics };
}

/** At the top level a brace closes nothing, so it is left behind too. */
function recoverAtTop(parser: Parser, start: number): void {
  if (!parser.failed) return;
  recover(parser, start);
  while (parser.at > start && at(parser, "}")) parser.at += 1;
}

function declaration(parser: Parser): Declaration | undefined {
  const annotations = annotationList(parser);
  const kind: string = peek(parser).kind;
  switch (kind) {
    case "const":
      return constantDeclaration(parser, annotations);
    case "extern":
      return externDeclaration(parser, annotations);
    case "action":
      return actionDeclaration(parser, annotations);
    case "parser":
    case "control":
    case "package":
      return blockDeclaration(parser, annotations, kind);
    case "value_set":
      return valueSet(parser, annotations);
    default:
      return typeOrOther(parser, annotations);
  }
}

function typeOrOther(parser: Parser, annotations: readonly Annotation[]): Declaration | undefined {
  const kind: string = peek(parser).kind;
  switch (kind) {
    case "struct":
    case "header":
    case "header_union":
      return structDeclaration(parser, annotations, kind);
    case "enum":
      return enumDeclaration(parser, annotations);
    case "typedef":
    case "type":
      return typedefDeclaration(parser, annotations, kind);
    case "error":
    case "match_kind":
      if (peek(parser, 1).kind === "{") return memberList(parser, annotations, kind);
      return callable(parser, annotations);
    default:
      return callable(parser, annotations);
  }
}

const P4_14: ReadonlySet<string> = new Set([
  "header_type",
  "metadata",
  "field_list",
  "field_list_calculation",
  "calculated_field",
  "parser_exception",
  "parser_value_set",
  "action_profile",
  "primitive_action",
]);

const isP414 = (parser: Parser): boolean =>
  P4_14.has(peek(parser).text) && isName(peek(parser, 1)) && peek(parser, 2).kind === "{";

/** What begins with a type: a function or an instance; all else is told. */
function callable(parser: Parser, annotations: readonly Annotation[]): Declaration | undefined {
  const behind = behindType(parser, parser.at);
  if (isP414(parser)) {
    fail(parser, { code: "P328" }, { found: found(parser) });
    return undefined;
  }
  if (isInstance(parser)) return instanceDeclaration(parser, annotations);
  const name = parser.tokens[behind];
  const isType = isBuiltInType(parser, parser.at) || (name !== undefined && isName(name));
  if (!isType) {
    fail(parser, { code: "P304" }, { found: found(parser) });
    return undefined;
  }
  const mark = parser.tokens[behind + 1]?.kind;
  if (mark !== "=" && mark !== ";") return functionDeclaration(parser, annotations);
  const variable = variableDeclaration(parser, annotations);
  complain(parser, { code: "P322", span: variable.name.span }, { name: variable.name.text });
  return undefined;
}
