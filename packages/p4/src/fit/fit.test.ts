/** Whether programs fit targets (I9): each finding with its exact text. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { renderDiagnostic } from "../source/diagnostic.ts";
import { targetNamed, targetNames } from "../targets/index.ts";
import { analysedText, ownPrograms } from "../testing.fixture.ts";
import { CONSTRUCT_ENTRIES, GENERAL, LIMIT_ENTRIES } from "./catalogue.ts";
import { fit, type Fit } from "./fit.ts";
import { type Profile, profileOf } from "./profile.ts";

function judged(text: string, target: Profile): Fit {
  const { program, tree, diagnostics } = analysedText(text);
  if (program === undefined || tree === undefined)
    throw new Error(diagnostics.map(renderDiagnostic).join("\n"));
  return fit(program, tree, target);
}

function profile(json: object): Profile {
  const made = profileOf({
    name: "small",
    title: "a small target",
    architectures: ["v1model"],
    ...json,
  });
  if (!made.ok) throw new Error(made.error.join("\n"));
  return made.value;
}

type Parts = {
  readonly types?: string;
  readonly read?: string;
  readonly locals?: string;
  readonly apply?: string;
};

/** A v1model program with these parts in it. */
const program = ({ types = "", read = "", locals = "", apply = "" }: Parts): string => `
#include <core.p4>
#include <v1model.p4>
header h_t { bit<8> a; bit<8> b; bit<16> c; }
header long_t { bit<8> n; varbit<64> rest; }
header_union either_t { h_t one; long_t two; }
struct headers_t { h_t h; h_t[3] stack; long_t long; either_t either; }
struct metadata_t { int<8> level; }
struct news_t { bit<48> mac; bit<16> port; }
${types}
parser Read(packet_in p, out headers_t hdr, inout metadata_t m, inout standard_metadata_t s) {
${read === "" ? "state start { p.extract(hdr.h); transition accept; }" : read}
}
control Check(inout headers_t hdr, inout metadata_t m) { apply {} }
control Run(inout headers_t hdr, inout metadata_t m, inout standard_metadata_t s) {
${locals}
apply { ${apply} }
}
control Out(inout headers_t hdr, inout metadata_t m, inout standard_metadata_t s) { apply {} }
control Write(packet_out p, in headers_t hdr) { apply { p.emit(hdr.h); } }
V1Switch(Read(), Check(), Run(), Out(), Check(), Write()) main;
`;

const table = (kind: string, size = 16): string => `
action none() {} action set(bit<8> x) { hdr.h.a = x; }
table t { key = { hdr.h.a: ${kind}; hdr.h.c: ${kind === "range" ? "exact" : kind === "lpm" ? "exact" : kind}; } actions = { none; set; } default_action = none(); size = ${size}; }`;

