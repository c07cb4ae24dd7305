/** What the language says happens, one rule at a time. Sections are those of the specification 1.2.5. */
import { expect, test } from "vitest";
import { outputs, switchIn, switchOf, v1program } from "./simulated.fixture.ts";

const setter = "action set(inout bit<8> x, bit<8> y) { x = y + 1; }";

test.each([
  {
    rule: "arguments are copied in and out, from left to right (6.8)",
    locals: "action f(inout bit<8> x, inout bit<8> y) { x = x + 1; y = y + 10; }",
    apply: "f(hdr.h.a, hdr.h.a);",
    out: "0b020304",
  },
  {
    rule: "an index of an argument is evaluated before the call (6.8)",
    declarations: "bit<8> next(inout bit<2> i) { i = i + 1; return 7; }",
    locals: "action f(inout bit<8> x, inout bit<2> i) { i = 2; x = 9; }",
    apply:
      "bit<2> i = 0; hdr.s[0].setValid(); hdr.s[0].v = 1; f(hdr.s[i].v, i); hdr.h.a = (bit<8>) i;",
    out: "0202030409",
  },
  {
    rule: "an out parameter begins with no value of the argument's (6.8)",
    locals: "action f(out h_t x) { x.a = 1; }",
    apply: "f(hdr.h);",
    out: "",
  },
  {
    rule: "exit copies out what was done (12.5)",
    locals: "action f(inout bit<8> x) { x = 0xee; exit; }",
    apply: "f(hdr.h.b); hdr.h.a = 0xff;",
    out: "01ee0304",
  },
  {
    rule: "exit in a nested control ends the whole pipeline (12.5)",
    declarations: "control N(inout bit<8> x) { apply { x = 5; exit; } }",
    locals: "N() n;",
    apply: "n.apply(hdr.h.c); hdr.h.a = 0xff;",
    out: "01020504",
  },
  {
    rule: "return ends an action or control only (12.4)",
    declarations: "control N(inout bit<8> x) { apply { x = 5; return; } }",
    locals: "N() n; action f() { hdr.h.d = 9; return; }",
    apply: "n.apply(hdr.h.c); f(); hdr.h.a = 0xff; if (hdr.h.b == 2) return; hdr.h.a = 0;",
    out: "ff020509",
  },
  {
    rule: "&& and || evaluate no more than they need (8.5.1)",
    declarations: "bool touch(inout bit<8> x) { x = x + 1; return true; }",
    apply:
      "if (hdr.h.a == 0 && touch(hdr.h.b)) {} if (hdr.h.a == 1 || touch(hdr.h.c)) {} if (touch(hdr.h.d) && touch(hdr.h.d)) {}",
    out: "01020306",
  },
  {
    rule: "a header's copy takes its validity along (8.17)",
    apply: "h_t x; x.setInvalid(); hdr.h = x;",
    out: "",
  },
  {
    rule: "a copy of a struct is another value (6.7)",
    apply: "h_t x = hdr.h; hdr.h.a = 9; hdr.h.b = x.a;",
    out: "09010304",
  },
  {
    rule: "a place that depends on an index is found once, and is what stands there when it is set (6.8)",
    locals: "action f(inout s_t x, inout bit<8> y) { x.v = 5; y = 7; }",
    apply: "bit<8> i = 0; hdr.s[0] = { 1 }; f(hdr.s[i], hdr.s[i].v);",
    out: "0102030407",
  },
  {
    rule: "invalid headers are the same whatever is in them (8.17)",
    apply:
      "h_t x = { 1, 2, 3, 4 }; h_t y = { 5, 6, 7, 8 }; if (x == hdr.h) hdr.h.a = 0xaa; x.setInvalid(); y.setInvalid(); if (x == y) hdr.h.b = 0xbb; if (x != hdr.h) hdr.h.c = 0xcc;",
    out: "aabbcc04",
  },
  {
    rule: "the header of a union that gets valid makes the others invalid (8.20)",
    apply:
      "hdr.u.one.setValid(); hdr.u.one = { 1, 1, 1, 1 }; hdr.u.two.setValid(); hdr.u.two.v = 7; hdr.h.a = hdr.u.one.isValid() ? 8w1 : 8w0; hdr.h.b = hdr.u.isValid() ? 8w1 : 8w0;",
    out: "0001030407",
  },
  {
    rule: "push_front and pop_front move elements and make room (8.18)",
    apply:
      "hdr.s[0] = { 5 }; hdr.s[1] = { 6 }; hdr.s.push_front(1); hdr.s[0] = { 4 }; hdr.s.push_front(1); hdr.s.pop_front(1);",
    out: "010203040405",
  },
  {
    rule: "writes beyond a stack have no effect (8.18)",
    apply: "bit<8> i = 9; hdr.s[0] = { 5 }; hdr.s[i].v = 7;",
    out: "0102030405",
  },
  {
    rule: "slices are places, and may be assigned with an operator (8.6.2)",
    apply: "hdr.h.a[7:4] = 4w0xf; hdr.h.b[0:0] = 1; hdr.h.c += 0xff; hdr.h.d <<= 1; hdr.h.d |= 1;",
    out: "f1030209",
  },
  {
    rule: "concatenation, negation, shifts and comparisons of signed numbers (8.7)",
    apply:
      "int<8> x = -3; hdr.h.a = (bit<8>) (x >> 1); hdr.h.b = (bit<8>) (hdr.h.c[3:0] ++ 4w5); hdr.h.c = x < 0 ? 8w1 : 8w0; hdr.h.d = (bit<8>) (-x);",
    out: "fe350103",
  },
  {
    rule: "loops break, continue, and go over ranges and stacks (12.8)",
    apply:
      "hdr.s[0] = { 1 }; hdr.s[1] = { 2 }; hdr.s[2] = { 4 }; for (bit<8> i in 1 .. 10) { if (i == 3) continue; if (i == 6) break; hdr.h.a += i; } for (s_t x in hdr.s) { hdr.h.b += x.v; } for (bit<8> i = 0; i < 3; i = i + 1) { hdr.h.c += 1; }",
    out: "0d090604010204",
  },
  {
    rule: "the ends of a range are evaluated once, the first one first (12.8)",
    declarations: "bit<8> next(inout bit<8> x) { x = x + 1; return x; }",
    apply: "for (bit<8> i in next(hdr.h.a) .. next(hdr.h.a)) { hdr.h.b += i; }",
    out: "03070304",
  },
  {
    rule: "a range may lie beyond 2^53 (12.8)",
    apply:
      "bit<64> low = 0x8000000000000000; for (bit<64> i in low .. low + 1) { hdr.h.a = hdr.h.a + 1; }",
    out: "03020304",
  },
  {
    rule: "a switch on a value runs one case; labels share bodies (12.7)",
    apply:
      "switch (hdr.h.b) { 1: { hdr.h.a = 1; } 2: 3: { hdr.h.a = 23; } default: { hdr.h.a = 99; } } switch (hdr.h.c) { 9: {} default: { hdr.h.d = 7; } }",
    out: "17020307",
  },
  {
    rule: "functions return values, also structs (10)",
    declarations:
      "struct two_t { bit<8> x; bit<8> y; } two_t swap(in two_t t) { return { t.y, t.x }; }",
    apply: "two_t t = swap({ hdr.h.a, hdr.h.b }); hdr.h.a = t.x; hdr.h.b = t.y;",
    out: "02010304",
  },
  {
    rule: "minSizeInBytes is of the type (8.17)",
    apply: "hdr.h.a = (bit<8>) hdr.h.minSizeInBytes();",
    out: "04020304",
  },
  {
    rule: "a local instance keeps nothing between its calls (14.3)",
    declarations: "control N(inout bit<8> x) { bit<8> y = 1; apply { y = y + 1; x = x + y; } }",
    locals: "N() n;",
    apply: "n.apply(hdr.h.a); n.apply(hdr.h.a);",
    out: "05020304",
  },
  {
    rule: "constructor parameters make instances different (14.3)",
    declarations: "control N(inout bit<8> x)(bit<8> by) { apply { x = x + by; } }",
    locals: "N(3) n; N(0x10) m;",
    apply: "n.apply(hdr.h.a); m.apply(hdr.h.b);",
    out: "04120304",
  },
])("I9: $rule", ({ out, ...given }) => {
  expect(outputs(switchOf(v1program(given)), "01020304")).toEqual([`2: ${out}`]);
});

