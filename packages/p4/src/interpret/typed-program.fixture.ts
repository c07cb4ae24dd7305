/**
 * Random v1model programs that the checker accepts: numbers of many widths, wrapping and saturating arithmetic, slices, concatenations,
 * casts, structs, stacks, calls with all directions, loops, tables of every match kind, registers. A program is made of a seed.
 */

/** A whole number from 0 to one below the sides. */
type Dice = (sides: number) => number;

type Bits = { readonly kind: "bit" | "int"; readonly width: number };

/** Where a piece of code stands: what it may name, and how deep it is. */
type Scope = {
  readonly dice: Dice;
  readonly variables: readonly (readonly [string, Bits])[];
  readonly deep: number;
  readonly isLoop: boolean;
  readonly place: "control" | "action" | "function";
};

const bit = (width: number): Bits => ({ kind: "bit", width });
const int = (width: number): Bits => ({ kind: "int", width });
const typeText = ({ kind, width }: Bits): string => `${kind}<${width}>`;

const FIELDS: readonly (readonly [string, Bits])[] = [
  ["a", bit(8)],
  ["b", bit(16)],
  ["c", bit(32)],
  ["d", bit(3)],
  ["e", int(5)],
  ["f", bit(48)],
  ["g", bit(33)],
  ["i", int(17)],
  ["j", int(64)],
  ["k", bit(128)],
  ["l", bit(1)],
  ["m", bit(5)],
];

const LOCALS: readonly (readonly [string, Bits])[] = [
  ["x8", bit(8)],
  ["x31", bit(31)],
  ["x32", bit(32)],
  ["y32", int(32)],
  ["x53", bit(53)],
  ["y40", int(40)],
];

const HEADER = FIELDS.map(([name, type]) => [`hdr.h.${name}`, type] as const);

/** What `Scope.variables` has in the control. */
const ALL: Scope["variables"] = [
  ...HEADER,
  ...LOCALS,
  ["meta.inner.p", bit(8)],
  ["meta.inner.q", int(33)],
  ["hdr.s[1].v", bit(8)],
  ["hdr.s[x8[1:0]].w", bit(8)],
];

const pick = <T>(dice: Dice, list: readonly T[]): T => {
  const found = list[dice(list.length)];
  if (found === undefined) throw new Error("nothing to choose from");
  return found;
};

/** splitmix32, so that a seed is all that a program depends on. */
function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  return (sides) => {
    state = (state + 0x9e37_79b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % sides;
  };
}

function literal({ kind, width }: Bits, dice: Dice): string {
  const usable = kind === "int" ? width - 1 : width;
  const most = (1n << BigInt(usable)) - 1n;
  const whole =
    (BigInt(dice(2 ** 30)) << 100n) | (BigInt(dice(2 ** 30)) << 50n) | BigInt(dice(2 ** 30));
  const value = pick(dice, [whole, 0n, 1n, most, most - 1n, BigInt(dice(8))]);
  return `${width}${kind === "int" ? "s" : "w"}${BigInt.asUintN(usable, value)}`;
}

const deeper = (scope: Scope): Scope => ({ ...scope, deep: scope.deep + 1 });

/** A variable made a number of the type. */
function converted({ kind, width }: Bits, { dice, variables }: Scope): string {
  const [name, type] = pick(dice, variables);
  if (type.kind === kind) return type.width === width ? name : `((${kind}<${width}>) ${name})`;
  return type.width === width
    ? `((${kind}<${width}>) ${name})`
    : `((${kind}<${width}>) (${kind}<${type.width}>) ${name})`;
}

/** Bits cut out of a variable that has at least as many. */
function cut(width: number, { dice, variables }: Scope): string | undefined {
  const wide = variables.filter(([, type]) => type.width >= width);
  if (wide.length === 0) return undefined;
  const [name, type] = pick(dice, wide);
  const low = dice(type.width - width + 1);
  return `${name}[${low + width - 1}:${low}]`;
}

