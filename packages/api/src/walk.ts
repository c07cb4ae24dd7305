/** Walks a value beside its schema and reports every error with the field, what was expected and an example. */
import { child, isJson, list, mapValue, schemas, words, type Json } from "./node.ts";

/** One error in an object: where, what was expected, an example of it, and what was found. */
export type FieldError = {
  readonly path: string;
  readonly expected: string;
  readonly example: string;
  readonly found: string;
};

type Site = { readonly schema: Json; readonly path: string };

/** All errors of `value` against `site.schema`. */
export function walk(site: Site, value: unknown): readonly FieldError[] {
  const { schema } = site;
  if (Array.isArray(schema["anyOf"])) return walkUnion(site, value);
  const allowed = words(schema);
  if (allowed.length > 0) return allowed.includes(value) ? [] : [fieldError(site, value)];
  if (schema["type"] === "object" && isJson(value)) return walkObject(site, value);
  if (schema["type"] === "array" && Array.isArray(value)) return walkArray(site, value);
  return fitsType(schema, value) ? [] : [fieldError(site, value)];
}

/** Whether a scalar fits; a composite that reaches this is of the wrong type. */
function fitsType(schema: Json, value: unknown): boolean {
  switch (schema["type"]) {
    case "object":
    case "array":
      return false;
    case "string":
      return fitsText(schema, value);
    case "integer":
      return fitsInteger(schema, value);
    case "boolean":
      return typeof value === "boolean";
    default:
      return true;
  }
}

/** An error at `site`; the schema says what was expected. */
export const fieldError = (site: Site, value: unknown): FieldError => ({
  path: site.path,
  expected: describe(site.schema),
  example: JSON.stringify(exampleOf(site.schema)),
  found: value === undefined ? "nothing" : clip(JSON.stringify(value)),
});

const clip = (shown: string): string => (shown.length > 80 ? `${shown.slice(0, 77)}...` : shown);

function walkUnion(site: Site, value: unknown): readonly FieldError[] {
  const fits = list(site.schema, "anyOf").some(
    (arm) => isJson(arm) && walk({ schema: arm, path: site.path }, value).length === 0,
  );
  return fits ? [] : [fieldError(site, value)];
}

function walkObject(site: Site, value: Json): readonly FieldError[] {
  const each = mapValue(site.schema);
  if (each !== null) {
    const entries = Object.entries(value);
    const inside = entries.flatMap(([key, item]) => {
      const path = `${site.path}["${key}"]`;
      return [...keyErrors(site.schema, key, path), ...walk({ schema: each, path }, item)];
    });
    return within(site.schema, entries.length, "Properties")
      ? inside
      : [fieldError(site, value), ...inside];
  }
  const required = list(site.schema, "required");
  const known = schemas(site.schema, "properties");
  const errors = known.flatMap(([key, schema]) => {
    const at = { schema, path: join(site.path, key) };
    if (Object.hasOwn(value, key) && value[key] !== undefined) return walk(at, value[key]);
    return required.includes(key) ? [fieldError(at, undefined)] : [];
  });
  return [...errors, ...unknownFields(site, value), ...alternatives(site, value)];
}

/** What `keys` says of the names in a map. */
function keyErrors(schema: Json, key: string, path: string): readonly FieldError[] {
  const { pattern, reserved, expected, example } = child(schema, "keys");
  if (typeof pattern !== "string") return [];
  const fits = new RegExp(pattern, "u").test(key);
  if (fits && !(typeof reserved === "string" && key.startsWith(reserved))) return [];
  const found = JSON.stringify(key);
  return [{ path, expected: String(expected), example: JSON.stringify(example), found }];
}

/** Of the fields that `exactlyOne` names there is one. */
function alternatives(site: Site, value: Json): readonly FieldError[] {
  const names = list(site.schema, "exactlyOne").map(String);
  const present = names.filter((name) => value[name] !== undefined);
  if (names.length === 0 || present.length === 1) return [];
  return [{ ...fieldError(site, value), expected: describeAlternatives(names) }];
}

