/**
 * psa_switch: the Portable Switch Architecture (PSA.adoc, section 6). Packets are handled at once and in order; a packet that goes round
 * begins again when the one that made it is done.
 */
import { ok, type Result } from "@seam/base";
import type { Packet, Switch } from "../../stf/switch.ts";
import {
  argumentOf,
  beginPass,
  type Fields,
  fieldsOf,
  packageArgument,
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
import { objectsBy } from "../objects.ts";
import type { Prepared } from "../program.ts";
import type { Replica, Replication } from "../replication.ts";
import { type Given, handleAll, switchOf } from "../switch.ts";
import { copy, initial, parts, scalarOf, type Value } from "../value.ts";
import { portableFunctions, portableMakers } from "./externs.ts";

type Blocks = { readonly [name in "ip" | "ig" | "id" | "ep" | "eg" | "ed"]: BlockRuntime };

/** Metadata that deparsers hand to parsers. */
type Handed = { readonly [name in "resubmit" | "recirculate"]?: Value };

type Arriving = Packet & { readonly path: string; readonly handed: Handed };

/** What goes into the egress parser. */
type Leaving = {
  readonly data: Uint8Array;
  readonly path: string;
  readonly normal?: Value;
  readonly fromIngress?: Value;
  readonly fromEgress?: Value;
  readonly classOfService: Value;
};

type Sim = {
  readonly machine: Machine;
  readonly blocks: Blocks;
  readonly prepared: Prepared;
  readonly replication: Replication;
  readonly arriving: Arriving[];
  readonly out: Packet[];
};

/** A struct of a block's parameter with some of its fields set. */
const structFor = (
  block: BlockRuntime,
  index: number,
  values: Parameters<typeof structWith>[1],
): Value => structWith(parameterType(block, index), values);

/** Reads a field of a block's argument. */
function fieldOf(block: BlockRuntime, index: number, name: string): Value {
  const fields: Fields = fieldsOf(parameterType(block, index));
  return fields.get(parts(argumentOf(block, index)), name);
}

/** A time as a pipeline's timestamp, which may have fewer bits. */
function timeFor(block: BlockRuntime, field: string, now: number): Value {
  const type = parameterType(block, 2);
  const found = "fields" in type ? type.fields.find(({ name }) => name === field) : undefined;
  const width = found === undefined ? 0 : (scalarOf(found.type)?.width ?? 0);
  return now % 2 ** width;
}

/** The port that recirculates (PSA.adoc: 254 in the example, 0xfffffffa where ports have 32 bits). */
function recirculatePort({ eg }: Blocks): number {
  const type = parameterType(eg, 2);
  const port =
    "fields" in type ? type.fields.find(({ name }) => name === "egress_port") : undefined;
  return port !== undefined && scalarOf(port.type)?.width === 32 ? 0xffff_fffa : 254;
}

/** Copies of the packet as it came, for a clone session. */
function cloneIngress(sim: Sim, { data }: Packet, session: number): void {
  const { id } = sim.blocks;
  for (const replica of sim.replication.clonesOf(session)) {
    egress(
      sim,
      { data, path: "CLONE_I2E", fromIngress: copy(argumentOf(id, 1)), classOfService: 0 },
      replica,
    );
  }
}

/** The ingress pipeline; parser errors are the program's to look at. */
function ingressPipeline(sim: Sim, { data, port, path, handed }: Arriving): Uint8Array {
  const { machine, blocks, prepared } = sim;
  const { ip, ig, id } = blocks;
  receive(machine, data);
  beginPass(prepared);
  const values = [initial(parameterType(ip, 1)), initial(parameterType(ip, 2))];
  const input = structFor(ip, 3, { ingress_port: port, packet_path: path });
  const resubmitted = handed.resubmit ?? initial(parameterType(ip, 4));
  const recirculated = handed.recirculate ?? initial(parameterType(ip, 5));
  runParser(ip, [0, ...values, input, resubmitted, recirculated], machine);
  const payload = payloadOf(machine);
  const istd = structFor(ig, 2, {
    ingress_port: port,
    packet_path: path,
    ingress_timestamp: timeFor(ig, "ingress_timestamp", machine.now),
    parser_error: machine.parserError,
  });
  const ostd = structFor(ig, 3, { drop: true });
  runControl(ig, [argumentOf(ip, 1), argumentOf(ip, 2), istd, ostd], machine);
  const outs = [1, 2, 3].map((index) => initial(parameterType(id, index)));
  const given = [0, ...outs, argumentOf(ig, 0), argumentOf(ig, 1), argumentOf(ig, 3)];
  return runDeparser(id, { values: given, payload }, machine);
}

/** What becomes of a packet after ingress (PSA.adoc, section 6.2). */
function ingress(sim: Sim, arriving: Arriving): void {
  const data = ingressPipeline(sim, arriving);
  const { ig, id } = sim.blocks;
  const decided = (name: string): Value => fieldOf(ig, 3, name);
  const { drop, resubmit, clone } = {
    drop: decided("drop"),
    resubmit: decided("resubmit"),
    clone: decided("clone"),
  };
  const group = Number(decided("multicast_group"));
  const port = Number(decided("egress_port"));
  const classOfService = decided("class_of_service");
  const normal = copy(argumentOf(id, 3));
  const again = copy(argumentOf(id, 2));
  if (clone === true) cloneIngress(sim, arriving, Number(decided("clone_session_id")));
  if (drop === true) return;
  if (resubmit === true) {
    const { data: original, port: from } = arriving;
    sim.arriving.push({
      data: original,
      port: from,
      path: "RESUBMIT",
      handed: { resubmit: again },
    });
    return;
  }
  if (group === 0) {
    egress(sim, { data, path: "NORMAL_UNICAST", normal, classOfService }, { port, rid: 0 });
    return;
  }
  for (const replica of sim.replication.copiesOf(group)) {
    egress(sim, { data, path: "NORMAL_MULTICAST", normal: copy(normal), classOfService }, replica);
  }
}

function egressPipeline(sim: Sim, leaving: Leaving, { port, rid }: Replica): Uint8Array {
  const { machine, blocks, prepared } = sim;
  const { ep, eg, ed } = blocks;
  const { data, path, normal, fromIngress, fromEgress, classOfService } = leaving;
  receive(machine, data);
  beginPass(prepared);
  const handed = [normal, fromIngress, fromEgress].map(
    (value, index) => value ?? initial(parameterType(ep, 4 + index)),
  );
  const input = structFor(ep, 3, { egress_port: port, packet_path: path });
  const values = [initial(parameterType(ep, 1)), initial(parameterType(ep, 2))];
  runParser(ep, [0, ...values, input, ...handed], machine);
  const payload = payloadOf(machine);
  const istd = structFor(eg, 2, {
    class_of_service: classOfService,
    egress_port: port,
    packet_path: path,
    instance: rid,
    egress_timestamp: timeFor(eg, "egress_timestamp", machine.now),
    parser_error: machine.parserError,
  });
  const ostd = structFor(eg, 3, {});
  runControl(eg, [argumentOf(ep, 1), argumentOf(ep, 2), istd, ostd], machine);
  const outs = [1, 2].map((index) => initial(parameterType(ed, index)));
  const last = structFor(ed, 6, { egress_port: port });
  const given = [0, ...outs, argumentOf(eg, 0), argumentOf(eg, 1), argumentOf(eg, 3), last];
  return runDeparser(ed, { values: given, payload }, machine);
}

/** What becomes of a packet after egress (PSA.adoc, section 6.5). */
function egress(sim: Sim, leaving: Leaving, replica: Replica): void {
  const data = egressPipeline(sim, leaving, replica);
  const { eg, ed } = sim.blocks;
  const [isDropped, isCloned] = [fieldOf(eg, 3, "drop") === true, fieldOf(eg, 3, "clone") === true];
  const session = Number(fieldOf(eg, 3, "clone_session_id"));
  const [fromEgress, recirculate] = [copy(argumentOf(ed, 1)), copy(argumentOf(ed, 2))];
  if (isCloned) {
    for (const each of sim.replication.clonesOf(session)) {
      const cloned = { data, path: "CLONE_E2E", fromEgress: copy(fromEgress), classOfService: 0 };
      egress(sim, cloned, each);
    }
  }
  if (isDropped) return;
  const { port } = replica;
  if (port === recirculatePort(sim.blocks)) {
    sim.arriving.push({ data, port, path: "RECIRCULATE", handed: { recirculate } });
  } else sim.out.push({ port, data });
}

function send(sim: Sim, packet: Packet): Result<void, string> {
  sim.arriving.push({ ...packet, path: "NORMAL", handed: {} });
  return handleAll(sim.arriving, (next) => ingress(sim, next));
}

/** Whether fields of the output metadata are as wanted. */
const asks =
  (wanted: { readonly [field: string]: boolean }): ExternFactory =>
  (call) => {
    const metadata = argument(call, 0);
    const fields = fieldsOf(metadata.type);
    return () => {
      const struct = parts(metadata.get());
      return Object.entries(wanted).every(([name, value]) => fields.get(struct, name) === value);
    };
  };

const recirculates: ExternFactory = (call) => {
  const isKept = asks({ drop: false })(call);
  const deparsing = argument(call, 1);
  const fields = fieldsOf(deparsing.type);
  return () => {
    const port = Number(fields.get(parts(deparsing.get()), "egress_port"));
    return isKept() === true && (port === 254 || port === 0xffff_fffa);
  };
};

const psaExterns: Externs = {
  functions: {
    ...portableFunctions,
    psa_clone_i2e: asks({ clone: true }),
    psa_resubmit: asks({ drop: false, resubmit: true }),
    psa_normal: asks({ drop: false, resubmit: false }),
    psa_clone_e2e: asks({ clone: true }),
    psa_recirculate: recirculates,
  },
  create: objectsBy(portableMakers),
};

/** A switch that runs a PSA program. */
export const psaSwitch = (given: Given, machine: Machine): Result<Switch, string> =>
  switchOf(given, machine, {
    externs: psaExterns,
    build: (prepared, replication) => {
      const { main } = given.tree;
      const ingressBlocks = packageBlocks(
        packageArgument(main, "ingress"),
        ["ip", "ig", "id"],
        prepared,
      );
      if (!ingressBlocks.ok) return ingressBlocks;
      const egressBlocks = packageBlocks(
        packageArgument(main, "egress"),
        ["ep", "eg", "ed"],
        prepared,
      );
      if (!egressBlocks.ok) return egressBlocks;
      const blocks = { ...ingressBlocks.value, ...egressBlocks.value };
      const shared = { machine, blocks, prepared, replication };
      return ok((packet, out) => send({ ...shared, arriving: [], out }, packet));
    },
  });
