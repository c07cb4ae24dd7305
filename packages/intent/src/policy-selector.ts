/** Selectors of labels (meta/v1, LabelSelector): all requirements hold; one without requirements selects everything. */
import { err, ok, type Result } from "@seam/base";

import { fieldsOf, isRecord, listAt, readEach } from "./policy-fields.ts";

/** Labels of an object. */
export type Labels = Readonly<Record<string, string>>;

type Requirement = {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
};

/** A selector; equal ones have equal texts. */
export type LabelSelector = {
  readonly text: string;
  readonly requirements: readonly Requirement[];
};

/** Selects everything. */
export const EVERYTHING: LabelSelector = { text: "", requirements: [] };

const OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist"] as const;

/** Reads a selector; a missing one selects everything. */
export function readSelector(value: unknown, path: string): Result<LabelSelector, string> {
  if (value === undefined || value === null) return ok(EVERYTHING);
  const fields = fieldsOf(value, path, ["matchLabels", "matchExpressions"]);
  if (!fields.ok) return fields;
  const matchLabels = fields.value["matchLabels"] ?? {};
  if (!isRecord(matchLabels)) return err(`${path}.matchLabels: expected labels`);
  const labels = Object.entries(matchLabels).map(([key, label]): Requirement => ({
    key,
    operator: "In",
    values: [String(label)],
  }));
  const listed = listAt(fields.value, "matchExpressions", path);
  if (!listed.ok) return listed;
  const expressions = readEach(listed.value, `${path}.matchExpressions`, readRequirement);
  if (!expressions.ok) return expressions;
  const sorted = [...labels, ...expressions.value]
    .map((requirement) => ({ requirement, text: textOf(requirement) }))
    .toSorted((one, two) => (one.text < two.text ? -1 : 1));
  return ok({
    text: sorted.map(({ text }) => text).join("&"),
    requirements: sorted.map(({ requirement }) => requirement),
  });
}

function readRequirement(value: unknown, path: string): Result<Requirement, string> {
  const fields = fieldsOf(value, path, ["key", "operator", "values"]);
  if (!fields.ok) return fields;
  const { key, operator } = fields.value;
  const values = listAt(fields.value, "values", path);
  if (!values.ok) return values;
  const known = OPERATORS.find((each) => each === operator);
  if (typeof key !== "string" || known === undefined)
    return err(`${path}: expected a key and one of ${OPERATORS.join(", ")}`);
  return ok({ key, operator: known, values: values.value.map(String) });
}

const textOf = ({ key, operator, values }: Requirement): string =>
  JSON.stringify([key, operator, ...values.toSorted()]);

/** Whether labels meet the selector. An absent label is not in any list of values. */
export function isSelected({ requirements }: LabelSelector, labels: Labels): boolean {
  for (const { key, operator, values } of requirements) {
    const value = labelOf(labels, key);
    const met =
      operator === "In"
        ? value !== undefined && values.includes(value)
        : operator === "NotIn"
          ? value === undefined || !values.includes(value)
          : (operator === "Exists") === (value !== undefined);
    if (!met) return false;
  }
  return true;
}

/** The label's value; undefined without it. */
export const labelOf = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;
