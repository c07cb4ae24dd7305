/** The type checker: what it accepts, the values that it works out, and what the typed program says. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { renderDiagnostic } from "../source/diagnostic.ts";
import { analysedText, allPrograms } from "../testing.fixture.ts";
import { byte, typedProgram } from "./typed.fixture.ts";

const patient = { timeout: 120_000 };

const toldOf = (text: string): string =>
  analysedText(text).diagnostics.map(renderDiagnostic).join("\n");

const errorsOf = (text: string): readonly string[] =>
  analysedText(text).diagnostics.flatMap((each) =>
    each.severity === "error" ? [renderDiagnostic(each)] : [],
  );

test.each(allPrograms)("I9: $name is accepted without a word", ({ text }) => {
  expect(toldOf(text)).toBe("");
});

test("I9: well-typed programs are accepted", patient, () => {
  fc.assert(
    fc.property(typedProgram, (text) => {
      expect(errorsOf(text)).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test(
  "I9: constants have the values that the specification gives them (8.6, 8.10, 8.12)",
  patient,
  () => {
    fc.assert(
      fc.property(byte, ({ text, value }) => {
        const program = `#include <core.p4>\nconst bool a = static_assert(${text} == 8w${value});\n`;
        expect(errorsOf(program)).toEqual([]);
        const other = `#include <core.p4>\nconst bool a = static_assert(${text} != 8w${value});\n`;
        expect(errorsOf(other)).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  },
);

const ACCEPTED: readonly (readonly [string, string])[] = [
  [
    "parts of no bits (8.6)",
    `extern bool static_assert(bool check);
const bool a = static_assert(8w2[3+:0] == 0) && static_assert(8w2[8+:0] == 0);
control C(inout bit<8> x) { apply { if (x[2+:0] == 0) { x = x[x+:0] ++ x; } } }`,
  ],
  [
    "value sets of a newtype of a truth value (13.11)",
    `type bool flag_t;
parser P(in flag_t b) {
    value_set<flag_t>(4) flags;
    state start { transition select(b) { flags: accept; default: reject; } }
}`,
  ],
  [
    "generic controls with bodies, whose type the constructor's argument tells",
    `extern E<T> { E(T a); R get<R>(); }
control D<T>()(T size) { E<T>(size) e; apply { bit<32> a = e.get<bit<32>>(); } }
control C() { D(8w9) d; D<bit<4>>(3) e; apply { d.apply(); e.apply(); } }`,
  ],
  [
    "structs in structs with type arguments, and constants of them",
    `struct h_t<S> { S data; bit valid; }
struct s_t { bit<32> b; }
struct o_t<T> { h_t<T> h; tuple<T, T> t; }
const o_t<s_t> a = { h = { data = { b = 1 }, valid = 1 }, t = { { b = 0 }, { b = 1 } } };`,
  ],
  [
    "optional and default arguments, by name and by place",
    `extern void f(in bit<8> a, in bit<8> b = 2, @optional in bit<8> c);
control C(inout bit<8> x) { apply { f(1); f(1, 2, 3); f(c = 1, a = x); } }`,
  ],
  [
    "abstract methods with instances of their own (11.3.1)",
    `extern V { V(); abstract bit<16> f(in bit<16> i); void run(in bit<16> i); }
extern S { S(int<16> size); bit<16> get(in bit<16> i); }
control C() {
    V() v = { S(1024) s; bit<16> f(in bit<16> i) { return s.get(i); } };
    apply { v.run(6); }
}`,
  ],
  [
    "lists by a cast, sizes of types, slices of parts (8.12.2, 9)",
    `extern E { E(list<tuple<bit<8>, bool>> l); }
E((list<tuple<bit<8>, bool>>){ { 1, true }, { 2, false } }) e;
typedef bit<32> w_t;
const int n = w_t.minSizeInBits() + w_t.maxSizeInBytes();
control C(inout bit<32> x, in bit<5> i) { apply { x[0+:8] = x[i+:8]; bit<(n)> y = 1; } }`,
  ],
  [
    "value sets, masks, ranges and tuples in a select (13.6)",
    `struct v_t { bit<8> a; bit<8> b; }
parser P(in bit<8> a, in bit<8> b) {
    value_set<v_t>(4) both;
    value_set<bit<8>>(4) one;
    state start {
        transition select(a, b) {
            both: accept;
            (one, 1 &&& 3): accept;
            (0 .. 5, _): start;
            default: reject;
        }
    }
}`,
  ],
];

test("I9: what is generic is made anew for types that only share a name", () => {
  const { program } = analysedText(`T same<T>(in T a) { return a; }
control A<T>(in T x) { apply { T y = same(x); } }
control B<T>(in T x) { apply { T y = same(x); } }`);
  const made = program?.functions.filter(({ name }) => name === "same");
  expect(new Set(made?.map(({ result }) => result)).size).toBe(2);
});

test.each(ACCEPTED)("I9: accepted: %s", (_name, text) => {
  expect(errorsOf(text)).toEqual([]);
});

test("I9: the typed program has implicit casts, default values and constants written out", () => {
  const { program } = analysedText(`enum bit<8> e_t { one = 1 }
const bit<8> n = 3;
extern void f(in bit<8> a, in bit<8> b = n);
control C(in e_t e) { apply { f(e); } }
`);
  const [statement] = program?.controls[0]?.body.statements ?? [];
  expect(statement).toMatchObject({
    kind: "call statement",
    call: {
      callee: { kind: "extern function", function: { name: "f" } },
      arguments: [
        { value: { kind: "cast", type: { kind: "bit", width: 8 }, operand: { kind: "variable" } } },
        { value: { kind: "integer", value: 3n, type: { kind: "bit", width: 8 } } },
      ],
      order: [0],
    },
  });
});

test("I9: entries without a priority count down from the first (14.2.1.4)", () => {
  const { program } = analysedText(`match_kind { ternary }
control C(in bit<8> x) {
    action a() {}
    table t {
        key = { x: ternary; }
        actions = { a; }
        priority_delta = 2;
        entries = { 1: a(); 2: a(); priority = 5: 3: a(); 4 &&& 6: a(); }
    }
    apply {}
}
`);
  const table = program?.controls[0]?.locals.find((each) => each.kind === "table");
  expect(table?.kind === "table" && table.entries.map(({ priority }) => priority)).toEqual([
    7n,
    5n,
    5n,
    3n,
  ]);
});

const NAMED = `match_kind { exact }
extern counter { counter(bit<32> size); }
control D(inout bit<8> x)(counter c, bit<32> n) {
    action a() {}
    table t { actions = { a; } }
    apply {}
}
control In(inout bit<8> x) {
    counter(8) c;
    D(c, 4 + 4) first;
    @name("second") D(c, 2) other;
    @name(".everywhere") table t { actions = { first_action; } own = counter(1); }
    apply {}
}
control c_t(inout bit<8> x);
package top(c_t c);
top(In()) main;
`.replace(
  "control In(inout bit<8> x) {",
  "control In(inout bit<8> x) {\n    action first_action() {}",
);

test("I9: instances have the control plane's names (20.1.2)", () => {
  const { tree } = analysedText(NAMED);
  expect(tree?.tables.map(({ path }) => path)).toEqual(["In.first.t", "In.second.t", "everywhere"]);
  expect(tree?.actions.map(({ path }) => path)).toEqual([
    "In.first_action",
    "In.first.a",
    "In.second.a",
  ]);
  expect(tree?.externs.map(({ path }) => path)).toEqual(["In.c", "everywhere.own"]);
  const first = tree?.blocks.find(({ path }) => path === "In.first");
  expect([...(first?.values.values() ?? [])]).toMatchObject([{ kind: "integer", value: 8n }]);
});

test("I9: a program that makes more instances than any needs is rejected in time", () => {
  const doubled = Array.from(
    { length: 30 },
    (_, n) => `control C${n + 1}() { C${n}() a; C${n}() b; apply {} }`,
  );
  const text = `control C0() { apply {} }\n${doubled.join("\n")}
control c_t();\npackage top(c_t c);\ntop(C30()) main;\n`;
  expect(errorsOf(text)).toEqual([
    expect.stringContaining("error P904: more than 20000 instances"),
  ]);
});

const DOUBLED: readonly (readonly [string, string])[] = [
  [
    "structs",
    `struct s0 { bit<8> a; }\n${Array.from({ length: 40 }, (_, n) => `struct s${n + 1} { s${n} a; s${n} b; }`).join("\n")}`,
  ],
  [
    "type arguments",
    `struct p<T> { T a; T b; }\ncontrol C(inout ${"p<".repeat(60)}bit<8>${">".repeat(60)} x) { apply {} }`,
  ],
  [
    "tuples that a function returns",
    `extern tuple<T, T> twice<T>(in T a);\ncontrol C(inout bit<8> x) { apply { ${"twice(".repeat(60)}x${")".repeat(60)}; } }`,
  ],
  ["arrays", "control C() { apply { bit<8>[60000][60000] a = { ... }; } }"],
];

test.each(DOUBLED)("I9: types that grow without bound are rejected in time: %s", (_name, text) => {
  expect(toldOf(text)).toContain("error P905: a type of more than 200000 parts");
});
