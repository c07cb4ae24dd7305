/** `seam policy matrix`: who reaches whom in a namespace, now and after a proposed change. */
import { tabulateReach } from "@seam/client";
import type { Family } from "@seam/base";
import type { Cell, Matrix, Reach } from "@seam/reach";
import type { Target } from "./definition.ts";
import { readSources } from "./input.ts";
import { table } from "./render.ts";
import { fail, print, withSeam } from "./session.ts";
import { printTable } from "./terminal.ts";

type MatrixFlags = Target & {
  readonly filename?: readonly string[];
  readonly port?: readonly string[];
  readonly family: Family;
  readonly output: "table" | "json";
};

/** The action of `seam policy matrix`. */
export async function matrix(flags: MatrixFlags): Promise<void> {
  const sources = readSources(flags.filename ?? []);
  if (!sources.ok) {
    fail(sources.error);
    return;
  }
  await withSeam(flags, async (seam) => {
    const { family, port: ports = [] } = flags;
    const found = await tabulateReach(seam, { sources: sources.value, ports, family });
    if (!found.ok) {
      fail(found.error);
      return;
    }
    for (const note of found.value.notes) process.stderr.write(`note: ${note}\n`);
    const { matrix: reach } = found.value;
    if (flags.output === "json") print(JSON.stringify(jsonOf(reach), null, 2));
    else printTable(matrixText(reach, seam.namespace));
  });
}

/** The table for people: a row for each that speaks, a column for each that is spoken to; a change shows both sides of it. Pure. */
export function matrixText({ groups, cells }: Matrix, namespace: string): string {
  if (groups.length === 0) return `no pod of the pod network in namespace ${namespace}`;
  const names = groups.map(({ name }) => name.replace(`${namespace}/`, ""));
  const rows = cells.map((row, at) => [names[at] ?? "", ...row.map(cellText)]);
  return table([["FROM \\ TO", ...names], ...rows]);
}

function cellText({ now, after }: Cell): string {
  const [before, later] = [reachText(now), after === null ? null : reachText(after)];
  return later === null || later === before ? before : `${before} -> ${later}`;
}

function reachText({ kind, ports }: Reach): string {
  const list = ports.join(",");
  switch (kind) {
    case "all":
      return "all";
    case "all but":
      return `all but ${list}`;
    case "only":
      return list === "" ? "-" : list;
  }
}

const jsonOf = ({ groups, cells }: Matrix): object => ({
  groups: groups.map(({ name, pods }) => ({ name, pods: pods.map((pod) => pod.name) })),
  cells,
});
