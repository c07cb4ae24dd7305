/** Statements, and the declarations that stand among them (sections 11 and 12). */
import type { Annotation, Expression, Range } from "../syntax/ast.ts";
import type {
  Assignment,
  AssignmentOperator,
  Block,
  CallStatement,
  ForIn,
  Statement,
  Switch,
  SwitchCase,
  Variable,
} from "../syntax/ast-program.ts";
import { isName } from "../syntax/token.ts";
import { behindType, declarationAhead } from "./ahead.ts";
import { annotationList, noAnnotations } from "./annotations.ts";
import { expression, typeRef } from "./expressions.ts";
import { braced, close } from "./lists.ts";
import {
  accept,
  at,
  complain,
  declare,
  expect,
  fail,
  found,
  nameOf,
  nested,
  type Parser,
  peek,
  scoped,
  semicolon,
  spanFrom,
  take,
} from "./state.ts";
import { constantDeclaration, instantiation, variableDeclaration, variableHead } from "./values.ts";

type Annotations = readonly Annotation[];

const ASSIGNMENTS: ReadonlyMap<string, AssignmentOperator> = new Map(
  (
    [
      "=",
      "*=",
      "/=",
      "%=",
      "+=",
      "-=",
      "|+|=",
      "|-|=",
      "<<=",
      ">>=",
      "&=",
      "|=",
      "^=",
    ] as const satisfies readonly AssignmentOperator[]
  ).map((operator) => [operator, operator]),
);

/** Reads statements in braces; `what` is whose body it is. */
export function block(parser: Parser, what: string, annotations: Annotations = []): Block {
  const { span: start } = peek(parser);
  if (!at(parser, "{"))
    fail(parser, { code: "P337" }, { name: what, expected: "{", found: found(parser) });
  else take(parser);
  const statements = scoped(parser, () =>
    braced(parser, start, () => statementOrDeclaration(parser)),
  );
  return { kind: "block", annotations, statements, span: spanFrom(parser, start) };
}

/** Reads a statement that is no declaration. */
function statement(parser: Parser): Statement {
  const { span } = peek(parser);
  const read = statementOrDeclaration(parser);
  const isDeclaration = read.kind === "variable" || read.kind === "constant";
  if (isDeclaration) complain(parser, { code: "P307", span }, { found: `a ${read.kind}` });
  return read;
}

/** Reads a statement or declaration of a block. */
export function statementOrDeclaration(parser: Parser): Statement {
  const { span } = peek(parser);
  return nested(
    parser,
    () => plainStatement(parser),
    () => ({ kind: "empty", span }),
  );
}

function plainStatement(parser: Parser): Statement {
  const annotations = annotationList(parser);
  const { span } = peek(parser);
  const kind: string = peek(parser).kind;
  switch (kind) {
    case "const":
      return constantDeclaration(parser, annotations);
    case "{":
      return block(parser, "the block", annotations);
    case "for":
      return forStatement(parser, annotations);
    case "if":
    case "switch":
    case "return":
    case "exit":
    case "break":
    case "continue":
    case ";":
      noAnnotations(parser, annotations, kind);
      return keywordStatement(parser, kind);
    case "else":
      fail(parser, { code: "P330" }, {});
      return { kind: "empty", span };
    default:
      return declarationOrSimple(parser, annotations);
  }
}

type StatementKeyword = "if" | "switch" | "return" | "exit" | "break" | "continue" | ";";

function keywordStatement(parser: Parser, kind: StatementKeyword): Statement {
  const { span: start } = peek(parser);
  if (parser.inState && kind !== "if" && kind !== ";")
    complain(parser, { code: "P335" }, { word: kind });
  take(parser);
  switch (kind) {
    case "if":
      return ifStatement(parser, start);
    case "switch":
      return switchStatement(parser, start);
    case "return":
      return returnStatement(parser, start);
    case "exit":
    case "break":
    case "continue":
      semicolon(parser, kind);
      return { kind, span: spanFrom(parser, start) };
    case ";":
      return { kind: "empty", span: start };
  }
}

function returnStatement(parser: Parser, start: Block["span"]): Statement {
  const value = at(parser, ";") ? undefined : expression(parser);
  semicolon(parser, "return");
  return { kind: "return", ...(value !== undefined && { value }), span: spanFrom(parser, start) };
}

/** Reads an expression in parentheses. */
function condition(parser: Parser): Expression {
  const { span: opened } = expect(parser, "(");
  const read = expression(parser);
  if (at(parser, "=")) fail(parser, { code: "P326" }, {});
  close(parser, "(", opened);
  return read;
}

function ifStatement(parser: Parser, start: Block["span"]): Statement {
  const tested = condition(parser);
  const yes = statement(parser);
  const no = accept(parser, "else") ? statement(parser) : undefined;
  const span = spanFrom(parser, start);
  return { kind: "if", condition: tested, yes, ...(no !== undefined && { no }), span };
}

function switchStatement(parser: Parser, start: Block["span"]): Switch {
  const subject = condition(parser);
  const { span: opened } = expect(parser, "{");
  const cases = braced(parser, opened, () => switchCase(parser));
  const last = cases.at(-1);
  if (last !== undefined && last.body === undefined)
    complain(parser, { code: "P338", span: last.span }, {});
  return { kind: "switch", subject, cases, span: spanFrom(parser, start) };
}

function switchCase(parser: Parser): SwitchCase {
  const { span: start } = peek(parser);
  if (at(parser, "{")) {
    complain(parser, { code: "P331" }, { what: "a list" });
  }
  const label = accept(parser, "default") ? undefined : expression(parser);
  expect(parser, ":");
  const body = at(parser, "{") || at(parser, "@") ? caseBlock(parser) : undefined;
  return {
    ...(label !== undefined && { label }),
    ...(body !== undefined && { body }),
    span: spanFrom(parser, start),
  };
}

