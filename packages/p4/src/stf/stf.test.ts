/** STF files: what is read, what is refused, and what a run says. Numbers of traps are those of the design of the runner. */
import { expect, test } from "vitest";
import { findName } from "./names.ts";
import { parseStf } from "./parse.ts";
import { reflector } from "./reflector.fixture.ts";
import { runStf } from "./run.ts";

const statements = (text: string): readonly object[] => {
  const parsed = parseStf(text);
  return parsed.ok ? parsed.value.map((each) => ({ ...each, place: undefined })) : parsed.error;
};

const failuresOf = (text: string): readonly string[] => {
  const parsed = parseStf(text);
  if (!parsed.ok) return parsed.error.map(({ line, message }) => `${line}: ${message}`);
  return runStf(parsed.value, reflector()).failures.map(
    ({ line, message }) => `${line}: ${message}`,
  );
};

test("I9: packets and expectations, whatever the case and the blanks", () => {
  expect(
    statements(
      "PACKET 3 0a 0B 0c0d # sent\n\n# a comment\nexpect 4 0a** *b$\nExpect 5\nexpect 6 0a\n",
    ),
  ).toEqual([
    { kind: "packet", port: 3, data: Uint8Array.of(10, 11, 12, 13) },
    { kind: "expect", port: 4, digits: "0a***b", isExact: true },
    { kind: "expect", port: 5, isExact: false },
    { kind: "expect", port: 6, digits: "0a", isExact: false },
  ]);
});

test("I9: entries, with priorities, prefixes, don't-care digits, quoted names and handles", () => {
  expect(
    statements(
      'add "ingress.t" 10 "hdr.h[0].f":0x1* extra$0.h:0b1*0 d:10/8 r:1->0x3 "ingress.go"("port":7, x:0xF) = $A',
    ),
  ).toEqual([
    {
      kind: "add",
      table: "ingress.t",
      priority: 10,
      matches: [
        {
          key: "hdr.h[0].f",
          value: { text: "0x1*", value: 16n, mask: 0xf0n, bits: 8, leadingBits: 4 },
        },
        {
          key: "extra$0.h",
          value: { text: "0b1*0", value: 4n, mask: 5n, bits: 3, leadingBits: 1 },
        },
        { key: "d", value: { text: "10", value: 10n }, prefixBits: 8 },
        {
          key: "r",
          value: { text: "1", value: 1n },
          last: { text: "0x3", value: 3n, bits: 4, leadingBits: 4 },
        },
      ],
      action: {
        name: "ingress.go",
        args: [
          { name: "port", value: { text: "7", value: 7n } },
          { name: "x", value: { text: "0xF", value: 15n, bits: 4, leadingBits: 4 } },
        ],
      },
      handle: "$A",
    },
  ]);
});

test.each([
  ["setdefault t a()", { kind: "setdefault", table: "t", action: { name: "a", args: [] } }],
  ["remove all", { kind: "remove_all" }],
  ["wait", { kind: "wait" }],
  ["no_packet", { kind: "no_packet" }],
  ["mirroring_add 5 1", { kind: "mirroring_add", session: 5, port: 1 }],
  ["mirroring_add_mc 5 1", { kind: "mirroring_add_mc", session: 5, group: 1 }],
  ["mirroring_delete 5", { kind: "mirroring_delete", session: 5 }],
  ["mirroring_get 5", { kind: "mirroring_get", session: 5 }],
  ["mc_mgrp_create 7", { kind: "mc_mgrp_create", group: 7 }],
  ["mc_node_create 400 6 7", { kind: "mc_node_create", rid: 400, ports: [6, 7] }],
  ["mc_node_update 0 8", { kind: "mc_node_update", node: 0, ports: [8] }],
  ["mc_node_associate 7 0", { kind: "mc_node_associate", group: 7, node: 0 }],
  ["counter_read c 1", { kind: "counter_read", name: "c", index: 1, unit: "packets" }],
  ["counter_write c 1 2 3", { kind: "counter_write", name: "c", index: 1, packets: 2n, bytes: 3n }],
  ["register_read r 1", { kind: "register_read", name: "r", index: 1 }],
  ["register_write r 1 0x10", { kind: "register_write", name: "r", index: 1, value: 16n }],
  ["register_reset r", { kind: "register_reset", name: "r" }],
  ["meter_get_rates m 0", { kind: "meter_get_rates", name: "m", index: 0 }],
  [
    "meter_set_rates m 0 0.001:1 2:300",
    {
      kind: "meter_set_rates",
      name: "m",
      index: 0,
      rates: [
        { perMicrosecond: 0.001, burst: 1 },
        { perMicrosecond: 2, burst: 300 },
      ],
    },
  ],
  [
    "meter_array_set_rates a.m 1:1",
    { kind: "meter_array_set_rates", name: "a.m", rates: [{ perMicrosecond: 1, burst: 1 }] },
  ],
  [
    "check_counter c($A) bytes >= 64",
    {
      kind: "check_counter",
      name: "c",
      index: "A",
      unit: "bytes",
      comparison: { relation: ">=", value: 64n },
    },
  ],
  [
    "check_counter c(3)",
    {
      kind: "check_counter",
      name: "c",
      index: 3,
      unit: "packets",
      comparison: { relation: "==", value: 0n },
    },
  ],
])("I9: command %s", (text, command) => {
  expect(statements(text)).toEqual([command]);
});

