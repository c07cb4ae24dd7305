/**
 * A small switch for tests of the runner: it has one table, one counter, one register and one meter, and sends a packet to the port that
 * the entry of its first byte says, or back.
 */
import { err, ok } from "@seam/base";
import { replicationEngine } from "../interpret/replication.ts";
import type { Count, MeterRate, Packet, Switch, SwitchShape, TableEntry } from "./switch.ts";

const reflectorShape: SwitchShape = {
  tables: [
    {
      name: "ingress.forward",
      keys: [
        { name: "hdr.eth.type", width: 16, match: "exact" },
        { name: "hdr.h[1].isValid()", width: 1, match: "exact" },
        { name: "hdr.ip.dst", width: 32, match: "lpm" },
        { name: "meta.class", width: 8, match: "ternary" },
        { name: "hdr.l4.port", width: 16, match: "range" },
      ],
      actions: [
        { name: "ingress.send", parameters: [{ name: "port", width: 9 }] },
        { name: "NoAction", parameters: [] },
      ],
    },
    {
      name: "egress.forward",
      keys: [],
      actions: [{ name: "NoAction", parameters: [] }],
    },
  ],
  counters: ["ingress.seen"],
  registers: ["ingress.state"],
  meters: ["ingress.limit"],
};

export type Reflector = Switch & { readonly entries: TableEntry[] };

/** A reflector without entries. */
export function reflector(): Reflector {
  const entries: TableEntry[] = [];
  const out: Packet[] = [];
  let count: Count = { packets: 0n, bytes: 0n };
  let state = 0n;
  let rates: readonly MeterRate[] = [];
  return {
    ...replicationEngine(),
    shape: reflectorShape,
    entries,
    send: ({ port, data }) => {
      count = { packets: count.packets + 1n, bytes: count.bytes + BigInt(data.length) };
      const to = entries.at(-1)?.action.args[0];
      if (data[0] !== 0) out.push({ port: to === undefined ? port : Number(to), data });
      return ok(undefined);
    },
    drain: () => out.splice(0),
    addEntry: (entry) => ok(entries.push(entry) - 1),
    setDefault: (table) => (table === "ingress.forward" ? ok(undefined) : err("not this one")),
    removeEntries: () => {
      entries.length = 0;
      return ok(undefined);
    },
    readCounter: ({ index }) => (index === 0 ? ok(count) : err(`no index ${index}`)),
    writeCounter: (_, value) => {
      count = value;
      return ok(undefined);
    },
    readRegister: () => ok(state),
    writeRegister: (_, value) => {
      state = value;
      return ok(undefined);
    },
    resetRegister: () => {
      state = 0n;
      return ok(undefined);
    },
    pass: () => undefined,
    notifications: () => [],
    readMeter: () => ok(rates),
    writeMeter: (_, value) => {
      rates = value;
      return ok(undefined);
    },
  };
}
