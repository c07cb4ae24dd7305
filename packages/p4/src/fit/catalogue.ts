/** Every way in which a program may not fit its target: a code that stays, what was found, what the target gives, and what to do. */
import type { Construct, Limit } from "./profile.ts";

/** A message and a hint with placeholders in braces; `{found}` is what the program has, `{given}` what the target has. */
export type Entry = { readonly code: string; readonly message: string; readonly hint: string };

/** What is not one limit or one construct. */
export const GENERAL = {
  architecture: {
    code: "F101",
    message: "the program is for {found}, {target} runs {given}",
    hint: "Write the program for an architecture that the target has, or choose another target.",
  },
  extern: {
    code: "F102",
    message: "{target} has no extern {found}",
    hint: "Do without it, or choose another target: {target} has {given}.",
  },
  matchKind: {
    code: "F103",
    message: "{target} has no keys of kind {found}",
    hint: "Use one of {given}, or choose another target.",
  },
} as const satisfies { readonly [name: string]: Entry };

/** Limits that are exceeded. */
export const LIMIT_ENTRIES: { readonly [L in Limit]: Entry } = {
  exactKeyBits: {
    code: "F201",
    message: "the key of {name} has {found} bits, {target} matches {given} exactly",
    hint: "Match fewer fields, or a hash of them.",
  },
  lpmKeyBits: {
    code: "F202",
    message: "the key of {name} has {found} bits, {target} finds prefixes in {given}",
    hint: "Match fewer fields, or look part of them up before.",
  },
  ternaryKeyBits: {
    code: "F203",
    message: "the key of {name} has {found} bits, {target} matches {given} under masks",
    hint: "Match fewer fields, or look part of them up exactly before.",
  },
  exactEntries: {
    code: "F204",
    message: "{name} holds {found} entries, {target} {given} that match exactly",
    hint: "State a smaller size, or split the table.",
  },
  lpmEntries: {
    code: "F205",
    message: "{name} holds {found} entries, {target} {given} prefixes",
    hint: "State a smaller size, or split the table.",
  },
  ternaryEntries: {
    code: "F206",
    message: "{name} holds {found} entries, {target} {given} under masks",
    hint: "State a smaller size, or match exactly where that is enough.",
  },
  tables: {
    code: "F207",
    message: "the program has {found} tables, {target} {given}",
    hint: "Join tables with the same key, or leave some out.",
  },
  dependentTables: {
    code: "F208",
    message: "{found} tables of {name} wait for each other, {target} has {given} stages",
    hint: "Make keys and conditions independent of what tables before them write.",
  },
  parserStates: {
    code: "F209",
    message: "parser {name} has {found} states, {target} {given}",
    hint: "Extract headers that always follow each other in one state.",
  },
  headerBytes: {
    code: "F210",
    message: "parser {name} extracts up to {found} bytes, {target} {given}",
    hint: "Extract fewer headers, or smaller stacks.",
  },
  fieldBits: {
    code: "F211",
    message: "field {name} has {found} bits, {target} takes {given}",
    hint: "Split the field into several.",
  },
  arithmeticBits: {
    code: "F212",
    message: "{name} is worked out in {found} bits, {target} has {given}",
    hint: "Split the numbers into parts.",
  },
  digestBytes: {
    code: "F213",
    message: "a digest of {found} bytes, {target} sends {given}",
    hint: "Send fewer fields.",
  },
};

const INSTEAD = "Do without, or choose another target.";

const lacks = (code: string, what: string, hint: string = INSTEAD): Entry => ({
  code,
  message: `{target} has no ${what}: {found}`,
  hint,
});

/** Constructs that are missing. */
export const CONSTRUCT_ENTRIES: { readonly [C in Construct]: Entry } = {
  varbit: lacks(
    "F301",
    "fields of variable length",
    "Extract what follows in a state for each length.",
  ),
  headerUnions: lacks(
    "F302",
    "header unions",
    "Use a header for each alternative, of which one is valid.",
  ),
  headerStacks: lacks("F303", "header stacks", "Use a header for each element."),
  pushAndPop: lacks("F304", "pushing to and popping from stacks", "Copy elements one by one."),
  valueSets: lacks(
    "F305",
    "value sets",
    "Write the values into the select, or look them up in a table.",
  ),
  subParsers: lacks("F306", "parsers within parsers", "Write their states into the parser around."),
  parserLoops: lacks("F307", "loops of parser states", "Write the states once for each header."),
  loops: lacks("F308", "loops", "Write the body once for each turn."),
  multiplication: lacks(
    "F309",
    "multiplication of values that are not known when the program is compiled",
    "Multiply by powers of two, or look products up in a table.",
  ),
  division: lacks("F310", "division", "Shift instead, or look quotients up in a table."),
  variableShifts: lacks(
    "F311",
    "shifts by an amount that is not known when the program is compiled",
    "Choose among constant shifts with a table.",
  ),
  signedIntegers: lacks("F312", "numbers with a sign", "Use bit<W> and compare the highest bit."),
  conditionalOperator: lacks("F313", "operator ?:", "Write an if."),
  recirculation: lacks("F314", "recirculation"),
  resubmission: lacks("F315", "resubmission"),
  cloning: lacks("F316", "cloning of packets"),
  digests: lacks("F317", "digests", "Send the packet to the controller instead."),
  idleTimeout: lacks(
    "F318",
    "entries that tell when they are idle",
    "Let the control plane read counters of the entries.",
  ),
  addOnMiss: lacks(
    "F319",
    "tables that add entries to themselves",
    "Let the control plane add them.",
  ),
};
