/** Tables: keys, actions, entries and other properties (section 14.2). */
import type { Annotation, Expression, Keyset } from "../syntax/ast.ts";
import type { ActionRef, Entry, KeyElement, Table, TableProperty } from "../syntax/ast-program.ts";
import { isCast, isKeysetTuple } from "./ahead.ts";
import { annotationList, noAnnotations } from "./annotations.ts";
import { argumentList, expression } from "./expressions.ts";
import { braced, close, commaList } from "./lists.ts";
import { literal } from "./literals.ts";
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
  semicolon,
  spanFrom,
  take,
} from "./state.ts";

type Annotations = readonly Annotation[];

/** Reads a table. */
export function tableDeclaration(parser: Parser, annotations: Annotations): Table {
  const { span: start } = take(parser);
  const name = nameOf(parser, "a table");
  declare(parser, name, "value");
  const { span: opened } = expect(parser, "{");
  const before = parser.diagnostics.length;
  const properties = braced(parser, opened, () => property(parser));
  if (properties.length === 0 && parser.diagnostics.length === before)
    complain(parser, { code: "P315", span: name.span }, { name: name.text });
  const seen = new Map<string, TableProperty>();
  for (const each of properties) {
    const word = each.kind === "property" ? each.name.text : each.kind;
    const earlier = seen.get(word);
    const related =
      earlier === undefined ? [] : [{ message: "given here first", span: earlier.span }];
    if (earlier !== undefined)
      complain(
        parser,
        { code: "P314", span: each.span, related },
        { name: name.text, property: word },
      );
    seen.set(word, each);
  }
  return { kind: "table", annotations, name, properties, span: spanFrom(parser, start) };
}

function property(parser: Parser): TableProperty {
  const annotations = annotationList(parser);
  const { span: start } = peek(parser);
  const isConst = accept(parser, "const");
  const { kind } = peek(parser);
  if (kind === "key" || kind === "actions") {
    noAnnotations(parser, annotations, kind);
    if (isConst) fail(parser, { code: "P301", span: start }, { expected: kind, found: "const" });
    return kind === "key" ? keyProperty(parser) : actionsProperty(parser);
  }
  if (kind === "entries") return entriesProperty(parser, { annotations, isConst, start });
  const name = nameOf(parser, "a property");
  expect(parser, "=");
  const value = expression(parser);
  semicolon(parser, `property ${name.text}`);
  return { kind: "property", annotations, isConst, name, value, span: spanFrom(parser, start) };
}

/** Reads `= { items }` behind a property's word. */
function listProperty<T>(parser: Parser, item: () => T): readonly T[] {
  take(parser);
  expect(parser, "=");
  const { span: opened } = expect(parser, "{");
  return braced(parser, opened, item);
}

function keyProperty(parser: Parser): TableProperty {
  const { span: start } = peek(parser);
  const elements = listProperty(parser, () => keyElement(parser));
  return { kind: "key", elements, span: spanFrom(parser, start) };
}

function keyElement(parser: Parser): KeyElement {
  const { span: start } = peek(parser);
  const read = expression(parser);
  if (!at(parser, ":")) fail(parser, { code: "P316" }, { found: found(parser) });
  take(parser);
  const matchKind = nameOf(parser, "a match kind");
  const annotations = annotationList(parser);
  semicolon(parser, "the key");
  return { expression: read, matchKind, annotations, span: spanFrom(parser, start) };
}

function actionsProperty(parser: Parser): TableProperty {
  const { span: start } = peek(parser);
  const actions = listProperty(parser, () => {
    const annotations = annotationList(parser);
    const action = actionRef(parser);
    semicolon(parser, `action ${action.name.text}`);
    return { annotations, action };
  });
  return { kind: "actions", actions, span: spanFrom(parser, start) };
}

function actionRef(parser: Parser): ActionRef {
  const { span: start } = peek(parser);
  const isGlobal = accept(parser, ".");
  const name = nameOf(parser, "an action");
  const list = at(parser, "(") ? argumentList(parser) : undefined;
  const span = spanFrom(parser, start);
  return { isGlobal, name, ...(list !== undefined && { arguments: list }), span };
}

type Head = {
  readonly annotations: Annotations;
  readonly isConst: boolean;
  readonly start: Table["span"];
};

function entriesProperty(parser: Parser, { annotations, isConst, start }: Head): TableProperty {
  const entries = listProperty(parser, () => entry(parser));
  return { kind: "entries", annotations, isConst, entries, span: spanFrom(parser, start) };
}

function entry(parser: Parser): Entry {
  const { span: start } = peek(parser);
  const isConst = accept(parser, "const");
  const priority = priorityOf(parser);
  const keys = keyset(parser);
  expect(parser, ":");
  const action = actionRef(parser);
  const annotations = annotationList(parser);
  semicolon(parser, "the entry");
  return {
    isConst,
    ...(priority !== undefined && { priority }),
    keyset: keys,
    action,
    annotations,
    span: spanFrom(parser, start),
  };
}

/** `priority = 10:` or `priority = (N + 1):` in front of an entry. */
function priorityOf(parser: Parser): Expression | undefined {
  if (!at(parser, "priority") || peek(parser, 1).kind !== "=") return undefined;
  take(parser);
  take(parser);
  const token = peek(parser);
  if (token.kind !== "integer" && token.kind !== "(") {
    const expected = "a number, or an expression in parentheses, as the priority";
    fail(parser, { code: "P301" }, { expected, found: found(parser) });
  }
  const value = token.kind === "integer" ? literal(parser, token) : expression(parser);
  expect(parser, ":");
  return value;
}

/** Reads what keys are matched against, in entries and select cases. */
export function keyset(parser: Parser): Keyset {
  const { span: start } = peek(parser);
  if (!at(parser, "(") || isCast(parser) || !isKeysetTuple(parser)) return simpleKeyset(parser);
  const { span: opened } = take(parser);
  const item = (): Keyset => simpleKeyset(parser);
  const elements = commaList(parser, { opener: "(", opened, strict: "a tuple of keys", item });
  return { kind: "keyset tuple", elements, span: spanFrom(parser, start) };
}

function simpleKeyset(parser: Parser): Keyset {
  const { span: start } = peek(parser);
  if (accept(parser, "default")) return { kind: "default", span: start };
  if (accept(parser, "_")) return { kind: "any", span: start };
  const first = expression(parser);
  if (accept(parser, "&&&")) {
    const mask = expression(parser);
    return { kind: "mask", value: first, mask, span: spanFrom(parser, start) };
  }
  if (!accept(parser, "..")) return first;
  const last = expression(parser);
  return { kind: "range", first, last, span: spanFrom(parser, start) };
}

/** Reads expressions in parentheses, as those that are selected by. */
export function selectKeys(parser: Parser): readonly Expression[] {
  const { span: opened } = expect(parser, "(");
  const item = (): Expression => expression(parser);
  if (at(parser, ")")) {
    close(parser, "(", opened);
    return [];
  }
  return commaList(parser, { opener: "(", opened, strict: "the keys of a select", item });
}
