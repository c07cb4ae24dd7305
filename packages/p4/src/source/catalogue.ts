/**
 * Every diagnostic of the front end: a code that stays, a severity, a message and a hint with placeholders in braces. Codes: 1xx
 * preprocessor, 2xx lexical, 3xx syntax, 4xx rules that need no types, 5xx and 6xx types, 7xx warnings, 9xx limits. Sections are those of the P4-16 specification 1.2.5.
 */
import { typeCatalogue } from "./catalogue-types.ts";
import { warningCatalogue } from "./catalogue-warnings.ts";

type Entry = {
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly hint?: string;
  /** Of a warning: what `@noWarn` silences it by. */
  readonly kind?: string;
};

/** The diagnostics by code. */
export const catalogue = {
  // Preprocessing (section 6.2).
  P101: {
    severity: "error",
    message: "cannot find {name}",
    hint: "Looked in {places}. Name the folder that has it with -I.",
  },
  P102: {
    severity: "error",
    message: "expected a file name after #include, found {found}",
    hint: 'Write #include <core.p4> or #include "headers.p4".',
  },
  P103: {
    severity: "error",
    message: "files include each other more than {limit} deep",
    hint: "Guard each file with #ifndef, or begin it with #pragma once.",
  },
  P104: { severity: "error", message: "unknown directive #{name}", hint: "Known are {known}." },
  P105: { severity: "error", message: "expected a name after #{directive}, found {found}" },
  P106: {
    severity: "warning",
    message: "macro {name} is defined again with another text",
    hint: "Write #undef {name} first when that is meant.",
  },
  P107: { severity: "error", message: "#{directive} without #if" },
  P108: { severity: "error", message: "#{directive} after #else" },
  P109: { severity: "error", message: "#{directive} without #endif" },
  P110: { severity: "error", message: "#error: {text}" },
  P111: { severity: "warning", message: "#warning: {text}" },
  P112: {
    severity: "error",
    message: "macro {name} takes {expected}, found {found}",
  },
  P113: {
    severity: "error",
    message: "the arguments of macro {name} have no closing parenthesis",
  },
  P114: {
    severity: "error",
    message: "expected {expected} in the condition, found {found}",
    hint: "Conditions are made of whole numbers, defined(NAME), macros and C's operators.",
  },
  P115: { severity: "error", message: "the condition divides by zero" },
  P116: {
    severity: "error",
    message: "expected a line number after #line, found {found}",
    hint: 'Write #line 12 or #line 12 "file.p4".',
  },
  P117: { severity: "warning", message: "{found} after #{directive} has no meaning" },
  P118: {
    severity: "error",
    message: "expected {expected} among the parameters of macro {name}, found {found}",
  },
  P119: {
    severity: "error",
    message: "# in macro {name} does not stand before a parameter",
  },
  P120: { severity: "error", message: "## in macro {name} does not stand between two tokens" },
  P121: { severity: "error", message: "{left} ## {right} is not one token" },
  P122: { severity: "error", message: "{name} can be neither defined nor undefined" },
  P123: {
    severity: "error",
    message: "cannot read {name}",
    hint: "Name a P4 program that can be read.",
  },

  // Lexical constructs (section 6.4).
  P201: {
    severity: "error",
    message: "{text} is no part of a P4 program",
    hint: "Outside of comments and strings only ASCII letters, digits and operators may stand.",
  },
  P202: {
    severity: "error",
    message: "the string has no closing quote",
    hint: 'A quote inside of a string is written \\".',
  },
  P203: { severity: "error", message: "the comment has no end", hint: "Close it with */." },
  P204: {
    severity: "error",
    message: "{text} is not a number: {why}",
    hint: "Numbers are such as 255, 0xFF, 8w0b1111_0000 or 16s5.",
  },

  // Syntax (appendix H).
  P301: { severity: "error", message: "expected {expected}, found {found}" },
  P302: { severity: "error", message: "expected ; after {what}, found {found}" },
  P303: { severity: "error", message: "{opener} is not closed: expected {closer}, found {found}" },
  P304: { severity: "error", message: "expected a declaration, found {found}" },
  P305: { severity: "error", message: "expected an expression, found {found}" },
  P306: { severity: "error", message: "expected a type, found {found}" },
  P307: { severity: "error", message: "expected a statement, found {found}" },
  P309: {
    severity: "error",
    message: "{found} is a keyword and cannot be the name of {what}",
    hint: "Choose another name.",
  },
  P310: {
    severity: "error",
    message: "control {name} has no apply block",
    hint: "End it with an apply block, which may be empty.",
  },
  P311: {
    severity: "error",
    message: "{found} after the apply block of control {name}",
    hint: "The apply block is the last part of a control; declare everything before it.",
  },
  P312: {
    severity: "error",
    message: "parser {name} has no states",
    hint: "A parser begins in the state start.",
  },
  P313: {
    severity: "error",
    message: "{found} after the first state of parser {name}",
    hint: "Declare everything before the states.",
  },
  P314: { severity: "error", message: "table {name} has {property} twice" },
  P315: {
    severity: "error",
    message: "table {name} has no properties",
    hint: "A table has at least actions.",
  },
  P316: {
    severity: "error",
    message: "the key has no match kind: expected :, found {found}",
    hint: "Write such as hdr.ipv4.dst: lpm.",
  },
  P318: {
    severity: "error",
    message: "instance {name} is declared in a block",
    hint: "Declare it at the top level, or in a parser or control before its states or apply block.",
  },
  P319: { severity: "error", message: "the annotation's {opener} is not closed" },
  P320: {
    severity: "error",
    message: "a list has either names for all its values or for none",
  },
  P321: {
    severity: "error",
    message: "... is not the last of its list",
    hint: "It stands for all that is not given, so it ends the list.",
  },
  P322: {
    severity: "error",
    message: "variable {name} is declared at the top level",
    hint: "Declare it in a parser, control or block; at the top level only constants may stand.",
  },
  P323: {
    severity: "error",
    message: "constant {name} has no value",
    hint: "Write = and a value.",
  },
  P324: {
    severity: "error",
    message: "{what} cannot be assigned to",
    hint: "Left of an assignment stands a variable, a field, an element or a slice.",
  },
  P325: {
    severity: "error",
    message: "{what} is not a statement",
    hint: "Assign it to something, or call something.",
  },
  P326: {
    severity: "error",
    message: "expected a condition's end, found =",
    hint: "Equality is written ==.",
  },
  P327: { severity: "error", message: "{kind} {name} has no members" },
  P328: {
    severity: "error",
    message: "{found} is a word of P4-14",
    hint: "Only P4-16 is read.",
  },
  P329: {
    severity: "error",
    message: "a comma is not allowed at the end of {what}",
  },
  P330: {
    severity: "error",
    message: "else without if",
  },
  P331: {
    severity: "error",
    message: "{what} cannot be the label of a switch",
  },
  P332: {
    severity: "error",
    message: "{word} takes no annotations",
  },
  P333: {
    severity: "error",
    message: "a second transition in state {name}",
    hint: "A state ends with one transition.",
  },
  P334: {
    severity: "error",
    message: "{found} after the transition of state {name}",
    hint: "A state ends with its transition.",
  },
  P335: {
    severity: "error",
    message: "{word} cannot stand in a parser state",
  },
  P336: {
    severity: "error",
    message: "state {name} has no transition's target: expected a state or select, found {found}",
  },
  P337: {
    severity: "error",
    message: "the body of {name} is missing: expected {expected}, found {found}",
  },
  P338: {
    severity: "error",
    message: "the case has no block and nothing to fall through to",
    hint: "Give the last case of a switch a block in braces.",
  },
  P339: {
    severity: "error",
    message: "member {name} has a value, but its enum has no type",
    hint: "Write such as enum bit<8> in front of the enum's name.",
  },
  P340: {
    severity: "error",
    message: "member {name} has no value, but its enum has a type",
    hint: "Write = and a value.",
  },
  P341: {
    severity: "error",
    message: "expected a number as the width, found {found}",
    hint: "Anything but a number stands in parentheses, such as bit<(N + 1)>.",
  },

  // Rules that need no types.
  P401: { severity: "error", message: "{what} {name} is declared twice" },
  P402: {
    severity: "error",
    message: "{word} outside of a loop",
    hint: "It stands in the body of a for statement.",
  },
  P403: {
    severity: "error",
    message: "exit in {what}",
    hint: "Only actions and controls may exit.",
  },
  P404: { severity: "error", message: "{what} returns no value" },
  P405: { severity: "error", message: "{what} must return a value" },
  P406: {
    severity: "error",
    message: "parameter {name} of {what} has the direction {direction}",
    hint: "Its argument is known when the program is compiled, so it has none.",
  },
  P407: {
    severity: "error",
    message: "{direction} parameter {name} has a default value",
    hint: "Only parameters that are read may have one: in, or without a direction.",
  },
  P408: {
    severity: "error",
    message: "optional parameter {name} has a default value",
    hint: "Leave out @optional, or the value.",
  },
  P409: {
    severity: "error",
    message: "parameter {name} has a direction and stands behind one that has none",
    hint: "Parameters that the control plane fills come last.",
  },
  P410: {
    severity: "error",
    message: "method {name} of {owner} has no result type",
    hint: "Only the constructor has none, and it is named {owner}.",
  },
  P411: { severity: "error", message: "constructor {name} is abstract" },
  P412: {
    severity: "error",
    message: "state {name} is declared",
    hint: "Every parser has it already.",
  },
  P413: {
    severity: "error",
    message: "parser {name} has no state start",
    hint: "Parsers begin there.",
  },
  P414: {
    severity: "error",
    message: "table {name} has no actions",
    hint: "Write actions and the list of what the table may run.",
  },
  P415: { severity: "error", message: "table {name} has entries but no key" },

  // Limits, which keep hostile input from costing much.
  P901: {
    severity: "error",
    message: "nested more than {limit} deep",
    hint: "Split it: name parts of it as constants, functions or actions.",
  },
  P902: { severity: "error", message: "macros and includes make more than {limit} tokens" },
  P903: { severity: "error", message: "more than {limit} errors; the rest is not told" },
  P904: { severity: "error", message: "more than {limit} instances" },
  P905: { severity: "error", message: "a type of more than {limit} parts" },
  ...typeCatalogue,
  ...warningCatalogue,
} as const satisfies { readonly [code: string]: Entry };

/** The kind of a warning, by which it is silenced; undefined for errors, and for codes of other catalogues. */
export function kindOf(code: string): string | undefined {
  const entries: { readonly [code: string]: Entry } = catalogue;
  return entries[code]?.kind;
}

/** The code of a diagnostic. */
export type Code = keyof typeof catalogue;

type Placeholder<Text> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;

type HintOf<C extends Code> = (typeof catalogue)[C] extends { readonly hint: infer Hint }
  ? Hint
  : never;

/** What fills the placeholders of a code's message and hint. */
export type Fields<C extends Code> = {
  readonly [Name in Placeholder<(typeof catalogue)[C]["message"]> | Placeholder<HintOf<C>>]: string;
};
