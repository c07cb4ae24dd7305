/** Extern objects that several architectures have under one shape: what differs between them is names. */
import { invariant } from "@seam/base";
import type { ExternNode } from "../eval/instances.ts";
import { constructorSize, constructorValue } from "./blocks.ts";
import { given } from "./checksums.ts";
import { countersOf, type Meters, metersOf, type Registers, registersOf } from "./kept.ts";
import { bytesOf, writerOf } from "./codec.ts";
import type {
  Compiler,
  ExternArgument,
  ExternCall,
  ExternObject,
  Externs,
  Run,
} from "./machine.ts";
import type { Color } from "./meter.ts";
import { Fault } from "./signals.ts";
import { indexOf, initial, nameOf, numberOf, scalarOf, type Value } from "./value.ts";

/** An object without its name. */
export type Made = Pick<ExternObject, "methods"> & Partial<ExternObject>;

/** Makes an object of a type by its name; undefined for types that do nothing. */
export type Maker = (node: ExternNode, compiler: Compiler) => Made;

/** Runs something that has no result. */
export const effect = (run: () => void) => (): Value => {
  run();
  return false;
};

/** Tells the controller the bits of a value, by the digest's name. */
export function digesting({ machine }: ExternCall, value: ExternArgument, digest: string): Run {
  const write = writerOf(value.type);
  return effect(() => {
    // What is written is there only until the next value is.
    const data = bytesOf(write, value.get()).slice();
    machine.notifications.push({ kind: "digest", digest, data });
  });
}

/** `assert` and `assume`. */
export const asserted = ({ arguments: [check] }: ExternCall): Run =>
  effect(() => {
    if (check?.get() !== true) throw new Fault("an assertion of the program does not hold");
  });

/** The creation of objects by the names of their types. */
export const objectsBy =
  (makers: ReadonlyMap<string, Maker>): Externs["create"] =>
  (node, compiler) => {
    const { type } = node.instance;
    const name = type.kind === "extern" ? type.name : "";
    const make = makers.get(name);
    return make === undefined
      ? undefined
      : { path: node.path, type: name, ...make(node, compiler) };
  };

/** `count(index)` for the packet that is being handled. */
export const counterMaker =
  (sizeName: string): Maker =>
  (node, compiler) => {
    const counters = countersOf(constructorSize(node, sizeName, compiler));
    const { machine } = compiler;
    return {
      counter: counters.control,
      methods: {
        count: ({ arguments: [index] }) =>
          effect(() => counters.count(indexOf(index?.get() ?? 0), machine.packetBytes)),
      },
    };
  };

/** `count()` for the row that matched; a default action has none. */
export const directCounter: Maker = (_, { machine }) => {
  const counters = countersOf(Number.POSITIVE_INFINITY);
  let now: number | undefined;
  return {
    counter: counters.control,
    matched: (row) => {
      now = row?.handle;
    },
    methods: {
      count: () =>
        effect(() => {
          if (now !== undefined) counters.count(now, machine.packetBytes);
        }),
    },
  };
};

const COLORS = ["GREEN", "YELLOW", "RED"] as const;

/** The colour of a name, as meters number them. */
const colorOf = (name: Value | undefined): Color => {
  if (nameOf(name) === "RED") return 2;
  return nameOf(name) === "YELLOW" ? 1 : 0;
};

/** Meters of as many cells as there are, which count what their constructor says: `BYTES`, or `bytes` in v1model. */
export function metersFor(node: ExternNode, sizeCells: number, compiler: Compiler): Meters {
  const { machine } = compiler;
  const counts = nameOf(constructorValue(node, "type", compiler)).toLowerCase();
  return metersOf(sizeCells, counts === "bytes" ? "bytes" : "packets", () => machine.now);
}

/** `execute(index)` and `execute(index, colour)`, with colours by their names. */
export const meterMaker =
  (sizeName: string): Maker =>
  (node, compiler) => {
    const { machine } = compiler;
    const meters = metersFor(node, constructorSize(node, sizeName, compiler), compiler);
    return {
      meter: meters.control,
      methods: {
        execute:
          ({ arguments: [index, before] }) =>
          () =>
            COLORS[
              meters.color(indexOf(index?.get() ?? 0), machine.packetBytes, colorOf(before?.get()))
            ],
      },
    };
  };

/** `execute()` and `execute(colour)` for the row that matched. */
export const directMeter: Maker = (node, compiler) => {
  const { machine } = compiler;
  const meters = metersFor(node, Number.POSITIVE_INFINITY, compiler);
  let now = -1;
  return {
    meter: meters.control,
    matched: (row) => {
      now = row?.handle ?? -1;
    },
    methods: {
      execute:
        ({ arguments: [before] }) =>
        () =>
          COLORS[meters.color(now, machine.packetBytes, colorOf(before?.get()))],
    },
  };
};

/** Registers of the size and type that the instance has; without an initial value they begin as variables do. */
export function registersFor(node: ExternNode, compiler: Compiler): Registers {
  const { type } = node.instance;
  const element = type.kind === "extern" ? type.arguments[0] : undefined;
  invariant(element !== undefined, "a register has a type");
  const scalar = scalarOf(element);
  const begin = constructorValue(node, "initial_value", compiler) ?? initial(element);
  return registersOf(constructorSize(node, "size", compiler), begin, (value) =>
    scalar === undefined ? value === 1n : numberOf(value, scalar),
  );
}

/** `T read(index)` and `write(index, value)`. */
export const register: Maker = (node, compiler) => {
  const registers = registersFor(node, compiler);
  return {
    register: registers.control,
    methods: {
      read:
        ({ arguments: [index] }) =>
        () =>
          registers.get(indexOf(index?.get() ?? 0)),
      write: (call) => {
        const [index, value] = [given(call, 0), given(call, 1)];
        return effect(() => registers.set(indexOf(index.get()), value.get()));
      },
    },
  };
};

/** A result that is a number of the call's type. */
export const numberResult = ({ result }: ExternCall, compute: () => bigint): Run => {
  const scalar = scalarOf(result) ?? { width: 64, isSigned: false };
  return () => numberOf(compute(), scalar);
};
