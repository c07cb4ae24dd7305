/** PSA and PNA: what becomes of packets (PSA.adoc, section 6; PNA.adoc). */
import { expect, test } from "vitest";
import { outputs, switchOf } from "../simulated.fixture.ts";

const psa = (given: {
  readonly locals?: string;
  readonly ingress?: string;
  readonly deparser?: string;
  readonly egress?: string;
  readonly egressDeparser?: string;
}): string => `#include <core.p4>
#include <bmv2/psa.p4>
header h_t { bit<8> a; bit<8> b; bit<8> c; bit<8> d; }
struct headers_t { h_t h; }
struct meta_t {}
struct kept_t { bit<8> x; }
parser IP(packet_in p, out headers_t hdr, inout meta_t meta, in psa_ingress_parser_input_metadata_t istd, in kept_t again, in kept_t round) {
  state start { p.extract(hdr.h); hdr.h.d = again.x + round.x; transition accept; }
}
control IC(inout headers_t hdr, inout meta_t meta, in psa_ingress_input_metadata_t istd, inout psa_ingress_output_metadata_t ostd) {
  ${given.locals ?? ""}
  apply { send_to_port(ostd, (PortId_t) 2); ${given.ingress ?? ""} }
}
control ID(packet_out p, out kept_t cloned, out kept_t again, out kept_t normal, inout headers_t hdr, in meta_t meta, in psa_ingress_output_metadata_t istd) {
  apply { ${given.deparser ?? ""} p.emit(hdr); }
}
parser EP(packet_in p, out headers_t hdr, inout meta_t meta, in psa_egress_parser_input_metadata_t istd, in kept_t normal, in kept_t fromIngress, in kept_t fromEgress) {
  state start { p.extract(hdr.h); hdr.h.c = normal.x + fromIngress.x + fromEgress.x; transition accept; }
}
control EC(inout headers_t hdr, inout meta_t meta, in psa_egress_input_metadata_t istd, inout psa_egress_output_metadata_t ostd) {
  apply { ${given.egress ?? ""} }
}
control ED(packet_out p, out kept_t cloned, out kept_t round, inout headers_t hdr, in meta_t meta, in psa_egress_output_metadata_t istd, in psa_egress_deparser_input_metadata_t edstd) {
  apply { ${given.egressDeparser ?? ""} p.emit(hdr); }
}
IngressPipeline(IP(), IC(), ID()) ip;
EgressPipeline(EP(), EC(), ED()) ep;
PSA_Switch(ip, PacketReplicationEngine(), ep, BufferingQueueingEngine()) main;
`;

test("I9: PSA drops unless a port or group is chosen, at ingress and egress", () => {
  expect(outputs(switchOf(psa({})), "01020304")).toEqual(["2: 01020000"]);
  expect(outputs(switchOf(psa({ ingress: "ingress_drop(ostd);" })), "01020304")).toEqual([]);
  expect(outputs(switchOf(psa({ egress: "egress_drop(ostd);" })), "01020304")).toEqual([]);
});

test("I9: a PSA table has one direct counter, or a list of them", () => {
  const target = switchOf(
    psa({
      locals: `DirectCounter<bit<32>>(PSA_CounterType_t.PACKETS) one;
        DirectCounter<bit<32>>(PSA_CounterType_t.PACKETS) two;
        DirectCounter<bit<32>>(PSA_CounterType_t.PACKETS) alone;
        action both() { one.count(); two.count(); }
        action count() { alone.count(); }
        table pair { key = { hdr.h.a: exact; } actions = { both; } psa_direct_counter = { one, two }; const entries = { 1: both(); } }
        table single { key = { hdr.h.a: exact; } actions = { count; } psa_direct_counter = alone; const entries = { 1: count(); } }`,
      ingress: "pair.apply(); single.apply();",
    }),
  );
  outputs(target, "01020304");
  for (const name of ["IC.one", "IC.two", "IC.alone"]) {
    expect(target.readCounter({ name, index: 0 })).toMatchObject({ value: { packets: 1n } });
  }
});

test("I9: PSA hands metadata from deparsers to the next parser", () => {
  const target = switchOf(
    psa({
      ingress: "ostd.clone = true; ostd.clone_session_id = (CloneSessionId_t) 8; hdr.h.a = 9;",
      deparser: "if (psa_clone_i2e(istd)) cloned.x = 0x77; if (psa_normal(istd)) normal.x = 0x33;",
    }),
  );
  target.setCloneSession(8, { kind: "port", port: 5 });
  expect(outputs(target, "01020304")).toEqual(["5: 01027704", "2: 09023300"]);
});