test("I9: actions of tables get their arguments from entries, defaults and the program (14.2)", () => {
  const target = switchOf(
    v1program({
      locals: `${setter}
      action put(bit<8> v) { hdr.h.d = v; }
      table t {
        key = { hdr.h.a: ternary; hdr.h.b: lpm; }
        actions = { put; set(hdr.h.c); NoAction; }
        default_action = put(0xdd);
        entries = { (1, _): put(0x11); (1 &&& 3, 0x20 &&& 0xf0): put(0x22); }
      }`,
      apply: "if (t.apply().hit) hdr.h.c = 0xcc;",
    }),
  );
  expect(outputs(target, "01000000")).toEqual(["2: 0100cc11"]);
  expect(outputs(target, "05250000")).toEqual(["2: 0525cc22"]);
  expect(outputs(target, "02250000")).toEqual(["2: 022500dd"]);
  expect(target.setDefault("I.t", { name: "I.set", args: [0x40n] }).ok).toBe(true);
  expect(outputs(target, "02250000")).toEqual(["2: 02254100"]);
});

test("I9: of an old @priority the smaller number wins, entries without one count from 1", () => {
  const target = switchOf(
    v1program({
      locals: `action put(bit<8> v) { hdr.h.d = v; }
        table t { key = { hdr.h.a: ternary; } actions = { put; } default_action = put(0);
          const entries = { 1 &&& 1: put(1) @priority(3); 7: put(2); 3 &&& 3: put(3) @priority(1); } }`,
      apply: "t.apply();",
    }),
  );
  const packets = ["01000000", "07000000", "03000000", "02000000"];
  expect(packets.flatMap((packet) => outputs(target, packet))).toEqual([
    "2: 01000001",
    "2: 07000003",
    "2: 03000003",
    "2: 02000000",
  ]);
});

