/**
 * Rates over time in a file: a table whose columns say when, of which direction of which pod, and how much. Each column whose name ends in
 * `_mbps` is a series; other programs' tables are read the same way. Pure.
 */
import { err, type Mbps, ok, type Result } from "@seam/base";
import type { RateReport, RateUsage, SeamError } from "@seam/client";
import { csvFormatBody, csvFormatRow, csvParse } from "d3-dsv";

/** A series of a pod's direction at a moment. */
export type RatePoint = {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** Null when the file does not say. */
  readonly namespace: string | null;
  readonly pod: string;
  readonly direction: string;
  /** The column's name without `_mbps`: measured, limit, reserved, or any other. */
  readonly series: string;
  readonly mbps: number;
};

/** How a recording is written: a table, or an object for each row. */
export type RateFormat = "csv" | "jsonl";

const COLUMNS = [
  "time",
  "namespace",
  "pod",
  "node",
  "direction",
  "measured_mbps",
  "limit_mbps",
  "reserved_mbps",
  "drops_per_second",
] as const;

type RateRow = { readonly [column in (typeof COLUMNS)[number]]: string | number };

/** What comes before the first row. */
export const rateHeader = (format: RateFormat): string =>
  format === "csv" ? `${csvFormatRow([...COLUMNS])}\n` : "";

/** The rows of a report; `reserved` by `NAMESPACE/NAME DIRECTION`, null when it cannot be known. */
export function rateRowsOf(
  { items, atMs }: Pick<RateReport, "items" | "atMs">,
  reserved: ReadonlyMap<string, Mbps> | null,
  format: RateFormat,
): string {
  const rows = items.map((usage) => rowOf(usage, atMs, reserved));
  if (rows.length === 0) return "";
  return format === "csv"
    ? `${csvFormatBody(rows, [...COLUMNS])}\n`
    : rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** Three digits are a thousandth of a megabit. */
const rounded = (value: number): number => Math.round(value * 1000) / 1000;

function rowOf(
  usage: RateUsage,
  atMs: number,
  reserved: ReadonlyMap<string, Mbps> | null,
): RateRow {
  const { namespace, name, node, direction } = usage;
  return {
    time: new Date(atMs).toISOString(),
    namespace,
    pod: name,
    node,
    direction,
    measured_mbps: rounded(usage.measured),
    limit_mbps: rounded(usage.limit),
    reserved_mbps: reserved?.get(`${namespace}/${name} ${direction}`) ?? "",
    drops_per_second: rounded(usage.droppedPerSecond),
  };
}

type Cells = { readonly [column: string]: unknown };

/** Reads a file of either format; the error names the line and what was expected. */
export function readRates(file: string, text: string): Result<readonly RatePoint[], SeamError> {
  const table = text.trimStart().startsWith("{") ? objectsIn(text) : ok(csvParse(text));
  if (!table.ok) return err(unreadable(file, table.error));
  const rows: readonly Cells[] = table.value;
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const series = columns.filter((column) => column.endsWith(SERIES));
  const missing = ["time", "pod", "direction"].filter((column) => !columns.includes(column));
  if (rows.length === 0)
    return err(unreadable(file, "expected rows below the names of columns; found none"));
  if (missing.length > 0 || series.length === 0) {
    const expected =
      "expected the columns time, pod, direction and at least one whose name ends in _mbps";
    return err(unreadable(file, `${expected}, such as offered_mbps; found ${columns.join(", ")}`));
  }
  const points: RatePoint[] = [];
  for (const [index, row] of rows.entries()) {
    const read = pointsOf(row, series);
    if (!read.ok) return err(unreadable(file, `row ${index + 1}: ${read.error}`));
    points.push(...read.value);
  }
  return ok(points);
}

const SERIES = "_mbps";

function objectsIn(text: string): Result<readonly Cells[], string> {
  const rows: Cells[] = [];
  for (const [index, line] of text.trim().split("\n").entries()) {
    const row = objectIn(line);
    if (row === null) return err(`line ${index + 1}: expected an object, such as {"time": …}`);
    rows.push(row);
  }
  return ok(rows);
}

function objectIn(line: string): Cells | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

/** One for each series that has a value in the row. */
function pointsOf(row: Cells, series: readonly string[]): Result<readonly RatePoint[], string> {
  const { pod, direction, namespace } = row;
  const atMs = Date.parse(textOf(row["time"]));
  if (Number.isNaN(atMs))
    return err(
      `time: expected RFC 3339, such as 2026-01-02T03:04:05.6Z; found ${textOf(row["time"])}`,
    );
  const points: RatePoint[] = [];
  for (const column of series) {
    const cell = textOf(row[column]);
    if (cell === "") continue;
    const mbps = Number(cell);
    if (!Number.isFinite(mbps)) return err(`${column}: expected a number of Mbit/s; found ${cell}`);
    points.push({
      atMs,
      namespace: textOf(namespace) === "" ? null : textOf(namespace),
      pod: textOf(pod),
      direction: textOf(direction),
      series: column.slice(0, -SERIES.length),
      mbps,
    });
  }
  return ok(points);
}

const textOf = (cell: unknown): string =>
  typeof cell === "string" || typeof cell === "number" ? String(cell).trim() : "";

const unreadable = (file: string, why: string): SeamError => ({
  code: "BadInput",
  message: `${file}: ${why}`,
  hint: "seam record makes such a file; see docs/guide/rates.md.",
  details: [],
});
