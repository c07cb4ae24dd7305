/** Makes a switch that runs a program, by the architecture of its package. */
import { err, type Result } from "@seam/base";
import type { Switch } from "../stf/switch.ts";
import { ebpfFilter, ubpf, xdp } from "./filters/switches.ts";
import { bitWriter } from "./bits.ts";
import { asFunctions } from "./functions.ts";
import type { Evaluator, Machine, TraceEvent } from "./machine.ts";
import { pnaNic } from "./portable/pna.ts";
import { psaSwitch } from "./portable/psa.ts";
import { randomFrom } from "./random.ts";
import type { Given } from "./switch.ts";
import { simpleSwitch } from "./v1model/switch.ts";
import { asTree } from "./walk/walk.ts";

/**
 * How a simulation runs: random numbers come from the seed. The mode `tree` walks through the program instead of making functions of
 * it: slower by far, and written apart, so that each can be checked by the other.
 */
export type SimulateOptions = {
  readonly mode?: "functions" | "tree";
  readonly seed?: bigint;
  readonly trace?: (event: TraceEvent) => void;
};

/** The switches by the names of their packages. */
const architectures: ReadonlyMap<
  string,
  (given: Given, machine: Machine) => Result<Switch, string>
> = new Map([
  ["V1Switch", simpleSwitch],
  ["ebpfFilter", ebpfFilter],
  ["ubpf", ubpf],
  ["xdp", xdp],
  ["PSA_Switch", psaSwitch],
  ["PNA_NIC", pnaNic],
]);

const evaluators: { readonly [Mode in NonNullable<SimulateOptions["mode"]>]: Evaluator } = {
  functions: asFunctions,
  tree: asTree,
};

/** A switch that runs a program; time is virtual and begins at 0. */
export function simulate(
  given: Omit<Given, "evaluate">,
  options: SimulateOptions = {},
): Result<Switch, string> {
  const { main } = given.tree;
  if (main === undefined) return err("the program has no main: there is nothing to run");
  const { type } = main.instance;
  const name = type.kind === "package" ? type.name : type.kind;
  const make = architectures.get(name);
  if (make === undefined) {
    const known = [...architectures.keys()].join(", ");
    return err(`the simulator does not know the package ${name}: known are ${known}`);
  }
  const { mode = "functions" } = options;
  return make(
    { ...given, evaluate: evaluators[mode] },
    {
      input: { data: new Uint8Array(), bits: 0 },
      output: bitWriter(),
      parserError: "NoError",
      packetBytes: 0,
      now: 0,
      random: randomFrom(options.seed ?? 1n),
      notifications: [],
      ...(options.trace !== undefined && { trace: options.trace }),
    },
  );
}