test("I9: a switch on the action that a table ran (12.7)", () => {
  const text = v1program({
    locals: `action one() {} action two() {} action three() {}
      table t { key = { hdr.h.a: exact; } actions = { one; two; three; }
        const default_action = three(); const entries = { 1: one(); 2: two(); } }`,
    apply:
      "switch (t.apply().action_run) { one: two: { hdr.h.d = 0x12; } default: { hdr.h.d = 0x33; } }",
  });
  const target = switchOf(text);
  expect(["01000000", "02000000", "03000000"].flatMap((packet) => outputs(target, packet))).toEqual(
    ["2: 01000012", "2: 02000012", "2: 03000033"],
  );
});

const errorByte = `hdr.h.setValid();
  hdr.h.a = 0xff;
  if (std.parser_error == error.NoError) hdr.h.a = 0;
  if (std.parser_error == error.PacketTooShort) hdr.h.a = 1;
  if (std.parser_error == error.NoMatch) hdr.h.a = 2;
  if (std.parser_error == error.StackOutOfBounds) hdr.h.a = 3;
  if (std.parser_error == error.ParserTimeout) hdr.h.a = 5;
  if (std.parser_error == error.Own) hdr.h.a = 9;`;

test.each([
  {
    rule: "too few bytes are PacketTooShort",
    states: "state start { packet.extract(hdr.h); transition accept; }",
    packet: "0102",
    out: "01000000 0102",
  },
  {
    rule: "a select without a case is NoMatch",
    states: "state start { packet.extract(hdr.h); transition select(hdr.h.a) { 7: accept; } }",
    packet: "01020304",
    out: "02020304",
  },
  {
    rule: "verify rejects with the program's error",
    states:
      "state start { packet.extract(hdr.h); verify(hdr.h.a == 7, error.Own); transition accept; }",
    packet: "01020304",
    out: "09020304",
  },
  {
    rule: "a stack that is full is StackOutOfBounds",
    states: "state start { packet.extract(hdr.s.next); transition start; }",
    packet: "0102030405",
    out: "03000000 010203 0405",
  },
  {
    rule: "lookahead reads without going on, advance goes on",
    states:
      "state start { bit<8> x = packet.lookahead<bit<8>>(); packet.advance((bit<32>) x * 8); packet.extract(hdr.h); transition accept; }",
    packet: "0201aabbccdd",
    out: "00bbccdd",
  },
  {
    rule: "a parser that never ends is ParserTimeout",
    states: "state start { transition start; }",
    packet: "01020304",
    out: "05000000 01020304",
  },
  {
    rule: "last and lastIndex are of what was extracted",
    states:
      "state start { packet.extract(hdr.s.next); transition select(hdr.s.last.v, hdr.s.lastIndex) { (_, 2): accept; (0x80 &&& 0x80, _): accept; (0 .. 9, _): start; } }",
    packet: "01 82 03",
    out: "00000000 0182 03",
  },
])("I9: in parsers $rule (13)", ({ states, packet, out }) => {
  const target = switchOf(v1program({ declarations: "error { Own }", states, apply: errorByte }));
  expect(outputs(target, packet)).toEqual([`2: ${out.replaceAll(" ", "")}`]);
});

test("I9: an extern that the simulator does not have is told before any packet comes", () => {
  const declarations = "extern bit<8> own(in bit<8> x);";
  const text = v1program({ declarations, apply: "hdr.h.a = own(hdr.h.a);" });
  expect(() => switchOf(text)).toThrow("the simulator has no function own");
});

test("I9: a loop without an end is told, and the switch goes on", { timeout: 60_000 }, () => {
  const target = switchIn(
    "functions",
    v1program({ apply: "for (bit<8> i = 0; i < hdr.h.a; i = i + 0) { hdr.h.b += 1; }" }),
  );
  expect(outputs(target, "01020304")).toEqual(["a loop goes round more than 1000000 times"]);
  expect(outputs(target, "00020304")).toEqual(["2: 00020304"]);
});
