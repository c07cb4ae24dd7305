/** `seam node`: what a node should look like, what it looks like, and the steps between. */
import { isJson, type NodeView, policyReportOf, viewNode } from "@seam/client";
import { stringify } from "yaml";
import { table } from "./render.ts";
import type { Target } from "./definition.ts";
import { fail, print, withSeam } from "./session.ts";
import { printTable } from "./terminal.ts";

type NodeFlags = Target & { readonly output: "table" | "json" | "yaml" };

type Row = { readonly part: string; readonly text: string };

/** A part of the state on one line: its first value, then each further one with its name. */
export function lineOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(lineOf).join(", ");
  if (!isJson(value)) return String(value);
  const given = Object.entries(value).filter(([, inner]) => inner !== null);
  return given
    .map(([key, inner], index) => (index === 0 ? lineOf(inner) : `${key} ${lineOf(inner)}`))
    .join(" ");
}

/** Every thing of a state: one row per item of its lists, one for each other part that is there. */
function rowsOf(state: object): readonly Row[] {
  return Object.entries(state).flatMap(([part, value]: [string, unknown]) => {
    if (value === null) return [];
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    return items.map((item) => ({
      part: part.replace(/(ss)es$|(?<!s)s$/, "$1"),
      text: lineOf(item),
    }));
  });
}

type Due = { readonly kind: string; readonly part: string; readonly text: string };

/** A step as what it does and to what: its other field is the thing, or a list of things, or is missing. */
function duesOf({ kind, ...things }: NodeView["steps"][number]): readonly Due[] {
  const rows = rowsOf(things);
  const named = rows.length === 0 ? [{ part: "", text: "" }] : rows;
  return named.map((row) => ({ kind: String(kind), ...row }));
}

/**
 * The node as a table: all that should be there, each with `ok` or the step that is due, and below what has to go. A step that changes
 * something also shows what is there now. `report` is a line of what the cluster knows of the node.
 */
export function nodeTable(name: string, view: NodeView, report = ""): string {
  const wanted = rowsOf(view.desired);
  const present = rowsOf(view.observed);
  const dues = view.steps.flatMap(duesOf);
  const rowOf = ({ part, text }: Row): readonly string[] => {
    const due = dues.find((each) => each.part === part && each.text === text);
    if (due === undefined) return [part, "ok", text];
    const now = present.find((each) => each.part === part && headOf(each.text) === headOf(text));
    return [part, due.kind, now === undefined ? text : `${text} (now: ${now.text})`];
  };
  const surplus = dues.filter(
    (due) => !wanted.some((row) => row.part === due.part && row.text === due.text),
  );
  const rows = [...wanted.map(rowOf), ...surplus.map((due) => [due.part, due.kind, due.text])];
  const parts = [table([["WHAT", "STATE", "SHOULD BE"], ...rows]), gateTable(view.gates)];
  const said = `${report === "" ? "" : `${report}\n`}${verdict(name, view)}`;
  return [...parts.filter((part) => part !== ""), said].join("\n\n");
}

/** The gates of pods; empty when there are none. */
function gateTable(gates: NodeView["gates"]): string {
  if (gates.length === 0) return "";
  const rows = gates.map(({ pod, device, gate, ingress, egress }) => {
    const names = [ingress, egress].map((policies) => {
      if (Array.isArray(policies) && policies.length > 0) return policies.join(",");
      return gate === "open" && policies === null ? "none: all pass" : "-";
    });
    return [pod, device, gate, ...names].map(String);
  });
  return table([["POD", "LINK", "GATE", "INGRESS POLICIES", "EGRESS POLICIES"], ...rows]);
}

function verdict(name: string, { steps }: NodeView): string {
  if (steps.length === 0) return `node ${name} is as it should be`;
  const count = `${steps.length} ${steps.length === 1 ? "step" : "steps"}`;
  return `node ${name} is ${count} from what it should be: ${steps.map(({ kind }) => String(kind)).join(", ")}`;
}

const headOf = (text: string): string => text.split(/[ ,]/)[0] ?? "";

/** What the agent reported of policies, on a line. */
export function reportLine(report: Awaited<ReturnType<typeof policyReportOf>>): string {
  if (report === null) return "no report of which policies are in force";
  const versions = [...report.enforced].map(([kind, version]) => `${kind} ${version}`);
  const upTo = versions.length === 0 ? "nothing" : versions.join(", ");
  return `policies in force up to resourceVersion: ${upTo}; reported at ${report.at ?? "an unknown time"}`;
}

const yaml = (view: NodeView): string => stringify(view).trimEnd();

/** The action of `seam node`. */
export async function node(name: string, flags: NodeFlags): Promise<void> {
  await withSeam(flags, async ({ kube }) => {
    const view = await viewNode(kube, name);
    if (!view.ok) fail(view.error);
    else if (flags.output === "table") {
      const report = reportLine(await policyReportOf(kube, name));
      printTable(nodeTable(name, view.value, report));
    } else print(flags.output === "json" ? JSON.stringify(view.value, null, 2) : yaml(view.value));
  });
}
