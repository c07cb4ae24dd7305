import { describe, expect, it } from "vitest";

import {
  addAtomically,
  assemble,
  call,
  compute,
  constant,
  exit,
  jump,
  jumpIf,
  load,
  mapAt,
  mapValueAt,
  store,
  type Instruction,
} from "./bpf-assembler.ts";

/** One instruction in hexadecimal: opcode, registers, offset, immediate. */
const hex = (instruction: Instruction): string =>
  assemble([instruction])
    .toString("hex")
    .replaceAll(/(..)(..)(....)(.{8})/gu, "$1 $2 $3 $4 ")
    .trim();

describe("instructions of RFC 9669", () => {
  it.each([
    ["r1 = -1", compute("r1", "=", -1), "b7 01 0000 ffffffff"],
    ["r6 = r1", compute("r6", "=", "r1"), "bf 16 0000 00000000"],
    ["r2 += 14", compute("r2", "+=", 14), "07 02 0000 0e000000"],
    ["r2 -= r3", compute("r2", "-=", "r3"), "1f 32 0000 00000000"],
    ["r3 *= r4", compute("r3", "*=", "r4"), "2f 43 0000 00000000"],
    ["r3 /= 100", compute("r3", "/=", 100), "37 03 0000 64000000"],
    ["r1 |= 16", compute("r1", "|=", 16), "47 01 0000 10000000"],
    ["r3 <<= 3", compute("r3", "<<=", 3), "67 03 0000 03000000"],
    ["r3 >>= 10", compute("r3", ">>=", 10), "77 03 0000 0a000000"],
    ["r1 &= 255", compute("r1", "&=", 255), "57 01 0000 ff000000"],
    ["r1 = *(u8 *)(r7 + 22)", load("r1", "u8", ["r7", 22]), "71 71 1600 00000000"],
    ["r1 = *(u16 *)(r7 + 20)", load("r1", "u16", ["r7", 20]), "69 71 1400 00000000"],
    ["r1 = *(u32 *)(r6 + 80)", load("r1", "u32", ["r6", 80]), "61 61 5000 00000000"],
    ["r1 = *(u64 *)(r9 + 32)", load("r1", "u64", ["r9", 32]), "79 91 2000 00000000"],
    ["*(u32 *)(r10 - 92) = r1", store(["r10", -92], "u32", "r1"), "63 1a a4ff 00000000"],
    ["*(u16 *)(r10 - 8) = 7", store(["r10", -8], "u16", 7), "6a 0a f8ff 07000000"],
    ["lock *(u64 *)(r4 + 8) += r3", addAtomically(["r4", 8], "r3"), "db 34 0800 00000000"],
    ["call 155", call(155), "85 00 0000 9b000000"],
    ["exit", exit, "95 00 0000 00000000"],
    [
      "r1 = 10000000000 ll",
      constant("r1", 10_000_000_000n),
      "18 01 0000 00e40b54 00 00 0000 02000000",
    ],
    ["r1 = map", mapAt("r1", 5), "18 11 0000 05000000 00 00 0000 00000000"],
    ["r1 = value of a map", mapValueAt("r1", 5), "18 21 0000 05000000 00 00 0000 00000000"],
  ])("encodes %s", (_text, instruction, bytes) => {
    expect(hex(instruction)).toBe(bytes);
  });

  it.each([
    ["r1 == 8", jumpIf("r1", "==", [8, "end"]), "15 01"],
    ["r1 != r2", jumpIf("r1", "!=", ["r2", "end"]), "5d 21"],
    ["r1 > r8", jumpIf("r1", ">", ["r8", "end"]), "2d 81"],
    ["r1 >= 2", jumpIf("r1", ">=", [2, "end"]), "35 01"],
    ["r1 < 2", jumpIf("r1", "<", [2, "end"]), "a5 01"],
    ["r1 & 7", jumpIf("r1", "&", [7, "end"]), "45 01"],
    ["anything", jump("end"), "05 00"],
  ])("jumps on %s", (_text, instruction, start) => {
    const code = assemble([instruction, exit, "end:", exit]);
    expect(code.subarray(0, 4).toString("hex")).toBe(`${start.replace(" ", "")}0100`);
  });
});

describe("labels", () => {
  it("count a constant of 64 bits as two instructions, and may lie behind", () => {
    const code = assemble(["start:", jump("end"), constant("r1", 1n), jump("start"), "end:", exit]);
    expect(code.readInt16LE(2)).toBe(3);
    expect(code.readInt16LE(3 * 8 + 2)).toBe(-4);
  });

  it("must be in the program", () => {
    expect(() => assemble([jump("nowhere"), exit])).toThrow("the program has a label nowhere");
  });
});
