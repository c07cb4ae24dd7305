/** Random programs that are well typed, and random expressions with the values that the specification gives them. */
import fc from "fast-check";

/** An expression's text and its value, of type `bit<8>`. */
type Byte = { readonly text: string; readonly value: bigint };

const wrap = (value: bigint): bigint => BigInt.asUintN(8, value);
const signed = (value: bigint): bigint => BigInt.asIntN(8, value);

const OPERATIONS: readonly (readonly [string, (a: bigint, b: bigint) => bigint])[] = [
  ["+", (a, b) => a + b],
  ["-", (a, b) => a - b],
  ["*", (a, b) => a * b],
  ["&", (a, b) => a & b],
  ["|", (a, b) => a | b],
  ["^", (a, b) => a ^ b],
  ["|+|", (a, b) => (a + b > 255n ? 255n : a + b)],
  ["|-|", (a, b) => (a < b ? 0n : a - b)],
  ["<<", (a, b) => (b > 7n ? 0n : a << b)],
  [">>", (a, b) => a >> b],
];

/** Constant expressions of type `bit<8>`, with their values worked out beside. */
export const { byte } = fc.letrec<{ byte: Byte; truth: { text: string; value: boolean } }>(
  (tie) => ({
    truth: fc
      .tuple(tie("byte"), fc.constantFrom("==", "!=", "<", "<=", ">", ">="), tie("byte"))
      .map(([a, operator, b]) => {
        const text = `(${a.text} ${operator} ${b.text})`;
        const isLess = a.value < b.value;
        const isEqual = a.value === b.value;
        const values = [isEqual, !isEqual, isLess, isLess || isEqual, !isLess && !isEqual, !isLess];
        const at = ["==", "!=", "<", "<=", ">", ">="].indexOf(operator);
        return { text, value: values[at] ?? false };
      }),
    byte: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.nat(255).map((value) => ({ text: `8w${value}`, value: BigInt(value) })),
      fc
        .tuple(tie("byte"), fc.constantFrom(...OPERATIONS), tie("byte"))
        .map(([a, [sign, run], b]) => ({
          text: `(${a.text} ${sign} ${b.text})`,
          value: wrap(run(a.value, b.value)),
        })),
      tie("byte").map(({ text, value }) => ({ text: `(~${text})`, value: wrap(~value) })),
      tie("byte").map(({ text, value }) => ({ text: `(-${text})`, value: wrap(-value) })),
      tie("byte").map(({ text, value }) => ({
        text: `((bit<8>)(bit<16>)(int<16>)(int<8>)${text})`,
        value: wrap(BigInt.asUintN(16, signed(value))),
      })),
      fc.tuple(tie("byte"), tie("byte")).map(([a, b]) => ({
        text: `((${a.text} ++ ${b.text})[11:4])`,
        value: wrap(((a.value << 8n) | b.value) >> 4n),
      })),
      fc.tuple(tie("truth"), tie("byte"), tie("byte")).map(([c, a, b]) => ({
        text: `(${c.text} ? ${a.text} : ${b.text})`,
        value: c.value ? a.value : b.value,
      })),
    ),
  }),
);

const bytes = fc.constantFrom("x", "h.a", "s.h.a", "t[0]", "stack[1].a", "stack[x].a", "f(1)");
const targets = fc.constantFrom("x", "h.a", "s.h.a", "stack[0].a");

const { number, truth } = fc.letrec<{ number: string; truth: string }>((tie) => ({
  number: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    bytes,
    fc.nat(255).map(String),
    fc
      .tuple(bytes, fc.constantFrom("+", "-", "*", "&", "|", "^", "|+|", "|-|"), tie("number"))
      .map(([a, sign, b]) => `(${a} ${sign} ${b})`),
    fc.tuple(bytes, fc.nat(7)).map(([a, by]) => `(${a} << ${by})`),
    fc.tuple(tie("truth"), bytes, tie("number")).map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
    fc.tuple(bytes, bytes).map(([a, b]) => `(${a}[3:0] ++ ${b}[7:4])`),
    fc.tuple(bytes, tie("number")).map(([a, b]) => `max(${a}, ${b})`),
    bytes.map((a) => `(bit<8>)(e_t)${a}`),
    fc.constant("e_t.two"),
    bytes.map((a) => `pair(${a}, true).first`),
  ),
  truth: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("b", "true", "h.isValid()", "t[1]", "stack[0] == stack[1]", "h == {#}"),
    fc
      .tuple(bytes, fc.constantFrom("==", "!=", "<", ">="), tie("number"))
      .map(([a, sign, c]) => `(${a} ${sign} ${c})`),
    fc
      .tuple(tie("truth"), fc.constantFrom("&&", "||"), tie("truth"))
      .map(([a, sign, c]) => `(${a} ${sign} ${c})`),
    tie("truth").map((a) => `!(${a})`),
    fc.constant("table_1.apply().hit"),
  ),
}));

const { statement } = fc.letrec<{ statement: string }>((tie) => ({
  statement: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.tuple(targets, number).map(([to, value]) => `${to} = ${value};`),
    fc
      .tuple(targets, fc.constantFrom("+=", "|=", "|+|="), number)
      .map(([to, sign, value]) => `${to} ${sign} ${value};`),
    truth.map((value) => `b = ${value};`),
    fc.tuple(number, truth).map(([a, c]) => `t = { ${a}, ${c} };`),
    number.map((a) => `s = { h = { a = ${a}, ... }, ... };`),
    number.map((a) => `h = { ${a}, 1 };`),
    targets.map((to) => `to_one(${to});`),
    fc.tuple(truth, tie("statement")).map(([c, then]) => `if (${c}) { ${then} } else h = {#};`),
    fc
      .tuple(number, tie("statement"))
      .map(([a, body]) => `switch (x) { 1: 2: { ${body} } default: { x = ${a}; } }`),
    tie("statement").map(
      (body) => `switch (table_1.apply().action_run) { set: { ${body} } default: {} }`,
    ),
    tie("statement").map((body) => `for (bit<8> i in 1 .. 3) { x = x + i; ${body} }`),
    fc.constantFrom(
      "h.setValid();",
      "stack.push_front(1);",
      "return;",
      "exit;",
      "x[3:0] = x[7:4];",
    ),
  ),
}));

const HEAD = `#include <core.p4>
enum bit<8> e_t { one = 1, two = 2 }
header h_t { bit<8> a; bit<8> b; }
struct s_t { h_t h; bool c; }
struct pair_t<A, B> { A first; B second; }
T max<T>(in T a, in T b) { return a; }
pair_t<A, B> pair<A, B>(in A a, in B b) { return { first = a, second = b }; }
bit<8> f(in bit<8> a, in bit<8> b = 2) { return a + b; }
void to_one(out bit<8> a) { a = e_t.one; }
control C(inout bit<8> x, inout bool b, inout h_t h, inout s_t s, inout h_t[4] stack) {
    tuple<bit<8>, bool> t = { 0, false };
    action set(bit<8> value) { x = value; }
    table table_1 {
        key = { x: exact; b: ternary; }
        actions = { set; NoAction; }
        entries = { (1, _): set(2); (e_t.two, true): NoAction(); }
    }
`;

/** Programs of one control whose statements are well typed. */
export const typedProgram = fc
  .array(statement, { minLength: 1, maxLength: 8 })
  .map((list) => `${HEAD}    apply {\n        ${list.join("\n        ")}\n    }\n}\n`);
