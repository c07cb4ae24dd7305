/** Entries that programs give, as requests of P4Runtime (I9; P4Runtime 1.5, sections 8.4 and 9.1). `UPDATE=1` makes the own programs' files anew. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { analysedText, ownPrograms } from "../testing.fixture.ts";
import { entriesOf } from "./entries.ts";
import { p4InfoOf } from "./info.ts";
import { protoText } from "./text.ts";

const around = (locals: string, before = ""): string => `
#include <core.p4>
#include <v1model.p4>
${before}
header h_t { bit<48> mac; bit<16> type; int<16> level; bit<8> small; }
struct headers_t { h_t h; }
struct metadata_t { bool flag; }
parser P(packet_in p, out headers_t hdr, inout metadata_t m, inout standard_metadata_t s) { state start { p.extract(hdr.h); transition accept; } }
control V(inout headers_t hdr, inout metadata_t m) { apply {} }
control I(inout headers_t hdr, inout metadata_t m, inout standard_metadata_t s) {
  action a() {}
  action send(@id(4) bit<9> port, int<8> by) { s.egress_spec = port; }
  ${locals}
  apply { t.apply(); }
}
control E(inout headers_t hdr, inout metadata_t m, inout standard_metadata_t s) { apply {} }
control D(packet_out p, in headers_t hdr) { apply {} }
V1Switch(P(), V(), I(), E(), V(), D()) main;
`;

function told(text: string) {
  const { program, tree, diagnostics } = analysedText(text);
  if (program === undefined || tree === undefined) throw new Error(JSON.stringify(diagnostics));
  return { entries: entriesOf(program, tree), info: p4InfoOf(program, tree) };
}

function entriesIn(locals: string, before = "") {
  const { entries } = told(around(locals, before));
  if (!entries.ok) throw new Error(entries.error);
  return entries.value.updates.map(({ entity }) => entity.table_entry);
}

const table = (kinds: string, entries: string, head = ""): string => `
  table t { key = { ${kinds} } actions = { a; send; } default_action = a(); ${head} ${entries} }`;

const bytes = (...given: readonly number[]): Uint8Array => Uint8Array.from(given);

test("I9: each kind of key has its form, bytes are as short as can be, keys that may be anything are left out", () => {
  const kinds =
    "hdr.h.mac: exact; hdr.h.type: ternary @id(9); hdr.h.small: lpm; s.ingress_port: range; m.flag: optional;";
  const [all, few, none] = entriesIn(
    table(
      kinds,
      `const entries = {
        (0x0000000000ff, 0x1234 &&& 0xff00, 0xf7 &&& 0xf0, 3 .. 256, true): send(5, -1);
        (0, 16, 8, 7, false): send(511, 127);
        (1, _, _, 0 .. 511, _): a();
      }`,
    ),
  );
  expect(all?.match).toEqual([
    { field_id: 1, exact: { value: bytes(0xff) } },
    { field_id: 9, ternary: { value: bytes(0x12, 0), mask: bytes(0xff, 0) } },
    { field_id: 2, lpm: { value: bytes(0xf0), prefix_len: 4 } },
    { field_id: 3, range: { low: bytes(3), high: bytes(1, 0) } },
    { field_id: 4, optional: { value: bytes(1) } },
  ]);
  expect(few?.match).toEqual([
    { field_id: 1, exact: { value: bytes(0) } },
    { field_id: 9, ternary: { value: bytes(16), mask: bytes(0xff, 0xff) } },
    { field_id: 2, lpm: { value: bytes(8), prefix_len: 8 } },
    { field_id: 3, range: { low: bytes(7), high: bytes(7) } },
    { field_id: 4, optional: { value: bytes(0) } },
  ]);
  expect(none?.match).toEqual([{ field_id: 1, exact: { value: bytes(1) } }]);
  expect([all, few, none].map((each) => [each?.priority, each?.is_const])).toEqual([
    [3, true],
    [2, true],
    [1, true],
  ]);
  expect(all?.action.action.params).toEqual([
    { param_id: 4, value: bytes(5) },
    { param_id: 1, value: bytes(0xff) },
  ]);
  expect(few?.action.action.params).toEqual([
    { param_id: 4, value: bytes(1, 0xff) },
    { param_id: 1, value: bytes(0x7f) },
  ]);
});

test.each([
  [0, [0]],
  [127, [0x7f]],
  [128, [0, 0x80]],
  [255, [0, 0xff]],
  [-1, [0xff]],
  [-128, [0x80]],
  [-129, [0xff, 0x7f]],
  [-32_768, [0x80, 0]],
])("I9: the signed number %d has the bytes %j", (value, wanted) => {
  const [entry] = entriesIn(table("hdr.h.level: exact;", `const entries = { (${value}): a(); }`));
  expect(entry?.match).toEqual([{ field_id: 1, exact: { value: bytes(...wanted) } }]);
  expect(entry?.priority).toBeUndefined();
});

test("I9: initial entries have the priorities that the program gives or that follow, and say which are constant", () => {
  const entries = (which: string): readonly unknown[] =>
    entriesIn(table("hdr.h.type: ternary;", which, "priority_delta = 10;")).map((entry) => [
      entry.priority,
      entry.is_const ?? false,
    ]);
  const list =
    "{ const priority = 100: 1 &&& 1: a(); 2 &&& 2: a(); priority = 95: 4 &&& 4: a(); const _: a(); }";
  expect(entries(`entries = ${list}`)).toEqual([
    [100, true],
    [90, false],
    [95, false],
    [85, true],
  ]);
  expect(entries(`largest_priority_wins = false; entries = ${list}`)).toEqual([
    [100, true],
    [110, false],
    [95, false],
    [105, true],
  ]);
});

test("I9: P4Info says that a table has entries, and how its default action is called", () => {
  const { info } = told(
    around(`table t { key = { hdr.h.type: exact; } actions = { a; send; } default_action = send(300, -2); entries = { 1: a(); } }
    table u { key = { hdr.h.type: exact; } actions = { a; } }`),
  );
  if (!info.ok) throw new Error(info.error);
  const [first, second] = info.value.tables;
  expect(first).toMatchObject({
    has_initial_entries: true,
    initial_default_action: {
      arguments: [
        { param_id: 4, value: bytes(1, 44) },
        { param_id: 1, value: bytes(0xfe) },
      ],
    },
  });
  expect(first).not.toHaveProperty("is_const_table");
  expect(second?.initial_default_action).toEqual({ action_id: 21_257_015, arguments: [] });
  expect(second).not.toHaveProperty("has_initial_entries");
});

const vrf = `@p4runtime_translation("example.org/vrf", string) type bit<8> vrf_t;
  enum kind_t { one, two }`;

test.each([
  [
    table("hdr.h.type: exact;", "const entries = { _: a(); }"),
    "program.p4:15:106: key hdr.h.type is exact, and P4Runtime has no entry that matches anything there; give a value, or make the key ternary or optional",
  ],
  [
    table("hdr.h.type: ternary;", "entries = { priority = 0: 1: a(); }"),
    "program.p4:15:102: priority 0 of an entry of I.t: P4Runtime has 1 to 2147483647; give the entry one of these",
  ],
  [
    "action name(vrf_t vrf) {} table t { key = { hdr.h.type: exact; } actions = { name; } entries = { 1: name((vrf_t) 7); } }",
    "program.p4:14:108: argument vrf of name: its type is a text to the control plane, so the program's number cannot be told; let the control plane add it",
  ],
  [
    "action which(kind_t kind) {} table t { key = { hdr.h.type: exact; } actions = { which; } entries = { 1: which(kind_t.two); } }",
    "program.p4:14:113: argument kind of which: expected a number or a truth value, as a control plane knows no others; give the enum a type, such as enum bit<8>",
  ],
])("I9: what P4Runtime has no form for is refused with its place: %#", (locals, error) => {
  expect(told(around(locals, vrf)).entries).toEqual({ ok: false, error });
});

const folder = path.join(import.meta.dirname, "../../p4info");

test.each(["acl", "calculator"])(
  "I9: the entries of %s are those that the repository has",
  (name) => {
    const text = ownPrograms.find((each) => each.name === `${name}.p4`)?.text ?? "";
    const { entries } = told(text);
    if (!entries.ok) throw new Error(entries.error);
    const made = protoText(entries.value);
    const file = path.join(folder, `${name}.entries.txtpb`);
    if (process.env["UPDATE"] === "1") writeFileSync(file, made);
    expect(readFileSync(file, "utf8")).toBe(made);
  },
);
