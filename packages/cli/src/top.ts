/** `seam top`: what nodes, pods or experiments use at the moment. */
import { EXPERIMENT_LABEL } from "@seam/api";
import { bytes, ok } from "@seam/base";
import {
  amountOf,
  experimentOf,
  formatError,
  listObjects,
  readUsage,
  type Reply,
  type Seam,
  textOf,
  type Usage,
  type UsageOf,
} from "@seam/client";
import type { KubeObject } from "@seam/kube";
import type { Target } from "./definition.ts";
import { table } from "./render.ts";
import { fail, print, withSeam } from "./session.ts";
import { printTable } from "./terminal.ts";

/** What `seam top` can show. */
export type TopArea = "nodes" | "pods" | "experiments";

type TopFlags = Target & {
  readonly output: "table" | "json";
  readonly allNamespaces?: boolean;
};

/** The action of `seam top`. */
export async function top(area: TopArea, flags: TopFlags): Promise<void> {
  await withSeam(flags, async (seam) => {
    const everywhere = flags.allNamespaces === true;
    const place = everywhere ? {} : { namespace: seam.namespace };
    const of: UsageOf = area === "nodes" ? { kind: "nodes" } : { kind: "pods", ...place };
    const report = await readUsage(seam.kube, of);
    if (!report.ok) {
      fail(report.error);
      return;
    }
    const rows = await rowsOf(seam, area, { used: report.value.items, place });
    if (!rows.ok) fail(rows.error);
    else if (flags.output === "json") print(JSON.stringify({ items: rows.value.items }, null, 2));
    else if (rows.value.cells.length === 0) process.stderr.write(`${nothing(area, place)}\n`);
    else printTable(table([rows.value.head, ...rows.value.cells]));
    for (const error of report.value.silent) process.stderr.write(`seam: ${formatError(error)}\n`);
  });
}

const nothing = (area: TopArea, { namespace }: Known["place"]): string =>
  `no ${area} with figures${namespace === undefined ? "" : ` in namespace ${namespace}`}`;

type Known = { readonly used: readonly Usage[]; readonly place: { readonly namespace?: string } };

type Rows = {
  readonly items: readonly object[];
  readonly head: readonly string[];
  readonly cells: readonly (readonly string[])[];
};

async function rowsOf(seam: Seam, area: TopArea, { used, place }: Known): Reply<Rows> {
  const namespaces = place.namespace === undefined;
  switch (area) {
    case "nodes": {
      const nodes = await listObjects(seam.kube, { apiVersion: "v1", kind: "Node" });
      return nodes.ok ? ok(nodeRows(used, nodes.value)) : nodes;
    }
    case "pods":
      return ok(usageRows(used, namespaces));
    case "experiments": {
      const ref = { apiVersion: "v1", kind: "Pod", ...place };
      const pods = await listObjects(seam.kube, ref, LABELLED);
      return pods.ok ? ok(experimentRows(used, pods.value, namespaces)) : pods;
    }
  }
}

const LABELLED = { labelSelector: EXPERIMENT_LABEL };

/** Thousandths of a core. */
const cpuText = (millicores: number): string => `${Math.round(millicores)}m`;

const memoryText = (memory: number): string => `${Math.round(memory / 2 ** 20)}Mi`;

const percent = (part: number, whole: number): string =>
  whole > 0 ? `${Math.round((100 * part) / whole)}%` : "-";

/** Nodes with what they use of what pods may have. */
export function nodeRows(used: readonly Usage[], nodes: readonly KubeObject[]): Rows {
  const cells = used.map(({ name, millicores, memory }) => {
    const node = nodes.find(({ metadata }) => metadata.name === name);
    const whole = (key: string): number =>
      amountOf(textOf(node, "status", "allocatable", key) ?? "");
    return [
      name,
      cpuText(millicores),
      percent(millicores, whole("cpu") * 1000),
      memoryText(memory),
      percent(memory, whole("memory")),
    ];
  });
  return { items: used, head: ["NAME", "CPU", "CPU%", "MEMORY", "MEMORY%"], cells };
}

const byName = (a: Usage, b: Usage): number =>
  `${a.namespace ?? ""}/${a.name}`.localeCompare(`${b.namespace ?? ""}/${b.name}`);

function usageRows(used: readonly Usage[], namespaces: boolean): Rows {
  const items = used.toSorted(byName);
  const cells = items.map(({ name, namespace, millicores, memory }) => [
    ...(namespaces ? [namespace ?? ""] : []),
    name,
    cpuText(millicores),
    memoryText(memory),
  ]);
  return { items, head: [...(namespaces ? ["NAMESPACE"] : []), "NAME", "CPU", "MEMORY"], cells };
}

/** Experiments with what their pods use together. */
export function experimentRows(
  used: readonly Usage[],
  pods: readonly KubeObject[],
  namespaces: boolean,
): Rows {
  const sums = new Map<string, Usage>();
  for (const usage of used) {
    const pod = pods.find(
      ({ metadata }) => metadata.name === usage.name && metadata.namespace === usage.namespace,
    );
    const name = pod === undefined ? undefined : experimentOf(pod);
    if (name === undefined) continue;
    const key = `${usage.namespace ?? ""}/${name}`;
    const before = sums.get(key) ?? { millicores: 0, memory: bytes(0) };
    sums.set(key, {
      ...usage,
      name,
      millicores: before.millicores + usage.millicores,
      memory: bytes(before.memory + usage.memory),
    });
  }
  return usageRows([...sums.values()], namespaces);
}
