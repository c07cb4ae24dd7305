/** simple_switch: what becomes of packets when pipelines end (behavioral-model, docs/simple_switch.md). */
import { expect, test } from "vitest";
import { outputs, switchOf, v1program } from "../simulated.fixture.ts";

const marked = "hdr.h.b = (bit<8>) std.instance_type; hdr.h.c = meta.kept; hdr.h.d = meta.lost;";
const meta = "meta.kept = 0x11; meta.lost = 0x22;";

test("I9: mark_to_drop drops unless something is assigned behind it, and takes multicast back", () => {
  expect(outputs(switchOf(v1program({ apply: "mark_to_drop(std);" })), "01020304")).toEqual([]);
  const undone = "std.mcast_grp = 5; mark_to_drop(std); std.egress_spec = 3;";
  expect(outputs(switchOf(v1program({ apply: undone })), "01020304")).toEqual(["3: 01020304"]);
  expect(outputs(switchOf(v1program({ egress: "mark_to_drop(std);" })), "01020304")).toEqual([]);
});

test("I9: a clone from ingress is the packet as it came, with the fields of its list", () => {
  const target = switchOf(
    v1program({
      apply: `${meta} hdr.h.a = 0xee; clone_preserving_field_list(CloneType.I2E, 7, 1);`,
      egress: marked,
    }),
  );
  target.setCloneSession(7, { kind: "port", port: 9 });
  expect(outputs(target, "01020304")).toEqual(["9: 01011100", "2: ee001122"]);
});

test("I9: a clone from egress is the packet as egress left it", () => {
  const target = switchOf(
    v1program({
      apply: meta,
      egress: `${marked} if (std.instance_type == 0) { hdr.h.a = 0xee; clone(CloneType.E2E, 7); }`,
    }),
  );
  target.setCloneSession(7, { kind: "port", port: 9 });
  expect(outputs(target, "01020304")).toEqual(["9: ee020000", "2: ee001122"]);
});

test("I9: resubmission begins again with the packet as it came, before multicast", () => {
  const target = switchOf(
    v1program({
      apply: `if (std.instance_type == 0) { ${meta} hdr.h.a = 0xee; std.mcast_grp = 5; resubmit_preserving_field_list(1); }`,
      egress: `if (meta.kept == 0x11) hdr.h.b = 6; hdr.h.c = meta.kept; hdr.h.d = meta.lost;`,
    }),
  );
  expect(outputs(target, "01020304")).toEqual(["2: 01061100"]);
});

test("I9: recirculation begins again with the packet as it was deparsed", () => {
  const target = switchOf(
    v1program({
      apply: "hdr.h.b = (bit<8>) std.instance_type;",
      egress: `hdr.h.a = hdr.h.a + 1; if (hdr.h.a < 3) { ${meta} recirculate_preserving_field_list(1); } else { hdr.h.c = meta.kept; hdr.h.d = meta.lost; }`,
    }),
  );
  expect(outputs(target, "01020304")).toEqual(["2: 03041100"]);
});

test("I9: a packet that always comes back is told", () => {
  const target = switchOf(v1program({ egress: "recirculate_preserving_field_list(1);" }));
  expect(outputs(target, "01020304")).toEqual(["a packet came back more than 1000 times"]);
});

test("I9: multicast makes a copy for each port of each node, with the node's replication id", () => {
  const target = switchOf(
    v1program({
      apply: "std.mcast_grp = 5;",
      egress: "hdr.h.a = (bit<8>) std.egress_rid; hdr.h.b = (bit<8>) std.instance_type;",
    }),
  );
  expect(outputs(target, "01020304")).toEqual([]);
  target.createGroup(5);
  target.createNode(0x21, [3, 4]);
  target.createNode(0x22, [3]);
  target.associateNode(5, 0);
  target.associateNode(5, 1);
  expect(outputs(target, "01020304")).toEqual(["3: 21050304", "4: 21050304", "3: 22050304"]);
});

test("I9: truncate cuts what is sent", () => {
  expect(outputs(switchOf(v1program({ apply: "truncate(3);" })), "010203040506")).toEqual([
    "2: 010203",
  ]);
});

test("I9: an assertion that does not hold is told", () => {
  expect(outputs(switchOf(v1program({ apply: "assert(hdr.h.a == 2);" })), "01020304")).toEqual([
    "an assertion of the program does not hold",
  ]);
});

test("I9: random numbers are from the range, and the same for the same seed", () => {
  const text = v1program({ apply: "random(hdr.h.a, 8w3, 8w5);" });
  const drawn = (): readonly string[] => {
    const target = switchOf(text);
    return Array.from({ length: 40 }, () => outputs(target, "00020304")).flat();
  };
  expect(drawn()).toEqual(drawn());
  expect([...new Set(drawn())].sort()).toEqual(["2: 03020304", "2: 04020304", "2: 05020304"]);
});

test("I9: checksums are computed over data, and over the payload where that is asked for", () => {
  const update = (name: string): string =>
    v1program({ apply: "hdr.h.c = 0; hdr.h.d = 0;" }).replace(
      "control U(inout headers_t hdr, inout meta_t meta) { apply {} }",
      `control U(inout headers_t hdr, inout meta_t meta) { apply {
        bit<16> sum = 0; ${name}(true, { hdr.h.a, hdr.h.b }, sum, HashAlgorithm.csum16);
        hdr.h.c = sum[15:8]; hdr.h.d = sum[7:0]; } }`,
    );
  expect(outputs(switchOf(update("update_checksum")), "12340000ff01")).toEqual(["2: 1234edcbff01"]);
  expect(outputs(switchOf(update("update_checksum_with_payload")), "12340000ff01")).toEqual([
    "2: 1234eec9ff01",
  ]);
});

test("I9: registers, counters and meters are the program's and the control plane's", () => {
  const target = switchOf(
    v1program({
      locals:
        "register<bit<8>>(4) r; counter(2, CounterType.packets) n; meter(1, MeterType.packets) m;",
      apply: `bit<8> x; r.read(x, 1); hdr.h.a = x; r.write(1, x + 1); r.write(9, 7);
        n.count(1); n.count(5); bit<2> colour; m.execute_meter(0, colour); hdr.h.b = (bit<8>) colour;`,
    }),
  );
  expect(target.writeRegister({ name: "I.r", index: 1 }, 0xffn).ok).toBe(true);
  target.writeMeter({ name: "I.m", index: 0 }, [
    { perMicrosecond: 0, burst: 1 },
    { perMicrosecond: 0, burst: 2 },
  ]);
  expect(outputs(target, "01020304")).toEqual(["2: ff000304"]);
  expect(outputs(target, "01020304")).toEqual(["2: 00010304"]);
  expect(outputs(target, "01020304")).toEqual(["2: 01020304"]);
  expect(target.readRegister({ name: "I.r", index: 1 })).toEqual({ ok: true, value: 2n });
  expect(target.readRegister({ name: "I.r", index: 9 })).toEqual({
    ok: false,
    error: "I.r has no index 9",
  });
  expect(target.readCounter({ name: "I.n", index: 1 })).toEqual({
    ok: true,
    value: { packets: 3n, bytes: 12n },
  });
});
