/** What a control plane is told of programs (I9; P4Runtime 1.5, section 6). `UPDATE=1` makes the own programs' files anew. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

import { analysedText, languagePrograms, ownPrograms } from "../testing.fixture.ts";
import { p4InfoOf } from "./info.ts";
import type { P4Info } from "./p4info.ts";
import { protoJson, protoText } from "./text.ts";

function told(
  text: string,
): { readonly ok: true; readonly value: P4Info } | { readonly ok: false; readonly error: string } {
  const { program, tree, diagnostics } = analysedText(text);
  if (program === undefined || tree === undefined) throw new Error(JSON.stringify(diagnostics));
  return p4InfoOf(program, tree);
}

function infoOf(text: string): P4Info {
  const made = told(text);
  if (!made.ok) throw new Error(made.error);
  return made.value;
}

/** A v1model program around locals of its ingress, and what stands before and in its apply block. */
const around = (locals: string, { before = "", apply = "" } = {}): string => `
#include <core.p4>
#define V1MODEL_VERSION 20200408
#include <v1model.p4>
${before}
header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }
header ipv4_t { bit<128> start; bit<32> dst; }
struct headers_t { ethernet_t ethernet; ipv4_t ipv4; }
struct metadata_t { bit<16> class; }
parser MyParser(packet_in p, out headers_t hdr, inout metadata_t m, inout standard_metadata_t s) {
  state start { p.extract(hdr.ethernet); transition accept; }
}
control MyVerify(inout headers_t hdr, inout metadata_t m) { apply {} }
control MyIngress(inout headers_t hdr, inout metadata_t m, inout standard_metadata_t s) {
${locals}
  apply { ${apply} }
}
control MyEgress(inout headers_t hdr, inout metadata_t m, inout standard_metadata_t s) { apply {} }
control MyCompute(inout headers_t hdr, inout metadata_t m) { apply {} }
control MyDeparser(packet_out p, in headers_t hdr) { apply {} }
V1Switch(MyParser(), MyVerify(), MyIngress(), MyEgress(), MyCompute(), MyDeparser()) main;
`;

const FORWARDING = `
  action drop() { mark_to_drop(s); }
  action ipv4_forward(bit<48> dstAddr, bit<9> port) { hdr.ethernet.dst = dstAddr; s.egress_spec = port; }
  table ipv4_lpm {
    key = { hdr.ipv4.dst: lpm; }
    actions = { ipv4_forward; drop; NoAction; }
    size = 2048;
    default_action = drop();
  }
`;

test("numbers are those that controllers of p4c's programs know", () => {
  const { tables, actions } = infoOf(around(FORWARDING, { apply: "ipv4_lpm.apply();" }));
  expect(tables.map(({ preamble }) => preamble)).toEqual([
    { id: 37_375_156, name: "MyIngress.ipv4_lpm", alias: "ipv4_lpm" },
  ]);
  expect(actions.map(({ preamble }) => preamble)).toEqual([
    { id: 21_257_015, name: "NoAction", alias: "NoAction", annotations: ['@noWarn("unused")'] },
    { id: 25_652_968, name: "MyIngress.drop", alias: "drop" },
    { id: 28_792_405, name: "MyIngress.ipv4_forward", alias: "ipv4_forward" },
  ]);
});

test("headers to and from the controller have the numbers of their types, and the names of their annotations", () => {
  const before = `
    @controller_header("packet_in") header packet_in_header_t { bit<9> ingress_port; @id(7) bit<7> _pad; }
    @controller_header("packet_out") header packet_out_header_t { bit<9> egress_port; bit<7> _pad; }`;
  const { controller_packet_metadata: found } = infoOf(around("", { before }));
  expect(found).toEqual([
    {
      preamble: { id: 81_826_293, name: "packet_in", alias: "packet_in" },
      metadata: [
        { id: 1, name: "ingress_port", bitwidth: 9 },
        { id: 7, name: "_pad", bitwidth: 7 },
      ],
    },
    {
      preamble: { id: 76_689_799, name: "packet_out", alias: "packet_out" },
      metadata: [
        { id: 1, name: "egress_port", bitwidth: 9 },
        { id: 2, name: "_pad", bitwidth: 7 },
      ],
    },
  ]);
});

