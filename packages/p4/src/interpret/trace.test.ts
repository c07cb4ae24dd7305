/** What is told of a packet's way. */
import { expect, test } from "vitest";
import { simulateFile } from "./load.ts";
import { traceText } from "./trace.ts";
import { v1program } from "./simulated.fixture.ts";

test("I9: a trace tells states, tables with keys and actions, statements with values, and the end", () => {
  const text = v1program({
    locals: `action put(bit<8> v) { hdr.h.d = v; } action drop() { mark_to_drop(std); }
      table t { key = { hdr.h.a: exact; hdr.h.b: lpm; } actions = { put; drop; }
        const default_action = drop(); const entries = { (1, 2): put(0x33); } }`,
    apply: 't.apply(); log_msg("seen");',
  });
  const lines: string[] = [];
  const made = simulateFile("program.p4", {
    sources: { read: (name) => (name === "program.p4" ? text : undefined) },
    trace: (event) => lines.push(traceText(event)),
  });
  expect(made.ok).toBe(true);
  const target = made.ok ? made.value : undefined;
  target?.send({ port: 1, data: Uint8Array.of(1, 2, 3, 4) });
  target?.send({ port: 1, data: Uint8Array.of(9) });
  const shape = lines.map((line) => line.replace(/program\.p4:\d+/, "LINE"));
  expect(shape).toEqual([
    "packet into port 1: 01020304 (4 bytes)",
    "  parser P: state start",
    "    LINE: packet.extract(hdr.h)",
    "  control V",
    "  control I",
    "    LINE: std.egress_spec = 2 is 0x2",
    "    LINE: t.apply()",
    "    table I.t: key 0x1, 0x2: hit, action I.put",
    "    LINE: hdr.h.d = v is 0x33",
    '    LINE: log_msg("seen")',
    "    log: seen",
    "  control E",
    "  control U",
    "  control D",
    "    LINE: packet.emit(hdr)",
    "  out of port 2: 01020333 (4 bytes)",
    "packet into port 1: 09 (1 bytes)",
    "  parser P: state start",
    "    LINE: packet.extract(hdr.h)",
    "  parser error: PacketTooShort",
    "  control V",
    "  control I",
    "    LINE: std.egress_spec = 2 is 0x2",
    "    LINE: t.apply()",
    "    table I.t: key 0x0, 0x0: miss, action I.drop",
    "    LINE: mark_to_drop(std)",
    '    LINE: log_msg("seen")',
    "    log: seen",
    "  nothing comes out",
  ]);
});
