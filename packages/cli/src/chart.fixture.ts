/** What is made of the schema of the chart's values: `values.yaml`, and the table of the guide. */
import { readFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../../..");

/** A file of the checkout. */
export const fileOf = (name: string): string => path.join(root, name);

/** Folder of the chart. */
export const chart = fileOf("deploy/helm/seam");

/** A value that has a default, or a group of values. */
type Schema = {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly properties?: { readonly [name: string]: Schema };
};

/** The schema of all values. */
export const readSchema = (): Schema =>
  JSON.parse(readFileSync(path.join(chart, "values.schema.json"), "utf8"));

/** Whether a schema is a group: such a one has no default of its own. */
const isGroup = (schema: Schema): boolean => schema.default === undefined;

const membersOf = ({ properties = {} }: Schema): readonly (readonly [string, Schema])[] =>
  Object.entries(properties);

/** The text of `values.yaml`: each default, with what it is for. */
export const valuesText = (schema: Schema): string =>
  `# Made from values.schema.json; UPDATE=1 makes it anew.\n${groupText(schema, "")}`;

function groupText(schema: Schema, indent: string): string {
  const texts = membersOf(schema).map(([name, member]) =>
    isGroup(member)
      ? `${indent}${name}:\n${groupText(member, `${indent}  `)}`
      : `${indent}# ${described(member)}\n${indent}${name}: ${JSON.stringify(member.default)}\n`,
  );
  return texts.join("");
}

function described({ description, enum: choices }: Schema): string {
  if (description === undefined) throw new Error("a value of the chart has no description");
  return choices === undefined ? description : `${description}: ${choices.join(", ")}`;
}

/** The rows of the guide's table: name, default, description. */
export function valuesTable(schema: Schema): string {
  const rows = rowsOf(schema, "");
  return ["| value | default | what it is |", "|---|---|---|", ...rows].join("\n");
}

function rowsOf(schema: Schema, prefix: string): readonly string[] {
  return membersOf(schema).flatMap(([name, member]) =>
    isGroup(member)
      ? rowsOf(member, `${prefix}${name}.`)
      : [`| \`${prefix}${name}\` | \`${JSON.stringify(member.default)}\` | ${described(member)} |`],
  );
}