test("keys, actions and properties of a table are told", () => {
  const locals = `
    action hit(@id(3) bit<9> port, @brief("a mark") bit<4> mark) { s.egress_spec = port; }
    action miss() {}
    direct_counter(CounterType.packets_and_bytes) seen;
    direct_meter<bit<2>>(MeterType.bytes) speed;
    @max_group_size(16) action_selector(HashAlgorithm.crc16, 32w128, 32w10) paths;
    @id(5) @brief("who goes where") table where {
      key = {
        hdr.ethernet.dst: exact @name("dst_mac");
        hdr.ipv4.isValid(): ternary;
        hdr.ethernet.type: range @id(9);
        m.class: optional;
        hdr.ipv4.dst: selector;
      }
      actions = { @tableonly hit; @defaultonly miss; }
      const default_action = miss();
      counters = seen;
      meters = speed;
      implementation = paths;
      support_timeout = true;
    }`;
  const info = infoOf(around(locals, { apply: "where.apply();" }));
  const [table] = info.tables;
  const id = (list: readonly { readonly preamble: { readonly id: number } }[]): number =>
    list[0]?.preamble.id ?? 0;
  expect(table).toEqual({
    preamble: {
      id: 0x02_00_00_05,
      name: "MyIngress.where",
      alias: "where",
      doc: { brief: "who goes where" },
    },
    match_fields: [
      { id: 1, name: "dst_mac", bitwidth: 48, match_type: "EXACT" },
      { id: 2, name: "hdr.ipv4.isValid()", bitwidth: 1, match_type: "TERNARY" },
      { id: 9, name: "hdr.ethernet.type", bitwidth: 16, match_type: "RANGE" },
      { id: 3, name: "m.class", bitwidth: 16, match_type: "OPTIONAL" },
    ],
    action_refs: [
      {
        id: info.actions.find(({ preamble }) => preamble.alias === "hit")?.preamble.id,
        annotations: ["@tableonly"],
        scope: "TABLE_ONLY",
      },
      {
        id: info.actions.find(({ preamble }) => preamble.alias === "miss")?.preamble.id,
        annotations: ["@defaultonly"],
        scope: "DEFAULT_ONLY",
      },
    ],
    const_default_action_id: info.actions.find(({ preamble }) => preamble.alias === "miss")
      ?.preamble.id,
    implementation_id: id(info.action_profiles),
    direct_resource_ids: [id(info.direct_counters), id(info.direct_meters)],
    size: 1024,
    idle_timeout_behavior: "NOTIFY_CONTROL",
  });
  expect(info.actions.find(({ preamble }) => preamble.alias === "hit")?.params).toEqual([
    { id: 3, name: "port", bitwidth: 9 },
    { id: 1, name: "mark", doc: { brief: "a mark" }, bitwidth: 4 },
  ]);
  expect(info.action_profiles).toMatchObject([
    {
      table_ids: [table?.preamble.id],
      with_selector: true,
      size: 128,
      max_group_size: 16,
      sum_of_weights: {},
    },
  ]);
  expect(info.direct_counters).toMatchObject([
    { spec: { unit: "BOTH" }, direct_table_id: table?.preamble.id },
  ]);
  expect(info.direct_meters).toMatchObject([
    { spec: { unit: "BYTES" }, direct_table_id: table?.preamble.id },
  ]);
});