const cases: readonly (readonly [string, object, Parts])[] = [
  ["F101 runs tna", { architectures: ["tna"] }, {}],
  ["F102 no extern counter", { externs: [] }, { locals: "counter(4, CounterType.packets) seen;" }],
  [
    "F102 no extern mark_to_drop",
    { missingExterns: ["mark_to_drop"] },
    { apply: "mark_to_drop(s);" },
  ],
  [
    "F103 no keys of kind range",
    { matchKinds: ["exact", "lpm"] },
    { locals: table("range"), apply: "t.apply();" },
  ],
  [
    "F201 matches 16 exactly",
    { limits: { exactKeyBits: 16 } },
    { locals: table("exact"), apply: "t.apply();" },
  ],
  [
    "F202 finds prefixes in 16",
    { limits: { lpmKeyBits: 16 } },
    { locals: table("lpm"), apply: "t.apply();" },
  ],
  [
    "F203 matches 16 under masks",
    { limits: { ternaryKeyBits: 16 } },
    { locals: table("ternary"), apply: "t.apply();" },
  ],
  [
    "F204 small 8 that match exactly",
    { limits: { exactEntries: 8 } },
    { locals: table("exact"), apply: "t.apply();" },
  ],
  [
    "F205 small 8 prefixes",
    { limits: { lpmEntries: 8 } },
    { locals: table("lpm"), apply: "t.apply();" },
  ],
  [
    "F206 small 8 under masks",
    { limits: { ternaryEntries: 8 } },
    { locals: table("ternary"), apply: "t.apply();" },
  ],
  [
    "F207 1 tables, small 0",
    { limits: { tables: 0 } },
    { locals: table("exact"), apply: "t.apply();" },
  ],
  [
    "F208 1 tables of Run",
    { limits: { dependentTables: 0 } },
    { locals: table("exact"), apply: "t.apply();" },
  ],
  [
    "F209 has 2 states, small 1",
    { limits: { parserStates: 1 } },
    {
      read: "state start { transition more; } state more { p.extract(hdr.h); transition accept; }",
    },
  ],
  ["F210 up to 4 bytes, small 3", { limits: { headerBytes: 3 } }, {}],
  ["F211 h_t.c has 16 bits", { limits: { fieldBits: 8 } }, {}],
  [
    "F212 worked out in 16 bits",
    { limits: { arithmeticBits: 8 } },
    { apply: "hdr.h.c = hdr.h.c + 1;" },
  ],
  [
    "F213 a digest of 8 bytes",
    { limits: { digestBytes: 7 } },
    { apply: "digest<news_t>(1, {1, 2});" },
  ],
  [
    "F301 long_t",
    { constructs: { varbit: false } },
    { read: "state start { p.extract(hdr.long, 8); transition accept; }" },
  ],
  [
    "F302 either_t",
    { constructs: { headerUnions: false } },
    { read: "state start { p.extract(hdr.either.one); transition accept; }" },
  ],
  [
    "F303 h_t[3]",
    { constructs: { headerStacks: false } },
    { read: "state start { p.extract(hdr.stack[0]); transition accept; }" },
  ],
  [
    "F304 hdr.stack.push_front(1)",
    { constructs: { pushAndPop: false } },
    { apply: "hdr.stack.push_front(1);" },
  ],
  [
    "F305 known",
    { constructs: { valueSets: false } },
    {
      read: "value_set<bit<8>>(4) known; state start { p.extract(hdr.h); transition select(hdr.h.a) { known: accept; _: accept; } }",
    },
  ],
  [
    "F306 inner.apply",
    { constructs: { subParsers: false } },
    {
      types:
        "parser Inner(packet_in p, out h_t h) { state start { p.extract(h); transition accept; } }",
      read: "Inner() inner; state start { inner.apply(p, hdr.h); transition accept; }",
    },
  ],
  [
    "F307 again leads back to again",
    { constructs: { parserLoops: false } },
    {
      read: "state start { transition again; } state again { p.extract(hdr.stack.next); transition select(hdr.stack.last.a) { 1: again; _: accept; } }",
    },
  ],
  [
    "F308 for (",
    { constructs: { loops: false } },
    { apply: "for (bit<8> i in 1 .. 3) { hdr.h.a = i; }" },
  ],
  [
    "F309 hdr.h.a * hdr.h.b",
    { constructs: { multiplication: false } },
    { apply: "hdr.h.a = hdr.h.a * hdr.h.b; hdr.h.b = hdr.h.b * 4;" },
  ],
  ["F310 hdr.h.a / 4", { constructs: { division: false } }, { apply: "hdr.h.a = hdr.h.a / 4;" }],
  [
    "F311 hdr.h.a << hdr.h.b",
    { constructs: { variableShifts: false } },
    { apply: "hdr.h.a = hdr.h.a << hdr.h.b; hdr.h.b = hdr.h.b << 2;" },
  ],
  ["F312 int<8>", { constructs: { signedIntegers: false } }, { apply: "m.level = -1;" }],
  [
    "F313 hdr.h.a == 1 ? 8w2 : 3",
    { constructs: { conditionalOperator: false } },
    { apply: "hdr.h.b = hdr.h.a == 1 ? 8w2 : 3;" },
  ],
  [
    "F314 recirculate_preserving_field_list(1)",
    { constructs: { recirculation: false } },
    { apply: "recirculate_preserving_field_list(1);" },
  ],
  [
    "F315 resubmit_preserving_field_list(1)",
    { constructs: { resubmission: false } },
    { apply: "resubmit_preserving_field_list(1);" },
  ],
  [
    "F316 clone(CloneType.I2E, 5)",
    { constructs: { cloning: false } },
    { apply: "clone(CloneType.I2E, 5);" },
  ],
  [
    "F317 digest<news_t>(1, {1, 2})",
    { constructs: { digests: false } },
    { apply: "digest<news_t>(1, {1, 2});" },
  ],
  [
    "F318 support_timeout of Run.t",
    { constructs: { idleTimeout: false } },
    {
      locals: table("exact").replace("size =", "support_timeout = true; size ="),
      apply: "t.apply();",
    },
  ],
];

