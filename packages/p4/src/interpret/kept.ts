/** What switches keep between packets: counters, registers, meters, as extern objects of every architecture use them. */
import type { Count } from "../stf/switch.ts";
import type { ExternObject } from "./machine.ts";
import { type Color, color, type MeterCell, meterCell, setRates } from "./meter.ts";
import { copy, type Value } from "./value.ts";

/** Counters of packets and bytes by index; a size of infinity has one for each row of a table. */
export type Counters = {
  readonly count: (index: number, bytes: number) => void;
  readonly control: NonNullable<ExternObject["counter"]>;
};

const nothingCounted: Count = { packets: 0n, bytes: 0n };

/** What was counted since the control plane set a cell: far below 2^53. */
type CounterCell = { readonly before: Count; packets: number; bytes: number };

/** Counters that begin with 0. */
export function countersOf(sizeCells: number): Counters {
  const cells = new Map<number, CounterCell>();
  const isInside = (index: number): boolean => index >= 0 && index < sizeCells;
  const read = (index: number): Count => {
    const cell = cells.get(index);
    if (cell === undefined) return nothingCounted;
    const { before, packets, bytes } = cell;
    return { packets: before.packets + BigInt(packets), bytes: before.bytes + BigInt(bytes) };
  };
  return {
    count: (index, bytes) => {
      if (!isInside(index)) return;
      const cell = cells.get(index);
      if (cell === undefined) {
        cells.set(index, { before: nothingCounted, packets: 1, bytes });
        return;
      }
      cell.packets += 1;
      cell.bytes += bytes;
    },
    control: {
      read: (index) => (isInside(index) ? read(index) : undefined),
      write: (index, count) => {
        if (isInside(index)) cells.set(index, { before: count, packets: 0, bytes: 0 });
        return isInside(index);
      },
    },
  };
}

/** A value for each index. */
export type Registers = {
  /** A copy; beyond the size what a register begins with. */
  readonly get: (index: number) => Value;
  readonly set: (index: number, value: Value) => void;
  readonly control: NonNullable<ExternObject["register"]>;
};

const asNumber = (value: Value): bigint => {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" || typeof value === "boolean") return BigInt(value);
  return 0n;
};

/** Registers that begin with a value; the control plane sees numbers. */
export function registersOf(
  sizeCells: number,
  begin: Value,
  fromNumber: (value: bigint) => Value,
): Registers {
  const cells = new Map<number, Value>();
  const isInside = (index: number): boolean => index >= 0 && index < sizeCells;
  return {
    get: (index) => copy(cells.get(index) ?? begin),
    set: (index, value) => {
      if (isInside(index)) cells.set(index, copy(value));
    },
    control: {
      read: (index) => (isInside(index) ? asNumber(cells.get(index) ?? begin) : undefined),
      write: (index, value) => {
        if (isInside(index)) cells.set(index, fromNumber(value));
        return isInside(index);
      },
      reset: () => cells.clear(),
    },
  };
}

/** Meters by index. */
export type Meters = {
  readonly color: (index: number, bytes: number, before?: Color) => Color;
  readonly control: NonNullable<ExternObject["meter"]>;
};

/** Meters without rates: all is green. Beyond the size too. */
export function metersOf(
  sizeCells: number,
  counts: "packets" | "bytes",
  now: () => number,
): Meters {
  const cells = new Map<number, MeterCell>();
  let forAll: Parameters<typeof setRates>[1] = [];
  const cellAt = (index: number): MeterCell => {
    const known = cells.get(index);
    if (known !== undefined) return known;
    const cell = meterCell();
    setRates(cell, forAll, now());
    cells.set(index, cell);
    return cell;
  };
  const isInside = (index: number): boolean => index >= 0 && index < sizeCells;
  return {
    color: (index, bytes, before = 0) =>
      isInside(index)
        ? color(cellAt(index), counts === "bytes" ? bytes : 1, { now: now(), before })
        : before,
    control: {
      read: (index) => (isInside(index) ? cellAt(index).rates : undefined),
      write: (index, rates) => {
        if (index === undefined) {
          forAll = rates;
          cells.clear();
          return true;
        }
        if (isInside(index)) setRates(cellAt(index), rates, now());
        return isInside(index);
      },
    },
  };
}
