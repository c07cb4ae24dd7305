/** Values to and from bits: how headers stand in packets, and what checksums and hashes are computed over. */
import type { Type } from "../types/type.ts";
import {
  type BitWriter,
  bitWriter,
  clearBits,
  readNarrow,
  readWide,
  writeBytes,
  writeNarrow,
  writeWide,
  written,
} from "./bits.ts";
import {
  bitsOf,
  composite,
  initial,
  NARROW,
  partAt,
  parts,
  type Scalar,
  shapeOf,
  type Value,
} from "./value.ts";

/** A packet that is being read: `bits` is the offset of the next bit. */
export type Reading = { readonly data: Uint8Array; bits: number };

/** Reads a value; the length of varbits in bits is given. All bits have to be there. */
export type Reader = (from: Reading, varbits: number) => Value;

/** Appends a value. */
export type Writer = (to: BitWriter, value: Value) => void;

/** Bits of a type that every value of it has: varbits count as none. */
export function fixedBits(type: Type): number {
  const shape = shapeOf(type);
  switch (shape.kind) {
    case "number":
      return shape.width;
    case "bool":
      return 1;
    case "parts": {
      const bits = shape.types.map(fixedBits);
      return shape.of === "union"
        ? Math.max(0, ...bits)
        : bits.reduce((sum, each) => sum + each, 0);
    }
    case "varbit":
    case "list":
    case "member":
    case "none":
      return 0;
  }
}

function numberReader({ width, isSigned }: Scalar): Reader {
  if (width > NARROW) {
    return (from) => {
      const read = readWide(from.data, from.bits, width);
      from.bits += width;
      return isSigned ? BigInt.asIntN(width, read) : read;
    };
  }
  const free = NARROW - width;
  return (from) => {
    const read = readNarrow(from.data, from.bits, width);
    from.bits += width;
    return isSigned ? (read << free) >> free : read;
  };
}

const readBool: Reader = (from) => {
  const read = readNarrow(from.data, from.bits, 1);
  from.bits += 1;
  return read === 1;
};

const readVarbit: Reader = (from, bits) => {
  const value = readWide(from.data, from.bits, bits);
  from.bits += bits;
  return { kind: "varbit", bits, value };
};

/** The reader of a type. Headers are valid. */
export function readerOf(type: Type): Reader {
  const shape = shapeOf(type);
  switch (shape.kind) {
    case "number":
      return numberReader(shape);
    case "bool":
      return readBool;
    case "varbit":
      return readVarbit;
    case "parts": {
      const readers = shape.types.map(readerOf);
      const isHeader = shape.of === "header";
      return (from, varbits) =>
        composite(
          readers.map((read) => read(from, varbits)),
          isHeader,
        );
    }
    case "list":
    case "member":
    case "none":
      return () => initial(type);
  }
}

function numberWriter(scalar: Scalar): Writer {
  if (scalar.width === Number.POSITIVE_INFINITY) return () => undefined;
  if (scalar.width <= NARROW) return (to, value) => writeNarrow(to, Number(value), scalar.width);
  return (to, value) => writeWide(to, bitsOf(value, scalar), scalar.width);
}

const writeVarbit: Writer = (to, value) => {
  if (typeof value === "object" && value.kind === "varbit") writeWide(to, value.value, value.bits);
};

function partsWriter(types: readonly Type[], isHeader: boolean): Writer {
  const writers = types.map(writerOf);
  return (to, value) => {
    const whole = parts(value);
    if (isHeader && !whole.isValid) return;
    for (const [index, write] of writers.entries()) write(to, partAt(whole, index));
  };
}

/** The writer of a type. Invalid headers are left out. */
export function writerOf(type: Type): Writer {
  const shape = shapeOf(type);
  switch (shape.kind) {
    case "number":
      return numberWriter(shape);
    case "bool":
      return (to, value) => writeNarrow(to, value === true ? 1 : 0, 1);
    case "varbit":
      return writeVarbit;
    case "parts":
      return partsWriter(shape.types, shape.of === "header");
    case "list": {
      const write = writerOf(shape.element);
      return (to, value) => {
        for (const element of parts(value).parts) write(to, element);
      };
    }
    case "member":
    case "none":
      return () => undefined;
  }
}

/** Room for the bytes of one value, which are copied out at once: made for each value it would cost more than the rest. */
const scratch = bitWriter();

/** The bytes of a value, filled up with 0; `behind` follows it. */
export function bytesOf(write: Writer, value: Value, behind?: Uint8Array): Uint8Array {
  clearBits(scratch);
  write(scratch, value);
  if (behind !== undefined) writeBytes(scratch, behind);
  return written(scratch);
}

/** The number of bits that a value has now: varbits as long as they are. */
export function bitsNow(value: Value, type: Type): number {
  if (typeof value !== "object") return fixedBits(type);
  if (value.kind === "varbit") return value.bits;
  const shape = shapeOf(type);
  if (shape.kind !== "parts") return 0;
  return shape.types.reduce((bits, each, index) => bits + bitsNow(partAt(value, index), each), 0);
}