const OPERATORS = ["+", "-", "*", "&", "|", "^", "|+|", "|-|"] as const;

/** A number of a type. */
function number(type: Bits, scope: Scope): string {
  const { dice, deep } = scope;
  const leaf = (): string =>
    pick(dice, [
      () => literal(type, dice),
      () => converted(type, scope),
      () => (type.kind === "bit" ? cut(type.width, scope) : undefined) ?? converted(type, scope),
    ])();
  if (deep > 3) return leaf();
  const inner = deeper(scope);
  const same = (): string => number(type, inner);
  const makers: (() => string)[] = [
    leaf,
    leaf,
    () => `(${same()} ${pick(dice, OPERATORS)} ${same()})`,
    () => `(${same()} ${pick(dice, OPERATORS)} ${same()})`,
    () => `(${same()} ${pick(dice, ["<<", ">>"])} ${number(bit(8), inner)})`,
    () => `(${pick(dice, ["~", "-"])}${same()})`,
    () => `(${truth(inner)} ? ${same()} : ${same()})`,
  ];
  if (type.kind === "bit") {
    makers.push(() => `(${same()} ${pick(dice, ["/", "%"])} ${type.width}w1)`);
    makers.push(() =>
      type.width === 1 ? `((bit<1>) ${truth(inner)})` : joined(type.width, inner),
    );
    if (type.width === 8 && scope.place !== "function") makers.push(() => `hdr.h.k[x8+:8]`);
    if (type.width === 8 && scope.place === "control") makers.push(() => `twice(${same()})`);
  }
  return pick(dice, makers)();
}

function joined(width: number, scope: Scope): string {
  const high = 1 + scope.dice(width - 1);
  return `(${number(bit(high), scope)} ++ ${number(bit(width - high), scope)})`;
}

const VALIDITIES = [
  "hdr.h.isValid()",
  "hdr.s[0].isValid()",
  "(hdr.s[0] == hdr.s[1])",
  "(hdr.v != hdr.w)",
];

/** A condition. */
function truth(scope: Scope): string {
  const { dice, deep, variables } = scope;
  const inner = deeper(scope);
  const compared = (): string => {
    const [, type] = pick(dice, variables);
    const operator = pick(dice, ["==", "!=", "<", "<=", ">", ">="]);
    return `(${number(type, inner)} ${operator} ${number(type, inner)})`;
  };
  const simple = ["true", "false"];
  if (scope.place !== "function") simple.push(...VALIDITIES);
  if (deep > 3) return pick(dice, simple);
  return pick(dice, [
    compared,
    compared,
    () => `(${truth(inner)} ${pick(dice, ["&&", "||"])} ${truth(inner)})`,
    () => `!${truth(inner)}`,
    () => pick(dice, simple),
  ])();
}

const assigned = (scope: Scope): string => {
  const [name, type] = pick(scope.dice, scope.variables);
  return `${name} = ${number(type, scope)};`;
};

function combined(scope: Scope): string {
  const { dice } = scope;
  const [name, type] = pick(dice, scope.variables);
  return `${name} ${pick(dice, OPERATORS)}= ${number(type, scope)};`;
}

function sliceAssigned(scope: Scope): string {
  const { dice } = scope;
  const [name, { width }] = pick(dice, scope.variables);
  const size = 1 + dice(width);
  const low = dice(width - size + 1);
  return `${name}[${low + size - 1}:${low}] = ${number(bit(size), scope)};`;
}

let loops = 0;

/** A loop; its variable has a name of its own. */
function loop(scope: Scope): string {
  const { dice } = scope;
  loops += 1;
  const name = `n${loops}`;
  const inner: Scope = { ...deeper(scope), isLoop: true };
  const body = block(inner);
  return pick(dice, [
    () => `for (bit<8> ${name} = 0; ${name} < ${1 + dice(5)}; ${name} = ${name} + 1) ${body}`,
    () => `for (bit<8> ${name} in ${dice(3)} .. ${dice(7)}) ${body}`,
    () => `for (s_t ${name} in hdr.s) { x8 = x8 + ${name}.v; ${body} }`,
  ])();
}

