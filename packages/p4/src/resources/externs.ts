/** What extern objects need. */
import type { ExternNode, Tree } from "../eval/instances.ts";
import { knownOf, numberGiven, specOf, typeArgument } from "../info/externs.ts";
import { directOf, implementationOf, type Placed, sizeOf } from "../info/tables.ts";
import type { Count } from "../types/type.ts";
import type { Bits, ExternResources } from "./needs.ts";
import { actionBits } from "./tables.ts";
import { widthOf } from "./widths.ts";

/** A counter that has no width of its own counts in 64 bits, as P4Runtime tells it. */
const COUNTER_BITS = 64;

/** Rate and burst of two buckets, and the tokens in each, in 64 bits (P4Runtime 1.5, MeterConfig). */
const METER_BITS = 6 * 64;

function counterBits(node: ExternNode): Bits {
  const type = typeArgument(node, 0);
  const isTyped = node.instance.type.kind === "extern" && /^[A-Z]/.test(node.instance.type.name);
  const own = isTyped && type !== undefined ? widthOf(type) : 0;
  const each = own === 0 ? COUNTER_BITS : own;
  return specOf(node).unit === "BOTH" ? 2 * each : each;
}

type Cells = { readonly size: Count; readonly cellBits: Bits };

function cellsOf(node: ExternNode, tables: readonly Placed[]): Cells | undefined {
  const owner = tables.find((placed) => directOf(placed).includes(node));
  const entries = owner === undefined ? 0 : sizeOf(owner.table);
  const size = numberGiven(node, "size", "n_counters", "n_meters", "max_index");
  switch (knownOf(node)?.sort) {
    case "counter":
      return { size, cellBits: counterBits(node) };
    case "directCounter":
      return { size: entries, cellBits: counterBits(node) };
    case "meter":
      return { size, cellBits: METER_BITS };
    case "directMeter":
      return { size: entries, cellBits: METER_BITS };
    case "register":
      return { size, cellBits: widthOf(typeArgument(node, 0) ?? { kind: "bit", width: 0 }) };
    case "actionProfile": {
      const users = tables.filter((placed) => implementationOf(placed) === node);
      return { size, cellBits: Math.max(0, ...users.map(actionBits)) };
    }
    case "action":
    case "controllerHeader":
    case "digest":
    case "table":
    case "valueSet":
    case undefined:
      return undefined;
  }
}

/** All extern objects of a program, with the memory of those whose cells are known. */
export const externResources = ({ externs, tables }: Tree): readonly ExternResources[] =>
  externs.map((node) => {
    const { type } = node.instance;
    const cells = cellsOf(node, tables);
    return {
      name: node.path,
      type: "name" in type ? type.name : "",
      ...(cells !== undefined && { size: cells.size, memoryBits: cells.size * cells.cellBits }),
    };
  });
