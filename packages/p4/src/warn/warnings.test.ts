/** Warnings against simpler ways to find the same: values one by one, and ways through a program one by one. */
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { warningCatalogue } from "../source/catalogue-warnings.ts";
import { analysedText } from "../testing.fixture.ts";
import { type Points, takes } from "./points.ts";
import { hiddenRows, missingValues, type Row } from "./rows.ts";

const patient = { timeout: 120_000 };

const LAST = 7;
const values = Array.from({ length: LAST + 1 }, (_, value) => BigInt(value));
const domain = { first: 0n, last: BigInt(LAST), width: 3, show: String };
const pairs = values.flatMap((a) => values.map((b) => [a, b] as const));

const small = fc.integer({ min: 0, max: LAST }).map(BigInt);
const points: fc.Arbitrary<Points> = fc.oneof(
  fc.constant({ kind: "any" } as const),
  small.map((first) => ({ kind: "interval", first, last: first }) as const),
  fc.tuple(small, small).map(([first, last]) => ({ kind: "interval", first, last }) as const),
  fc
    .tuple(small, small)
    .map(([value, mask]) => ({ kind: "mask", value: value & mask, mask }) as const),
);
const rows: fc.Arbitrary<readonly Row[]> = fc.array(fc.tuple(points, points), { maxLength: 8 });

const fits = (row: Row, pair: readonly bigint[]): boolean =>
  row.every((each, index) => takes(each, pair[index] ?? 0n));

test(
  "I9: values that no row takes are found when there are some, and only then (property)",
  patient,
  () => {
    fc.assert(
      fc.property(rows, (list) => {
        const isCovered = pairs.every((pair) => list.some((row) => fits(row, pair)));
        const found = missingValues(list, [domain, domain]);
        expect(found === undefined).toBe(isCovered);
        expect(list.some((row) => found !== undefined && fits(row, found))).toBe(false);
      }),
      { numRuns: 1000 },
    );
  },
);

test(
  "I9: rows that are called hidden get no value, as the row that is named takes all of theirs (property)",
  patient,
  () => {
    fc.assert(
      fc.property(rows, (list) => {
        for (const [index, by] of hiddenRows(list)) {
          const taken = pairs.filter((pair) => fits(list[index] ?? [], pair));
          expect(by).toBeLessThan(index);
          expect(taken.every((pair) => fits(list[by] ?? [], pair))).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  },
);

test(
  "I9: a row that stands twice, or behind one that takes all, is called hidden (property)",
  patient,
  () => {
    fc.assert(
      fc.property(rows, small, (list, value) => {
        const single: Row = [
          { kind: "interval", first: value, last: value },
          { kind: "interval", first: value, last: value },
        ];
        const all: Row = [{ kind: "any" }, { kind: "any" }];
        const twice = hiddenRows([single, ...list, single]).map(([index]) => index);
        expect(twice).toContain(list.length + 1);
        const behind = hiddenRows([...list, all, single]).map(([index]) => index);
        expect(behind).toContain(list.length + 1);
      }),
      { numRuns: 300 },
    );
  },
);

/** A small program: each step sets or reads a variable, returns, or branches on something that is not known. */
type Step =
  | { readonly kind: "set"; readonly variable: string }
  | { readonly kind: "read"; readonly variable: string }
  | { readonly kind: "return" }
  | { readonly kind: "if"; readonly yes: readonly Step[]; readonly no: readonly Step[] };

const { steps } = fc.letrec<{ step: Step; steps: readonly Step[] }>((tie) => ({
  steps: fc.array(tie("step"), { maxLength: 4 }),
  step: fc.oneof(
    { maxDepth: 2, depthSize: "small", withCrossShrink: true },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("set" as const),
        variable: fc.constantFrom("a", "b"),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("read" as const),
        variable: fc.constantFrom("a", "b"),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "return" as const }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("if" as const),
        yes: tie("steps"),
        no: tie("steps"),
      }),
    },
  ),
}));

/** The program's lines, one for each step; `reads` are the steps by the lines where they read. */
function written(list: readonly Step[], lines: string[], reads: Map<Step, number>): void {
  for (const step of list) {
    if (step.kind === "set") lines.push(`${step.variable} = x;`);
    else if (step.kind === "return") lines.push("return;");
    else if (step.kind === "read") {
      lines.push(`y = ${step.variable};`);
      reads.set(step, lines.length);
    } else {
      lines.push("if (x == 1) {");
      written(step.yes, lines, reads);
      lines.push("} else {");
      written(step.no, lines, reads);
      lines.push("}");
    }
  }
}

/** Ways through steps: lists of sets and reads; the last may be a return, behind which nothing runs. */
function ways(list: readonly Step[]): readonly (readonly Step[])[] {
  return list.reduce<readonly (readonly Step[])[]>(
    (before, step) =>
      before.flatMap((way) => {
        if (way.at(-1)?.kind === "return") return [way];
        if (step.kind !== "if") return [[...way, step]];
        return [...ways(step.yes), ...ways(step.no)].map((rest) => [...way, ...rest]);
      }),
    [[]],
  );
}

