/**
 * Runs the commands of an STF file against a switch. Every command is performed or fails the run. Packets are compared for each port in
 * their order, when the file ends: one that nobody expects fails the run as one that is missing does.
 */
import { err, ok, type Result } from "@seam/base";
import { holds } from "./comparison.ts";
import { actionOf, findTable, keyOf } from "./entries.ts";
import { findName } from "./names.ts";
import { hexadecimal, packetFailures, surplus } from "./packets.ts";
import type { Comparison, Statement } from "./statement.ts";
import type { Cell, MeterRate, Packet, Switch } from "./switch.ts";

/** What went wrong, and at which line of the file. */
export type StfFailure = { readonly line: number; readonly message: string };

/** How a run went: it passed when nothing failed. */
export type StfReport = { readonly commands: number; readonly failures: readonly StfFailure[] };

type Of<Kind extends Statement["kind"]> = Extract<Statement, { kind: Kind }>;
type Expected = Of<"expect">;
type Outcome = Result<unknown, string>;

type Run = {
  readonly target: Switch;
  readonly handles: Map<string, number>;
  readonly expected: Expected[];
  readonly seen: Packet[];
};

function addEntry(statement: Of<"add">, { target, handles }: Run): Outcome {
  const table = findTable(statement.table, target.shape);
  if (!table.ok) return table;
  const matches = keyOf(statement.matches, table.value);
  if (!matches.ok) return matches;
  const action = actionOf(statement.action, table.value);
  if (!action.ok) return action;
  const { priority = 0, handle } = statement;
  const added = target.addEntry({
    table: table.value.name,
    matches: matches.value,
    priority,
    action: action.value,
  });
  if (added.ok && handle !== undefined) handles.set(handle.replace(/^\$/, ""), added.value);
  return added;
}

function setDefault({ table: name, action }: Of<"setdefault">, { target }: Run): Outcome {
  const table = findTable(name, target.shape);
  if (!table.ok) return table;
  const call = actionOf(action, table.value);
  return call.ok ? target.setDefault(table.value.name, call.value) : call;
}

type Kept = "counter" | "register" | "meter";

/** Does something with a counter, register or meter by its full name. */
function withName(
  { target: { shape } }: Run,
  what: { readonly kind: Kept; readonly name: string },
  act: (name: string) => Outcome,
): Outcome {
  const found = findName(what.kind, what.name, shape[`${what.kind}s`]);
  return found.ok ? act(found.value) : found;
}

function compared(
  read: Result<bigint, string>,
  comparison: Comparison | undefined,
  what: string,
): Outcome {
  if (!read.ok || comparison === undefined || holds(read.value, comparison)) return read;
  const { relation, value } = comparison;
  return err(`${what} is ${read.value}, expected ${relation} ${value}`);
}

function checkCounter(statement: Of<"check_counter"> | Of<"counter_read">, run: Run): Outcome {
  const { index, unit, comparison, name } = statement;
  const place = typeof index === "number" ? index : run.handles.get(index);
  if (place === undefined) return err(`no entry was added as ${index}`);
  return withName(run, { kind: "counter", name }, (full) => {
    const count = run.target.readCounter({ name: full, index: place });
    return compared(
      count.ok ? ok(count.value[unit]) : count,
      comparison,
      `${full}(${index}) ${unit}`,
    );
  });
}

const ratesText = (rates: readonly MeterRate[]): string =>
  rates.map(({ perMicrosecond, burst }) => `${perMicrosecond}:${burst}`).join(" ");

function readMeter({ name, index, rates }: Of<"meter_get_rates">, run: Run): Outcome {
  return withName(run, { kind: "meter", name }, (full) => {
    const read = run.target.readMeter({ name: full, index });
    if (!read.ok || rates === undefined) return read;
    const [is, should] = [ratesText(read.value), ratesText(rates)];
    return is === should ? read : err(`${full}(${index}) has rates ${is}, expected ${should}`);
  });
}

const cell = (name: string, index: number): Cell => ({ name, index });

