/** The commands of STF files that set a switch up directly: clone sessions, multicast, counters, registers, meters. */
import { commandComparison, countComparison } from "./comparison.ts";
import { atEnd, decimal, type Line, literal, need, qualifiedName } from "./line.ts";
import type { Command } from "./statement.ts";
import type { Cell, MeterRate } from "./switch.ts";

const cell = (line: Line, what: string): Cell => ({
  name: qualifiedName(line, `a ${what}`),
  index: decimal(line, "an index"),
});

function numbers(line: Line): readonly number[] {
  const found: number[] = [];
  while (!atEnd(line)) found.push(decimal(line, "a port's number"));
  return found;
}

function rates(line: Line): readonly MeterRate[] {
  const found: MeterRate[] = [];
  while (!atEnd(line)) {
    const rate = need(line, /\d+(?:\.\d+)?(?:e-?\d+)?/iy, "a rate, as rate:burst");
    need(line, /:/y, '":" and a burst');
    found.push({ perMicrosecond: Number(rate), burst: decimal(line, "a burst") });
  }
  return found;
}

const session = (line: Line): number => decimal(line, "a session's number");
const group = (line: Line): number => decimal(line, "a group's number");
const port = (line: Line): number => decimal(line, "a port's number");

function counterRead(line: Line): Command {
  const read = { kind: "counter_read", ...cell(line, "counter") } as const;
  if (atEnd(line)) return { ...read, unit: "packets" };
  return { ...read, ...countComparison(line) };
}

function registerRead(line: Line): Command {
  const read = { kind: "register_read", ...cell(line, "register") } as const;
  return atEnd(line) ? read : { ...read, comparison: commandComparison(line) };
}

function meterRates(line: Line): Command {
  const read = { kind: "meter_get_rates", ...cell(line, "meter") } as const;
  return atEnd(line) ? read : { ...read, rates: rates(line) };
}

/** Readers of these commands by their keywords. */
export const directCommands: readonly (readonly [string, (line: Line) => Command])[] = [
  [
    "mirroring_add",
    (line) => ({ kind: "mirroring_add", session: session(line), port: port(line) }),
  ],
  [
    "mirroring_add_mc",
    (line) => ({ kind: "mirroring_add_mc", session: session(line), group: group(line) }),
  ],
  ["mirroring_delete", (line) => ({ kind: "mirroring_delete", session: session(line) })],
  ["mirroring_get", (line) => ({ kind: "mirroring_get", session: session(line) })],
  ["mc_mgrp_create", (line) => ({ kind: "mc_mgrp_create", group: group(line) })],
  [
    "mc_node_create",
    (line) => ({
      kind: "mc_node_create",
      rid: decimal(line, "a replication id"),
      ports: numbers(line),
    }),
  ],
  [
    "mc_node_update",
    (line) => ({
      kind: "mc_node_update",
      node: decimal(line, "a node's handle"),
      ports: numbers(line),
    }),
  ],
  [
    "mc_node_associate",
    (line) => ({
      kind: "mc_node_associate",
      group: group(line),
      node: decimal(line, "a node's handle"),
    }),
  ],
  ["counter_read", counterRead],
  [
    "counter_write",
    (line) => ({
      kind: "counter_write",
      ...cell(line, "counter"),
      packets: literal(line).value,
      bytes: literal(line).value,
    }),
  ],
  ["register_read", registerRead],
  [
    "register_write",
    (line) => ({
      kind: "register_write",
      ...cell(line, "register"),
      value: literal(line).value,
    }),
  ],
  [
    "register_reset",
    (line) => ({ kind: "register_reset", name: qualifiedName(line, "a register") }),
  ],
  ["meter_get_rates", meterRates],
  [
    "meter_set_rates",
    (line) => ({ kind: "meter_set_rates", ...cell(line, "meter"), rates: rates(line) }),
  ],
  [
    "meter_array_set_rates",
    (line) => ({
      kind: "meter_array_set_rates",
      name: qualifiedName(line, "a meter"),
      rates: rates(line),
    }),
  ],
];
