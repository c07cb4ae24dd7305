/** The formatter: what it does to programs, and what it leaves. */
import { expect, test } from "vitest";
import { allPrograms } from "../testing.fixture.ts";
import { format } from "./format.ts";

const formatted = (text: string): string => {
  const result = format({ name: "program.p4", text });
  return result.ok ? result.value : result.error.map(({ code }) => code).join(" ");
};

test.each(allPrograms)("I9: $name is formatted as it is written", ({ text }) => {
  expect(formatted(text)).toBe(text);
});

test.each([
  [
    "indentation",
    "header h{\nbit<8> a;\n  bit < 16 >b;\n}",
    "header h {\n    bit<8> a;\n    bit<16> b;\n}\n",
  ],
  ["a brace on its own line", "control C()\n{\napply{}\n}", "control C() {\n    apply {}\n}\n"],
  [
    "else on its own line",
    "void f() {\nif (a) {\nb();\n}\nelse {\nc();\n}\n}",
    "void f() {\n    if (a) {\n        b();\n    } else {\n        c();\n    }\n}\n",
  ],
  [
    "statements on one line",
    "void f() { a = 1; if (b) { c(); } }",
    "void f() {\n    a = 1;\n    if (b) { c(); }\n}\n",
  ],
  ["a short group stays", "actions = { a; b; }", "actions = { a; b; }\n"],
  ["operators", "x=a+b*-c<<2|~d&&!e==f?g:h;", "x = a + b * -c << 2 | ~d && !e == f ? g : h;\n"],
  ["slices and members", "a [ 3 : 0 ]=b . c [ 1 ] . d;", "a[3:0] = b.c[1].d;\n"],
  ["part selects", "a[b+:4] = c;", "a[b+:4] = c;\n"],
  ["calls with types", "r.read<bit<8>>( x ,y );", "r.read<bit<8>>(x, y);\n"],
  ["comparisons", "a = b < c && d > e;", "a = b < c && d > e;\n"],
  [
    "casts keep their space or its absence",
    "a = (bit<8>)b + (bit<8>) c;",
    "a = (bit<8>) b + (bit<8>) c;\n",
  ],
  ["more than one empty line", "a;\n\n\n\nb;", "a;\n\nb;\n"],
  [
    "comments",
    "a; // one\n/* two */ b;\n   // three\nc;",
    "a; // one\n/* two */ b;\n// three\nc;\n",
  ],
  [
    "comments of several lines",
    "struct s {\n/**\n* a\n*/\nbit<8> a;\n}",
    "struct s {\n    /**\n     * a\n     */\n    bit<8> a;\n}\n",
  ],
  [
    "lines of the preprocessor",
    "struct s {\n  #if A \\\n   && B\n bit<8> a;\n#endif\n}",
    "struct s {\n#if A \\\n   && B\n    bit<8> a;\n#endif\n}\n",
  ],
  ["arguments over several lines", "f(a,\nb,\n  g(\nc));", "f(a,\n    b,\n    g(\n        c));\n"],
  ["a line that goes on", "a = b +\nc;", "a = b +\n    c;\n"],
  ["annotations on their own line", '@name("x")\ntable t {}', '@name("x")\ntable t {}\n'],
  ["keysets", "(1,2&&&3,_):accept;\n4..5:reject;", "(1, 2 &&& 3, _): accept;\n4 .. 5: reject;\n"],
  ["entries", "const entries={1:a();2:b();}", "const entries = { 1: a(); 2: b(); }\n"],
  [
    "a head of several lines",
    "control C(\nin bit<8> a,\nin bit<8> b) {\napply {}\n}",
    "control C(\n    in bit<8> a,\n    in bit<8> b) {\n    apply {}\n}\n",
  ],
  ["nothing", "", ""],
  ["only a comment", "// a", "// a\n"],
])("I9: %s", (_, text, expected) => {
  const once = formatted(text);
  expect(once).toBe(expected);
  expect(formatted(once)).toBe(once);
});

test("I9: strings and comments without an end are told", () => {
  expect(formatted('a = "b;')).toBe("P202");
  expect(formatted("a; /* b")).toBe("P203");
});