test.each([
  ["packet 0", "1: expected bytes in hexadecimal, found the end of the line"],
  ["packet 0 012", "1: a packet has whole bytes: the number of digits is odd"],
  ["packet 0 01 $", '1: expected the end of the line, found "$"'],
  ["remove some", '1: expected "all", found "some"'],
  ["add t k:x a()", '1: expected a number such as 17, 0x1f, 0x1* or 0b10*, found "x"'],
  ["add t k:1 a(p:1", '1: expected "," or ")", found the end of the line'],
  ["check_counter c 1", '1: expected "(" and an index, found "1"'],
])("I9: %s is refused with what was expected", (text, message) => {
  expect(failuresOf(text)).toEqual([message]);
});

test("I9: an unknown command is told together with those that are known, and all lines are judged", () => {
  const told = failuresOf("wait\nsend 1 2\nexpect\n");
  expect(told).toHaveLength(2);
  expect(told[0]).toMatch(/^2: unknown command send; known are packet, expect, no_packet, add, /);
  expect(told[1]).toBe("3: expected a port's number, found the end of the line");
});

const entry =
  "add ingress.forward 5 eth.type:0x800 h$1.valid:1 ip.dst:0x0a** class:0x1* l4.port:80->90 send(port:2)";

test("I9: names are found by their end, validity and stacks by all their spellings (trap 6)", () => {
  const parsed = parseStf(`add ingress.forward type:0x800 h[1].$valid$:1 send(port:2)\n${entry}\n`);
  const target = reflector();
  const report = parsed.ok ? runStf(parsed.value, target) : undefined;
  expect(report?.failures).toEqual([]);
  expect(target.entries).toEqual([
    {
      table: "ingress.forward",
      priority: 0,
      matches: [
        { kind: "exact", value: 0x800n },
        { kind: "exact", value: 1n },
        { kind: "any" },
        { kind: "any" },
        { kind: "any" },
      ],
      action: { name: "ingress.send", args: [2n] },
    },
    {
      table: "ingress.forward",
      priority: 5,
      matches: [
        { kind: "exact", value: 0x800n },
        { kind: "exact", value: 1n },
        { kind: "lpm", value: 0x0a00n, prefixBits: 24 },
        { kind: "ternary", value: 0x10n, mask: 0xf0n },
        { kind: "range", first: 80n, last: 90n },
      ],
      action: { name: "ingress.send", args: [2n] },
    },
  ]);
});

test("I9: keys may be quoted, with parentheses and masks in them", () => {
  expect(
    statements('add "t" 1 "h.isValid()":1 h.isValid():0 "h.a & 8w1":0x1 "ns.go"("p":2)'),
  ).toMatchObject([
    {
      matches: [{ key: "h.isValid()" }, { key: "h.isValid()" }, { key: "h.a&8w1" }],
      action: { name: "ns.go" },
    },
  ]);
  const known = ["hdr.h.a & 8w1", "hdr.h.b[7:4]"];
  expect([findName("key", "h.a", known), findName("key", "h.b", known)]).toEqual([
    { ok: true, value: "hdr.h.a & 8w1" },
    { ok: true, value: "hdr.h.b[7:4]" },
  ]);
});

test("I9: names and fields as p4c's eBPF back end makes them up are understood", () => {
  expect(
    failuresOf("add ingress_forward 1 key.field0:0x800 key.field1:1 ingress_send(port:2)"),
  ).toEqual([]);
});

