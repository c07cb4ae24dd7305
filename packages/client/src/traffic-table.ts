/** The rows of a traffic measurement as a table; what could not be measured is a number that a line below explains. Pure. */
import type { TrafficRow } from "./traffic.ts";
import { type Measurement, missingReason } from "./traffic-measure.ts";
import type { Route } from "./traffic-routes.ts";

const HEAD = [
  ["", "", "", "", "pods", "", "", "", "host", "", "", ""],
  ["FROM", "TO", "FAMILY", "NODES", ...measures(), ...measures()],
];
const TEXT_COLUMNS = 4;

function measures(): readonly string[] {
  return ["p50 us", "p99 us", "Mbit/s", "retr"];
}

/** The table. */
export function renderTraffic(rows: readonly TrafficRow[]): string {
  const notes: string[] = [];
  const note = (reason: string): string => {
    if (!notes.includes(reason)) notes.push(reason);
    return `[${notes.indexOf(reason) + 1}]`;
  };
  const cells = rows.map(({ route, pods, host }) => [
    route.from.pod,
    route.to.pod,
    route.family,
    nodesOf(route),
    ...cellsOf(pods, note),
    ...cellsOf(host, note),
  ]);
  const lines = aligned([...HEAD, ...cells]);
  return [...lines, ...notes.map((reason, at) => `[${at + 1}] ${reason}`)].join("\n");
}

const nodesOf = ({ from, to }: Route): string =>
  from.node === to.node ? from.node : `${from.node} > ${to.node}`;

function cellsOf(measured: Measurement, note: (reason: string) => string): readonly string[] {
  const { latency, throughput } = measured;
  const why = missingReason(measured) ?? "";
  const times = latency.ok
    ? [micros(latency.value.p50Us), micros(latency.value.p99Us)]
    : [note(why), ""];
  const tcp = throughput.ok
    ? [throughput.value.rate.toFixed(0), String(throughput.value.retransmits)]
    : [note(throughput.error), ""];
  return [...times, ...tcp];
}

const micros = (us: number): string => (us < 100 ? us.toFixed(1) : us.toFixed(0));

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[1] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, at) =>
        at < TEXT_COLUMNS ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}
