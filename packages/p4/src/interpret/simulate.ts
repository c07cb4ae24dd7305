/** Makes a switch that runs a program, by the architecture of its package. */
import { err, type Result } from "@seam/base";
import type { Switch } from "../stf/switch.ts";
import { ebpfFilter, ubpf, xdp } from "./filters/switches.ts";
import { bitWriter } from "./bits.ts";
import type { Machine, TraceEvent } from "./machine.ts";
import { pnaNic } from "./portable/pna.ts";
import { psaSwitch } from "./portable/psa.ts";
import { randomFrom } from "./random.ts";
import type { Given } from "./switch.ts";
import { simpleSwitch } from "./v1model/switch.ts";

/** How a simulation runs: random numbers come from the seed. */
export type SimulateOptions = {
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

/** A switch that runs a program; time is virtual and begins at 0. */
export function simulate(given: Given, options: SimulateOptions = {}): Result<Switch, string> {
  const { main } = given.tree;
  if (main === undefined) return err("the program has no main: there is nothing to run");
  const { type } = main.instance;
  const name = type.kind === "package" ? type.name : type.kind;
  const make = architectures.get(name);
  if (make === undefined) {
    const known = [...architectures.keys()].join(", ");
    return err(`the simulator does not know the package ${name}: known are ${known}`);
  }
  return make(given, {
    input: { data: new Uint8Array(), bits: 0 },
    output: bitWriter(),
    parserError: "NoError",
    packetBytes: 0,
    now: 0,
    random: randomFrom(options.seed ?? 1n),
    ...(options.trace !== undefined && { trace: options.trace }),
  });
}