function choice(scope: Scope): string {
  const inner = deeper(scope);
  const [, type] = pick(
    scope.dice,
    scope.variables.filter(([, { width }]) => width > 2),
  );
  const cases = `0: ${block(inner)} 1: 2: ${block(inner)} default: ${block(inner)}`;
  return `switch (${number(type, inner)}) { ${cases} }`;
}

/** Statements that stand only where tables and actions may be named. */
const ofControls: readonly ((scope: Scope) => string)[] = [
  () => "t.apply();",
  (scope) => `if (t.apply().hit) ${block(deeper(scope))} else ${block(deeper(scope))}`,
  (scope) =>
    `switch (u.apply().action_run) { first: ${block(deeper(scope))} second: default: ${block(deeper(scope))} }`,
  (scope) => `second(${number(bit(8), scope)}, ${number(bit(48), scope)});`,
  (scope) => `moved(hdr.s[${scope.dice(3)}], x8, hdr.h.f);`,
  () => `moved(hdr.s[x8[0:0]], hdr.s[1].v, hdr.h.k[47:0]);`,
];

const anywhere: readonly ((scope: Scope) => string)[] = [
  assigned,
  assigned,
  assigned,
  combined,
  sliceAssigned,
  (scope) => `if (${truth(scope)}) ${block(deeper(scope))} else ${block(deeper(scope))}`,
  (scope) => `if (${truth(scope)}) ${block(deeper(scope))}`,
  choice,
  loop,
  (scope) => `{ ${typeText(bit(8))} z = ${number(bit(8), scope)}; x8 = z |+| x8; }`,
  ({ dice }) => `hdr.s.${pick(dice, ["push_front", "pop_front"])}(${1 + dice(2)});`,
  ({ dice }) =>
    `hdr.${pick(dice, ["h", "s[0]", "s[2]", "v"])}.${pick(dice, ["setValid", "setInvalid"])}();`,
  ({ dice }) => pick(dice, ["hdr.s[0] = hdr.s[2];", "hdr.s[2] = { 1, x8 };", "hdr.v = hdr.w;"]),
  ({ dice }) => pick(dice, ["saved = meta.inner; saved.p = 9;", "meta.inner = saved;"]),
  ({ dice }) => `r.${pick(dice, ["write((bit<32>) x8, x32)", "read(x32, (bit<32>) hdr.h.d)"])};`,
  (scope) => `n.count(${number(bit(32), scope)});`,
];

const leaving = ({ dice, isLoop, place }: Scope): string => {
  if (isLoop) return pick(dice, ["break;", "continue;"]);
  return place === "control" ? pick(dice, ["exit;", "return;"]) : "return;";
};

function statement(scope: Scope): string {
  const { dice, deep, place } = scope;
  if (deep > 3) return assigned(scope);
  if (dice(20) === 0) return `if (${truth(scope)}) { ${leaving(scope)} }`;
  const makers = place === "control" ? [...anywhere, ...ofControls] : anywhere;
  return pick(dice, makers)(scope);
}

function block(scope: Scope): string {
  const count = scope.dice(3);
  return `{ ${Array.from({ length: count }, () => statement(scope)).join(" ")} }`;
}

const many = (scope: Scope, count: number): string =>
  Array.from({ length: count }, () => statement(scope)).join("\n    ");

