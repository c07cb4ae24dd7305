/** Parsers and controls, their types, and packages (sections 13, 14, 16 and 17). */
import type { Annotation, Name, Parameter } from "../syntax/ast.ts";
import type {
  Block,
  BlockType,
  ControlDeclaration,
  ParserDeclaration,
  SelectCase,
  State,
  Statement,
  Transition,
  ValueSet,
} from "../syntax/ast-program.ts";
import { annotationList, noAnnotations, parameterList } from "./annotations.ts";
import { actionDeclaration, instanceDeclaration, isInstance } from "./callables.ts";
import { expression, typeRef } from "./expressions.ts";
import { braced, close } from "./lists.ts";
import { block, statementOrDeclaration } from "./statements.ts";
import {
  accept,
  at,
  complain,
  declare,
  expect,
  fail,
  found,
  nameOf,
  type Parser,
  peek,
  scoped,
  semicolon,
  spanFrom,
  take,
} from "./state.ts";
import { keyset, selectKeys, tableDeclaration } from "./tables.ts";
import { typeParameterList } from "./types.ts";
import { constantDeclaration, variableDeclaration } from "./values.ts";

type Annotations = readonly Annotation[];
type Span = Block["span"];

/** What a parser, control or package begins with. */
type Head = {
  readonly annotations: Annotations;
  readonly start: Span;
  readonly name: Name;
  readonly typeParameters: readonly Name[];
  readonly parameters: readonly Parameter[];
};

const TYPE_KINDS = { parser: "parser type", control: "control type", package: "package" } as const;

/** Reads a parser, a control, the type of one, or a package. */
export function blockDeclaration(
  parser: Parser,
  annotations: Annotations,
  kind: keyof typeof TYPE_KINDS,
): BlockType | ParserDeclaration | ControlDeclaration {
  const { span: start } = take(parser);
  const name = nameOf(parser, `a ${kind}`);
  declare(parser, name, "type");
  return scoped(parser, () => {
    const typeParameters = typeParameterList(parser);
    const parameters = parameterList(parser);
    const head: Head = { annotations, start, name, typeParameters, parameters };
    if (kind === "package" || at(parser, ";")) {
      semicolon(parser, `${kind} ${name.text}`);
      const span = spanFrom(parser, start);
      return { kind: TYPE_KINDS[kind], annotations, name, typeParameters, parameters, span };
    }
    return withBody(parser, kind, head);
  });
}

function withBody(
  parser: Parser,
  kind: "parser" | "control",
  head: Head,
): ParserDeclaration | ControlDeclaration {
  const { annotations, name, parameters, typeParameters } = head;
  const constructorParameters = at(parser, "(") ? parameterList(parser) : undefined;
  const { span: opened } = peek(parser);
  if (!accept(parser, "{")) {
    const fields = { name: `${kind} ${name.text}`, expected: "; or {", found: found(parser) };
    fail(parser, { code: "P337" }, fields);
  }
  const shared = {
    annotations,
    name,
    typeParameters,
    parameters,
    ...(constructorParameters !== undefined && { constructorParameters }),
  };
  return kind === "parser"
    ? { kind, ...shared, ...parserBody(parser, opened, name), span: spanFrom(parser, head.start) }
    : { kind, ...shared, ...controlBody(parser, opened, name), span: spanFrom(parser, head.start) };
}

type ParserLocal = ParserDeclaration["locals"][number];

function parserBody(
  parser: Parser,
  opened: Span,
  name: Name,
): Pick<ParserDeclaration, "locals" | "states"> {
  let hasStates = false;
  const before = parser.diagnostics.length;
  const parts = braced(parser, opened, () => {
    const annotations = annotationList(parser);
    const { span } = peek(parser);
    if (at(parser, "state")) {
      hasStates = true;
      return state(parser, annotations);
    }
    const local = parserLocal(parser, annotations);
    if (hasStates) {
      const fields = { found: `${local.kind} ${local.name.text}`, name: name.text };
      complain(parser, { code: "P313", span }, fields);
    }
    return local;
  });
  if (!hasStates && parser.diagnostics.length === before)
    complain(parser, { code: "P312", span: name.span }, { name: name.text });
  return {
    locals: parts.flatMap((each) => (each.kind === "state" ? [] : [each])),
    states: parts.flatMap((each) => (each.kind === "state" ? [each] : [])),
  };
}

function parserLocal(parser: Parser, annotations: Annotations): ParserLocal {
  if (at(parser, "const")) return constantDeclaration(parser, annotations);
  if (at(parser, "value_set")) return valueSet(parser, annotations);
  if (isInstance(parser)) return instanceDeclaration(parser, annotations);
  return variableDeclaration(parser, annotations);
}