test.each([
  [
    "add forward type:1 send(port:1)",
    "add: table forward could be ingress.forward or egress.forward: write more of its name",
  ],
  [
    "add none type:1 send(port:1)",
    "add: there is no table none: known are ingress.forward, egress.forward",
  ],
  [
    "add ingress.forward type:1 send(port:1)",
    "add: the entry says nothing of hdr.h[1].isValid(), an exact key",
  ],
  [
    "add ingress.forward type:1 valid:1 type:2 send(port:1)",
    "add: field hdr.eth.type stands twice",
  ],
  [
    "add ingress.forward type:0x1* valid:1 send(port:1)",
    "add: hdr.eth.type is matched exactly, and 0x1* has don't-care digits",
  ],
  [
    "add ingress.forward type:0x12345 valid:1 send(port:1)",
    "add: 0x12345 does not fit into the 16 bits of hdr.eth.type",
  ],
  [
    "add ingress.forward type:1 valid:1 dst:1/33 send(port:1)",
    "add: a prefix of 33 bits does not fit into the 32 bits of hdr.ip.dst",
  ],
  ["add ingress.forward type:1 valid:1 send()", "add: action ingress.send needs parameter port"],
  [
    "add ingress.forward type:1 valid:1 send(port:512)",
    "add: 512 does not fit into the 9 bits of parameter port",
  ],
  ["setdefault egress.forward NoAction()", "setdefault: not this one"],
  ["mirroring_get 4", "mirroring_get: there is no clone session 4"],
  ["mc_node_associate 1 0", "mc_node_associate: there is no multicast group 1"],
  ["check_counter seen($B)", "check_counter: no entry was added as B"],
  [
    "check_counter seen(0) packets == 1",
    "check_counter: ingress.seen(0) packets is 0, expected == 1",
  ],
  ["counter_read seen 0 bytes > 3", "counter_read: ingress.seen(0) bytes is 0, expected > 3"],
  ["register_read state 0 == 4", "register_read: ingress.state(0) is 0, expected == 4"],
  ["meter_get_rates limit 0 1:2", "meter_get_rates: ingress.limit(0) has rates , expected 1:2"],
])("I9: a command that is not performed fails the run (trap 1): %s", (text, message) => {
  expect(failuresOf(text)).toEqual([`1: ${message}`]);
});

test("I9: counters, registers and meters are compared", () => {
  expect(
    failuresOf(
      `packet 1 01 02
packet 1 03
expect 1
expect 1
check_counter seen(0) packets == 2
check_counter seen(0) bytes < 4
counter_write seen 0 7 8
counter_read seen 0 packets == 7
register_write state 0 0xff
register_read state 0 >= 255
register_reset state
register_read state 0 != 255
meter_set_rates limit 0 0.5:10 1:20
meter_get_rates limit 0 0.5:10 1:20
remove all
`,
    ),
  ).toEqual([]);
});

test("I9: packets are compared by port, in order, and named with their bytes (trap 4)", () => {
  expect(
    failuresOf(
      `expect 2 0b
packet 1 0a0b0c
expect 1 0a
packet 1 0a0b0c
expect 1 0a**0d
packet 2 0b0c
packet 2 0c
packet 3 0d
expect 1 0a0b0c$
expect 3 0d0e
`,
    ),
  ).toEqual([
    "5: expect: packet 2 of port 1: expected 0a**0d, got 0a0b0c (3 bytes): they differ from byte 2 on",
    "9: expect: no packet came out of port 1, expected 0a0b0c",
    "10: expect: packet 1 of port 3: expected 0d0e, got 0d (1 bytes): they differ in length",
    "10: nobody expects the packet that came out of port 2: 0c (1 bytes)",
  ]);
});

test("I9: an exact expectation refuses bytes behind it, another one does not", () => {
  expect(failuresOf("packet 1 0a0b\nexpect 1 0a\n")).toEqual([]);
  expect(failuresOf("packet 1 0a0b\nexpect 1 0a$\n")).toEqual([
    "2: expect: packet 1 of port 1: expected 0a$, got 0a0b (2 bytes): they differ in length",
  ]);
});

test("I9: no_packet means that nothing more came out than was expected before it (trap 2)", () => {
  expect(failuresOf("packet 1 00\nno_packet\npacket 1 01\nexpect 1 01\nno_packet\n")).toEqual([]);
  expect(failuresOf("packet 1 01\nno_packet\nexpect 1 01\n")).toEqual([
    "2: no_packet: a packet came out of port 1: 01",
  ]);
});
