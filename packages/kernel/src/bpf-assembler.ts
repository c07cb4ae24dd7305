/**
 * eBPF instructions as bytes (RFC 9669). A program is a list of instructions and labels; a label is a name that ends
 * in a colon, and jumps name it without.
 */
import { invariant } from "@seam/base";

/** R0 is what a call returns, R1 to R5 are its arguments and lost in it, R6 to R9 are kept, R10 is the stack's end. */
export type Register = "r0" | "r1" | "r2" | "r3" | "r4" | "r5" | "r6" | "r7" | "r8" | "r9" | "r10";

/** A register, or a number of 32 bits with its sign. */
export type Operand = Register | number;

/** One instruction, of 8 bytes or, with a constant of 64 bits, of 16. */
export type Instruction = {
  readonly opcode: number;
  readonly destination?: Register;
  readonly source?: Register | number;
  readonly offset?: number;
  readonly immediate?: number;
  /** Where a jump goes. */
  readonly target?: string;
  /** Upper half of a constant of 64 bits. */
  readonly upper?: number;
};

/** Widths of memory accesses in bits, as the second part of an opcode. */
const widths = { u8: 0x10, u16: 0x08, u32: 0x00, u64: 0x18 } as const;
type Width = keyof typeof widths;

const operations = {
  "+=": 0x00,
  "-=": 0x10,
  "*=": 0x20,
  "/=": 0x30,
  "|=": 0x40,
  "&=": 0x50,
  "<<=": 0x60,
  ">>=": 0x70,
  "=": 0xb0,
} as const;
const conditions = { "==": 0x10, ">": 0x20, ">=": 0x30, "&": 0x40, "!=": 0x50, "<": 0xa0 } as const;

const CLASS = { load: 0x01, storeNumber: 0x02, store: 0x03, jump: 0x05, compute: 0x07 };
const MEMORY = 0x60;
/** With no number: an addition. */
const ATOMIC = 0xc0;
const FROM_REGISTER = 0x08;
const WIDE_CONSTANT = 0x18;
const PSEUDO_MAP_FD = 1;
const PSEUDO_MAP_VALUE = 2;

/** `destination = source` and the like, on 64 bits. */
export const compute = (
  destination: Register,
  operation: keyof typeof operations,
  operand: Operand,
): Instruction => withOperand(CLASS.compute | operations[operation], { destination }, operand);

/** Loads what `base + offset` points to, filled up with zeros. */
export const load = (
  destination: Register,
  width: Width,
  [base, offset]: readonly [Register, number],
): Instruction => ({
  opcode: CLASS.load | MEMORY | widths[width],
  destination,
  source: base,
  offset,
});

/** Stores the lower bits to where `base + offset` points. */
export const store = (
  [base, offset]: readonly [Register, number],
  width: Width,
  operand: Operand,
): Instruction => {
  const where = { destination: base, offset };
  return typeof operand === "number"
    ? { opcode: CLASS.storeNumber | MEMORY | widths[width], ...where, immediate: operand }
    : { opcode: CLASS.store | MEMORY | widths[width], ...where, source: operand };
};

/** Adds to what `base + offset` points to, 64 bits, whoever else does so at the same time. */
export const addAtomically = (
  [base, offset]: readonly [Register, number],
  source: Register,
): Instruction => ({
  opcode: CLASS.store | ATOMIC | widths.u64,
  destination: base,
  source,
  offset,
});

/** Goes to the label when the comparison, of 64 bits without sign, holds; `&` holds when a bit is in both. */
export const jumpIf = (
  left: Register,
  condition: keyof typeof conditions,
  [right, target]: readonly [Operand, string],
): Instruction =>
  withOperand(CLASS.jump | conditions[condition], { destination: left, target }, right);

/** Goes to the label. */
export const jump = (target: string): Instruction => ({ opcode: CLASS.jump, target });

/** Calls the kernel's helper with this number (bpf-helpers(7)). */
export const call = (helper: number): Instruction => ({
  opcode: CLASS.jump | 0x80,
  immediate: helper,
});

/** Ends the program with R0 as its answer. */
export const exit: Instruction = { opcode: CLASS.jump | 0x90 };

/** A constant of 64 bits. */
export const constant = (destination: Register, value: bigint): Instruction => ({
  opcode: WIDE_CONSTANT,
  destination,
  immediate: Number(BigInt.asIntN(32, value)),
  upper: Number(BigInt.asIntN(32, value >> 32n)),
});

/** A map, for a helper. */
export const mapAt = (destination: Register, fd: number): Instruction => ({
  opcode: WIDE_CONSTANT,
  destination,
  source: PSEUDO_MAP_FD,
  immediate: fd,
  upper: 0,
});

/** Where the one value of an array map is. */
export const mapValueAt = (destination: Register, fd: number): Instruction => ({
  opcode: WIDE_CONSTANT,
  destination,
  source: PSEUDO_MAP_VALUE,
  immediate: fd,
  upper: 0,
});

/** Instructions, and names of places among them that jumps go to, as `NAME:`. */
export type Lines = readonly (Instruction | string)[];

/** The program's bytes for a little-endian machine. */
export function assemble(lines: Lines): Buffer {
  const labels = new Map<string, number>();
  let length = 0;
  for (const line of lines) {
    if (typeof line === "string") labels.set(line, length);
    else length += line.upper === undefined ? 1 : 2;
  }
  const code = Buffer.alloc(length * 8);
  let at = 0;
  for (const line of lines) {
    if (typeof line === "string") continue;
    write(code, at, { ...line, offset: line.offset ?? distance(labels, at, line.target) });
    at += line.upper === undefined ? 1 : 2;
  }
  return code;
}

function withOperand(
  opcode: number,
  rest: Pick<Instruction, "destination" | "target">,
  operand: Operand,
): Instruction {
  return typeof operand === "number"
    ? { opcode, ...rest, immediate: operand }
    : { opcode: opcode | FROM_REGISTER, ...rest, source: operand };
}

/** Jumps count instructions of 8 bytes from the next one. */
function distance(labels: ReadonlyMap<string, number>, at: number, target?: string): number {
  if (target === undefined) return 0;
  const there = labels.get(`${target}:`);
  invariant(there !== undefined, `the program has a label ${target}`);
  return there - at - 1;
}

function write(code: Buffer, at: number, instruction: Instruction): void {
  const { opcode, destination, source, offset = 0, immediate = 0, upper } = instruction;
  const start = at * 8;
  code.writeUInt8(opcode, start);
  code.writeUInt8((numberOf(source) << 4) | numberOf(destination), start + 1);
  code.writeInt16LE(offset, start + 2);
  code.writeInt32LE(immediate, start + 4);
  if (upper !== undefined) code.writeInt32LE(upper, start + 12);
}

const numberOf = (register: Register | number = 0): number =>
  typeof register === "number" ? register : Number(register.slice(1));
