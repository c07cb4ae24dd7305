/** `packet_in` and `packet_out` (specification 1.2.5, sections 13.8 and 16). One packet is parsed and one deparsed at a time. */
import { invariant } from "@seam/base";
import type { Expr } from "../ir/expression.ts";
import type { Type } from "../types/type.ts";
import { fixedBits, type PartsReader, partsReaderOf, readerOf, writerOf } from "./codec.ts";
import type {
  Compiler,
  ExternArgument,
  ExternCall,
  ExternObject,
  Machine,
  Run,
} from "./machine.ts";
import { validity } from "./places.ts";
import { reject } from "./signals.ts";
import { type Composite, indexOf, nameOf, numberOf, parts, plainType, scalarOf } from "./value.ts";

const bitsLeft = ({ input }: Machine): number => input.data.length * 8 - input.bits;

/** Where an extracted header goes; for the next element of a stack also that the stack goes on. */
type Target = { readonly find: () => Composite; readonly done: () => void };

function stackTarget(of: Expr, compiler: Compiler): Target {
  const run = compiler.expression(of);
  return {
    find: () => {
      const stack = parts(run());
      const next = stack.parts[stack.next];
      return next === undefined ? reject(compiler.machine, "StackOutOfBounds") : parts(next);
    },
    done: () => {
      parts(run()).next += 1;
    },
  };
}

function target({ expression, get }: ExternArgument, compiler: Compiler): Target {
  if (expression === undefined) return { find: () => parts(get()), done: () => undefined };
  if (expression.kind === "next") return stackTarget(expression.of, compiler);
  return {
    find: () => parts(get()),
    done: validity(expression, compiler) ?? ((): undefined => undefined),
  };
}

/** The greatest length of the varbit in a header. */
function widestVarbit(type: Type): number {
  if (type.kind === "varbit") return type.width;
  if (type.kind !== "header" && type.kind !== "struct") return 0;
  return Math.max(0, ...type.fields.map((field) => widestVarbit(field.type)));
}

/** Reads a header, all of it or nothing. */
function extraction(
  { machine }: ExternCall,
  read: PartsReader,
  { find, done }: Target,
): (bits: number, varbits: number) => void {
  return (bits, varbits) => {
    const header = find();
    if (bitsLeft(machine) < bits + varbits) reject(machine, "PacketTooShort");
    read(machine.input, header.parts, varbits);
    header.isValid = true;
    done();
  };
}

function extract(call: ExternCall): Run {
  const [header, size] = call.arguments;
  invariant(header !== undefined, "extract has an argument");
  const { machine } = call;
  const type = plainType(call.typeArguments[0] ?? header.type);
  const bits = fixedBits(type);
  const run = extraction(call, partsReaderOf(type), target(header, call.compiler));
  if (size === undefined) {
    return () => {
      run(bits, 0);
      return false;
    };
  }
  const widest = widestVarbit(type);
  return () => {
    const varbits = indexOf(size.get());
    if (varbits > widest) reject(machine, "HeaderTooShort");
    if (varbits % 8 !== 0) reject(machine, "ParserInvalidArgument");
    run(bits, varbits);
    return false;
  };
}

function lookahead({ machine, result }: ExternCall): Run {
  const bits = fixedBits(result);
  const read = readerOf(result);
  return () => {
    if (bitsLeft(machine) < bits) reject(machine, "PacketTooShort");
    const before = machine.input.bits;
    const value = read(machine.input, 0);
    machine.input.bits = before;
    return value;
  };
}

function advance({ machine, arguments: [size] }: ExternCall): Run {
  return () => {
    const bits = indexOf(size?.get() ?? 0);
    if (bitsLeft(machine) < bits) reject(machine, "PacketTooShort");
    machine.input.bits += bits;
    return false;
  };
}

/** The methods of `packet_in`. */
export const packetIn: ExternObject["methods"] = {
  extract,
  lookahead,
  advance,
  length: ({ machine, result }) => {
    const type = scalarOf(result) ?? { width: 32, isSigned: false };
    return () => numberOf(BigInt(machine.input.data.length), type);
  },
};

/** The methods of `packet_out`. */
export const packetOut: ExternObject["methods"] = {
  emit: ({ machine, arguments: [value] }) => {
    invariant(value !== undefined, "emit has an argument");
    const write = writerOf(value.type);
    return () => {
      write(machine.output, value.get());
      return false;
    };
  },
};

/** `verify` (section 13.7). */
export function verify({ machine, arguments: [check, error] }: ExternCall): Run {
  return () => {
    if (check?.get() !== true) reject(machine, nameOf(error?.get()));
    return false;
  };
}
