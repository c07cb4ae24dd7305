/** What the grammar leaves to the parser: names of types and others, precedence, split tokens (specification 1.2.5, appendix H). */
import { expect, test } from "vitest";
import { printProgram } from "../print/program.ts";
import { analysedText, ownPrograms, soundProgram, tokensOfText } from "../testing.fixture.ts";
import { parse } from "./parse.ts";

const DECLARED = `
typedef bit<8> T;
struct S<A> { A a; }
extern E<A> { E(); A get(in A x); }
extern A twice<A>(in A x);
`;

/** What a statement is read as, printed with all its parentheses. */
const statementOf = (text: string): string => {
  const lines = printProgram(
    soundProgram(
      `${DECLARED} control C(inout bit<8> a, in bit<8> b, in bit<8> c) { apply { ${text} } }`,
    ),
  ).split("\n");
  const start = lines.findIndex((line) => line.trim() === "apply {");
  return lines
    .slice(start + 1, -3)
    .map((line) => line.trim())
    .join(" ");
};

test.each([
  ["a = b + c * a;", "a = b + c * a;"],
  ["a = (b + c) * a;", "a = (b + c) * a;"],
  ["a = b - (c - a);", "a = b - (c - a);"],
  ["a = (b - c) - a;", "a = b - c - a;"],
  ["a = b & c == a;", "a = b & c == a;"],
  ["a = (b & c) == a;", "a = b & c == a;"],
  ["a = b & (c == a);", "a = b & (c == a);"],
  ["a = b | c ^ a & b;", "a = b | c ^ a & b;"],
  ["a = b << c + a;", "a = b << c + a;"],
  ["a = (b << c) ++ a;", "a = (b << c) ++ a;"],
  ["a = b < c == (c < b);", "a = b < c == c < b;"],
  ["a = -b + ~c;", "a = -b + ~c;"],
  ["a = - -b;", "a = - -b;"],
  ["a = -(b + c);", "a = -(b + c);"],
  ["a = (-b)[3:0];", "a = (-b)[3:0];"],
  ["a = -b[3:0];", "a = -b[3:0];"],
  ["a = b[c+:4];", "a = b[c+:4];"],
  ["a = b[c + 1];", "a = b[c + 1];"],
])("I9: operators bind as in the grammar: %s", (text, expected) => {
  expect(statementOf(text)).toBe(expected);
});

test("I9: conditionals associate to the left, as the grammar's precedences have it", () => {
  expect(statementOf("a = a == 1 ? b : c == 2 ? a : b;")).toBe(
    "a = (a == 1 ? b : c == 2) ? a : b;",
  );
  expect(statementOf("a = a == 1 ? b : (c == 2 ? a : b);")).toBe(
    "a = a == 1 ? b : (c == 2 ? a : b);",
  );
});

const first = (text: string): unknown => {
  const program = soundProgram(
    `${DECLARED} control C(inout bit<8> a, in bit<8> b) { apply { a = ${text}; } }`,
  );
  const control = program.declarations.at(-1);
  const statement = control?.kind === "control" ? control.body.statements[0] : undefined;
  return statement?.kind === "assignment" ? statement.value.kind : undefined;
};

test.each([
  ["(T) b", "cast"],
  ["(T) -b", "cast"],
  ["(T) (b)", "cast"],
  ["(b) - b", "binary"],
  ["(b)", "name"],
  ["(bit<8>) b", "cast"],
  ["(int<8>).x", "cast"],
  ["(S<bit<8>>) { a = 1 }", "cast"],
  ["(T[3]) b", "cast"],
  ["(error) b", "cast"],
  ["(error.NoError == error.NoError)", "binary"],
  ["(Unknown) b", "cast"],
  ["(unknown) - b", "binary"],
  ["twice<T>(b)", "call"],
  ["twice<bit<(8 >> 1)>>(b)", "call"],
  ["a < b > (b)", "binary"],
  ["a < b", "binary"],
  ["S<T>(b)", "call"],
  ["E<bit<8>>().get(b)", "call"],
])("I9: %s is a %s", (text, kind) => {
  expect(first(text)).toBe(kind);
});

