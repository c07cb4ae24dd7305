/** Entries that time out, and digests: what the controller is told. */
import { expect, test } from "vitest";
import type { Switch, TableEntry } from "../stf/switch.ts";
import { outputs, switchOf, v1program } from "./simulated.fixture.ts";

const table = (properties: string): string =>
  v1program({
    locals: `action mark() { hdr.h.d = 0xee; }
      table t { key = { hdr.h.a: exact; } actions = { mark; NoAction; } ${properties} }`,
    apply: "t.apply();",
  });

const entry = (target: Switch, idleMicroseconds?: number): ReturnType<Switch["addEntry"]> => {
  const given: TableEntry = {
    table: "I.t",
    matches: [{ kind: "exact", value: 1n }],
    priority: 0,
    action: { name: "I.mark", args: [] },
  };
  return target.addEntry(idleMicroseconds === undefined ? given : { ...given, idleMicroseconds });
};

test("I9: an entry that nothing matches for its time is told once, and again after it was matched", () => {
  const target = switchOf(table("support_timeout = true;"));
  expect(entry(target, 5000).ok).toBe(true);
  target.pass(3000);
  expect(outputs(target, "01000000")).toEqual(["2: 010000ee"]);
  target.pass(4999);
  expect(target.notifications()).toEqual([]);
  target.pass(1);
  target.pass(9000);
  expect(target.notifications()).toEqual([{ kind: "idle", table: "I.t", handle: 0 }]);
  expect(outputs(target, "01000000")).toEqual(["2: 010000ee"]);
  target.pass(5000);
  expect(target.notifications()).toHaveLength(1);
});

test("I9: an entry with an idle time is refused where the table knows none", () => {
  expect(entry(switchOf(table("")), 5000)).toEqual({
    ok: false,
    error: "the entries of table I.t have no idle time-out",
  });
});

test("I9: removed entries have no timers", () => {
  const target = switchOf(table("support_timeout = true;"));
  entry(target, 5000);
  target.removeEntries();
  target.pass(9000);
  expect(target.notifications()).toEqual([]);
});

test("I9: a digest of v1model is its type and the bits of its data", () => {
  const target = switchOf(
    v1program({
      declarations: "struct seen_t { bit<8> a; bit<4> b; }",
      apply: "digest<seen_t>(1, { hdr.h.a, 4w0xf });",
    }),
  );
  expect(outputs(target, "01020304")).toEqual(["2: 01020304"]);
  expect(target.notifications()).toEqual([
    { kind: "digest", digest: "seen_t", data: Uint8Array.of(1, 0xf0) },
  ]);
});

/** A NIC that learns flows: the second packet of one finds an entry, whose action the test gives. */
const nic = (property: string, onHit: string): string => `#include <pna.p4>
header h_t { bit<8> flow; bit<8> seen; }
struct headers_t { h_t h; }
struct meta_t {}
struct none_t {}
parser P(packet_in packet, out headers_t hdr, inout meta_t meta, in pna_main_parser_input_metadata_t istd) {
  state start { packet.extract(hdr.h); transition accept; }
}
control Pre(in headers_t hdr, inout meta_t meta, in pna_pre_input_metadata_t istd, inout pna_pre_output_metadata_t ostd) { apply {} }
control Main(inout headers_t hdr, inout meta_t meta, in pna_main_input_metadata_t istd, inout pna_main_output_metadata_t ostd) {
  action hit() { hdr.h.seen = 1; ${onHit} }
  action miss() { add_entry("hit", (none_t) {}, (ExpireTimeProfileId_t) 0); }
  table flows { key = { hdr.h.flow: exact; } actions = { hit; miss; } add_on_miss = true; ${property} default_action = miss(); }
  apply { flows.apply(); send_to_port((PortId_t) 7); }
}
control D(packet_out packet, in headers_t hdr, in meta_t meta, in pna_main_output_metadata_t ostd) { apply { packet.emit(hdr); } }
PNA_NIC(P(), Pre(), Main(), D()) main;
`;

const SECOND = 1_000_000;

test.each([
  { onHit: "", seen: ["7: 0500", "7: 0501", "7: 0500"] },
  { onHit: "restart_expire_timer();", seen: ["7: 0500", "7: 0501", "7: 0501"] },
  {
    onHit: "set_entry_expire_time((ExpireTimeProfileId_t) 4);",
    seen: ["7: 0500", "7: 0501", "7: 0501"],
  },
])("I9: an entry that a program added goes when its time is over: $onHit", ({ onHit, seen }) => {
  const target = switchOf(nic("pna_idle_timeout = PNA_IdleTimeout_t.AUTO_DELETE;", onHit));
  const came = [0, 1, 2].flatMap(() => {
    const out = outputs(target, "0500");
    target.pass(6 * SECOND);
    return out;
  });
  expect(came).toEqual(seen);
  expect(target.notifications()).toEqual([]);
});

test("I9: an entry that a program added is told where the controller is to know", () => {
  const target = switchOf(nic("pna_idle_timeout = PNA_IdleTimeout_t.NOTIFY_CONTROL;", ""));
  expect(outputs(target, "0500")).toEqual(["7: 0500"]);
  target.pass(11 * SECOND);
  expect(target.notifications()).toEqual([{ kind: "idle", table: "Main.flows", handle: 0 }]);
  expect(outputs(target, "0500")).toEqual(["7: 0501"]);
});