/** Counters, registers and meters. */
function performKept(statement: Extract<Statement, { readonly name: string }>, run: Run): Outcome {
  const { target } = run;
  const { name } = statement;
  switch (statement.kind) {
    case "check_counter":
    case "counter_read":
      return checkCounter(statement, run);
    case "counter_write": {
      const { index, packets, bytes } = statement;
      return withName(run, { kind: "counter", name }, (full) =>
        target.writeCounter(cell(full, index), { packets, bytes }),
      );
    }
    case "register_read": {
      const { index, comparison } = statement;
      return withName(run, { kind: "register", name }, (full) =>
        compared(target.readRegister(cell(full, index)), comparison, `${full}(${index})`),
      );
    }
    case "register_write": {
      const { index, value } = statement;
      return withName(run, { kind: "register", name }, (full) =>
        target.writeRegister(cell(full, index), value),
      );
    }
    case "register_reset":
      return withName(run, { kind: "register", name }, (full) => target.resetRegister(full));
    case "meter_get_rates":
      return readMeter(statement, run);
    case "meter_set_rates": {
      const { index, rates } = statement;
      return withName(run, { kind: "meter", name }, (full) =>
        target.writeMeter(cell(full, index), rates),
      );
    }
    case "meter_array_set_rates": {
      const { rates } = statement;
      return withName(run, { kind: "meter", name }, (full) =>
        target.writeMeter({ name: full }, rates),
      );
    }
  }
}

/** Clone sessions and multicast groups. */
function performReplication(
  statement: Extract<
    Statement,
    | { readonly session: number }
    | { readonly group: number }
    | { readonly ports: readonly number[] }
  >,
  { target }: Run,
): Outcome {
  switch (statement.kind) {
    case "mirroring_add":
      return target.setCloneSession(statement.session, { kind: "port", port: statement.port });
    case "mirroring_add_mc":
      return target.setCloneSession(statement.session, { kind: "group", group: statement.group });
    case "mirroring_delete":
      return target.setCloneSession(statement.session, undefined);
    case "mirroring_get":
      return target.cloneSession(statement.session);
    case "mc_mgrp_create":
      return target.createGroup(statement.group);
    case "mc_node_create":
      return target.createNode(statement.rid, statement.ports);
    case "mc_node_update":
      return target.updateNode(statement.node, statement.ports);
    case "mc_node_associate":
      return target.associateNode(statement.group, statement.node);
  }
}

function perform(statement: Statement, run: Run): Outcome {
  const { target, seen, expected } = run;
  if ("name" in statement) return performKept(statement, run);
  if ("session" in statement || "group" in statement || "ports" in statement) {
    return performReplication(statement, run);
  }
  switch (statement.kind) {
    case "packet": {
      const sent = target.send(statement);
      seen.push(...target.drain());
      return sent;
    }
    case "expect":
      expected.push(statement);
      return ok(undefined);
    case "wait":
      seen.push(...target.drain());
      return ok(undefined);
    case "no_packet": {
      seen.push(...target.drain());
      const [extra] = surplus(expected, seen);
      return extra === undefined
        ? ok(undefined)
        : err(`a packet came out of port ${extra.port}: ${hexadecimal(extra.data)}`);
    }
    case "add":
      return addEntry(statement, run);
    case "setdefault":
      return setDefault(statement, run);
    case "remove_all":
      return target.removeEntries();
  }
}

/** Runs the commands in order, all of them, and then compares the packets. */
export function runStf(statements: readonly Statement[], target: Switch): StfReport {
  const run: Run = { target, handles: new Map(), expected: [], seen: [] };
  const failures: StfFailure[] = [];
  for (const statement of statements) {
    const outcome = perform(statement, run);
    if (!outcome.ok) {
      failures.push({
        line: statement.place.line,
        message: `${statement.kind.replace("_all", " all")}: ${outcome.error}`,
      });
    }
  }
  run.seen.push(...target.drain());
  const lastLine = statements.at(-1)?.place.line ?? 0;
  return {
    commands: statements.length,
    failures: [...failures, ...packetFailures(run.expected, run.seen, lastLine)],
  };
}