test("a table without a default action has NoAction, by default only; one with const entries is constant", () => {
  const locals = `
    action pass() {}
    table plain { key = { hdr.ethernet.type: exact; } actions = { pass; } }
    table fixed { key = { hdr.ethernet.type: exact; } actions = { pass; } const default_action = pass(); const entries = { 0x800: pass(); } }
    @hidden table unseen { actions = { pass; } const default_action = pass(); }`;
  const { tables } = infoOf(
    around(locals, { apply: "plain.apply(); fixed.apply(); unseen.apply();" }),
  );
  expect(tables.map(({ preamble }) => preamble.alias)).toEqual(["plain", "fixed"]);
  expect(tables[0]?.action_refs.at(-1)).toEqual({
    id: 21_257_015,
    annotations: ["@defaultonly"],
    scope: "DEFAULT_ONLY",
  });
  expect(tables.map((each) => each.is_const_table)).toEqual([undefined, true]);
});

test("counters, meters and registers have sizes, units and types; named types are described once", () => {
  const before = `
    @p4runtime_translation("example.org/port", 32) type bit<9> port_id_t;
    @p4runtime_translation("example.org/name", string) type bit<10> vrf_t;
    type bit<16> plain_t;
    enum bit<8> colour_t { red = 1, blue = 300 - 45 }
    struct sample_t { bit<16> low; plain_t high; bool on; colour_t colour; tuple<bit<4>, int<7>> pair; }`;
  const locals = `
    counter<port_id_t>(64, CounterType.packets) seen;
    meter<bit<8>>(32w16, MeterType.packets) speed;
    register<sample_t, bit<32>>(8) kept;
    action a(port_id_t port, vrf_t vrf) {}
    table t { key = { m.class: exact; } actions = { a; } }`;
  const info = infoOf(around(locals, { before, apply: "t.apply();" }));
  expect(info.counters).toMatchObject([
    { spec: { unit: "PACKETS" }, size: 64, index_type_name: { name: "port_id_t" } },
  ]);
  expect(info.meters).toMatchObject([{ spec: { unit: "PACKETS" }, size: 16 }]);
  expect(info.registers).toMatchObject([{ type_spec: { struct: { name: "sample_t" } }, size: 8 }]);
  expect(info.actions.at(-1)?.params).toEqual([
    { id: 1, name: "port", bitwidth: 32, type_name: { name: "port_id_t" } },
    { id: 2, name: "vrf", type_name: { name: "vrf_t" } },
  ]);
  expect(info.type_info).toEqual({
    structs: {
      sample_t: {
        members: [
          { name: "low", type_spec: { bitstring: { bit: { bitwidth: 16 } } } },
          { name: "high", type_spec: { new_type: { name: "plain_t" } } },
          { name: "on", type_spec: { bool: {} } },
          { name: "colour", type_spec: { serializable_enum: { name: "colour_t" } } },
          {
            name: "pair",
            type_spec: {
              tuple: {
                members: [
                  { bitstring: { bit: { bitwidth: 4 } } },
                  { bitstring: { int: { bitwidth: 7 } } },
                ],
              },
            },
          },
        ],
      },
    },
    serializable_enums: {
      colour_t: {
        underlying_type: { bitwidth: 8 },
        members: [
          { name: "red", value: Uint8Array.of(1) },
          { name: "blue", value: Uint8Array.of(255) },
        ],
      },
    },
    new_types: {
      plain_t: { original_type: { bitstring: { bit: { bitwidth: 16 } } } },
      port_id_t: { translated_type: { uri: "example.org/port", sdn_bitwidth: 32 } },
      vrf_t: { translated_type: { uri: "example.org/name", sdn_string: {} } },
    },
  });
});

test("a negative member of an enum has the bits of its type", () => {
  const before = "enum int<8> level_t { low = -1 } struct s_t { level_t level; }";
  const { type_info: types } = infoOf(around("register<s_t, bit<32>>(1) r;", { before }));
  expect(types.serializable_enums).toMatchObject({
    level_t: { members: [{ name: "low", value: Uint8Array.of(255) }] },
  });
});