/** Reads a value set with its semicolon. */
export function valueSet(parser: Parser, annotations: Annotations): ValueSet {
  const { span: start } = take(parser);
  const { span: angle } = expect(parser, "<");
  const type = typeRef(parser);
  close(parser, "<", angle);
  const { span: opened } = expect(parser, "(");
  const capacity = expression(parser);
  close(parser, "(", opened);
  const name = nameOf(parser, "a value set");
  declare(parser, name, "value");
  semicolon(parser, `value set ${name.text}`);
  const span = spanFrom(parser, start);
  return { kind: "value set", annotations, type, capacity, name, span };
}

function state(parser: Parser, annotations: Annotations): State {
  const { span: start } = take(parser);
  const name = nameOf(parser, "a state");
  const { span: opened } = expect(parser, "{");
  const transitions: Transition[] = [];
  const statements = scoped(parser, () =>
    braced(parser, opened, (): readonly Statement[] => {
      const { span } = peek(parser);
      if (at(parser, "transition")) {
        if (transitions.length > 0) complain(parser, { code: "P333" }, { name: name.text });
        transitions.push(transition(parser, name));
        return [];
      }
      const word = found(parser);
      const read = statementOfState(parser);
      if (transitions.length > 0)
        complain(parser, { code: "P334", span }, { found: word, name: name.text });
      return [read];
    }),
  ).flat();
  const [first] = transitions;
  const span = spanFrom(parser, start);
  return {
    kind: "state",
    annotations,
    name,
    statements,
    ...(first !== undefined && { transition: first }),
    span,
  };
}

function statementOfState(parser: Parser): Statement {
  parser.inState = true;
  const read = statementOrDeclaration(parser);
  parser.inState = false;
  return read;
}

function transition(parser: Parser, inside: Name): Transition {
  const { span: start } = take(parser);
  if (at(parser, "select")) return select(parser, start);
  if (at(parser, ";")) fail(parser, { code: "P336" }, { name: inside.text, found: found(parser) });
  const target = nameOf(parser, "a state");
  semicolon(parser, "transition");
  return { kind: "goto", state: target, span: spanFrom(parser, start) };
}

function select(parser: Parser, start: Span): Transition {
  take(parser);
  const keys = selectKeys(parser);
  const { span: opened } = expect(parser, "{");
  const cases = braced(parser, opened, () => selectCase(parser));
  return { kind: "select", keys, cases, span: spanFrom(parser, start) };
}

function selectCase(parser: Parser): SelectCase {
  const { span: start } = peek(parser);
  const keys = keyset(parser);
  expect(parser, ":");
  const target = nameOf(parser, "a state");
  semicolon(parser, "the case");
  return { keyset: keys, state: target, span: spanFrom(parser, start) };
}

type ControlLocal = ControlDeclaration["locals"][number];

function controlBody(
  parser: Parser,
  opened: Span,
  name: Name,
): Pick<ControlDeclaration, "locals" | "body"> {
  const bodies: Block[] = [];
  const before = parser.diagnostics.length;
  const locals = braced(parser, opened, (): readonly ControlLocal[] => {
    const { span } = peek(parser);
    const [body] = bodies;
    const word = found(parser);
    const isApply = at(parser, "apply") && peek(parser, 1).kind === "{";
    const local = isApply ? applyBlock(parser) : controlLocal(parser);
    if (body !== undefined)
      complain(parser, { code: "P311", span }, { found: word, name: name.text });
    if (local.kind !== "block") return [local];
    bodies.push(local);
    return [];
  }).flat();
  const [body] = bodies;
  if (body !== undefined) return { locals, body };
  if (parser.diagnostics.length === before)
    complain(parser, { code: "P310", span: name.span }, { name: name.text });
  return { locals, body: { kind: "block", annotations: [], statements: [], span: name.span } };
}

function applyBlock(parser: Parser): Block {
  take(parser);
  return block(parser, "the apply block");
}

function controlLocal(parser: Parser): ControlLocal {
  const annotations = annotationList(parser);
  const kind: string = peek(parser).kind;
  switch (kind) {
    case "const":
      return constantDeclaration(parser, annotations);
    case "action":
      return actionDeclaration(parser, annotations);
    case "table":
      return tableDeclaration(parser, annotations);
    case "apply":
      noAnnotations(parser, annotations, "apply");
      fail(parser, { code: "P301" }, { expected: "{ after apply", found: found(parser) });
      return variableDeclaration(parser, annotations);
    default:
      return isInstance(parser)
        ? instanceDeclaration(parser, annotations)
        : variableDeclaration(parser, annotations);
  }
}