const caseBlock = (parser: Parser): Block => block(parser, "the case", annotationList(parser));

function forStatement(parser: Parser, annotations: Annotations): Statement {
  const { span: start } = take(parser);
  if (parser.inState) complain(parser, { code: "P335", span: start }, { word: "for" });
  const { span: opened } = expect(parser, "(");
  return scoped(parser, () => {
    const inner = annotationList(parser);
    const behind = behindType(parser, parser.at);
    const name = parser.tokens[behind];
    const isIn = name !== undefined && isName(name) && parser.tokens[behind + 1]?.kind === "in";
    if (isIn) return forIn(parser, { annotations, inner, start, opened });
    const init = at(parser, ";") ? [] : forParts(parser, inner);
    semicolon(parser, "the initialisation of the loop");
    const tested = expression(parser);
    semicolon(parser, "the condition of the loop");
    const update = at(parser, ")")
      ? []
      : forParts(parser, []).flatMap((each) => (each.kind === "variable" ? [] : [each]));
    close(parser, "(", opened);
    const body = statement(parser);
    const span = spanFrom(parser, start);
    return { kind: "for", annotations, init, condition: tested, update, body, span };
  });
}

type ForHead = {
  readonly annotations: Annotations;
  readonly inner: Annotations;
  readonly start: Block["span"];
  readonly opened: Block["span"];
};

function forIn(parser: Parser, { annotations, inner, start, opened }: ForHead): ForIn {
  const { span: begin } = peek(parser);
  const type = typeRef(parser);
  const name = nameOf(parser, "a variable");
  const span = spanFrom(parser, begin);
  expect(parser, "in");
  const collection = rangeOrExpression(parser);
  close(parser, "(", opened);
  declare(parser, name, "value");
  const variable: Variable = { kind: "variable", annotations: inner, type, name, span };
  const body = statement(parser);
  return { kind: "for in", annotations, variable, collection, body, span: spanFrom(parser, start) };
}

function rangeOrExpression(parser: Parser): Expression | Range {
  const { span: start } = peek(parser);
  const first = expression(parser);
  if (!accept(parser, "..")) return first;
  const last = expression(parser);
  return { kind: "range", first, last, span: spanFrom(parser, start) };
}

/** The parts of a loop's head between semicolons. */
function forParts(
  parser: Parser,
  annotations: Annotations,
): readonly (Variable | Assignment | CallStatement)[] {
  const parts: (Variable | Assignment | CallStatement)[] = [];
  do {
    const isDeclared = declarationAhead(parser) === "variable";
    const read = isDeclared ? variableHead(parser, annotations) : simple(parser);
    if (read !== undefined) parts.push(read);
  } while (accept(parser, ","));
  return parts;
}

function declarationOrSimple(parser: Parser, annotations: Annotations): Statement {
  const { span: start } = peek(parser);
  const ahead = declarationAhead(parser);
  if (ahead === "variable") return variableDeclaration(parser, annotations);
  if (ahead === "instantiation") {
    const { name } = instantiation(parser, annotations);
    complain(parser, { code: "P318", span: name.span }, { name: name.text });
    return { kind: "empty", span: spanFrom(parser, start) };
  }
  noAnnotations(parser, annotations, found(parser));
  const read = simple(parser);
  semicolon(parser, read?.kind === "assignment" ? "the assignment" : "the call");
  if (read === undefined) return { kind: "empty", span: start };
  return { ...read, span: spanFrom(parser, start) };
}

/** An assignment or a call, without its semicolon; undefined when it is neither, which is told. */
function simple(parser: Parser): Assignment | CallStatement | undefined {
  const { span: start } = peek(parser);
  if (!canBegin(parser)) {
    fail(parser, { code: "P307" }, { found: found(parser) });
    return undefined;
  }
  const target = expression(parser);
  const operator = ASSIGNMENTS.get(peek(parser).kind);
  if (operator === undefined) {
    if (target.kind === "call")
      return { kind: "call statement", call: target, span: spanFrom(parser, start) };
    complain(parser, { code: "P325", span: target.span }, { what: DESCRIPTIONS[target.kind] });
    return undefined;
  }
  if (!isAssignable(target))
    complain(parser, { code: "P324", span: target.span }, { what: DESCRIPTIONS[target.kind] });
  take(parser);
  const value = expression(parser);
  return { kind: "assignment", target, operator, value, span: spanFrom(parser, start) };
}

/** Whether a token can begin an expression; a better message than that an expression is expected. */
const canBegin = (parser: Parser): boolean => {
  const token = peek(parser);
  return (
    isName(token) ||
    ["integer", "string literal"].includes(token.kind) ||
    /^([.({!~+-]|\{#\}|\.\.\.|this|true|false|error)$/.test(token.kind)
  );
};

const ASSIGNABLE: ReadonlySet<Expression["kind"]> = new Set<Expression["kind"]>([
  "name",
  "this",
  "member",
  "index",
  "slice",
  "part select",
]);

const isAssignable = ({ kind }: Expression): boolean => ASSIGNABLE.has(kind);

/** Kinds of expressions as messages name them. */
const DESCRIPTIONS: { readonly [Kind in Expression["kind"]]: string } = {
  integer: "a number",
  string: "a string",
  boolean: "a boolean value",
  rest: "...",
  this: "this",
  "invalid header": "{#}",
  name: "a name",
  type: "a type",
  member: "a member",
  index: "an element",
  slice: "a slice",
  "part select": "a slice",
  list: "a list",
  "struct value": "a list",
  unary: "a computed value",
  binary: "a computed value",
  conditional: "a computed value",
  cast: "a cast",
  call: "a call",
};
