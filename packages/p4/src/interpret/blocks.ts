/** How architectures run the blocks of a program. */
import { err, invariant, ok, type Result } from "@seam/base";
import type {
  BlockNode,
  Bound,
  ExternNode,
  InstanceNode,
  PackageNode,
  Tree,
} from "../eval/instances.ts";
import type { Type } from "../types/type.ts";
import { clearBits, writeBytes, written } from "./bits.ts";
import type { BlockRuntime, Compiler, Machine } from "./machine.ts";
import type { Prepared } from "./program.ts";
import { exitSignal, rejectSignal } from "./signals.ts";
import { type Composite, EXACT, indexOf, initial, parts, scalarOf, type Value } from "./value.ts";

/** The parser or control that the package has for a parameter. */
function blockArgument(of: InstanceNode | undefined, name: string): Result<BlockNode, string> {
  const found = of?.arguments.get(name);
  if (found?.kind === "parser" || found?.kind === "control") return ok(found);
  return err(`the package has no parser or control for ${name}`);
}

/** The package that a package has for a parameter. */
export function packageArgument(of: Tree["main"], name: string): PackageNode | undefined {
  const found = of?.arguments.get(name);
  return found?.kind === "package" ? found : undefined;
}

/** The blocks of a package by the names of its parameters, or which is missing. */
export function packageBlocks<Name extends string>(
  of: PackageNode | undefined,
  names: readonly Name[],
  prepared: Prepared,
): Result<{ readonly [name in Name]: BlockRuntime }, string> {
  const found: Partial<Record<Name, BlockRuntime>> = {};
  for (const name of names) {
    const node = blockArgument(of, name);
    if (!node.ok) return node;
    found[name] = prepared.block(node.value);
  }
  const isWhole = (blocks: typeof found): blocks is Record<Name, BlockRuntime> =>
    names.every((name) => name in blocks);
  invariant(isWhole(found), "every block was found");
  return ok(found);
}

/** Takes a packet, of which nothing is read yet. */
export function receive(machine: Machine, data: Uint8Array): void {
  machine.input = { data, bits: 0 };
  machine.packetBytes = data.length;
}

/** The type of a block's parameter. */
export function parameterType({ node }: BlockRuntime, index: number): Type {
  const type = node.declaration.parameters[index]?.type;
  invariant(type !== undefined, `a block has a parameter ${index}`);
  return type;
}

/** The value of a block's parameter. */
export function argumentOf(block: BlockRuntime, index: number): Value {
  const cell = block.cells[index];
  invariant(cell !== undefined, `a block has a parameter ${index}`);
  return cell.value;
}

function enter({ cells }: BlockRuntime, values: readonly Value[]): void {
  for (let index = 0; index < cells.length; index += 1) {
    const cell = cells[index];
    if (cell !== undefined) cell.value = values[index] ?? 0;
  }
}

/** Puts values into a block's parameters, in order, and runs it until it ends or exits. */
export function runControl(block: BlockRuntime, values: readonly Value[], machine: Machine): void {
  enter(block, values);
  machine.trace?.({ kind: "block", block: block.node.path });
  try {
    block.run();
  } catch (error) {
    if (error !== exitSignal) throw error;
  }
}

/** As `runControl` for a parser and a packet; whether the packet was accepted. */
export function runParser(
  block: BlockRuntime,
  values: readonly Value[],
  machine: Machine,
): boolean {
  enter(block, values);
  machine.parserError = "NoError";
  try {
    block.run();
    return true;
  } catch (error) {
    if (error !== rejectSignal) throw error;
    machine.trace?.({ kind: "parser error", error: machine.parserError });
    return false;
  }
}

/** What the parser left of the packet; bits in front of a byte's end are left out. */
export const payloadOf = ({ input }: Machine): Uint8Array =>
  input.data.subarray(Math.ceil(input.bits / 8));

/** Runs a deparser: what it emits and then the payload. */
export function runDeparser(
  block: BlockRuntime,
  given: { readonly values: readonly Value[]; readonly payload: Uint8Array },
  machine: Machine,
): Uint8Array {
  clearBits(machine.output);
  runControl(block, given.values, machine);
  writeBytes(machine.output, given.payload);
  return written(machine.output);
}

/** Fields of a struct by their names. */
export type Fields = {
  readonly get: (struct: Composite, name: string) => Value;
  readonly set: (struct: Composite, name: string, value: Value) => void;
  /** Sets one field, looked up once. */
  readonly setter: (name: string) => (struct: Composite, value: Value) => void;
};

/** Access to the fields of types that was made, as architectures ask for it with every packet. */
const accesses = new WeakMap<Type, Fields>();

/** Access to the fields of a struct's type; setting one that it does not have does nothing. */
export function fieldsOf(type: Type): Fields {
  const known = accesses.get(type);
  if (known !== undefined) return known;
  const made = accessOf(type);
  accesses.set(type, made);
  return made;
}

function accessOf(type: Type): Fields {
  const fields = new Map(
    "fields" in type
      ? type.fields.map((field, index) => [field.name, { index, isWide: isWide(field.type) }])
      : [],
  );
  const setter: Fields["setter"] = (name) => {
    const field = fields.get(name);
    if (field === undefined) return () => undefined;
    const { index } = field;
    if (field.isWide) {
      return (struct, value) => {
        struct.parts[index] = typeof value === "number" ? BigInt(value) : value;
      };
    }
    return (struct, value) => {
      struct.parts[index] = value;
    };
  };
  return {
    get: (struct, name) => struct.parts[fields.get(name)?.index ?? -1] ?? 0,
    set: (struct, name, value) => setter(name)(struct, value),
    setter,
  };
}

/** Whether numbers of a type are bigint. */
const isWide = (type: Type): boolean => (scalarOf(type)?.width ?? 0) > EXACT;

/** An initial value with parts. */
const initialParts = (type: Type): Composite => parts(initial(type));

/** An initial struct with some of its fields set; those that it does not have are left out. */
export function structWith(type: Type, values: { readonly [field: string]: Value }): Composite {
  const fields = fieldsOf(type);
  const struct = initialParts(type);
  for (const [name, value] of Object.entries(values)) fields.set(struct, name, value);
  return struct;
}

/** A constructor's argument as a value; undefined when it was not given. */
export function constructorValue(
  node: ExternNode,
  name: string,
  compiler: Compiler,
): Value | undefined {
  const bound: Bound = node.arguments.get(name);
  return bound?.kind === "value" ? compiler.constant(bound.value) : undefined;
}

/** A constructor's argument as a size; without one there is no bound. */
export function constructorSize(node: ExternNode, name: string, compiler: Compiler): number {
  const value = constructorValue(node, name, compiler);
  return value === undefined ? Number.POSITIVE_INFINITY : indexOf(value);
}

/** Lets objects that keep something for one packet forget it. */
export function beginPass(prepared: Prepared): void {
  for (const object of prepared.objects()) object.begin?.();
}