/** What is told of reads, by going every way: a read is told once on each way. */
function expected(list: readonly Step[], reads: ReadonlyMap<Step, number>): readonly string[] {
  const met = new Map<Step, Set<boolean>>();
  for (const way of ways(list)) {
    const isSet = new Set<string>();
    for (const step of way) {
      if (step.kind !== "set" && step.kind !== "read") continue;
      if (step.kind === "read")
        met.set(step, (met.get(step) ?? new Set()).add(isSet.has(step.variable)));
      isSet.add(step.variable);
    }
  }
  return [...reads].flatMap(([step, line]) => {
    const found = met.get(step);
    if (found?.has(false) !== true) return [];
    return [`${line} ${found.has(true) ? "P731" : "P730"}`];
  });
}

test(
  "I9: reads of what is not set are told as by going every way through a program (property)",
  patient,
  () => {
    fc.assert(
      fc.property(steps, (list) => {
        const lines = ["control C(in bit<8> x, out bit<8> y) { apply { y = 0; bit<8> a; bit<8> b;"];
        const reads = new Map<Step, number>();
        written(list, lines, reads);
        const text = [...lines, "} }"].join("\n");
        const { diagnostics } = analysedText(text);
        const told = diagnostics.flatMap(({ code, span }) => {
          const line = span.file.text.slice(0, span.start).split("\n").length;
          return code === "P730" || code === "P731" ? [`${line} ${code}`] : [];
        });
        expect(told).toEqual(expected(list, reads));
      }),
      { numRuns: 1000 },
    );
  },
);

const many = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join("\n");

const packet = "extern packet_in { void advance(in bit<32> bits); T lookahead<T>(); }";
const around = (body: string): string => `control C(inout bit<8> x, inout bit<8> y) {\n${body}\n}`;

test.each([
  [
    "states that stand in the wrong order",
    () => {
      const states = many(
        3000,
        (at) =>
          `state s${3000 - at} { a = a + 1; transition select(a) { 1: s1; 2: s${((at * 7919) % 3000) + 1}; default: s${3001 - at}; } }`,
      );
      return `${packet} parser P(packet_in p) { bit<8> a; state start { transition s1; } ${states} state s3001 { transition accept; } }`;
    },
  ],
  [
    "masks in a select",
    () =>
      `${packet} parser P(packet_in p) { state start { transition select(p.lookahead<bit<64>>(), p.lookahead<bit<64>>()) {\n${many(5000, (at) => `(${at} &&& 0x1f0f3355, ${at} &&& 0x55555555): accept;`)} } } }`,
  ],
  [
    "ranges in a select",
    () =>
      `${packet} parser P(packet_in p) { state start { transition select(p.lookahead<bit<64>>(), p.lookahead<bit<64>>()) {\n${many(5000, (at) => `(${at} .. ${at + 9999}, ${at} .. ${2 * at + 1}): accept;`)} } } }`,
  ],
  [
    "entries of one priority",
    () =>
      `match_kind { ternary } ${around(`action a() {} table t { key = { x: ternary; } actions = { a; } entries = {\n${many(8000, () => `priority = 10: 1 &&& 3: a();`)} } } apply { t.apply(); }`)}`,
  ],
  [
    "variables and branches",
    () =>
      around(
        `apply { ${many(8000, (at) => `bit<8> v${at}; if (x == 1) { v${at} = 1; } else { y = v${at}; }`)} }`,
      ),
  ],
  [
    "loops in each other",
    () =>
      around(
        `apply { bit<8> a; ${"for (bit<8> i in 1 .. 9) { y = a; ".repeat(100)} a = 1; ${"}".repeat(100)} }`,
      ),
  ],
  [
    "ifs in each other",
    () =>
      around(
        `apply { bit<8> a; ${"if (x == 1 && y == a) { y = a; ".repeat(140)} return; a = 1; ${"}".repeat(140)} }`,
      ),
  ],
  [
    "actions that call each other twice",
    () =>
      around(
        `bit<8> v; action a0() { v = v + 1; }\n${many(2000, (at) => `action a${at + 1}() { a${at}(); a${at}(); }`)} apply { a2000(); }`,
      ),
  ],
  [
    "a table with many actions that is applied often",
    () =>
      around(
        `bit<8> v;\n${many(2000, (at) => `action a${at}() { v = ${at % 256}; }`)} table t { actions = { ${many(2000, (at) => `a${at};`)} } default_action = a1(); } apply {\n${many(2000, () => "t.apply(); y = v;")} }`,
      ),
  ],
  [
    "warnings that are silenced one by one",
    () => around(`apply { ${many(8000, (at) => `@noWarn("unused") bit<8> v${at};`)} }`),
  ],
  [
    "structs in structs",
    () =>
      `struct s0 { bit<8> a; bit<8> b; }\n${many(12, (at) => `struct s${at + 1} { s${at} a; s${at} b; }`)} ${around(`apply { ${many(300, (at) => `s12 v${at};`)} }`)}`,
  ],
])("I9: hostile programs without errors take no time: %s", patient, (_name, text) => {
  const start = performance.now();
  const { program } = analysedText(text());
  expect(program).toBeDefined();
  expect((performance.now() - start) / 1000).toBeLessThan(60);
});

test("I9: the guide lists every warning with its kind", () => {
  const guide = readFileSync(
    path.join(import.meta.dirname, "../../../../docs/guide/p4.md"),
    "utf8",
  );
  const listed = Object.entries(warningCatalogue).map(
    ([code, { kind }]) => `| ${code} | \`${kind}\` |`,
  );
  expect(listed.filter((row) => !guide.includes(row))).toEqual([]);
});
