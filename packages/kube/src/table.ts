/** Lists as the server itself prints them: it knows the columns of every kind, also of kinds that others define. */
import { millis } from "@seam/base";
import { child, children, isKubeObject, textAt, type Json, type KubeObject } from "./object.ts";
import type { Call } from "./transport.ts";

/** Columns, and for each object its cells. */
export type Table = {
  /** Columns of a priority above 0 are for wide tables. */
  readonly columns: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: KubeObject }[];
};

/** The request for a table of the list at `path`; rows carry their whole object. */
export const tableCall = (path: string): Call => ({
  method: "GET",
  path: `${path}${path.includes("?") ? "&" : "?"}includeObject=Object`,
  accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
  inactivity: millis(60_000),
});

/** The table in the server's answer. */
export const tableIn = (answer: Json): Table => ({
  columns: children(answer, "columnDefinitions").map((column) => ({
    name: textAt(column, "name") ?? "",
    priority: typeof column["priority"] === "number" ? column["priority"] : 0,
  })),
  rows: children(answer, "rows").flatMap((row) => {
    const object = child(row, "object");
    const { cells } = row;
    return isKubeObject(object) && Array.isArray(cells) ? [{ cells, object }] : [];
  }),
});