test("I9: PSA resubmits the packet as it came, recirculates it as it left, and clones at egress", () => {
  const resubmit =
    "if (istd.packet_path == PSA_PacketPath_t.NORMAL) { hdr.h.a = 9; ostd.resubmit = true; }";
  const again = switchOf(
    psa({ ingress: resubmit, deparser: "if (psa_resubmit(istd)) again.x = 5;" }),
  );
  expect(outputs(again, "01020304")).toEqual(["2: 01020005"]);
  const round = switchOf(
    psa({
      ingress:
        "if (istd.packet_path == PSA_PacketPath_t.NORMAL) { hdr.h.a = 9; send_to_port(ostd, PSA_PORT_RECIRCULATE); }",
      egressDeparser: "if (psa_recirculate(istd, edstd)) round.x = 6;",
    }),
  );
  expect(outputs(round, "01020304")).toEqual(["2: 09020006"]);
  const cloned = switchOf(
    psa({
      egress:
        "if (istd.packet_path != PSA_PacketPath_t.CLONE_E2E) { hdr.h.a = 9; ostd.clone = true; ostd.clone_session_id = (CloneSessionId_t) 8; }",
      egressDeparser: "if (psa_clone_e2e(istd)) cloned.x = 4;",
    }),
  );
  cloned.setCloneSession(8, { kind: "port", port: 5 });
  expect(outputs(cloned, "01020304")).toEqual(["5: 09020400", "2: 09020000"]);
});

test("I9: PSA makes a copy for each port of a group, with its instance", () => {
  const target = switchOf(
    psa({
      ingress: "multicast(ostd, (MulticastGroup_t) 7);",
      egress: "hdr.h.a = (bit<8>) (EgressInstanceUint_t) istd.instance;",
    }),
  );
  target.createGroup(7);
  target.createNode(0x21, [3, 4]);
  target.associateNode(7, 0);
  expect(outputs(target, "01020304")).toEqual(["3: 21020000", "4: 21020000"]);
});

test("I9: PSA's checksums add and subtract, hashes have a base and a limit (section 7)", () => {
  const target = switchOf(
    psa({}).replace(
      "apply { send_to_port(ostd, (PortId_t) 2);",
      `InternetChecksum() sum; Hash<bit<8>>(PSA_HashAlgorithm_t.IDENTITY) id;
       apply { send_to_port(ostd, (PortId_t) 2);
         sum.add({ hdr.h.a, hdr.h.b, 16w0x1111 }); sum.subtract(16w0x1111);
         bit<16> got = sum.get(); hdr.h.a = got[15:8]; hdr.h.b = got[7:0];
         hdr.h.d = id.get_hash(8w0x10, { hdr.h.c }, 8w4);`,
    ),
  );
  expect(outputs(target, "01020704")).toEqual(["2: fefd0013"]);
});

const pna = (apply: string): string => `#include <core.p4>
#include <pna.p4>
header h_t { bit<8> a; bit<8> b; bit<8> c; bit<8> d; }
struct headers_t { h_t h; }
struct meta_t {}
parser P(packet_in p, out headers_t hdr, inout meta_t meta, in pna_main_parser_input_metadata_t istd) {
  state start { p.extract(hdr.h); transition accept; }
}
control Pre(in headers_t hdr, inout meta_t meta, in pna_pre_input_metadata_t istd, inout pna_pre_output_metadata_t ostd) { apply {} }
control C(inout headers_t hdr, inout meta_t meta, in pna_main_input_metadata_t istd, inout pna_main_output_metadata_t ostd) {
  apply { ${apply} }
}
control D(packet_out p, in headers_t hdr, in meta_t meta, in pna_main_output_metadata_t ostd) { apply { p.emit(hdr); } }
PNA_NIC(P(), Pre(), C(), D()) main;
`;

test.each([
  { rule: "drops without a decision", apply: "", out: [] },
  {
    rule: "obeys the last decision",
    apply: "drop_packet(); send_to_port((PortId_t) 3);",
    out: ["3: 01020304"],
  },
  {
    rule: "obeys the last decision to drop",
    apply: "send_to_port((PortId_t) 3); drop_packet();",
    out: [],
  },
  {
    rule: "recirculates the packet as it left, in another pass",
    apply:
      "hdr.h.a = hdr.h.a + 1; if (hdr.h.a < 4) { recirculate(); } else { hdr.h.b = (bit<8>) (PassNumberUint_t) istd.pass; send_to_port((PortId_t) 3); }",
    out: ["3: 04020304"],
  },
  {
    rule: "mirrors the packet as it leaves",
    apply: "mirror_packet((MirrorSlotId_t) 0, (MirrorSessionId_t) 8); hdr.h.a = 9; drop_packet();",
    out: ["5: 09020304"],
  },
])("I9: PNA $rule", ({ apply, out }) => {
  const target = switchOf(pna(apply));
  target.setCloneSession(8, { kind: "port", port: 5 });
  expect(outputs(target, "01020304")).toEqual(out);
});
