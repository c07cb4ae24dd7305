/**
 * simple_switch, the switch of v1model (behavioral-model, docs/simple_switch.md): parser, checksums, ingress, replication, egress,
 * checksums, deparser. Packets are handled at once and in order; time only passes between packets.
 */
import { ok, type Result } from "@seam/base";
import type { Packet, Switch } from "../../stf/switch.ts";
import {
  argumentOf,
  packageBlocks,
  parameterType,
  receive,
  payloadOf,
  runControl,
  runDeparser,
  runParser,
} from "../blocks.ts";
import type { BlockRuntime, Machine } from "../machine.ts";
import type { Replica, Replication } from "../replication.ts";
import { type Given, handleAll, switchOf } from "../switch.ts";
import { type Composite, copy, maker, parts, type Value } from "../value.ts";
import { DROP_PORT, type Handled, v1modelExterns } from "./externs.ts";
import { standardFields, type StandardFields } from "./standard.ts";
import { type FieldPath, keepFields, type Metadata, type Requests } from "./requests.ts";

/** Why a packet is where it is (simple_switch.md: PKT_INSTANCE_TYPE). */
const Kind = {
  normal: 0,
  ingressClone: 1,
  egressClone: 2,
  recirculated: 4,
  replica: 5,
  resubmitted: 6,
};

type Blocks = { readonly [name in "p" | "vr" | "ig" | "eg" | "ck" | "dep"]: BlockRuntime };

/** A packet on its way into ingress. */
type Arriving = {
  readonly data: Uint8Array;
  readonly port: number;
  readonly instanceType: number;
  readonly kept?: { readonly from: Metadata; readonly fields: readonly FieldPath[] };
};

/** A packet on its way into egress. */
type Leaving = Metadata & {
  headers: Composite;
  readonly payload: Uint8Array;
  readonly bytes: number;
};

type Sim = {
  readonly machine: Machine;
  readonly blocks: Blocks;
  readonly replication: Replication;
  readonly handled: Handled & { standard: Composite };
  readonly fields: StandardFields;
  /** Makers of what a packet begins with. */
  readonly fresh: { readonly [part in "headers" | "user" | "standard"]: () => Value };
  readonly arriving: Arriving[];
  readonly out: Packet[];
};

function freshMetadata({ fresh }: Sim): Metadata {
  return { user: parts(fresh.user()), standard: parts(fresh.standard()) };
}

const take = (sim: Sim): Requests => {
  const { requests } = sim.handled;
  sim.handled.requests = {};
  return requests;
};

/** Parses a packet as it is when ingress begins with it. */
function parsed(sim: Sim, { data, port, instanceType, kept }: Arriving): Leaving {
  const { machine, blocks, fields } = sim;
  const metadata = freshMetadata(sim);
  const { standard } = metadata;
  fields.setIngressPort(standard, port);
  fields.setInstanceType(standard, instanceType);
  fields.setPacketLength(standard, data.length);
  fields.setIngressTime(standard, machine.now);
  if (kept !== undefined) keepFields(kept.from, metadata, kept.fields);
  receive(machine, data);
  sim.handled.standard = metadata.standard;
  const headers = sim.fresh.headers();
  runParser(blocks.p, [0, headers, metadata.user, metadata.standard], machine);
  const after = parts(argumentOf(blocks.p, 3));
  fields.setParserError(after, machine.parserError);
  return {
    headers: parts(argumentOf(blocks.p, 1)),
    user: parts(argumentOf(blocks.p, 2)),
    standard: after,
    payload: payloadOf(machine),
    bytes: data.length,
  };
}

/** Runs a control over headers, user metadata and, in pipelines, standard metadata. */
function through(sim: Sim, block: BlockRuntime, packet: Leaving): void {
  sim.handled.standard = packet.standard;
  runControl(block, [packet.headers, packet.user, packet.standard], sim.machine);
  packet.headers = parts(argumentOf(block, 0));
  packet.user = parts(argumentOf(block, 1));
  if (block.cells.length > 2) packet.standard = parts(argumentOf(block, 2));
}

/** Copies of a clone session from ingress: the packet as ingress got it, parsed again. */
function cloneIngress(
  sim: Sim,
  { arriving, packet }: { readonly arriving: Arriving; readonly packet: Leaving },
  clone: Requests["clone"],
): void {
  for (const replica of sim.replication.clonesOf(clone?.session ?? 0)) {
    const again = parsed(sim, {
      data: arriving.data,
      port: arriving.port,
      instanceType: Kind.ingressClone,
      kept: { from: packet, fields: clone?.keep ?? [] },
    });
    sim.fields.setInstanceType(again.standard, Kind.ingressClone);
    egress(sim, again, replica);
  }
}

/** Lets a packet begin again; some fields of its metadata are kept. */
function comeBack(
  { arriving }: Sim,
  again: { readonly data: Uint8Array; readonly instanceType: number },
  kept: NonNullable<Arriving["kept"]>,
): void {
  arriving.push({ ...again, port: 0, kept });
}

