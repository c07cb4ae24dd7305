/** Makes CustomResourceDefinitions from the schemas: structural, with CEL rules whose messages say what was expected. */
import { child, isJson, list, mapValue, schemas, words, type Json } from "./node.ts";
import { describe, describeAlternatives, exampleOf } from "./walk.ts";
import { GROUP, VERSION } from "./words.ts";

/** What a CRD needs beside the schema. */
export type KindNames = {
  /** `apiVersion` of its objects; that of Seam's own kinds when absent. */
  readonly api?: { readonly group: string; readonly version: string };
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: "Cluster" | "Namespaced";
  readonly columns: readonly PrinterColumn[];
};

/** A column of `kubectl get`. */
export type PrinterColumn = {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
};

/** The CustomResourceDefinition of a kind. */
export function customResourceDefinition(names: KindNames, schema: Json): Json {
  const { group, version } = names.api ?? { group: GROUP, version: VERSION };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${names.plural}.${group}` },
    spec: {
      group,
      scope: names.scope,
      names: {
        kind: names.kind,
        listKind: `${names.kind}List`,
        plural: names.plural,
        singular: names.kind.toLowerCase(),
        ...(names.shortNames.length === 0 ? {} : { shortNames: names.shortNames }),
        categories: ["seam"],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: rootSchema(schema) },
          subresources: { status: {} },
          additionalPrinterColumns: names.columns,
        },
      ],
    },
  };
}

/** The root differs: the API server owns apiVersion, kind and metadata. */
function rootSchema(schema: Json): Json {
  const properties = child(schema, "properties");
  const plain = { type: "string" };
  const root = structural({
    ...schema,
    properties: { ...properties, apiVersion: {}, kind: {}, metadata: {} },
    required: ["spec"],
  });
  return {
    ...root,
    properties: {
      ...child(root, "properties"),
      apiVersion: plain,
      kind: plain,
      metadata: { type: "object" },
    },
  };
}

const KEPT = [
  "format",
  "default",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "maxProperties",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-preserve-unknown-fields",
];

function structural(schema: Json): Json {
  const base = { ...description(schema), ...pick(schema, KEPT) };
  if (Array.isArray(schema["anyOf"])) return { ...base, ...wordOrObject(schema) };
  const allowed = words(schema);
  if (allowed.length > 0) return { type: "string", ...base, enum: allowed };
  const rules = [
    ...list(schema, "x-kubernetes-validations"),
    ...patternRules(schema),
    ...alternativeRules(schema),
  ];
  return {
    ...("type" in schema ? { type: schema["type"] } : {}),
    ...base,
    ...inside(schema),
    ...(rules.length > 0 ? { "x-kubernetes-validations": rules } : {}),
  };
}

function inside(schema: Json): Json {
  if (schema["type"] === "array") return { items: structural(child(schema, "items")) };
  if (schema["type"] !== "object") return {};
  const each = mapValue(schema);
  if (each !== null) return { additionalProperties: structural(each) };
  const properties = Object.fromEntries(
    schemas(schema, "properties").map(([key, field]) => [key, structural(field)]),
  );
  const required = list(schema, "required");
  return { properties, ...(required.length > 0 ? { required } : {}) };
}

/** A pattern becomes a rule, because the message of a failed pattern shows only the pattern. */
function patternRules(schema: Json): readonly Json[] {
  const pattern = schema["pattern"];
  if (typeof pattern !== "string") return [];
  const message = `expected ${describe(schema)}, for example ${JSON.stringify(exampleOf(schema))}`;
  return [{ rule: `self.matches(r'${pattern}')`, message }];
}

function alternativeRules(schema: Json): readonly Json[] {
  const names = list(schema, "exactlyOne").map(String);
  if (names.length === 0) return [];
  const rule = `[${names.map((name) => `has(self.${name})`).join(", ")}].exists_one(each, each)`;
  const example = JSON.stringify(exampleOf(schema));
  return [{ rule, message: `expected ${describeAlternatives(names)}, for example ${example}` }];
}

/**
 * A union of words and objects. Structural schemas give such a field no type; keywords of strings and numbers do not
 * touch objects, so the arms of objects refuse every string by impossible lengths and every number by impossible bounds.
 */
function wordOrObject(schema: Json): Json {
  const arms = list(schema, "anyOf").filter(isJson);
  const allowed = arms.flatMap(words);
  const impossible = {
    minLength: 1,
    maxLength: 0,
    minimum: 1,
    maximum: 0,
    minItems: 1,
    maxItems: 0,
  };
  const objects = arms
    .filter((arm) => words(arm).length === 0)
    .map((arm) => ({ required: list(arm, "required"), maxProperties: 1, ...impossible }));
  return {
    "x-kubernetes-preserve-unknown-fields": true,
    anyOf: [{ enum: allowed }, ...objects],
  };
}

function description(schema: Json): Json {
  const said = schema["description"];
  if (typeof said !== "string") return {};
  return {
    description:
      "example" in schema ? `${said} Example: ${JSON.stringify(schema["example"])}` : said,
  };
}

const pick = (schema: Json, keys: readonly string[]): Json =>
  Object.fromEntries(keys.filter((key) => key in schema).map((key) => [key, schema[key]]));