test("I9: >> closes two lists of types and shifts elsewhere", () => {
  const text = `${DECLARED}
const bit<8> a = 8 >> 1;
struct N { S<S<bit<8>>> deep; }
struct M { S<tuple<S<bit<8>>, bit<(16 >> 1)>>>[4] stacked; }
`;
  expect(printProgram(soundProgram(text))).toContain(
    "S<tuple<S<bit<8>>, bit<(16 >> 1)>>>[4] stacked;",
  );
});

test("I9: a local name hides a type, and only in its scope", () => {
  const text = `
struct T { bit<8> a; }
control C(inout bit<8> x) {
    action one(bit<8> T) { x = (T) - x; }
    action two() { T v; x = (T) -x; }
    apply {}
}`;
  const control = soundProgram(text).declarations[1];
  const kinds = (control?.kind === "control" ? control.locals : []).flatMap((local) =>
    local.kind === "action"
      ? local.body.statements.flatMap((each) =>
          each.kind === "assignment" ? [each.value.kind] : [],
        )
      : [],
  );
  expect(kinds).toEqual(["binary", "cast"]);
});

test("I9: words that only mean something in their place are names elsewhere", () => {
  const text = `
struct s {
    bit<8> apply; bit<8> key; bit<8> actions; bit<8> state; bit<8> entries; bit<8> type; bit<8> priority; bit<8> list;
}
control C(inout s state, in bit<8> type) {
    action actions() {}
    table key { actions = { actions; } priority = 3; }
    apply { state.key = type + state.priority; key.apply(); actions(); }
}`;
  expect(() => soundProgram(text)).not.toThrow();
});

test("I9: annotations in all their forms keep what they say", () => {
  const text = `@bare @tokens(a (b) , "c" 3 += ;) @values[1, "x"] @named[a = 1, b = "c"]
@pragma stage 3
header h { @default bit<8> a; }`;
  const printed = printProgram(soundProgram(text));
  expect(printed)
    .toBe(`@bare @tokens(a ( b ) , "c" 3 += ;) @values[1, "x"] @named[a = 1, b = "c"] @pragma stage 3
header h {
    @default bit<8> a;
}
`);
});

test.each(ownPrograms)("I9: $name is read without a word", ({ text }) => {
  expect(analysedText(text).diagnostics).toEqual([]);
});

test("I9: several errors come out of one run, and what is right between them is read", () => {
  const { program, diagnostics } = parse(
    tokensOfText(`
header a { bit<8> x }
header b { bit<8> x; }
control C() { apply { x = ; y = 1; z + ; } }
struct d { 7 x; bit<8> y; }
const bit<8> e = 1;`).tokens,
  );
  expect(diagnostics.map(({ code }) => code)).toEqual(["P302", "P305", "P305", "P306"]);
  const names = program.declarations.map((each) => ("name" in each ? each.name.text : ""));
  expect(names).toEqual(["a", "b", "C", "d", "e"]);
});

test("I9: numbers of all bases, with and without widths (section 6.4.3.2)", () => {
  const values = [
    "32w255",
    "32w0xFF",
    "32s0xFF",
    "8w0b10101010",
    "8w0b_1010_1010",
    "8s0b1010_1010",
    "16w0377",
    "16w0o377",
    "0d17",
    "0X1f",
    "0",
    "340282366920938463463374607431768211455",
  ];
  const numbers = values.map((text) => {
    const constant = soundProgram(`const int a = ${text};`).declarations[0];
    const value = constant?.kind === "constant" ? constant.value : undefined;
    return value?.kind === "integer" ? [value.value, value.width, value.isSigned] : [];
  });
  expect(numbers).toEqual([
    [255n, 32, false],
    [255n, 32, false],
    [255n, 32, true],
    [170n, 8, false],
    [170n, 8, false],
    [170n, 8, true],
    [377n, 16, false],
    [255n, 16, false],
    [17n, undefined, false],
    [31n, undefined, false],
    [0n, undefined, false],
    [(1n << 128n) - 1n, undefined, false],
  ]);
});
