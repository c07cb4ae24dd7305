/** What tables need: each entry holds what it is matched by and what it does. */
import { pathIn } from "../eval/instances.ts";
import type { TableKey } from "../ir/declaration.ts";
import { numberGiven } from "../info/externs.ts";
import { implementationOf, type Placed, sizeOf } from "../info/tables.ts";
import { parameterBits } from "./actions.ts";
import type { Bits, Memory, TableResources } from "./needs.ts";
import { bitsFor, sum, widthOf } from "./widths.ts";

const MASKED: ReadonlySet<string> = new Set(["ternary", "range", "optional"]);

/** The memory that finds entries by such keys; keys of a selector find none. */
function memoryOf(kinds: readonly string[]): Memory {
  const finding = kinds.filter((kind) => kind !== "selector");
  if (finding.length === 0) return "none";
  if (finding.some((kind) => MASKED.has(kind))) return "ternary";
  return finding.includes("lpm") ? "lpm" : "exact";
}

/** Bits by which one entry is matched in a part of the key. */
function matchBits({ matchKind, expression }: TableKey): Bits {
  const width = widthOf(expression.type);
  switch (matchKind) {
    case "selector":
      return 0;
    case "lpm":
      return width + bitsFor(width + 1);
    case "ternary":
    case "range":
      return 2 * width;
    case "optional":
      return width + 1;
    default:
      return width;
  }
}

/** Bits by which an entry, or a member of an action profile, says what to do. */
export const actionBits = ({ table }: Pick<Placed, "table">): Bits =>
  bitsFor(table.actions.length) +
  Math.max(0, ...table.actions.map(({ action }) => parameterBits(action)));

/** What a table needs. */
export function tableResources(placed: Placed): TableResources {
  const { path, table, block } = placed;
  const memory = memoryOf(table.keys.map(({ matchKind }) => matchKind));
  const size = memory === "none" ? 0 : sizeOf(table);
  const profile = implementationOf(placed);
  const choice = profile === undefined ? actionBits(placed) : bitsFor(numberGiven(profile, "size"));
  const keys = table.keys.map(({ keyName, matchKind, expression }) => ({
    name: keyName,
    matchKind,
    widthBits: widthOf(expression.type),
  }));
  return {
    name: path,
    keys,
    keyBits: sum(
      keys.filter(({ matchKind }) => matchKind !== "selector").map(({ widthBits }) => widthBits),
    ),
    memory,
    size,
    entries: table.entries.length,
    actions: table.actions.map(({ action }) => pathIn(block, action)),
    matchMemoryBits: size * sum(table.keys.map(matchBits)),
    actionMemoryBits: size * choice,
  };
}
