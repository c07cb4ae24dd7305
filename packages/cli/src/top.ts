/** `seam top`: what nodes, pods or experiments use at the moment, and what of their rates. */
import { EXPERIMENT_LABEL } from "@seam/api";
import { bytes, millis, ok } from "@seam/base";
import {
  amountOf,
  experimentOf,
  formatError,
  listObjects,
  type RatePromise,
  type RateUsage,
  readRatePromises,
  readRateUsage,
  readUsage,
  type Reply,
  type Seam,
  type SeamError,
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
export type TopArea = "nodes" | "pods" | "experiments" | "bandwidth";

type TopFlags = Target & {
  readonly output: "table" | "json";
  readonly allNamespaces?: boolean;
};

/** The action of `seam top`. */
export async function top(area: TopArea, flags: TopFlags): Promise<void> {
  await withSeam(flags, async (seam) => {
    const everywhere = flags.allNamespaces === true;
    const place = everywhere ? {} : { namespace: seam.namespace };
    const report =
      area === "bandwidth" ? await ratesIn(seam, place) : await usageIn(seam, area, place);
    if (!report.ok) {
      fail(report.error);
      return;
    }
    const { rows } = report.value;
    if (flags.output === "json") print(JSON.stringify({ items: rows.items }, null, 2));
    else if (rows.cells.length === 0) process.stderr.write(`${nothing(area, place)}\n`);
    else printTable(table([rows.head, ...rows.cells]));
    for (const error of report.value.silent) process.stderr.write(`seam: ${formatError(error)}\n`);
  });
}

type Place = { readonly namespace?: string };

type Report = { readonly rows: Rows; readonly silent: readonly SeamError[] };

async function usageIn(
  seam: Seam,
  area: Exclude<TopArea, "bandwidth">,
  place: Place,
): Reply<Report> {
  const of: UsageOf = area === "nodes" ? { kind: "nodes" } : { kind: "pods", ...place };
  const report = await readUsage(seam.kube, of);
  if (!report.ok) return report;
  const rows = await rowsOf(seam, area, { used: report.value.items, place });
  return rows.ok ? ok({ rows: rows.value, silent: report.value.silent }) : rows;
}

/** Long enough for a rate of 1 Mbit/s to have sent some frames. */
const LOOK = millis(2000);

async function ratesIn(seam: Seam, place: Place): Reply<Report> {
  const { namespace } = place;
  const report = await readRateUsage(seam.kube, LOOK);
  if (!report.ok) return report;
  const said = await readRatePromises(seam.kube, place);
  if (!said.ok) return said;
  const wanted = report.value.items.filter(
    (each) => namespace === undefined || each.namespace === namespace,
  );
  const silent = [...report.value.silent, ...said.value.faults];
  return ok({ rows: rateRows(wanted, said.value.items, namespace === undefined), silent });
}

const nothing = (area: TopArea, { namespace }: Place): string =>
  `no ${area} with figures${namespace === undefined ? "" : ` in namespace ${namespace}`}`;

type Known = { readonly used: readonly Usage[]; readonly place: Place };

type Rows = {
  readonly items: readonly object[];
  readonly head: readonly string[];
  readonly cells: readonly (readonly string[])[];
};

async function rowsOf(
  seam: Seam,
  area: Exclude<TopArea, "bandwidth">,
  { used, place }: Known,
): Reply<Rows> {
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

/** Directions of pods with their rates and what passes, Mbit/s; and what their conditions say. Pods that are not held stand in one row. */
export function rateRows(
  rates: readonly RateUsage[],
  promises: readonly RatePromise[],
  namespaces: boolean,
): Rows {
  const promised = new Map(promises.map((each) => [podOf(each), each]));
  const measured = new Set(rates.map(podOf));
  const held = rates.map((each) => ({ ...each, ...wordsOf(promised.get(podOf(each)), each) }));
  const others = promises.filter(
    (each) => !measured.has(podOf(each)) && each.enforced !== null && each.enforced !== "yes",
  );
  const nameOfAll = (each: RateUsage | RatePromise): string =>
    `${podOf(each)}/${isMeasured(each) ? each.direction : ""}`;
  const items = [...held, ...others].toSorted((a, b) => nameOfAll(a).localeCompare(nameOfAll(b)));
  const cells = items.map((each) => [
    ...(namespaces ? [each.namespace] : []),
    each.name,
    each.node,
    ...(isMeasured(each) ? figuresOf(each) : ["-", "-", "-", "-", "-"]),
    each.enforced ?? "-",
    each.guaranteed ?? "-",
  ]);
  const figures = ["DIRECTION", "LIMIT", "MEASURED", "USED%", "DROPS/S"];
  const head = ["NAME", "NODE", ...figures, "ENFORCED", "GUARANTEED"];
  return { items, head: [...(namespaces ? ["NAMESPACE"] : []), ...head], cells };
}

const isMeasured = (each: RateUsage | RatePromise): each is RateUsage => "limit" in each;

const podOf = ({ namespace, name }: { namespace: string; name: string }): string =>
  `${namespace}/${name}`;

/** Only what goes out of a pod is guaranteed. */
const wordsOf = (
  promise: RatePromise | undefined,
  { direction }: RateUsage,
): Pick<RatePromise, "enforced" | "guaranteed"> => ({
  enforced: promise?.enforced ?? null,
  guaranteed: direction === "egress" ? (promise?.guaranteed ?? null) : null,
});

const figuresOf = (each: RateUsage): readonly string[] => [
  each.direction,
  each.limit.toFixed(1),
  each.measured.toFixed(1),
  percent(each.measured, each.limit),
  each.droppedPerSecond.toFixed(0),
];

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
