/** What a program needs of a target, counted by formulas that `docs/guide/p4.md` gives. */
import type { Tree } from "../eval/instances.ts";
import type { Program } from "../ir/declaration.ts";
import { architectureOf } from "../info/info.ts";
import { actionResources } from "./actions.ts";
import { dependentTables } from "./depth.ts";
import { externResources } from "./externs.ts";
import type { Bits, Memory, Resources } from "./needs.ts";
import { parserResources } from "./states.ts";
import { tableResources } from "./tables.ts";
import { sum, widthOf } from "./widths.ts";

/** Counts what a program needs. */
export function resourcesOf(program: Program, tree: Tree): Resources {
  const tables = tree.tables.map((placed) => tableResources(placed));
  const externs = externResources(tree);
  const memory = (kind: Memory): Bits =>
    sum(tables.filter((table) => table.memory === kind).map((table) => table.matchMemoryBits));
  return {
    architecture: architectureOf(tree),
    tables,
    actions: actionResources(tree),
    parsers: tree.blocks.flatMap((node) => parserResources(node) ?? []),
    controls: [...new Map(tree.blocks.map((node) => [node.path, node])).values()]
      .filter(({ kind, path }) => kind === "control" && !path.includes("."))
      .map((node) => ({ name: node.path, dependentTables: dependentTables(node) })),
    ...structsOf(program, tree),
    externs,
    totals: {
      exactBits: memory("exact"),
      lpmBits: memory("lpm"),
      ternaryBits: memory("ternary"),
      actionBits: sum(tables.map((table) => table.actionMemoryBits)),
      externBits: sum(externs.map(({ memoryBits = 0 }) => memoryBits)),
    },
  };
}

/** Headers of the program, and structs that parsers and controls are given and that have no headers in them. */
function structsOf({ types }: Program, tree: Tree): Pick<Resources, "headers" | "metadata"> {
  const given = tree.blocks
    .flatMap(({ declaration }) => declaration.parameters)
    .flatMap(({ type }) => (type.kind === "struct" ? [type] : []));
  const metadata = [...new Map(given.map((type) => [type.name, type])).values()].filter(
    ({ fields }) => !fields.some(({ type }) => /^header|^stack/.test(type.kind)),
  );
  return {
    headers: types
      .filter(({ kind }) => kind === "header")
      .map((type) => ({ name: type.name, bytes: Math.ceil(widthOf(type) / 8) })),
    metadata: metadata.map((type) => ({ name: type.name, widthBits: widthOf(type) })),
  };
}
