/** What holds for every text: nothing is thrown, nothing is lost, nothing takes long (issue 9, no crash). */
import fc from "fast-check";
import { expect, test } from "vitest";
import { format } from "./format/format.ts";
import { parse } from "./parse/parse.ts";
import { printProgram } from "./print/program.ts";
import { randomProgram } from "./random.fixture.ts";
import { renderDiagnostic } from "./source/diagnostic.ts";
import { nextToken, pieces, scannerOf } from "./syntax/lexer.ts";
import { PUNCTUATION } from "./syntax/token.ts";
import { analysedText, ownPrograms, soundProgram, tokensOfText } from "./testing.fixture.ts";

/** So long may hostile input take at most, on a machine with much else to do. */
const MOST_SECONDS = 10;
/** How often longer runs (`npm run soak`) do what is random. */
const times = Number(process.env["SEAM_P4_RUNS"] ?? 1);
const patient = { timeout: 60_000 * times };

const seconds = (act: () => void): number => {
  const start = performance.now();
  act();
  return (performance.now() - start) / 1000;
};

/** A tree without places and without how numbers and names were spelled where that does not matter. */
const bare = (tree: unknown): string =>
  JSON.stringify(tree, (key, value: unknown) => {
    if (key === "span") return undefined;
    return typeof value === "bigint" ? value.toString() : value;
  });

const readAll = (text: string): void => {
  const { diagnostics } = analysedText(text);
  for (const each of diagnostics) renderDiagnostic(each);
  if (diagnostics.length === 0) printProgram(soundProgram(text));
  format({ name: "program.p4", text });
};

const spelled =
  "control parser header struct table apply state transition select bit int extern action const if else for in " +
  'switch default _ a b T 8w3 0x "s" @ @name /* */ // " key entries actions enum typedef error package';

const words = [
  ...PUNCTUATION,
  ...spelled.split(" "),
  "\n",
  "\n#if 1\n",
  "\n#endif\n",
  "#define a b\n",
  "\\\n",
];

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.array(fc.constantFrom(...words), { maxLength: 200 }).map((list) => list.join(" ")),
  fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((list) => list.join("")),
);

test(
  "I9: a random program is read, printed, and read again as the same tree (property)",
  patient,
  () => {
    fc.assert(
      fc.property(randomProgram, (source) => {
        const tree = soundProgram(source);
        const printed = printProgram(tree);
        const again = soundProgram(printed);
        expect(bare(again)).toBe(bare(tree));
        expect(printProgram(again)).toBe(printed);
      }),
      { numRuns: 300 * times },
    );
  },
);

test.each(ownPrograms)(
  "I9: $name is printed and read again as the same tree",
  ({ text: source }) => {
    const tree = soundProgram(source);
    const printed = printProgram(tree);
    expect(bare(soundProgram(printed))).toBe(bare(tree));
  },
);

test(
  "I9: formatting a random program keeps its tree, and formatting again changes nothing (property)",
  patient,
  () => {
    fc.assert(
      fc.property(randomProgram, (source) => {
        const once = format({ name: "program.p4", text: source });
        const formatted = once.ok ? once.value : "";
        expect(bare(soundProgram(formatted))).toBe(bare(soundProgram(source)));
        expect(format({ name: "program.p4", text: formatted })).toEqual({
          ok: true,
          value: formatted,
        });
      }),
      { numRuns: 200 * times },
    );
  },
);

test("I9: pieces, and tokens with what is between them, give the text (property)", patient, () => {
  fc.assert(
    fc.property(text, (source) => {
      expect(
        pieces(source)
          .map((each) => each.text)
          .join(""),
      ).toBe(source);
      const file = { name: "program.p4", text: source };
      const scanner = scannerOf(file);
      let end = 0;
      let rebuilt = "";
      for (let token = nextToken(scanner); ; token = nextToken(scanner)) {
        const { span } = token;
        rebuilt += source.slice(end, span.start) + source.slice(span.start, span.end);
        expect(source.slice(span.start, span.end).replaceAll(/\\\r?\n/g, "")).toBe(token.text);
        end = span.end;
        if (token.kind === "end") break;
      }
      expect(rebuilt + source.slice(end)).toBe(source);
    }),
    { numRuns: 1000 * times },
  );
});

test("I9: random bytes and tokens are judged, never thrown at (property)", patient, () => {
  const judge = (source: string): void => {
    expect(() => readAll(source)).not.toThrow();
  };
  fc.assert(fc.property(text, judge), { numRuns: 1000 * times });
});