/** In words, for messages: exactly one of a, b and c. */
export const describeAlternatives = (names: readonly string[]): string =>
  `exactly one of ${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;

function unknownFields(site: Site, value: Json): readonly FieldError[] {
  if (site.schema["additionalProperties"] !== false) return [];
  const names = Object.keys(child(site.schema, "properties"));
  return Object.keys(value)
    .filter((key) => !names.includes(key))
    .map((key) => ({
      path: join(site.path, key),
      expected: `one of the fields ${names.join(", ")}`,
      example: JSON.stringify(exampleOf(site.schema)),
      found: "an unknown field",
    }));
}

function walkArray(site: Site, value: readonly unknown[]): readonly FieldError[] {
  const items = child(site.schema, "items");
  const inside = value.flatMap((item, index) =>
    walk({ schema: items, path: `${site.path}[${index}]` }, item),
  );
  const outside = within(site.schema, value.length, "Items") ? [] : [fieldError(site, value)];
  return [...outside, ...inside, ...repeatedKeys(site, value)];
}

function repeatedKeys(site: Site, value: readonly unknown[]): readonly FieldError[] {
  const key = list(site.schema, "x-kubernetes-list-map-keys")[0];
  if (typeof key !== "string") return [];
  const seen = new Set<unknown>();
  return value.flatMap((item, index) => {
    const name = isJson(item) ? item[key] : undefined;
    const again = typeof name === "string" && seen.has(name);
    seen.add(name);
    if (!again) return [];
    const path = `${site.path}[${index}].${key}`;
    return [
      {
        path,
        expected: `a ${key} that is not used twice`,
        example: `${JSON.stringify(name).slice(0, -1)}-2"`,
        found: JSON.stringify(name),
      },
    ];
  });
}

function within(schema: Json, count: number, what: "Items" | "Properties" | "Length"): boolean {
  const least = schema[`min${what}`];
  const most = schema[`max${what}`];
  return (
    !(typeof least === "number" && count < least) && !(typeof most === "number" && count > most)
  );
}

function fitsText(schema: Json, value: unknown): boolean {
  if (typeof value !== "string") return false;
  const pattern = schema["pattern"];
  return (
    within(schema, Array.from(value).length, "Length") &&
    (typeof pattern !== "string" || new RegExp(pattern, "u").test(value))
  );
}

function fitsInteger(schema: Json, value: unknown): boolean {
  if (!Number.isInteger(value) || typeof value !== "number") return false;
  const { minimum, maximum } = schema;
  return (
    !(typeof minimum === "number" && value < minimum) &&
    !(typeof maximum === "number" && value > maximum)
  );
}

/** What the schema expects, as words. */
export function describe(schema: Json): string {
  const allowed = words(schema);
  if (allowed.length > 0)
    return allowed.length === 1 ? String(allowed[0]) : `one of ${allowed.join(", ")}`;
  const bound = limits(schema);
  const base = typeof schema["expected"] === "string" ? schema["expected"] : baseName(schema);
  return bound === "" ? base : `${base} ${bound}`;
}

const baseName = (schema: Json): string => {
  const names = Object.keys(child(schema, "properties"));
  if (names.length > 0) return `an object with ${names.join(", ")}`;
  switch (schema["type"]) {
    case "array":
      return "a list";
    case "integer":
      return "a whole number";
    case "boolean":
      return "true or false";
    case "object":
      return "a map";
    default:
      return "a text";
  }
};

function limits(schema: Json): string {
  const { minimum, maximum, minItems, maxItems, maxLength } = schema;
  if (typeof minimum === "number")
    return `of at least ${minimum}${typeof maximum === "number" ? ` and at most ${maximum}` : ""}`;
  if (typeof maxItems === "number")
    return `of ${typeof minItems === "number" ? minItems : 0} to ${maxItems} items`;
  return typeof maxLength === "number" ? `of at most ${maxLength} characters` : "";
}

/** An example value that the schema accepts. */
export function exampleOf(schema: Json): unknown {
  if ("example" in schema) return schema["example"];
  if ("default" in schema && schema["type"] !== "array") return schema["default"];
  const allowed = words(schema);
  if (allowed.length > 0) return allowed[0];
  if (schema["type"] === "array") return [exampleOf(child(schema, "items"))];
  if (schema["type"] !== "object") return schema["type"] === "integer" ? 1 : "text";
  const required = list(schema, "required");
  const fields = schemas(schema, "properties");
  const shown =
    required.length > 0 ? fields.filter(([key]) => required.includes(key)) : fields.slice(0, 1);
  return Object.fromEntries(shown.map(([key, field]) => [key, exampleOf(field)]));
}

const join = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);
