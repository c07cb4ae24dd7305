/** What all simulated switches do alike: the control plane, virtual time, and packets one after the other. */
import { err, ok, type Result } from "@seam/base";
import type { Tree } from "../eval/instances.ts";
import type { Program } from "../ir/declaration.ts";
import type { Packet, Switch } from "../stf/switch.ts";
import { controlPlane } from "./control-plane.ts";
import type { Evaluator, Externs, Machine } from "./machine.ts";
import { prepare, type Prepared } from "./program.ts";
import { type Replication, replicationEngine } from "./replication.ts";
import { Fault } from "./signals.ts";

/** A program that was checked, with its instances, and how it is run. */
export type Given = {
  readonly program: Program;
  readonly tree: Tree;
  readonly evaluate: Evaluator;
};

/** Handles one packet: what comes out is appended. */
export type Made = (packet: Packet, out: Packet[]) => Result<void, string>;

/** A packet was handled, whatever became of it. */
export const handled: Result<void, string> = ok(undefined);

/** Packets that come back more often than this never leave the switch. */
const MOST_PASSES = 1000;

/** Handles packets in turn, also those that come back meanwhile, which are appended. */
export function handleAll<P>(arriving: P[], handle: (packet: P) => void): Result<void, string> {
  for (let pass = 0; ; pass += 1) {
    const next = arriving.shift();
    if (next === undefined) return handled;
    if (pass > MOST_PASSES) return err(`a packet came back more than ${MOST_PASSES} times`);
    handle(next);
  }
}

/** Time that passes between two packets, in microseconds. */
const BETWEEN_PACKETS = 1000;

/** Runs something that may find that the program breaks a rule, or asks for what the simulator does not have. */
function faultsAsErrors<T>(run: () => Result<T, string>): Result<T, string> {
  try {
    return run();
  } catch (error) {
    if (error instanceof Fault) return err(error.message);
    throw error;
  }
}

function tellEnd(trace: NonNullable<Machine["trace"]>, packets: readonly Packet[]): void {
  if (packets.length === 0) trace({ kind: "dropped" });
  for (const { port, data } of packets) trace({ kind: "out", port, data });
}

/** A switch: `build` gets the program prepared, with its externs, and the replication engine. */
export function switchOf(
  given: Given,
  machine: Machine,
  architecture: {
    readonly externs: Externs;
    readonly build: (prepared: Prepared, replication: Replication) => Result<Made, string>;
  },
): Result<Switch, string> {
  const replication = replicationEngine();
  const built = faultsAsErrors(() => {
    const prepared = prepare(given, machine, architecture.externs);
    const made = architecture.build(prepared, replication);
    return made.ok ? ok({ prepared, handle: made.value }) : made;
  });
  if (!built.ok) return built;
  const { prepared, handle } = built.value;
  const out: Packet[] = [];
  const expiring = prepared.tables().flatMap(({ expire }) => expire ?? []);
  const pass = (microseconds: number): void => {
    machine.now += microseconds;
    for (const expire of expiring) expire();
  };
  return ok({
    ...controlPlane(prepared),
    ...replication,
    pass,
    notifications: () => machine.notifications.splice(0),
    send: (packet) => {
      const { trace } = machine;
      pass(BETWEEN_PACKETS);
      trace?.({ kind: "in", port: packet.port, data: packet.data });
      const before = out.length;
      const outcome = faultsAsErrors(() => handle(packet, out));
      if (trace !== undefined) tellEnd(trace, out.slice(before));
      return outcome;
    },
    drain: () => out.splice(0),
  });
}
