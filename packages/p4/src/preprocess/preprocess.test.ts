/** The preprocessor: what comes out, and where it says that it comes from (section 6.2). */
import { expect, test } from "vitest";
import { placeOf } from "../source/file.ts";
import { ownPrograms, textSources, tokensOfText } from "../testing.fixture.ts";
import { preprocess } from "./preprocess.ts";
import { preprocessedText } from "./text.ts";

const outOf = (text: string, defines: readonly string[] = []): string => {
  const { tokens, diagnostics } = tokensOfText(text, defines);
  expect(diagnostics).toEqual([]);
  return tokens
    .slice(0, -1)
    .map((token) => token.text)
    .join(" ");
};

test.each([
  ["object", "#define A 1 + 2\nA A", "1 + 2 1 + 2"],
  ["empty", "#define A\nx A y", "x y"],
  ["undefined again", "#define A 1\nA\n#undef A\nA", "1 A"],
  ["arguments", "#define F(x, y) (x) + (y)\nF(1, g(2, 3))", "( 1 ) + ( g ( 2 , 3 ) )"],
  ["no arguments", "#define F() 1\nF() F", "1 F"],
  ["a name without arguments stays", "#define F(x) x\nF + F(1)", "F + 1"],
  ["a parenthesis that is not close is text", "#define F (x)\nF", "( x )"],
  ["nested", "#define A B\n#define B C\n#define C 3\nA", "3"],
  ["itself", "#define f f + 1\nf", "f + 1"],
  ["each other", "#define A B\n#define B A\nA B", "A B"],
  ["arguments expanded first", "#define F(x) x x\n#define A 1\nF(A)", "1 1"],
  ["stringising", '#define S(x) #x\nS(a + "b")', String.raw`"a + \"b\""`],
  ["stringising does not expand", "#define S(x) #x\n#define A 1\nS(A)", '"A"'],
  ["stringising through another", "#define S(x) #x\n#define T(x) S(x)\n#define A 1\nT(A)", '"1"'],
  ["pasting", "#define P(a, b) a ## b ## _t\nP(ip, v4)", "ipv4_t"],
  ["pasting nothing", "#define P(a, b) a ## b\nP(, x) P(x, )", "x x"],
  ["variadic", "#define V(f, ...) f(__VA_ARGS__)\nV(g, 1, 2) V(h)", "g ( 1 , 2 ) h ( )"],
  ["over lines", "#define F(x, y) x y\nF(1,\n  2)", "1 2"],
  ["a continued line", "#define A 1 \\\n + 2\nA", "1 + 2"],
  ["a word over two lines", "ab\\\ncd", "abcd"],
  ["if", "#if 1 + 1 == 2 && !0\na\n#else\nb\n#endif", "a"],
  ["elif", "#if 0\na\n#elif 1\nb\n#elif 1\nc\n#else\nd\n#endif", "b"],
  ["else", "#ifdef A\na\n#else\nb\n#endif", "b"],
  ["nested ifs", "#if 0\n#if 1\na\n#else\nb\n#endif\nc\n#else\nd\n#endif", "d"],
  ["defined", "#define A\n#if defined A && defined(A) && !defined B\na\n#endif", "a"],
  ["macros in conditions", "#define V 20200408\n#if V >= 20200408\na\n#endif", "a"],
  ["octal and hexadecimal", "#if 010 == 8 && 0x1F == 31 && 5L == 5u\na\n#endif", "a"],
  ["names are 0", "#if UNKNOWN\na\n#endif\nb", "b"],
  ["conditional", "#if 0 ? 1 : 2\na\n#endif", "a"],
  ["negative numbers", "#if -1 < 0 && (~0 == -1)\na\n#endif", "a"],
  ["what is left out may be anything", "#if 0\nit's \" open /* #endif */ '\n#endif\nb", "b"],
  ["comments between", "#define /* a */ A /* b */ 1 // c\nA/**/B", "1 B"],
  ["a lone hash", "#\na", "a"],
  ["other pragmas are left out", "#pragma omp parallel\na", "a"],
  ["the line and the file", "\n__LINE__ __FILE__", '2 "program.p4"'],
  ["a mark at the beginning", "\uFEFFa", "a"],
  ["Windows' lines", "#define A 1\r\n#if A\r\na\r\n#endif\r\n", "a"],
])("I9: %s", (_, text, expected) => {
  expect(outOf(text)).toBe(expected);
});