test("value sets, digests and annotations are told", () => {
  const before = `struct news_t { bit<48> mac; bit<9> port; }
    struct port_t { @match(ternary) bit<16> type; bit<8> other; }`;
  const apply = "digest<news_t>(1, {hdr.ethernet.src, s.ingress_port}); t.apply();";
  const locals = `action a() {}
    @mark(1, "two") @pair[k = 5, on = true] @list["x", 7] table t { actions = { a; } const default_action = a(); }`;
  const text = around(locals, { before, apply }).replace(
    "state start { p.extract(hdr.ethernet); transition accept; }",
    `value_set<bit<16>>(4) types; value_set<port_t>(8) pairs;
     state start { p.extract(hdr.ethernet); transition select(hdr.ethernet.type) { types: accept; _: more; } }
     state more { transition select(hdr.ethernet.type, hdr.ethernet.dst[7:0]) { pairs: accept; _: accept; } }`,
  );
  const info = infoOf(text);
  expect(info.value_sets.map(({ match, size }) => ({ match, size }))).toEqual([
    { match: [{ id: 1, bitwidth: 16, match_type: "EXACT" }], size: 4 },
    {
      match: [
        { id: 1, name: "type", bitwidth: 16, match_type: "TERNARY" },
        { id: 2, name: "other", bitwidth: 8, match_type: "EXACT" },
      ],
      size: 8,
    },
  ]);
  expect(info.digests).toMatchObject([
    { preamble: { name: "news_t" }, type_spec: { struct: { name: "news_t" } } },
  ]);
  expect(info.tables[0]?.preamble).toMatchObject({
    annotations: ['@mark(1,"two")'],
    structured_annotations: [
      {
        name: "pair",
        kv_pair_list: {
          kv_pairs: [
            { key: "k", value: { int64_value: 5 } },
            { key: "on", value: { bool_value: true } },
          ],
        },
      },
      {
        name: "list",
        expression_list: { expressions: [{ string_value: "x" }, { int64_value: 7 }] },
      },
    ],
  });
});

test("short names are the shortest ends that nothing else has", () => {
  const locals = `
    action a() {}
    @name("x.t") table one { actions = { a; } const default_action = a(); }
    @name(".y.t") table two { actions = { a; } const default_action = a(); }`;
  const { tables } = infoOf(around(locals, { apply: "one.apply(); two.apply();" }));
  expect(tables.map(({ preamble: { name, alias } }) => [name, alias])).toEqual([
    ["MyIngress.x.t", "x.t"],
    ["y.t", "y.t"],
  ]);
});

test.each([
  [
    "@id(0x01000007) table t",
    "@id(16777223) of MyIngress.t: expected 1 to 16777215, or with the first byte 0x02 of its sort",
  ],
  [
    "@id(7) table u { actions = { a; } const default_action = a(); } @id(0x02000007) table t",
    "@id(33554439) is given to table MyIngress.u and to table MyIngress.t",
  ],
])("%s is refused", (head, error) => {
  const locals = `action a() {} ${head} { actions = { a; } const default_action = a(); }`;
  expect(told(around(locals, { apply: "t.apply();" }))).toEqual({ ok: false, error });
});

const folder = path.join(import.meta.dirname, "../../p4info");

test.each(ownPrograms)("what is told of $name is what the repository has", ({ name, text }) => {
  const made = protoText(infoOf(text));
  const file = path.join(folder, name.replace(/p4$/, "txtpb"));
  if (process.env["UPDATE"] === "1") {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, made);
  }
  expect(readFileSync(file, "utf8")).toBe(made);
});

test.each(languagePrograms)("I9: $name can be told", ({ text }) => {
  expect(protoText(infoOf(text))).toContain("pkg_info");
});

test("JSON has bytes in base64, and no empty lists", () => {
  const before = "enum bit<8> e_t { a = 200 } struct s_t { e_t e; }";
  const json = protoJson(infoOf(around("register<s_t, bit<32>>(1) r;", { before })));
  expect(json).not.toContain("[]");
  expect(JSON.parse(json)).toMatchObject({
    type_info: { serializable_enums: { e_t: { members: [{ name: "a", value: "yA==" }] } } },
  });
});
