/** Objects as text: tables, descriptions, JSON, YAML. Pure. */
import { fieldOf, isJson, itemsOf, nameOf, progressOf, textOf } from "@seam/client";
import { type KubeObject, withoutManagers } from "@seam/kube";
import { stringify } from "yaml";

/** Rows in columns, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = widthsOf(rows);
  return rows.map((row) => tableRow(row, widths)).join("\n");
}

/** The width of each column. */
export const widthsOf = (rows: readonly (readonly string[])[]): readonly number[] =>
  (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? "").length)));

/** One row whose cells are padded to widths. */
export const tableRow = (row: readonly string[], widths: readonly number[]): string =>
  row
    .map((cell, at) => cell.padEnd(widths[at] ?? 0))
    .join("  ")
    .trimEnd();

/** Time since an RFC 3339 time, in its two largest units at most: 45s, 3m20s, 5h, 12d. */
export function ageText(since: string | undefined, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since ?? "")) / 1000));
  if (Number.isNaN(seconds)) return "-";
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** The phase of an object, or that it is being deleted. */
export function phaseOf(object: KubeObject): string {
  if (fieldOf(object, "metadata", "deletionTimestamp") !== undefined) return "Deleting";
  return textOf(object, "status", "phase") ?? "-";
}

/** Ready pods of desired pods; for kinds without pods their condition Ready. */
export function readyOf(object: KubeObject): string {
  const { workloads } = progressOf(object);
  if (workloads.length > 0) {
    const sum = (key: "ready" | "desired"): number =>
      workloads.reduce((total, each) => total + each[key], 0);
    return `${sum("ready")}/${sum("desired")}`;
  }
  const replicas = fieldOf(object, "spec", "replicas");
  if (typeof replicas === "number") {
    const ready = fieldOf(object, "status", "readyReplicas");
    return `${typeof ready === "number" ? ready : 0}/${replicas}`;
  }
  const ready = itemsOf(object, "status", "conditions").find(
    (each) => fieldOf(each, "type") === "Ready",
  );
  return textOf(ready, "status") ?? "-";
}

/** How objects are printed other than as a table. */
export type Format = "json" | "yaml" | "name";

/** Objects as JSON, YAML or names; a single one stands alone, several are a List. */
export function structured(
  objects: readonly KubeObject[],
  format: Format,
  single: boolean,
): string {
  const clean = objects.map(withoutManagers);
  const whole = single ? clean[0] : { apiVersion: "v1", kind: "List", items: clean };
  switch (format) {
    case "name":
      return objects.map((each) => `${each.kind.toLowerCase()}/${each.metadata.name}`).join("\n");
    case "json":
      return JSON.stringify(whole, null, 2);
    case "yaml":
      return stringify(whole).trimEnd();
  }
}

/** An object as people name it. */
export const nameOfObject = ({ kind, metadata }: KubeObject): string =>
  nameOf({ kind, name: metadata.name, namespace: metadata.namespace });

/** Everything about one object for a person: what it is, its spec, its status, conditions and events. */
export function describeObject(
  object: KubeObject,
  events: readonly KubeObject[],
  now: number,
): string {
  const { name, namespace } = object.metadata;
  const status = fieldOf(object, "status");
  const { conditions: _, ...rest } = isJson(status) ? status : {};
  const head = [
    ["Kind:", object.kind],
    ["Name:", name],
    ...(namespace === undefined ? [] : [["Namespace:", namespace]]),
    ["Age:", ageText(textOf(object, "metadata", "creationTimestamp"), now)],
  ];
  return [
    table(head),
    ...section("Spec", fieldOf(object, "spec")),
    ...section("Status", Object.keys(rest).length === 0 ? undefined : rest),
    `Conditions:\n${conditionsText(object, now)}`,
    `Events:\n${eventsText(events, now)}`,
  ].join("\n");
}

const indent = (text: string): string => text.replaceAll(/^(?=.)/gm, "  ");

const section = (title: string, value: unknown): readonly string[] =>
  value === undefined ? [] : [`${title}:\n${indent(stringify(value).trimEnd())}`];

function conditionsText(object: KubeObject, now: number): string {
  const conditions = itemsOf(object, "status", "conditions");
  if (conditions.length === 0) return "  none yet";
  const rows = conditions.map((each) => [
    textOf(each, "type") ?? "",
    textOf(each, "status") ?? "",
    textOf(each, "reason") ?? "",
    ageText(textOf(each, "lastTransitionTime"), now),
    textOf(each, "message") ?? "",
  ]);
  return indent(table([["TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"], ...rows]));
}

const timeOf = (event: KubeObject): string =>
  textOf(event, "series", "lastObservedTime") ??
  textOf(event, "lastTimestamp") ??
  textOf(event, "eventTime") ??
  textOf(event, "metadata", "creationTimestamp") ??
  "";

/** How often it happened, in the form of events.k8s.io or in the older one; nothing for once. */
function timesOf(event: KubeObject): string {
  const count = fieldOf(event, "series", "count") ?? fieldOf(event, "count");
  return typeof count === "number" && count > 1 ? ` (${count} times)` : "";
}

function eventsText(events: readonly KubeObject[], now: number): string {
  if (events.length === 0) return "  none";
  const rows = events
    .toSorted((a, b) => timeOf(a).localeCompare(timeOf(b)))
    .map((each) => [
      ageText(timeOf(each), now),
      textOf(each, "type") ?? "",
      textOf(each, "reason") ?? "",
      `${textOf(each, "involvedObject", "kind")?.toLowerCase() ?? ""}/${textOf(each, "involvedObject", "name") ?? ""}`,
      `${textOf(each, "message") ?? ""}${timesOf(each)}`,
    ]);
  return indent(table([["AGE", "TYPE", "REASON", "OBJECT", "MESSAGE"], ...rows]));
}