test("I9: -D defines names and texts", () => {
  expect(outOf("A B C", ["A", "B=2 + 3", "C="])).toBe("1 2 + 3");
});

test("I9: files are looked for beside the file, in the folders, and in the architectures", () => {
  const sources = textSources({
    "a/main.p4": '#include "own.p4"\n#include <shared.p4>\n#include "deep/one.p4"\n',
    "a/own.p4": "own",
    "own.p4": "wrong",
    "lib/shared.p4": "shared",
    "a/deep/one.p4": '#include "two.p4"\n#include "../own.p4"\n',
    "a/deep/two.p4": "two",
  });
  const { tokens, files, diagnostics } = preprocess("a/main.p4", { sources, folders: ["lib"] });
  expect(diagnostics).toEqual([]);
  expect(tokens.map(({ text }) => text).join(" ")).toBe("own shared two own ");
  expect(files.map(({ name }) => name)).toEqual([
    "a/main.p4",
    "a/own.p4",
    "lib/shared.p4",
    "a/deep/one.p4",
    "a/deep/two.p4",
    "a/own.p4",
  ]);
});

test("I9: a file with #pragma once, or with guards, is read once; a macro may name the file", () => {
  const sources = textSources({
    "main.p4":
      '#define FILE "one.p4"\n#include FILE\n#include FILE\n#include <two.p4>\n#include <two.p4>\n',
    "one.p4": "#pragma once\none",
    "two.p4": "#ifndef TWO\n#define TWO\ntwo\n#endif",
  });
  const { tokens } = preprocess("main.p4", { sources, folders: ["."] });
  expect(tokens.map(({ text }) => text).join(" ")).toBe("one two ");
});

test("I9: a file of the user's own goes before that of an architecture", () => {
  const sources = textSources({ "main.p4": "#include <core.p4>\n", "mine/core.p4": "mine" });
  const { tokens } = preprocess("main.p4", { sources, folders: ["mine"] });
  expect(tokens[0]?.text).toBe("mine");
});

test("P123: a program that cannot be read is told", () => {
  const { diagnostics } = preprocess("gone.p4", { sources: textSources({}) });
  expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
    ["P123", "cannot read gone.p4"],
  ]);
});

const placesOf = (text: string): readonly string[] =>
  tokensOfText(text)
    .tokens.slice(0, -1)
    .map(({ text: spelled, span }) => {
      const { line, column } = placeOf(span.file, span.start);
      return `${spelled} ${span.file.name}:${line}:${column}`;
    });

test.each(ownPrograms)(
  "I9: $name as text is read as the same tree, at the same places",
  ({ text }) => {
    const { tokens } = tokensOfText(text);
    const again = tokensOfText(preprocessedText(tokens)).tokens;
    const told = (list: typeof tokens): readonly string[] =>
      list.map((token) => {
        const { line } = placeOf(token.span.file, token.span.start);
        return token.kind === "end" ? "end" : `${token.text} ${token.span.file.name}:${line}`;
      });
    expect(told(again)).toEqual(told(tokens));
  },
);

test("I9: tokens that a macro puts together stay two", () => {
  const { tokens } = tokensOfText("#define F(x) +x -x a##x\nF(+)F(b) F(-)");
  const texts = tokens.map(({ text }) => text);
  const again = tokensOfText(preprocessedText(tokens)).tokens;
  expect(again.map(({ text }) => text)).toEqual(texts);
});

test("I9: positions survive conditions, continued lines and #line", () => {
  expect(placesOf('a\n#if 0\nb\n#endif\n  c\\\n  d\n#line 100 "other.p4"\ne\n f\n# 7\ng')).toEqual([
    "a program.p4:1:1",
    "c program.p4:5:3",
    "d program.p4:6:3",
    "e other.p4:100:1",
    "f other.p4:101:2",
    "g other.p4:7:1",
  ]);
});

test("I9: what a macro writes stands where the macro is used, its arguments where they are written", () => {
  expect(placesOf("#define F(x) (x + 1)\n  F(a)")).toEqual([
    "( program.p4:2:3",
    "a program.p4:2:5",
    "+ program.p4:2:3",
    "1 program.p4:2:3",
    ") program.p4:2:3",
  ]);
});
