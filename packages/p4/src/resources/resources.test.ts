/** What programs need (I9), by the formulas of the guide. */
import { expect, test } from "vitest";
import { renderDiagnostic } from "../source/diagnostic.ts";
import { analysedText } from "../testing.fixture.ts";
import type { Resources } from "./needs.ts";
import { resourcesOf } from "./resources.ts";
import { resourcesText } from "./text.ts";

function needed(text: string): Resources {
  const { program, tree, diagnostics } = analysedText(text);
  if (program === undefined || tree === undefined)
    throw new Error(diagnostics.map(renderDiagnostic).join("\n"));
  return resourcesOf(program, tree);
}

type Parts = { readonly read?: string; readonly locals?: string; readonly apply?: string };

const program = ({ read = "transition accept;", locals = "", apply = "" }: Parts): string => `
#include <core.p4>
#include <v1model.p4>
header h_t { bit<8> a; bit<8> b; bit<16> c; }
header long_t { bit<8> n; varbit<64> rest; }
struct headers_t { h_t h; h_t[5] stack; long_t long; }
struct metadata_t { bit<8> x; bit<8> y; bool on; }
parser Inner(packet_in p, out h_t h) { state start { p.extract(h); transition accept; } }
parser Read(packet_in p, out headers_t hdr, inout metadata_t m, inout standard_metadata_t s) {
  Inner() inner;
  state start { ${read} }
  state one { p.extract(hdr.h); transition two; }
  state two { p.extract(hdr.stack.next); transition select(hdr.stack.last.a) { 0: two; 1: long; _: accept; } }
  state long { p.extract(hdr.long, 8); transition accept; }
  state inside { inner.apply(p, hdr.h); transition accept; }
}
control Check(inout headers_t hdr, inout metadata_t m) { apply {} }
control Run(inout headers_t hdr, inout metadata_t m, inout standard_metadata_t s) {
  action none() {}
  action set(bit<8> x) { m.x = x; }
  action copy() { m.y = m.x; }
  ${locals}
  apply { ${apply} }
}
control Out(inout headers_t hdr, inout metadata_t m, inout standard_metadata_t s) { apply {} }
control Write(packet_out p, in headers_t hdr) { apply { p.emit(hdr.h); } }
V1Switch(Read(), Check(), Run(), Out(), Check(), Write()) main;
`;

const table = (name: string, key: string, actions = "none; set;"): string =>
  `table ${name} { key = { ${key} } actions = { ${actions} } default_action = none(); size = 16; }`;

test.each([
  ["hdr.h.a: exact; hdr.h.c: exact;", "exact", 24, 16 * 24],
  // A prefix of 0 to 16 bits has 17 lengths, which take 5 bits.
  ["hdr.h.c: lpm; hdr.h.a: exact;", "lpm", 24, 16 * (16 + 5 + 8)],
  ["hdr.h.c: ternary; hdr.h.a: exact;", "ternary", 24, 16 * (32 + 8)],
  ["hdr.h.c: range; m.on: optional;", "ternary", 17, 16 * (32 + 2)],
])("I9: a table with the key %s is %s memory of %d key bits and %d bits", (key, ...wanted) => {
  const { tables } = needed(program({ locals: table("t", key), apply: "t.apply();" }));
  const [memory, keyBits, matchMemoryBits] = wanted;
  // Two actions are told apart by one bit; the longer one has an argument of 8 bits.
  expect(tables).toMatchObject([{ memory, keyBits, matchMemoryBits, actionMemoryBits: 16 * 9 }]);
});

test("I9: a table without a key needs no memory; an action profile is shared by its tables", () => {
  const locals = `action_profile(100) shared;
    table always { actions = { set; none; } default_action = none(); }
    table t { key = { hdr.h.a: exact; } actions = { set; none; } implementation = shared; size = 16; }`;
  const { tables, externs } = needed(program({ locals, apply: "always.apply(); t.apply();" }));
  expect(tables).toMatchObject([
    { name: "Run.always", memory: "none", matchMemoryBits: 0, actionMemoryBits: 0 },
    { name: "Run.t", memory: "exact", matchMemoryBits: 128, actionMemoryBits: 16 * 7 },
  ]);
  expect(externs).toEqual([
    { name: "Run.shared", type: "action_profile", size: 100, memoryBits: 900 },
  ]);
});

