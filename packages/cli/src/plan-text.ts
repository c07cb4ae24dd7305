/** A plan as text for people, and as a difference; pure. */
import {
  type FieldChange,
  nameOf,
  type Plan,
  type PlannedNode,
  type PlannedObject,
} from "@seam/client";
import type { KubeObject } from "@seam/kube";
import { createTwoFilesPatch } from "diff";
import { stringify } from "yaml";
import { table } from "./render.ts";

/** Longer values of a field are cut. */
const LONGEST_VALUE = 60;
const ACTIONS = ["create", "change", "delete", "unchanged"] as const;

/** What would be done, to which objects and on which nodes; objects that are made of others stand below them. */
export function planText(plan: Plan): string {
  const shown = plan.objects.filter(
    ({ madeOf, action }) => madeOf === null || action !== "unchanged",
  );
  const nodes = plan.nodes.map(nodeRow);
  return [
    table([["OBJECT", "ACTION", "WHAT"], ...shown.flatMap(objectRows)]),
    ...(nodes.length === 0 ? [] : ["", table([["NODE", "PODS", "STEPS"], ...nodes])]),
    ...(plan.notes.length === 0 ? [] : ["", ...plan.notes.map((note) => `note: ${note}`)]),
    "",
    `plan: ${summary(plan)}`,
  ].join("\n");
}

function summary({ objects }: Plan): string {
  const count = (action: PlannedObject["action"]): number =>
    objects.filter((each) => each.action === action).length;
  return ACTIONS.map((action) =>
    action === "unchanged" ? `${count(action)} unchanged` : `${count(action)} to ${action}`,
  ).join(", ");
}

function objectRows({
  ref,
  action,
  madeOf,
  waitsFor,
  fields,
}: PlannedObject): readonly (readonly string[])[] {
  const name = `${madeOf === null ? "" : "  "}${nameOf(ref)}`;
  const waits = waitsFor.length === 0 ? [] : [`when ${waitsFor.join(" and ")} is Ready`];
  const [first = "", ...more] = [...waits, ...fields.map(fieldText)];
  return [[name, action, first], ...more.map((text) => ["", "", text])];
}

/** Such as `.spec.replicas: 2 -> 3`, `+.spec.suspend: true` or `-.spec.lifetime: 24h`. */
function fieldText({ path, before, after }: FieldChange): string {
  if (before === undefined) return `+${path}: ${short(after)}`;
  if (after === undefined) return `-${path}: ${short(before)}`;
  return `${path}: ${short(before)} -> ${short(after)}`;
}

function short(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 3)}...` : text;
}

function nodeRow({ node, pods, steps }: PlannedNode): readonly string[] {
  const names = pods.map(({ action, namespace, name }) => {
    const sign = action === "make" ? "+" : "-";
    return `${sign}${namespace}/${name}`;
  });
  return [node ?? "any", names.join(" ") || "-", stepsText(steps) || "-"];
}

/** How many steps of each kind, in the order of the first ones. */
function stepsText(steps: PlannedNode["steps"]): string {
  const counts = new Map<string, number>();
  for (const { kind } of steps) counts.set(String(kind), (counts.get(String(kind)) ?? 0) + 1);
  return [...counts].map(([kind, count]) => (count === 1 ? kind : `${count} ${kind}`)).join(", ");
}

/** A unified difference of the YAML of each object that is not as it should be. */
export const planDifference = ({ objects }: Plan): string =>
  objects
    .filter(({ action }) => action !== "unchanged")
    .map(({ ref, before, after }) =>
      createTwoFilesPatch(
        before === null ? "/dev/null" : nameOf(ref),
        after === null ? "/dev/null" : nameOf(ref),
        yamlOf(before),
        yamlOf(after),
      )
        .replace(/^(Index: .*\n)?=+\n/, "")
        .trimEnd(),
    )
    .join("\n");

const yamlOf = (object: KubeObject | null): string => (object === null ? "" : stringify(object));