function table(name: string, scope: Scope): string {
  const { dice } = scope;
  const kinds = pick(dice, [
    ["exact"],
    ["lpm"],
    ["ternary", "range"],
    ["exact", "exact"],
    ["optional", "lpm", "ternary"],
  ]);
  const keys = kinds.map((kind, index) => {
    const [, type] = pick(
      dice,
      scope.variables.filter((each) => each[1].kind === "bit"),
    );
    return `${number(type, { ...scope, deep: 3 })}: ${kind} @name("k${index}");`;
  });
  return `table ${name} {
    key = { ${keys.join(" ")} }
    actions = { first; second(x8); @defaultonly NoAction; }
    default_action = ${pick(dice, ["NoAction()", "first(3, 4)", "second(x8, 5)"])};
  }`;
}

/** Functions and a parser that every program has alike, apart from what is in them. */
const declared = (fields: string, own: () => string): string => `#include <v1model.p4>
header h_t { ${fields} }
header s_t { bit<8> v; bit<8> w; }
header v_t { bit<8> n; varbit<64> o; }
struct inner_t { bit<8> p; int<33> q; }
struct headers_t { h_t h; s_t[3] s; v_t v; v_t w; }
struct meta_t { inner_t inner; }
bit<8> twice(in bit<8> x) { bit<8> y = x; bit<16> z = 3; ${own()} if (x < 100) { return y; } ${own()} return y + x; }
void swapped(inout bit<8> x, inout bit<8> y) { bit<8> z = x; x = y; y = z + 1; }
parser P(packet_in packet, out headers_t hdr, inout meta_t meta, inout standard_metadata_t std) {
  state start { packet.extract(hdr.h); meta.inner.p = packet.lookahead<bit<8>>();
    transition select(hdr.h.a, hdr.h.d) { (_, 0): stack; (0x10 &&& 0xf0, _): sized; (1 .. 20, 1 .. 5): skip; (_, _): accept; } }
  state stack { packet.extract(hdr.s.next);
    transition select(hdr.s.last.v[0:0]) { 1: stack; default: accept; } }
  state sized { packet.extract(hdr.v, (bit<32>) hdr.h.d * 8); packet.extract(hdr.w, 16); transition stack; }
  state skip { packet.advance((bit<32>) hdr.h.d * 3); transition stack; }
}`;

/** The text of the program that a seed stands for. */
export function typedProgram(seed: number): string {
  const dice = diceOf(seed);
  loops = 0;
  const scope: Scope = { dice, variables: ALL, deep: 0, isLoop: false, place: "control" };
  const inAction: Scope = { ...scope, place: "action", deep: 1 };
  const variables = [["y", bit(8)] as const, ["z", bit(16)] as const];
  const inFunction: Scope = { ...inAction, place: "function", variables };
  const fields = FIELDS.map(([name, type]) => `${typeText(type)} ${name};`).join(" ");
  return `${declared(fields, () => assigned(inFunction))}
control V(inout headers_t hdr, inout meta_t meta) { apply {} }
control I(inout headers_t hdr, inout meta_t meta, inout standard_metadata_t std) {
  register<bit<32>>(8) r;
  counter(8, CounterType.packets_and_bytes) n;
  ${LOCALS.map(([name, type]) => `${typeText(type)} ${name} = ${literal(type, dice)};`).join(" ")}
  inner_t saved = { 1, 2 };
  action first(bit<8> one, bit<48> two) { hdr.h.a = one; hdr.h.f = two; ${many(inAction, 1)} }
  action second(in bit<8> one, bit<48> two) { x8 = x8 + one; hdr.h.k[47:0] = two; ${many(inAction, 1)} }
  action moved(inout s_t one, inout bit<8> two, out bit<48> three) { one.v = two; two = one.w; three = 7; swapped(one.w, two); }
  ${table("t", scope)}
  ${table("u", scope)}
  apply {
    std.egress_spec = 2;
    ${many(scope, 6)}
  }
}
control E(inout headers_t hdr, inout meta_t meta, inout standard_metadata_t std) { apply {} }
control U(inout headers_t hdr, inout meta_t meta) { apply {} }
control D(packet_out packet, in headers_t hdr) { apply { packet.emit(hdr); } }
V1Switch(P(), V(), I(), E(), U(), D()) main;
`;
}
