/** What a field of a kind is, from the schemas alone: type, whether it is required, default, allowed values, example, fields below. */
import { err, ok, type Result } from "@seam/base";
import { BandwidthSchema } from "./bandwidth.ts";
import { ExperimentSchema } from "./experiment.ts";
import { NetworkConfigSchema } from "./network-config.ts";
import { child, isJson, list, mapValue, schemas, words, type Json } from "./node.ts";
import { ProjectSchema } from "./project.ts";
import { describe, describeAlternatives, exampleOf } from "./walk.ts";

/** A field in the list of those below another. */
export type FieldSummary = {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
};

/** Everything there is to say of a field. */
export type Explanation = FieldSummary & {
  /** What a value must be, in words. */
  readonly expected: string;
  readonly default?: unknown;
  readonly allowed: readonly unknown[];
  readonly example: unknown;
  /** What must hold between the fields below. */
  readonly rules: readonly string[];
  readonly fields: readonly FieldSummary[];
};

/** Why there is nothing to say: the name that is not known, and those that are. */
export type Unexplained = { readonly unknown: string; readonly known: readonly string[] };

const SCHEMAS: { readonly [kind: string]: Json } = {
  Project: { ...ProjectSchema },
  Experiment: { ...ExperimentSchema },
  NetworkConfig: { ...NetworkConfigSchema },
  Bandwidth: { ...BandwidthSchema },
};

/** The kinds that `explain` knows. */
export const explainedKinds: readonly string[] = Object.keys(SCHEMAS);

type Step = { readonly schema: Json; readonly required: boolean };

/** Explains a kind, or the field at a path of names in it; lists are passed through. */
export function explain(kind: string, path: readonly string[]): Result<Explanation, Unexplained> {
  const root = SCHEMAS[kind];
  if (root === undefined) return err({ unknown: kind, known: explainedKinds });
  let at: Step = { schema: root, required: true };
  for (const name of path) {
    const next = below(at.schema, name);
    if (next === null) return err({ unknown: name, known: namesBelow(at.schema) });
    at = next;
  }
  return ok(explained(path.at(-1) ?? kind, at));
}

/** The schema that has the fields: of a list its items, of words or an object the object. */
function fielded(schema: Json): Json {
  if (schema["type"] === "array") return fielded(child(schema, "items"));
  const arm = list(schema, "anyOf").find((each) => isJson(each) && each["type"] === "object");
  return isJson(arm) ? arm : schema;
}

const namesBelow = (schema: Json): readonly string[] =>
  schemas(fielded(schema), "properties").map(([name]) => name);

function below(schema: Json, name: string): Step | null {
  const from = fielded(schema);
  const each = mapValue(from);
  if (each !== null) return { schema: each, required: false };
  const found = schemas(from, "properties").find(([key]) => key === name);
  return found === undefined
    ? null
    : { schema: found[1], required: list(from, "required").includes(name) };
}

const summary = (name: string, { schema, required }: Step): FieldSummary => ({
  name,
  type: typeName(schema),
  required,
  description: typeof schema["description"] === "string" ? schema["description"] : "",
});

function explained(name: string, step: Step): Explanation {
  const { schema } = step;
  const from = fielded(schema);
  return {
    ...summary(name, step),
    expected: describe(schema),
    ...("default" in schema ? { default: schema["default"] } : {}),
    allowed: allowedBy(schema),
    example: exampleOf(schema),
    rules: rulesOf(from),
    fields: schemas(from, "properties").map(([key, inner]) =>
      summary(key, { schema: inner, required: list(from, "required").includes(key) }),
    ),
  };
}

const allowedBy = (schema: Json): readonly unknown[] => [
  ...words(schema),
  ...list(schema, "anyOf").filter(isJson).flatMap(words),
];

function rulesOf(schema: Json): readonly string[] {
  const alternatives = list(schema, "exactlyOne").map(String);
  const said = list(schema, "x-kubernetes-validations")
    .map((rule) => (isJson(rule) ? rule["message"] : undefined))
    .filter((message) => typeof message === "string");
  return alternatives.length === 0
    ? said
    : [`expected ${describeAlternatives(alternatives)}`, ...said];
}

/** The type in a word or two, as kubectl writes them: string, integer, []object, map[string]integer. */
function typeName(schema: Json): string {
  if (Array.isArray(schema["anyOf"])) return "string or object";
  if (words(schema).length > 0) return "string";
  if (schema["type"] === "array") return `[]${typeName(child(schema, "items"))}`;
  const each = mapValue(schema);
  if (each !== null) return `map[string]${typeName(each)}`;
  return typeof schema["type"] === "string" ? schema["type"] : "object";
}