test.each(cases)("I9: %s", (told, json, parts) => {
  const { fits, findings } = judged(program(parts), profile(json));
  const [code = "", ...words] = told.split(" ");
  expect([fits, [...new Set(findings.map((each) => each.code))]]).toEqual([false, [code]]);
  expect(findings[0]?.message).toContain(words.join(" "));
  expect(findings.map(({ hint = "" }) => hint).join("\n")).not.toMatch(/\{|^$/m);
  expect(findings.map(({ message }) => message).join("\n")).not.toMatch(
    /\{(found|given|name|target)\}/,
  );
});

test("I9: every code has a case, or a program of the repository that meets it", () => {
  const codes = [GENERAL, LIMIT_ENTRIES, CONSTRUCT_ENTRIES].flatMap((entries) =>
    Object.values(entries).map(({ code }) => code),
  );
  expect(new Set(codes).size).toBe(codes.length);
  const met = new Set(cases.map(([told]) => told.slice(0, 4)));
  expect(codes.filter((code) => !met.has(code))).toEqual(["F319"]);
});

test("I9: a table that adds entries to itself does not fit where none does", () => {
  const text = ownPrograms.find(({ name }) => name === "nat-conntrack.p4")?.text ?? "";
  const target = profile({ architectures: ["pna"], constructs: { addOnMiss: false } });
  const { findings } = judged(text, target);
  expect(findings.map(renderDiagnostic)).toEqual([
    `program.p4:129:9: error F319: small has no tables that add entries to themselves: NatControl.flows
          add_on_miss = true;
          ^~~~~~~~~~~~~~~~~~~
  hint: Let the control plane add them.`,
  ]);
});

test("I9: findings have their place, a caret and what to do", () => {
  const text = program({
    locals: table("ternary"),
    apply: "t.apply(); hdr.h.c = hdr.h.c * hdr.h.c;",
  });
  const target = profile({ matchKinds: ["exact"], constructs: { multiplication: false } });
  const { findings } = judged(text, target);
  expect(findings.map(renderDiagnostic).join("\n")).toBe(
    `program.p4:18:19: error F103: small has no keys of kind ternary
  table t { key = { hdr.h.a: ternary; hdr.h.c: ternary; } actions = { none; set; } default_action = none(); size = 16; }
                    ^~~~~~~~~~~~~~~~~
  hint: Use one of exact, or choose another target.
program.p4:18:37: error F103: small has no keys of kind ternary
  table t { key = { hdr.h.a: ternary; hdr.h.c: ternary; } actions = { none; set; } default_action = none(); size = 16; }
                                      ^~~~~~~~~~~~~~~~~
  hint: Use one of exact, or choose another target.
program.p4:19:30: error F309: small has no multiplication of values that are not known when the program is compiled: hdr.h.c * hdr.h.c
  apply { t.apply(); hdr.h.c = hdr.h.c * hdr.h.c; }
                               ^~~~~~~~~~~~~~~~~
  hint: Multiply by powers of two, or look products up in a table.`,
  );
});

test("I9: what the target does not state is told, but only when the program needs it", () => {
  const { fits, unstated } = judged(
    program({ locals: table("exact"), apply: "t.apply();" }),
    profile({ limits: { exactKeyBits: 24, exactEntries: null }, constructs: { varbit: null } }),
  );
  expect(fits).toBe(true);
  expect(unstated).toEqual([
    "dependentTables",
    "exactEntries",
    "fieldBits",
    "headerBytes",
    "parserStates",
    "tables",
  ]);
});

const folder = path.join(import.meta.dirname, "../targets");

test("I9: every file of a target is known by its name, right and with sources", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  expect(files.map((name) => name.replace(".json", ""))).toEqual(targetNames);
  for (const name of targetNames) {
    const target = targetNamed(name);
    if (!target.ok) throw new Error(target.error.join("\n"));
    expect(target.value.sources.length).toBeGreaterThan(0);
    expect(readFileSync(path.join(folder, `${name}.json`), "utf8")).toContain(`"name": "${name}"`);
  }
  expect(targetNamed("tofino")).toEqual(targetNamed("tofino1"));
  expect(targetNamed("abacus")).toMatchObject({ ok: false });
});

const codesOn = (name: string, text: string): readonly string[] => {
  const target = targetNamed(name);
  if (!target.ok) throw new Error(target.error.join("\n"));
  return judged(text, target.value).findings.map(({ code }) => code);
};

const written = (isTofino: boolean) =>
  ownPrograms.filter(({ text }) => text.includes("<tna.p4>") === isTofino);

test.each(written(false))("I9: $name fits the simulator, and no BlueField-2", ({ text }) => {
  expect(codesOn("seam-simulator", text)).toEqual([]);
  expect(codesOn("bluefield-2", text)).toEqual(["F101"]);
  expect(codesOn("tofino", text)).toContain("F101");
});

test.each(written(true))("I9: $name fits Tofino, and no other architecture", ({ text }) => {
  expect(codesOn("tofino", text)).toEqual([]);
  expect(codesOn("seam-simulator", text)).toEqual(["F101"]);
});

test.each([
  [7, ["expected an object with the name of the target and what it can do"]],
  [
    {
      name: "",
      architectures: "v1model",
      limits: { stages: 12, tables: -1 },
      constructs: { varbit: "no" },
      speed: 1,
    },
    [
      "name: expected a text",
      "title: expected a text",
      "architectures: expected a list of texts",
      "limits.stages: no such field; there are exactKeyBits, lpmKeyBits, ternaryKeyBits, exactEntries, lpmEntries, ternaryEntries, tables, dependentTables, parserStates, headerBytes, fieldBits, arithmeticBits, digestBytes",
      "limits.tables: expected a whole number, or null when it is not stated",
      "constructs.varbit: expected true, false, or null when it is not stated",
      "architectures: expected a list of texts, empty when the target runs no P4",
      "speed: no such field; there are name, title, aliases, architectures, matchKinds, externs, missingExterns, limits, constructs, sources",
    ],
  ],
  [
    {
      name: "a",
      title: "b",
      architectures: [],
      matchKinds: [1],
      sources: [{ about: "x" }],
      limits: 3,
    },
    [
      "matchKinds: expected a list of texts",
      "limits: expected an object",
      "sources: expected a list of objects, each with texts about and from",
    ],
  ],
])("I9: a target that is declared wrongly is told field by field: %#", (json, errors) => {
  expect(profileOf(json)).toEqual({ ok: false, error: errors });
});
