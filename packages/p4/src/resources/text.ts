/** Resources as text for people. */
import type { Resources, TableResources } from "./needs.ts";

type Row = readonly (string | number)[];

/** Columns under each other, numbers to the right. */
function tableText(head: readonly string[], rows: readonly Row[]): readonly string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => String(row[column] ?? "").length)),
  );
  const line = (row: Row): string =>
    row
      .map((cell, column) =>
        typeof cell === "number"
          ? String(cell).padStart(widths[column] ?? 0)
          : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [line(head), ...rows.map(line)];
}

function section(title: string, head: readonly string[], rows: readonly Row[]): readonly string[] {
  if (rows.length === 0) return [];
  return [title, ...tableText(head, rows).map((line) => `  ${line}`), ""];
}

const keysText = ({ keys }: TableResources): string =>
  keys.map(({ name, matchKind, widthBits }) => `${name}:${widthBits} ${matchKind}`).join(", ");

const tablesText = ({ tables }: Resources): readonly string[] =>
  section(
    "tables",
    ["name", "memory", "key bits", "size", "entries", "match bits", "action bits", "keys"],
    tables.map((table) => [
      table.name,
      table.memory,
      table.keyBits,
      table.size,
      table.entries,
      table.matchMemoryBits,
      table.actionMemoryBits,
      keysText(table),
    ]),
  );

const blocksText = ({ actions, parsers, controls }: Resources): readonly string[] => [
  ...section(
    "actions",
    ["name", "parameter bits", "instructions"],
    actions.map(({ name, parameterBits, instructions }) => [name, parameterBits, instructions]),
  ),
  ...section(
    "parsers",
    ["name", "states", "depth", "header bytes", "loops"],
    parsers.map(({ name, states, depth, headerBytes, hasLoops }) => [
      name,
      states,
      depth,
      headerBytes,
      hasLoops ? "yes" : "no",
    ]),
  ),
  ...section(
    "controls",
    ["name", "dependent tables"],
    controls.map((each) => [each.name, each.dependentTables]),
  ),
];

const dataText = ({ headers, metadata, externs }: Resources): readonly string[] => [
  ...section(
    "headers",
    ["name", "bytes"],
    headers.map(({ name, bytes }) => [name, bytes]),
  ),
  ...section(
    "metadata",
    ["name", "bits"],
    metadata.map(({ name, widthBits }) => [name, widthBits]),
  ),
  ...section(
    "externs",
    ["name", "type", "size", "bits"],
    externs.map((each) => [each.name, each.type, each.size ?? "-", each.memoryBits ?? "-"]),
  ),
];

/** The text: a section for each sort, those without anything left out. */
export function resourcesText(resources: Resources): string {
  const { architecture, totals } = resources;
  const { exactBits, lpmBits, ternaryBits, actionBits, externBits } = totals;
  const lines = [
    `architecture ${architecture === "" ? "unknown" : architecture}`,
    "",
    ...tablesText(resources),
    ...blocksText(resources),
    ...dataText(resources),
    ...section(
      "memory in bits",
      ["exact", "lpm", "ternary", "action", "extern"],
      [[exactBits, lpmBits, ternaryBits, actionBits, externBits]],
    ),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}
