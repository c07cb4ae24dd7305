/** The control plane's side of a simulated switch: tables, counters, registers and meters by their names. */
import { err, ok, type Result } from "@seam/base";
import type { Switch } from "../stf/switch.ts";
import type { ExternObject } from "./machine.ts";
import type { Prepared } from "./program.ts";
import type { RunningTable } from "./tables.ts";

/** The part of a switch that is the same whatever the architecture. */
export type ControlPlane = Pick<
  Switch,
  | ("shape" | "addEntry" | "setDefault" | "removeEntries")
  | ("readCounter" | "writeCounter" | "readRegister" | "writeRegister" | "resetRegister")
  | ("readMeter" | "writeMeter")
>;

type Kind = "counter" | "register" | "meter";

const outside = (name: string, index: number | undefined): Result<never, string> =>
  err(`${name} has no index ${index}`);

const done = (isDone: boolean, name: string, index: number | undefined): Result<void, string> =>
  isDone ? ok(undefined) : outside(name, index);

function tablesOf(
  prepared: Prepared,
): Pick<ControlPlane, "addEntry" | "setDefault" | "removeEntries"> {
  const table = (name: string): RunningTable | undefined =>
    prepared.tables().find(({ shape }) => shape.name === name);
  return {
    addEntry: (entry) => table(entry.table)?.add(entry) ?? err(`there is no table ${entry.table}`),
    setDefault: (name, action) =>
      table(name)?.setDefault(action) ?? err(`there is no table ${name}`),
    removeEntries: () => {
      for (const each of prepared.tables()) each.clear();
      return ok(undefined);
    },
  };
}

type Find = <K extends Kind>(kind: K, name: string) => Result<NonNullable<ExternObject[K]>, string>;

const finder =
  (objects: readonly ExternObject[]): Find =>
  (kind, name) => {
    const found = objects.find((object) => object.path === name && object[kind] !== undefined);
    const control = found?.[kind];
    return control === undefined ? err(`there is no ${kind} ${name}`) : ok(control);
  };

function countersOf(find: Find): Pick<ControlPlane, "readCounter" | "writeCounter"> {
  return {
    readCounter: ({ name, index }) => {
      const counter = find("counter", name);
      if (!counter.ok) return counter;
      const count = counter.value.read(index);
      return count === undefined ? outside(name, index) : ok(count);
    },
    writeCounter: ({ name, index }, count) => {
      const counter = find("counter", name);
      return counter.ok ? done(counter.value.write(index, count), name, index) : counter;
    },
  };
}

function registersOf(
  find: Find,
): Pick<ControlPlane, "readRegister" | "writeRegister" | "resetRegister"> {
  return {
    readRegister: ({ name, index }) => {
      const register = find("register", name);
      if (!register.ok) return register;
      const value = register.value.read(index);
      return value === undefined ? outside(name, index) : ok(value);
    },
    writeRegister: ({ name, index }, value) => {
      const register = find("register", name);
      return register.ok ? done(register.value.write(index, value), name, index) : register;
    },
    resetRegister: (name) => {
      const register = find("register", name);
      if (!register.ok) return register;
      register.value.reset();
      return ok(undefined);
    },
  };
}

function metersOf(find: Find): Pick<ControlPlane, "readMeter" | "writeMeter"> {
  return {
    readMeter: ({ name, index }) => {
      const meter = find("meter", name);
      if (!meter.ok) return meter;
      const rates = meter.value.read(index);
      return rates === undefined ? outside(name, index) : ok(rates);
    },
    writeMeter: ({ name, index }, rates) => {
      const meter = find("meter", name);
      return meter.ok ? done(meter.value.write(index, rates), name, index) : meter;
    },
  };
}

/** The control plane of a program that is prepared. */
export function controlPlane(prepared: Prepared): ControlPlane {
  const objects = prepared.objects();
  const named = (kind: Kind): readonly string[] =>
    objects.filter((object) => object[kind] !== undefined).map(({ path }) => path);
  const find = finder(objects);
  return {
    ...tablesOf(prepared),
    ...countersOf(find),
    ...registersOf(find),
    ...metersOf(find),
    shape: {
      tables: prepared.tables().map(({ shape }) => shape),
      counters: named("counter"),
      registers: named("register"),
      meters: named("meter"),
    },
  };
}
