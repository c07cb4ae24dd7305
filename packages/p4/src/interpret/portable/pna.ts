/**
 * A NIC of the Portable NIC Architecture (PNA.adoc): the last of drop_packet, send_to_port and recirculate decides, without any the
 * packet is dropped. Ports from 256 on are the host's, all others the network's.
 */
import { ok, type Result } from "@seam/base";
import type { Packet, Switch } from "../../stf/switch.ts";
import {
  argumentOf,
  beginPass,
  packageBlocks,
  parameterType,
  receive,
  structWith,
  payloadOf,
  runControl,
  runDeparser,
  runParser,
} from "../blocks.ts";
import { given as argument } from "../checksums.ts";
import type { BlockRuntime, ExternFactory, Externs, Machine } from "../machine.ts";
import { expireTime } from "../idle.ts";
import { effect, numberResult, objectsBy } from "../objects.ts";
import type { Prepared } from "../program.ts";
import type { Replication } from "../replication.ts";
import { type Given, handleAll, switchOf } from "../switch.ts";
import { copy, indexOf, initial, nameOf, type Value } from "../value.ts";
import { portableFunctions, portableMakers } from "./externs.ts";

/** The first of the host's ports. */
const FIRST_HOST_PORT = 256;

/** What a program decided about a packet. */
type Decision = {
  fate:
    | { readonly kind: "drop" | "recirculate" }
    | { readonly kind: "send"; readonly port: number };
  readonly mirrors: Map<number, number>;
};

const deciding =
  (decision: Decision, kind: "drop" | "recirculate"): ExternFactory =>
  () =>
    effect(() => {
      decision.fate = { kind };
    });

const sendToPort =
  (decision: Decision): ExternFactory =>
  (call) => {
    const port = argument(call, 0);
    return effect(() => {
      decision.fate = { kind: "send", port: indexOf(port.get()) };
    });
  };

const mirror =
  (decision: Decision): ExternFactory =>
  (call) => {
    const [slot, session] = [argument(call, 0), argument(call, 1)];
    return effect(() => {
      decision.mirrors.set(indexOf(slot.get()), indexOf(session.get()));
    });
  };

/** `add_entry(action, parameters)`: an entry of the table that was applied last, for the key that missed. */
const addEntry: ExternFactory = (call) => {
  const [action, data] = [argument(call, 0), argument(call, 1)];
  const profile = call.arguments[2];
  const { machine } = call;
  return () => {
    const value = data.get();
    const values: readonly Value[] =
      typeof value === "object" && value.kind === "composite"
        ? value.parts.map((part) => copy(part))
        : [value];
    const time = profile && expireTime(indexOf(profile.get()));
    return machine.applied?.addMissed(nameOf(action.get()), values, time) === true;
  };
};

/** `set_entry_expire_time(profile)` and `restart_expire_timer()`, of the entry that matched or was added last. */
const restartTimer: ExternFactory = ({ machine, arguments: [profile] }) =>
  effect(() => machine.applied?.restartTimer(profile && expireTime(indexOf(profile.get()))));

const byDirection: ExternFactory = (call) => {
  const [direction, fromNet, fromHost] = [argument(call, 0), argument(call, 1), argument(call, 2)];
  return () => (nameOf(direction.get()) === "NET_TO_HOST" ? fromNet.get() : fromHost.get());
};

/** A number that no other flow has. */
function flowIds(): ExternFactory {
  let next = 0n;
  return (call) =>
    numberResult(call, () => {
      next += 1n;
      return next;
    });
}

const pnaExterns = (decision: Decision): Externs => ({
  functions: {
    ...portableFunctions,
    drop_packet: deciding(decision, "drop"),
    recirculate: deciding(decision, "recirculate"),
    send_to_port: sendToPort(decision),
    mirror_packet: mirror(decision),
    add_entry: addEntry,
    allocate_flow_id: flowIds(),
    set_entry_expire_time: restartTimer,
    restart_expire_timer: restartTimer,
    SelectByDirection: byDirection,
  },
  create: objectsBy(portableMakers),
});

type Blocks = {
  readonly [name in "main_parser" | "pre_control" | "main_control" | "main_deparser"]: BlockRuntime;
};

type Nic = {
  readonly machine: Machine;
  readonly blocks: Blocks;
  readonly prepared: Prepared;
  readonly replication: Replication;
  readonly decision: Decision;
};

/** A packet in one of its passes, counted from 0. */
type Passing = Packet & { readonly pass: number };

/** Metadata of a block's parameter; fields that it does not have are left out. */
function metadataFor(
  { block, index }: { readonly block: BlockRuntime; readonly index: number },
  packet: Passing,
  machine: Machine,
): Value {
  return structWith(parameterType(block, index), {
    direction: packet.port >= FIRST_HOST_PORT ? "HOST_TO_NET" : "NET_TO_HOST",
    input_port: packet.port,
    pass: packet.pass % 8,
    timestamp: machine.now,
    parser_error: machine.parserError,
  });
}

/** One pass: the pre control on headers of its own, parser, control and deparser. */
function onePass(nic: Nic, packet: Passing): Uint8Array {
  const { machine, blocks, prepared, decision } = nic;
  const { main_parser: parser, pre_control: pre, main_control: main, main_deparser } = blocks;
  receive(machine, packet.data);
  machine.parserError = "NoError";
  decision.fate = { kind: "drop" };
  decision.mirrors.clear();
  beginPass(prepared);
  const before = metadataFor({ block: pre, index: 2 }, packet, machine);
  const preValues = [0, 1].map((index) => initial(parameterType(pre, index)));
  runControl(pre, [...preValues, before, initial(parameterType(pre, 3))], machine);
  const values = [1, 2].map((index) => initial(parameterType(parser, index)));
  const parsing = metadataFor({ block: parser, index: 3 }, packet, machine);
  runParser(parser, [0, ...values, parsing], machine);
  const payload = payloadOf(machine);
  const istd = metadataFor({ block: main, index: 2 }, packet, machine);
  const ostd = initial(parameterType(main, 3));
  runControl(main, [argumentOf(parser, 1), argumentOf(parser, 2), istd, ostd], machine);
  const given = [0, argumentOf(main, 0), argumentOf(main, 1), argumentOf(main, 3)];
  return runDeparser(main_deparser, { values: given, payload }, machine);
}

function send(nic: Nic, packet: Packet, out: Packet[]): Result<void, string> {
  const { decision, replication } = nic;
  const arriving: Passing[] = [{ ...packet, pass: 0 }];
  return handleAll(arriving, (now) => {
    const data = onePass(nic, now);
    for (const session of decision.mirrors.values()) {
      for (const { port } of replication.clonesOf(session)) out.push({ port, data });
    }
    const { fate } = decision;
    if (fate.kind === "send") out.push({ port: fate.port, data });
    if (fate.kind === "recirculate") arriving.push({ ...now, data, pass: now.pass + 1 });
  });
}

/** A NIC that runs a PNA program. */
export function pnaNic(given: Given, machine: Machine): Result<Switch, string> {
  const decision: Decision = { fate: { kind: "drop" }, mirrors: new Map() };
  return switchOf(given, machine, {
    externs: pnaExterns(decision),
    build: (prepared, replication) => {
      const blocks = packageBlocks(
        given.tree.main,
        ["main_parser", "pre_control", "main_control", "main_deparser"],
        prepared,
      );
      if (!blocks.ok) return blocks;
      const nic = { machine, blocks: blocks.value, prepared, replication, decision };
      return ok((packet, out) => send(nic, packet, out));
    },
  });
}
