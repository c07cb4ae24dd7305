/** Values to and from bits: how headers stand in packets, and what checksums and hashes are computed over. */
import type { Type } from "../types/type.ts";
import {
  type BitWriter,
  bitWriter,
  clearBits,
  readMiddle,
  readNarrow,
  readWide,
  writeBytes,
  writeMiddle,
  writeNarrow,
  writeWide,
} from "./bits.ts";
import {
  bitsOf,
  composite,
  EXACT,
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

/** Reads the parts of a value over those that are there. */
export type PartsReader = (from: Reading, into: Value[], varbits: number) => void;

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
  if (width > NARROW && width <= EXACT) {
    const [size, half] = [2 ** width, isSigned ? 2 ** (width - 1) : Number.POSITIVE_INFINITY];
    return (from) => {
      const read = readMiddle(from.data, from.bits, width);
      from.bits += width;
      return read >= half ? read - size : read;
    };
  }
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
      const read = partsReaderOf(type);
      const isHeader = shape.of === "header";
      return (from, varbits) => {
        const found: Value[] = [];
        read(from, found, varbits);
        return composite(found, isHeader);
      };
    }
    case "list":
    case "member":
    case "none":
      return () => initial(type);
  }
}

/** The reader of a type's parts; of a type without any it reads nothing. */
export function partsReaderOf(type: Type): PartsReader {
  const shape = shapeOf(type);
  const readers = shape.kind === "parts" ? shape.types.map(readerOf) : [];
  return (from, into, varbits) => {
    for (let index = 0; index < readers.length; index += 1) {
      into[index] = readers[index]?.(from, varbits) ?? 0;
    }
  };
}

function numberWriter(scalar: Scalar): Writer {
  if (scalar.width === Number.POSITIVE_INFINITY) return () => undefined;
  if (scalar.width <= NARROW) return (to, value) => writeNarrow(to, Number(value), scalar.width);
  if (scalar.width <= EXACT) return (to, value) => writeMiddle(to, Number(value), scalar.width);
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
    for (let index = 0; index < writers.length; index += 1) {
      writers[index]?.(to, partAt(whole, index));
    }
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

/** Room for the bytes of one value: made for each value it would cost more than the rest. */
const scratch = bitWriter();

/** The bytes of a value, filled up with 0; `behind` follows it. They are there until the next value is written. */
export function bytesOf(write: Writer, value: Value, behind?: Uint8Array): Uint8Array {
  clearBits(scratch);
  write(scratch, value);
  if (behind !== undefined) writeBytes(scratch, behind);
  return scratch.data.subarray(0, (scratch.bits + 7) >> 3);
}

/** The number of bits that a value has now: varbits as long as they are. */
export function bitsNow(value: Value, type: Type): number {
  if (typeof value !== "object") return fixedBits(type);
  if (value.kind === "varbit") return value.bits;
  const shape = shapeOf(type);
  if (shape.kind !== "parts") return 0;
  return shape.types.reduce((bits, each, index) => bits + bitsNow(partAt(value, index), each), 0);
}