/** What happens after ingress, in the order of simple_switch. */
function ingress(sim: Sim, arriving: Arriving): void {
  const packet = parsed(sim, arriving);
  sim.handled.requests = {};
  through(sim, sim.blocks.vr, packet);
  through(sim, sim.blocks.ig, packet);
  const { clone, resubmit, truncateBytes } = take(sim);
  if (clone !== undefined) cloneIngress(sim, { arriving, packet }, clone);
  sim.handled.requests = { truncateBytes };
  if (resubmit !== undefined) {
    const again = { data: arriving.data, instanceType: Kind.resubmitted };
    comeBack(sim, again, { from: packet, fields: resubmit });
    return;
  }
  const group = sim.fields.multicastGroup(packet.standard);
  if (group !== 0) {
    multicast(sim, packet, sim.replication.copiesOf(group));
    return;
  }
  const port = sim.fields.egressSpec(packet.standard);
  if (port !== DROP_PORT) egress(sim, packet, { port, rid: 0 });
}

/** Copies of a packet as it is now, for ports that each change their own. */
const duplicate = (packet: Leaving): Leaving => ({
  ...packet,
  headers: parts(copy(packet.headers)),
  user: parts(copy(packet.user)),
  standard: parts(copy(packet.standard)),
});

function multicast(sim: Sim, packet: Leaving, replicas: readonly Replica[]): void {
  const { truncateBytes } = sim.handled.requests;
  for (const replica of replicas) {
    const each = duplicate(packet);
    sim.fields.setInstanceType(each.standard, Kind.replica);
    sim.handled.requests = { truncateBytes };
    egress(sim, each, replica);
  }
}

/** Copies of a clone session from egress: the packet as egress left it. */
function cloneEgress(sim: Sim, packet: Leaving, clone: Requests["clone"]): void {
  for (const replica of sim.replication.clonesOf(clone?.session ?? 0)) {
    const metadata = freshMetadata(sim);
    keepFields(packet, metadata, clone?.keep ?? []);
    const each: Leaving = { ...packet, ...metadata, headers: parts(copy(packet.headers)) };
    sim.fields.setInstanceType(each.standard, Kind.egressClone);
    sim.handled.requests = {};
    egress(sim, each, replica);
  }
}

/** Egress, and what happens after it. */
function egress(sim: Sim, packet: Leaving, { port, rid }: Replica): void {
  const { machine, fields, blocks } = sim;
  const { standard } = packet;
  fields.setEgressPort(standard, port);
  fields.setEgressRid(standard, rid);
  fields.setEgressSpec(standard, 0);
  fields.setPacketLength(standard, packet.bytes);
  fields.setEgressTime(standard, machine.now);
  machine.packetBytes = packet.bytes;
  const { truncateBytes } = sim.handled.requests;
  through(sim, blocks.eg, packet);
  const requests = take(sim);
  if (requests.clone !== undefined) cloneEgress(sim, packet, requests.clone);
  if (sim.fields.egressSpec(packet.standard) === DROP_PORT) return;
  machine.input = { data: packet.payload, bits: 0 };
  through(sim, blocks.ck, packet);
  const whole = runDeparser(
    blocks.dep,
    { values: [0, packet.headers], payload: packet.payload },
    machine,
  );
  const data = whole.subarray(0, requests.truncateBytes ?? truncateBytes ?? whole.length);
  if (requests.recirculate === undefined) {
    sim.out.push({ port, data });
    return;
  }
  const again = { data, instanceType: Kind.recirculated };
  comeBack(sim, again, { from: packet, fields: requests.recirculate });
}

function send(sim: Sim, { port, data }: Packet): Result<void, string> {
  sim.arriving.push({ data, port, instanceType: Kind.normal });
  return handleAll(sim.arriving, (next) => ingress(sim, next));
}

function handling(machine: Machine): Sim["handled"] & { blocks?: Blocks; fields?: StandardFields } {
  const acting: Sim["handled"] & { blocks?: Blocks; fields?: StandardFields } = {
    requests: {},
    standard: { kind: "composite", parts: [], isValid: false, next: 0 },
    payload: () => payloadOf(machine),
    types: () => {
      const { blocks } = acting;
      if (blocks === undefined) throw new Error("bug in Seam: the blocks are not there yet");
      return { user: parameterType(blocks.p, 2), standard: parameterType(blocks.p, 3) };
    },
    wrongChecksum: () => acting.fields?.setChecksumError(acting.standard, 1),
    dropAll: () => {
      acting.fields?.setEgressSpec(acting.standard, DROP_PORT);
      acting.fields?.setMulticastGroup(acting.standard, 0);
    },
  };
  return acting;
}

/** A switch that runs a v1model program. */
export function simpleSwitch(given: Given, machine: Machine): Result<Switch, string> {
  const acting = handling(machine);
  return switchOf(given, machine, {
    externs: v1modelExterns(acting),
    build: (prepared, replication) => {
      const blocks = packageBlocks(given.tree.main, ["p", "vr", "ig", "eg", "ck", "dep"], prepared);
      if (!blocks.ok) return blocks;
      const { p } = blocks.value;
      const fields = standardFields(parameterType(p, 3));
      acting.blocks = blocks.value;
      acting.fields = fields;
      const fresh = {
        headers: maker(parameterType(p, 1)),
        user: maker(parameterType(p, 2)),
        standard: maker(parameterType(p, 3)),
      };
      const shared = { machine, blocks: blocks.value, replication, handled: acting, fields, fresh };
      return ok((packet, out) => send({ ...shared, arriving: [], out }, packet));
    },
  });
}
