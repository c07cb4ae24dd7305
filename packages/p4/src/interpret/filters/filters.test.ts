/** The models of eBPF, uBPF and XDP. */
import { expect, test } from "vitest";
import { outputs, switchOf } from "../simulated.fixture.ts";

const headers = `header h_t { bit<8> a; bit<8> b; bit<16> c; }
struct headers_t { h_t h; }`;

const states = "state start { packet.extract(hdr.h); transition accept; }";

const ebpf = (apply: string): string => `#include <ebpf_model.p4>
${headers}
parser P(packet_in packet, out headers_t hdr) { ${states} }
control F(inout headers_t hdr, out bool pass) { CounterArray(8, true) seen; apply { pass = false; ${apply} } }
ebpfFilter(P(), F()) main;
`;

test("I9: an eBPF filter passes packets as they came, and drops what it cannot parse", () => {
  const target = switchOf(
    ebpf("hdr.h.b = 9; seen.increment(3); seen.add(3, 4); pass = hdr.h.a == 1;"),
  );
  expect(outputs(target, "01020304ff")).toEqual(["1: 01020304ff"]);
  expect(outputs(target, "02020304")).toEqual([]);
  expect(outputs(target, "010203")).toEqual([]);
  expect(target.readCounter({ name: "F.seen", index: 3 })).toMatchObject({
    value: { packets: 10n },
  });
});

const ubpf = (apply: string): string => `#include <ubpf_model.p4>
${headers}
struct meta_t {}
parser P(packet_in packet, out headers_t hdr, inout meta_t meta, inout standard_metadata std) { ${states} }
control C(inout headers_t hdr, inout meta_t meta, inout standard_metadata std) { apply { ${apply} } }
control D(packet_out packet, in headers_t hdr) { apply { packet.emit(hdr.h); } }
ubpf(P(), C(), D()) main;
`;

test.each([
  { apply: "hdr.h.a = (bit<8>) std.input_port + 8;", out: ["1: 09020304ff"] },
  { apply: "mark_to_drop();", out: [] },
  { apply: "mark_to_drop(); mark_to_pass();", out: ["1: 01020304ff"] },
  {
    apply: "std.output_action = ubpf_action.REDIRECT; std.output_port = 4;",
    out: ["4: 01020304ff"],
  },
  { apply: "std.output_action = ubpf_action.DROP;", out: [] },
  { apply: "truncate(3);", out: ["1: 010203"] },
  { apply: "hdr.h.c = csum_replace2(16w0xdd2f, 16w0x5555, 16w0x3285);", out: ["1: 01020000ff"] },
])("I9: uBPF: $apply", ({ apply, out }) => {
  expect(outputs(switchOf(ubpf(apply)), "01020304ff")).toEqual(out);
});

const xdp = (apply: string): string => `#include <xdp_model.p4>
${headers}
parser P(packet_in packet, out headers_t hdr) { ${states} }
control S(inout headers_t hdr, in xdp_input input, out xdp_output output) { apply { output.output_port = 0; ${apply} } }
control D(in headers_t hdr, packet_out packet) { apply { packet.emit(hdr); } }
xdp(P(), S(), D()) main;
`;

test.each([
  { action: "XDP_PASS", out: ["1: 07020304"] },
  { action: "XDP_TX", out: ["1: 07020304"] },
  { action: "XDP_DROP", out: [] },
  { action: "XDP_REDIRECT", out: ["0: 07020304"] },
])("I9: XDP: $action", ({ action, out }) => {
  const apply = `hdr.h.a = 7; output.output_action = xdp_action.${action};`;
  expect(outputs(switchOf(xdp(apply)), "01020304")).toEqual(out);
});
