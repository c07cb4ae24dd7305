/** `seam p4` as users call it, and the guide about it. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { runGuide } from "./guide.fixture.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const folder = mkdtempSync("/tmp/seam-test-p4-");
afterAll(() => rmSync(folder, { recursive: true }));

const patient = { timeout: 120_000 };

type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

const seam = (...words: readonly string[]): Ended =>
  spawnSync(path.join(root, "bin/seam"), ["p4", ...words], { cwd: folder, encoding: "utf8" });

test("I9: format writes what changes, and --check only names it and ends with 1", patient, () => {
  writeFileSync(path.join(folder, "a.p4"), "header a{bit<8>x;}\n");
  writeFileSync(path.join(folder, "b.p4"), "const bit<8> b = 1;\n");
  expect(seam("format", "--check", "a.p4", "b.p4")).toMatchObject({ status: 1, stdout: "a.p4\n" });
  expect(readFileSync(path.join(folder, "a.p4"), "utf8")).toBe("header a{bit<8>x;}\n");
  expect(seam("format", "a.p4", "b.p4")).toMatchObject({ status: 0, stdout: "a.p4\n" });
  expect(readFileSync(path.join(folder, "a.p4"), "utf8")).toBe("header a { bit<8> x; }\n");
  expect(seam("format", "--check", "a.p4", "b.p4")).toMatchObject({ status: 0, stdout: "" });
});

test("I9: what is no program is told with its place, and left as it is", patient, () => {
  const text = 'const string s = "open;\n';
  writeFileSync(path.join(folder, "c.p4"), text);
  const { status, stderr } = seam("format", "c.p4");
  expect(status).toBe(1);
  expect(stderr).toBe(
    `c.p4:1:18: error P202: the string has no closing quote
  const string s = "open;
                   ^
  hint: A quote inside of a string is written \\".
`,
  );
  expect(readFileSync(path.join(folder, "c.p4"), "utf8")).toBe(text);
});

test("I9: standard input goes to standard output", patient, () => {
  const input = "const  bit<8>a=1;";
  const words = ["p4", "format", "-"];
  const out = execFileSync(path.join(root, "bin/seam"), words, { input, encoding: "utf8" });
  expect(out).toBe("const bit<8> a = 1;\n");
});

test("I9: preprocess prints the program, or what is wrong with it", patient, () => {
  writeFileSync(path.join(folder, "d.p4"), '#include "own.p4"\nconst bit<8> a = SIZE;\n');
  const missing = seam("preprocess", "d.p4");
  expect([missing.status, missing.stdout]).toEqual([1, ""]);
  expect(missing.stderr).toContain("d.p4:1:10: error P101: cannot find own.p4");
  const told = seam("preprocess", "d.p4", "--json");
  expect([told.status, JSON.parse(told.stdout)]).toEqual([
    1,
    {
      file: "d.p4",
      diagnostics: [
        {
          code: "P101",
          severity: "error",
          message: "cannot find own.p4",
          file: "d.p4",
          line: 1,
          column: 10,
        },
      ],
    },
  ]);
  writeFileSync(path.join(folder, "own.p4"), "#ifndef SIZE\n#define SIZE 1\n#endif\n");
  expect(seam("preprocess", "d.p4", "-D", "SIZE=7")).toMatchObject({
    status: 0,
    stdout: '#line 2 "d.p4"\nconst bit<8> a = 7;\n',
    stderr: "",
  });
});

const drop = `#include <ebpf_model.p4>
struct headers_t {}
parser Read(packet_in packet, out headers_t headers) { state start { transition accept; } }
control Filter(inout headers_t headers, out bool accept) { apply { accept = true; } }
ebpfFilter(Read(), Filter()) main;
`;

test("I9: stf runs pairs of programs and tests, and tells each as JSON", patient, () => {
  writeFileSync(path.join(folder, "pass.p4"), drop);
  writeFileSync(path.join(folder, "right.stf"), "packet 0 01\nexpect 0 01$\n");
  writeFileSync(path.join(folder, "wrong.stf"), "packet 0 01\nexpect 0 02\nwait\n");
  const { status, stdout } = seam(
    ..."stf --json pass.p4 right.stf pass.p4 wrong.stf pass.p4 none.stf".split(" "),
  );
  expect(status).toBe(1);
  const told: unknown[] = stdout
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  const pair = { program: "pass.p4", target: "sim" };
  const differ = "expected 02, got 01 (1 bytes): they differ from byte 0 on";
  expect(told).toEqual([
    { ...pair, test: "right.stf", passed: true, reason: "" },
    {
      ...pair,
      test: "wrong.stf",
      passed: false,
      reason: `wrong.stf:2: expect: packet 1 of port 0: ${differ}`,
    },
    { ...pair, test: "none.stf", passed: false, reason: "cannot read none.stf" },
  ]);
  expect(seam("stf", "pass.p4", "right.stf")).toMatchObject({
    status: 0,
    stdout: "passed: pass.p4 right.stf (2 commands)\n",
  });
  expect(seam("stf", "pass.p4")).toMatchObject({
    status: 2,
    stderr: "error: every program needs a test: pass.p4 stands alone\n",
  });
});

test(
  "I9: check ends with 0, 1 or 2, and tells diagnostics as text or as one line of JSON per file",
  patient,
  () => {
    writeFileSync(path.join(folder, "good.p4"), "const bit<8> a = SIZE;\n");
    writeFileSync(path.join(folder, "doubtful.p4"), "void f(in bit<8> a) {}\n");
    writeFileSync(path.join(folder, "bad.p4"), "const bit<8> a = true;\n");
    const good = seam("check", "good.p4", "-D", "SIZE=7");
    expect(good).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(seam("check", "good.p4", "bad.p4", "-D", "SIZE=7")).toMatchObject({
      status: 1,
      stdout: "",
      stderr: `bad.p4:1:18: error P601: the value of a: expected bit<8>, found bool
  const bit<8> a = true;
                   ^~~~
`,
    });
    const told = seam("check", "--json", "--std", "p4-16", "good.p4", "bad.p4", "-D", "SIZE=7");
    expect([told.status, told.stderr]).toEqual([1, ""]);
    expect(
      told.stdout
        .trimEnd()
        .split("\n")
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([
      { file: "good.p4", accepted: true, diagnostics: [] },
      {
        file: "bad.p4",
        accepted: false,
        diagnostics: [
          {
            code: "P601",
            severity: "error",
            message: "the value of a: expected bit<8>, found bool",
            file: "bad.p4",
            line: 1,
            column: 18,
          },
        ],
      },
    ]);
    const doubtful = seam("check", "--json", "doubtful.p4");
    expect(doubtful.status).toBe(0);
    expect(JSON.parse(doubtful.stdout)).toMatchObject({
      accepted: true,
      diagnostics: [{ code: "P701", severity: "warning", line: 1, column: 8 }],
    });
    expect(seam("check", "none.p4").status).toBe(1);
    expect(seam("check", "--std", "p4-14", "good.p4").status).toBe(2);
  },
);

const shown = (file: string, message: string): unknown => {
  const argv = ["convert", ".", "--type", message, "--from", file, "--to", "-#format=json"];
  const stdout = execFileSync(path.join(root, "node_modules/.bin/buf"), argv, {
    cwd: path.join(root, "proto"),
    encoding: "utf8",
  });
  return JSON.parse(stdout);
};

test(
  "I9: P4Info and entries are the same as text, JSON and bytes, as another implementation of protobuf reads them",
  patient,
  () => {
    const program = path.join(root, "examples/p4/acl.p4");
    const made = { text: "txtpb", json: "json", binary: "binpb" };
    for (const [format, ending] of Object.entries(made)) {
      const files = ["--out", `info.${ending}`, "--entries", `entries.${ending}`];
      expect(seam("info", program, "--format", format, ...files)).toMatchObject({ status: 0 });
    }
    const read = (name: string, message: string): readonly unknown[] =>
      Object.values(made).map((ending) => shown(path.join(folder, `${name}.${ending}`), message));
    const [info, ...others] = read("info", "p4.config.v1.P4Info");
    expect(others).toEqual([info, info]);
    expect(info).toMatchObject({
      pkgInfo: { arch: "v1model" },
      tables: [{}, { hasInitialEntries: true }, {}],
    });
    const [entries, ...rest] = read("entries", "p4.v1.WriteRequest");
    expect(rest).toEqual([entries, entries]);
    expect(entries).toMatchObject({
      updates: [
        { type: "INSERT", entity: { tableEntry: { priority: 100, isConst: true } } },
        {},
        {},
      ],
    });
  },
);

test(
  "I9: the programs of the examples are all in their guide, whose commands work as written",
  patient,
  async () => {
    const page = readFileSync(path.join(root, "docs/guide/p4-programs.md"), "utf8");
    const files = readdirSync(path.join(root, "examples/p4")).sort();
    const listed = [...page.matchAll(/^\| `(\S+)` \|/gm)].map(([, name]) => `${name}.p4`);
    expect(listed.sort()).toEqual(files.filter((each) => each.endsWith(".p4")));
    const printed = await runGuide("p4-programs.md", "none");
    expect(printed).toContain("all are accepted");
    expect(printed).toContain("control GatewayIngress");
    // All tests, and the router's once more.
    const tests = files.filter((each) => each.endsWith(".stf"));
    expect(printed.match(/^passed: examples/gm)).toHaveLength(tests.length + 1);
  },
);

test(
  "I9: fit ends with 0, 1 or 2, and tells findings as text or as one line of JSON",
  patient,
  () => {
    writeFileSync(path.join(folder, "pass.p4"), drop);
    expect(seam("fit", "pass.p4", "--target", "sim")).toMatchObject({ status: 0, stderr: "" });
    const refused = seam("fit", "pass.p4", "--target", "tofino1");
    expect(refused).toMatchObject({
      status: 1,
      stdout: "pass.p4 does not fit tofino1: 1 finding\n",
      stderr: `pass.p4:5:1: error F101: the program is for ebpf, tofino1 runs tna
  ebpfFilter(Read(), Filter()) main;
  ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  hint: Write the program for an architecture that the target has, or choose another target.
`,
    });
    writeFileSync(
      path.join(folder, "own.json"),
      '{"name": "own", "title": "own", "architectures": ["ebpf"], "limits": {"parserStates": 0}}',
    );
    const told = seam("fit", "--json", "pass.p4", "--target", "./own.json");
    expect([told.status, JSON.parse(told.stdout)]).toMatchObject([
      1,
      { file: "pass.p4", target: "own", fits: false, findings: [{ code: "F209", line: 3 }] },
    ]);
    writeFileSync(path.join(folder, "own.json"), '{"name": "own"}');
    expect(seam("fit", "pass.p4", "--target", "./own.json")).toMatchObject({
      status: 2,
      stderr:
        "error: ./own.json: title: expected a text\n./own.json: architectures: expected a list of texts, empty when the target runs no P4\n",
    });
    expect(seam("fit", "pass.p4", "--target", "abacus").status).toBe(2);
    expect(seam("fit", "none.p4", "--target", "sim").status).toBe(1);
    const needs = seam("resources", "--json", "pass.p4");
    expect(JSON.parse(needs.stdout)).toMatchObject({ file: "pass.p4", architecture: "ebpf" });
  },
);

test("I9: the commands of the guide work as written", patient, async () => {
  const printed = await runGuide("p4.md", "none");
  expect(printed).toContain("switch.p4:9:27: error P101: cannot find headers.p4");
  expect(printed).toContain("formatted");
  expect(printed).toContain("passed: relay.p4 relay.stf (6 commands)");
  expect(printed).toContain("the second test failed");
  expect(printed).toContain("table Relay.stations: key 0x20000000009: miss, action Relay.drop");
  expect(printed).toContain('name: "Relay.stations"\n    alias: "stations"');
  expect(printed).toContain("Relay.stations  exact         48  1024");
  expect(printed).toContain("relay.p4 fits bmv2-simple-switch");
  expect(printed).toContain("error F204: Relay.stations holds 1024 entries, lab-switch 512");
  expect(printed).toContain("relay.p4 does not fit lab-switch: 1 finding");
  expect(printed).toContain("filter.p4 is accepted");
  expect(printed).toContain("error P614: ports_t has no member dest");
  expect(printed).toContain("wrong.p4 is rejected");
  expect(printed).toContain("warning P701 [unused]: action clear is never used");
  expect(printed).toContain(
    "warning P733 [invalid_header]: field headers.ethernet.type of a header",
  );
  expect(printed).toContain("warning P740 [mismatch]: this is always true");
  expect(printed).toContain(
    "warning P730 [uninitialized_use]: sum is read, and nothing has set it",
  );
  expect(printed).toContain("doubtful.p4 is accepted");
  expect(printed).toContain("nothing is unused");
  expect(printed).toContain('{"file":"filter.p4","accepted":true,"diagnostics":[]}');
  expect(printed).toContain("control Filter(inout headers_t headers, out bool accept)");
});