test("I9: counters, meters and registers need their cells", () => {
  const locals = `counter(10, CounterType.packets) one; counter(10, CounterType.packets_and_bytes) both;
    meter(3, MeterType.bytes) speed; register<bit<33>>(7) kept; direct_counter(CounterType.bytes) each;
    table t { key = { hdr.h.a: exact; } actions = { none; } default_action = none(); counters = each; size = 5; }`;
  const { externs, totals } = needed(program({ locals, apply: "t.apply();" }));
  expect(externs.map(({ name, memoryBits }) => [name, memoryBits])).toEqual([
    ["Run.one", 640],
    ["Run.both", 1280],
    ["Run.speed", 3 * 384],
    ["Run.kept", 231],
    ["Run.each", 320],
  ]);
  expect(totals.externBits).toBe(640 + 1280 + 1152 + 231 + 320);
});

test.each([
  ["transition accept;", { states: 1, depth: 1, headerBytes: 0, hasLoops: false }],
  ["transition inside;", { states: 2, depth: 2, headerBytes: 4, hasLoops: false }],
  // One header, five elements of the stack, and the longest header of variable length.
  ["transition one;", { states: 4, depth: 4, headerBytes: 4 + 5 * 4 + 9, hasLoops: true }],
])("I9: a parser that begins with %s has %j", (read, wanted) => {
  const { parsers } = needed(program({ read }));
  expect(parsers.find(({ name }) => name === "Read")).toEqual({ name: "Read", ...wanted });
});

const chain = [
  table("a", "hdr.h.a: exact;"),
  table("b", "m.x: exact;"),
  table("c", "hdr.h.c: exact;"),
  table("d", "hdr.h.c: exact;", "none; copy;"),
  table("e", "m.y: exact;"),
].join("\n");

test.each([
  ["", 0],
  ["a.apply();", 1],
  ["a.apply(); c.apply();", 1],
  ["a.apply(); b.apply();", 2],
  ["b.apply(); a.apply();", 1],
  ["a.apply(); hdr.h.b = m.x + 1; m.y = hdr.h.b; e.apply();", 2],
  ["a.apply(); d.apply(); e.apply();", 3],
  ["if (a.apply().hit) { c.apply(); }", 2],
  ["if (hdr.h.a == 1) { a.apply(); } else { b.apply(); }", 1],
  ["if (hdr.h.a == 1) { a.apply(); } b.apply();", 2],
  ["switch (a.apply().action_run) { set: { c.apply(); } none: { b.apply(); } }", 2],
])("I9: in '%s' %d tables wait for each other", (apply, dependentTables) => {
  const { controls } = needed(program({ locals: chain, apply }));
  expect(controls).toContainEqual({ name: "Run", dependentTables });
});

test("I9: work on calls that double with each level is bounded", () => {
  const levels = Array.from({ length: 40 }, (_, level) => level);
  const functions = levels.map((level) => {
    const inner = level === 0 ? "x" : `f${level - 1}(x) + f${level - 1}(x)`;
    return `bit<8> f${level}(in bit<8> x) { return ${inner}; }`;
  });
  const text = program({ apply: "m.x = f39(m.y);" }).replace(
    "parser Inner",
    `${functions.join("\n")}\nparser Inner`,
  );
  expect(needed(text).controls).toContainEqual({ name: "Run", dependentTables: 0 });
});

test("I9: text has a section for each sort", () => {
  const locals = `counter(10, CounterType.packets) seen; ${table("t", "hdr.h.c: ternary; hdr.h.a: exact;")}`;
  const text = resourcesText(
    needed(program({ locals, apply: "t.apply();", read: "transition one;" })),
  );
  expect(text).toBe(`architecture v1model

tables
  name   memory   key bits  size  entries  match bits  action bits  keys
  Run.t  ternary        24    16        0         640          144  hdr.h.c:16 ternary, hdr.h.a:8 exact

actions
  name      parameter bits  instructions
  Run.none               0             0
  Run.set                8             1
  Run.copy               0             1

parsers
  name        states  depth  header bytes  loops
  Read             4      4            33  yes
  Read.inner       1      1             4  no

controls
  name   dependent tables
  Check                 0
  Run                   1
  Out                   0
  Write                 0

headers
  name    bytes
  h_t         4
  long_t      9

metadata
  name                 bits
  metadata_t             17
  standard_metadata_t   357

externs
  name      type     size  bits
  Run.seen  counter    10   640

memory in bits
  exact  lpm  ternary  action  extern
      0    0      640     144     640
`);
});