test("I9: programs with random changes are judged, never thrown at (property)", patient, () => {
  const change = fc.tuple(fc.nat(), fc.nat(40), fc.constantFrom("", ...words));
  const changed = fc
    .tuple(fc.constantFrom(...ownPrograms), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([{ text: source }, changes]) =>
      changes.reduce((sum, [at, length, word]) => {
        const start = at % (sum.length + 1);
        return sum.slice(0, start) + word + sum.slice(start + length);
      }, source),
    );
  const judge = (source: string): void => {
    expect(() => readAll(source)).not.toThrow();
  };
  fc.assert(fc.property(changed, judge), { numRuns: 60 * times });
});

const deep = 5000;

test.each([
  ["parentheses", `const int a = ${"(".repeat(deep)}1${")".repeat(deep)};`],
  ["signs", `const int a = ${"-".repeat(deep)} 1;`],
  ["braces", `const int a = ${"{".repeat(deep)}`],
  ["blocks", `void f() { ${"{".repeat(deep)}`],
  ["ifs", `void f() { ${"if (a) ".repeat(deep)}; }`],
  ["else ifs", `void f() { ${"if (a) ; else ".repeat(deep)}; }`],
  ["types", `struct s { ${"list<".repeat(deep)}bit${">".repeat(deep)} a; }`],
  ["casts", `const int a = ${"(bit<8>)".repeat(deep)} 1;`],
  ["sums", `const int a = 1${" + 1".repeat(deep)};`],
  ["members", `const int a = b${".c".repeat(deep)};`],
  ["calls", `const int a = b${"(1)".repeat(deep)};`],
  ["conditionals", `const int a = ${"b ? c : ".repeat(deep)} 1;`],
  ["comparisons", `const int a = b${" < b".repeat(deep)};`],
])("P901: %s that are nested too deep are told", patient, (_, source) => {
  let codes: readonly string[] = [];
  expect(
    seconds(() => (codes = analysedText(source).diagnostics.map(({ code }) => code))),
  ).toBeLessThan(MOST_SECONDS);
  expect(codes).toContain("P901");
});

test("P901: arguments of macros that are nested too deep are told", patient, () => {
  const source = `#define F(x) x\nconst int a = ${"F(".repeat(1000)}1${")".repeat(1000)};`;
  expect(analysedText(source).diagnostics.map(({ code }) => code)).toContain("P901");
});

test("P901: a condition that is nested too deep is told", () => {
  const { diagnostics } = analysedText(`#if ${"(".repeat(deep)}1\n#endif`);
  expect(diagnostics.map(({ code }) => code)).toContain("P114");
});

test("P902: macros that double without end are stopped", patient, () => {
  const doubling = Array.from({ length: 40 }, (_, at) => `#define A${at + 1} A${at} A${at}`);
  const source = `#define A0 1\n${doubling.join("\n")}\nA40\n`;
  let codes: readonly string[] = [];
  expect(
    seconds(() => (codes = tokensOfText(source).diagnostics.map(({ code }) => code))),
  ).toBeLessThan(MOST_SECONDS);
  expect(codes).toEqual(["P902"]);
});

test("P903: a program with very many errors is given up", () => {
  const { diagnostics } = analysedText("const bit<8> a = ;\n".repeat(500));
  expect(diagnostics).toHaveLength(51);
  expect(diagnostics.at(-1)?.code).toBe("P903");
});

test.each([
  ["slashes", "/".repeat(200_000)],
  ["open comments", "/*".repeat(100_000)],
  ["quotes", '"'.repeat(200_001)],
  ["backslashes in a string", `"${"\\".repeat(200_000)}`],
  ["ors of names", `const bool a = b${" || b".repeat(1000)};`],
  ["a wide number", `const int a = 0x${"f".repeat(200_000)};`],
  ["a wide type", "header h { bit<4294967296> a; }"],
  ["one long line", `const int a = 1; `.repeat(5000)],
  ["ifs of the preprocessor", "#if 1\n".repeat(20_000)],
  ["angles", `void f() { a ${"< b ".repeat(20_000)}; }`],
  ["calls with comparisons", `void f() { g(${"a < b, ".repeat(20_000)}c); }`],
  ["braces for the formatter", "{\n".repeat(20_000)],
])("I9: hostile input takes no time: %s", patient, (_, source) => {
  expect(seconds(() => readAll(source))).toBeLessThan(MOST_SECONDS);
});

test("I9: parse never throws on tokens without an end", () => {
  expect(parse([]).diagnostics).toEqual([]);
});
