/** Which columns a table of objects has, and what is in them. Pure. */
import { isJson, itemsOf, numberOf, progressOf, textOf } from "@seam/client";
import type { KubeObject, Table } from "@seam/kube";
import { ageText, phaseOf, readyOf } from "./render.ts";

/** One object and its cells. */
type Row = { readonly object: KubeObject; readonly cells: readonly string[] };

/** A table before it is laid out. */
export type Listing = { readonly head: readonly string[]; readonly rows: readonly Row[] };

type Column = {
  readonly name: string;
  readonly cell: (object: KubeObject, now: number) => string;
};

const COLUMNS: readonly Column[] = [
  { name: "NAME", cell: ({ metadata }) => metadata.name },
  { name: "PHASE", cell: phaseOf },
  { name: "READY", cell: readyOf },
  {
    name: "AGE",
    cell: (object, now) => ageText(textOf(object, "metadata", "creationTimestamp"), now),
  },
];

/** Further columns of wide tables; the API server knows those of all other kinds. */
const WIDE: { readonly [kind: string]: readonly Column[] } = {
  Experiment: [
    { name: "LIFETIME", cell: (object) => textOf(object, "spec", "lifetime") ?? "-" },
    { name: "WORKLOADS", cell: workloadsOf },
    { name: "PODS", cell: podsOf },
  ],
  Project: [{ name: "QUOTA", cell: quotaOf }],
  Pod: [
    { name: "RESTARTS", cell: restartsOf },
    { name: "NODE", cell: (object) => textOf(object, "spec", "nodeName") ?? "-" },
    { name: "ADDRESSES", cell: addressesOf },
  ],
};

/** Whether this side knows what a wide table of the kind shows. */
export const hasWide = (kind: string): boolean => kind in WIDE;

/** The cells of objects. */
export function listing(
  objects: readonly KubeObject[],
  options: { readonly now: number; readonly wide: boolean },
): Listing {
  const extra = options.wide ? (WIDE[objects[0]?.kind ?? ""] ?? []) : [];
  const columns = [...COLUMNS, ...extra];
  return {
    head: columns.map(({ name }) => name),
    rows: objects.map((object) => ({
      object,
      cells: columns.map(({ cell }) => cell(object, options.now)),
    })),
  };
}

/** The cells that the API server made. */
export const serverListing = ({ columns, rows }: Table): Listing => ({
  head: columns.map(({ name }) => name.toUpperCase()),
  rows: rows.map(({ object, cells }) => ({ object, cells: cells.map(cellText) })),
});

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return "-";
  return typeof cell === "string" ? cell : JSON.stringify(cell);
}

/** The rows with the namespace of each object before it. */
export const withNamespaces = ({ head, rows }: Listing): Listing => ({
  head: ["NAMESPACE", ...head],
  rows: rows.map(({ object, cells }) => ({
    object,
    cells: [object.metadata.namespace ?? "", ...cells],
  })),
});

function workloadsOf(object: KubeObject): string {
  const { workloads } = progressOf(object);
  const texts = workloads.map(({ name, ready, desired }) => `${name} ${ready}/${desired}`);
  return texts.length === 0 ? "-" : texts.join(", ");
}

/** Each pod of an experiment with its node and addresses. */
function podsOf(object: KubeObject): string {
  const pods = itemsOf(object, "status", "workloads").flatMap((each) => itemsOf(each, "pods"));
  const texts = pods.map((pod) => {
    const node = textOf(pod, "node");
    const addresses = itemsOf(pod, "addresses").map(String);
    return [textOf(pod, "name") ?? "", ...(node === undefined ? [] : ["on", node]), ...addresses];
  });
  return texts.length === 0 ? "-" : texts.map((words) => words.join(" ")).join(", ");
}

/** What of each resource is used, of how much. */
function quotaOf(object: KubeObject): string {
  const texts = itemsOf(object, "status", "quota").map(
    (each) =>
      `${textOf(each, "resource") ?? ""} ${textOf(each, "used") ?? ""}/${textOf(each, "limit") ?? ""}`,
  );
  return texts.length === 0 ? "-" : texts.join(", ");
}

function restartsOf(object: KubeObject): string {
  const statuses = itemsOf(object, "status", "containerStatuses");
  const counts = statuses.map((each) => numberOf(each, "restartCount") ?? 0);
  return String(counts.reduce((total, count) => total + count, 0));
}

function addressesOf(object: KubeObject): string {
  const addresses = itemsOf(object, "status", "podIPs").filter(isJson);
  return addresses.length === 0 ? "-" : addresses.map(({ ip }) => String(ip)).join(" ");
}
