/** `packet_in` and `packet_out` (sections 13.8 and 16), bit by bit. */
import { invariant } from "@seam/base";
import type { Argument, CallExpr, Expr } from "../../ir/expression.ts";
import type { Type } from "../../types/type.ts";
import { writeNarrow } from "../bits.ts";
import type { Machine } from "../machine.ts";
import { reject } from "../signals.ts";
import {
  bitsOf,
  composite,
  initial,
  numberOf,
  parts,
  plainType,
  scalarOf,
  shapeOf,
  type Value,
} from "../value.ts";
import { partType, placeOfIndex } from "./expressions.ts";
import type { Walker } from "./walker.ts";

/** Reads the next bits, most significant first. */
function takeBits({ input }: Machine, count: number): bigint {
  let value = 0n;
  for (let index = 0; index < count; index += 1) {
    const bit = ((input.data[input.bits >> 3] ?? 0) >> (7 - (input.bits & 7))) & 1;
    value = (value << 1n) | BigInt(bit);
    input.bits += 1;
  }
  return value;
}

/** Reads a value; a varbit gets the bits that are given. */
function read(type: Type, varbits: number, machine: Machine): Value {
  const shape = shapeOf(type);
  switch (shape.kind) {
    case "number":
      return numberOf(takeBits(machine, shape.width), shape);
    case "bool":
      return takeBits(machine, 1) === 1n;
    case "varbit":
      return { kind: "varbit", bits: varbits, value: takeBits(machine, varbits) };
    case "parts":
      return composite(
        shape.types.map((each) => read(each, varbits, machine)),
        shape.of === "header",
      );
    case "list":
    case "member":
    case "none":
      return initial(type);
  }
}

/** How many bits a type's values have without their varbits, or with the longest. */
function sizeOf(type: Type, varbits: "none" | "longest"): number {
  const shape = shapeOf(type);
  switch (shape.kind) {
    case "number":
      return shape.width;
    case "bool":
      return 1;
    case "varbit":
      return varbits === "none" ? 0 : shape.width;
    case "parts": {
      const sizes = shape.types.map((each) => sizeOf(each, varbits));
      return shape.of === "union" ? Math.max(...sizes) : sizes.reduce((sum, each) => sum + each, 0);
    }
    case "list":
    case "member":
    case "none":
      return 0;
  }
}

function need(machine: Machine, bits: number): void {
  const { input } = machine;
  if (input.data.length * 8 - input.bits < bits) reject(machine, "PacketTooShort");
}

/** An argument that is a number of bits; 0 when it is not given. */
function bitCount(argument: Argument | undefined, walker: Walker): number {
  return argument?.value === undefined ? 0 : placeOfIndex(walker.value(argument.value));
}

function extract(call: CallExpr, walker: Walker): Value {
  const { machine } = walker;
  const [header, size] = call.arguments;
  const type = plainType(call.typeArguments[0] ?? call.type);
  const fixed = sizeOf(type, "none");
  const varbits = bitCount(size, walker);
  if (varbits > sizeOf(type, "longest") - fixed) reject(machine, "HeaderTooShort");
  if (varbits % 8 !== 0) reject(machine, "ParserInvalidArgument");
  const target = header?.value;
  const place = target && walker.place(target);
  need(machine, fixed + varbits);
  // Also what goes nowhere is read: `extract(_)` skips a header.
  const value = read(type, varbits, machine);
  place?.set(value);
  if (target?.kind === "next") parts(walker.value(target.of)).next += 1;
  return false;
}

function lookahead({ type }: CallExpr, { machine }: Walker): Value {
  need(machine, sizeOf(type, "none"));
  const before = machine.input.bits;
  const value = read(type, 0, machine);
  machine.input.bits = before;
  return value;
}

/** The methods of `packet_in`. */
export function packetInCall(method: string, call: CallExpr, walker: Walker): Value {
  const { machine } = walker;
  switch (method) {
    case "extract":
      return extract(call, walker);
    case "lookahead":
      return lookahead(call, walker);
    case "advance": {
      const bits = bitCount(call.arguments[0], walker);
      need(machine, bits);
      machine.input.bits += bits;
      return false;
    }
    default:
      invariant(method === "length", `packet_in has no method ${method}`);
      return numberOf(
        BigInt(machine.input.data.length),
        scalarOf(call.type) ?? { width: 32, isSigned: false },
      );
  }
}

/** Appends a number's bits, most significant first. */
function append({ output }: Machine, value: bigint, count: number): void {
  for (let index = count - 1; index >= 0; index -= 1) {
    writeNarrow(output, Number((value >> BigInt(index)) & 1n), 1);
  }
}

function emitted(value: Value, type: Type, machine: Machine): void {
  const scalar = scalarOf(type);
  if (scalar !== undefined) append(machine, bitsOf(value, scalar), scalar.width);
  else if (typeof value === "boolean") append(machine, value ? 1n : 0n, 1);
  else if (typeof value === "object" && value.kind === "varbit")
    append(machine, value.value, value.bits);
  else if (typeof value === "object") {
    const shape = shapeOf(type);
    if (shape.kind === "parts" && shape.of === "header" && !value.isValid) return;
    value.parts.forEach((part, index) => emitted(part, partType(type, index), machine));
  }
}

/** `packet_out.emit`: invalid headers are left out. */
export function emit(expression: Expr | undefined, walker: Walker): Value {
  invariant(expression !== undefined, "emit has an argument");
  emitted(walker.value(expression), expression.type, walker.machine);
  return false;
}
