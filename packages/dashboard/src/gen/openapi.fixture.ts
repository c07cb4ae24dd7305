/** Makes the page's types of the API, and where each operation is, of the OpenAPI document. */

type Schema = {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
};

type Content = { readonly [type: string]: { readonly schema: Schema } };

type Operation = {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly in: "path" | "query" | "header";
    readonly name: string;
    readonly required?: boolean;
    readonly schema: Schema & { readonly default?: unknown };
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: { readonly [status: string]: { readonly content?: Content } };
};

/** What is read of the document. */
export type OpenApi = {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
  readonly components: { readonly schemas: { readonly [name: string]: Schema } };
};

const HEAD =
  "/** Made of docs/reference/openapi.json by `UPDATE=1 vitest run packages/dashboard`. */\n";

/** The text of the generated file. */
export function typesOf({ paths, components }: OpenApi): string {
  const models = Object.entries(components.schemas).map(
    ([name, schema]) => `export type ${name} = ${typeOf(schema)};\n`,
  );
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const places = all.map(
    ({ path, method, operation }) =>
      `  ${operation.operationId}: { method: "${method.toUpperCase()}", path: "${path}" },\n`,
  );
  const shapes = all.map(({ operation }) => `  ${operation.operationId}: ${shapeOf(operation)};\n`);
  return [
    HEAD,
    ...models,
    `export const OPERATIONS = {\n${places.join("")}} as const;\n`,
    `export type Operations = {\n${shapes.join("")}};\n`,
  ].join("\n");
}

function shapeOf(operation: Operation): string {
  const body = operation.requestBody?.content["application/json"]?.schema;
  const input = [...groupsOf(operation), ...(body === undefined ? [] : [`body: ${typeOf(body)}`])];
  return `{ input: { ${input.join("; ")} }; output: ${outputOf(operation)} }`;
}

function groupsOf({ parameters = [] }: Operation): readonly string[] {
  return (["path", "query", "header"] as const).flatMap((place) => {
    const mine = parameters.filter((each) => each.in === place);
    const fields = mine.map(({ name, required = false, schema }) => {
      const optional = required && schema.default === undefined ? "" : "?";
      return `${JSON.stringify(name)}${optional}: ${typeOf(schema)}`;
    });
    const optional = fields.every((field) => field.includes("?: ")) ? "?" : "";
    return mine.length === 0 ? [] : [`${place}${optional}: { ${fields.join("; ")} }`];
  });
}

function outputOf({ responses }: Operation): string {
  const [, answer] = Object.entries(responses).find(([status]) => status.startsWith("2")) ?? [];
  if (answer?.content === undefined) return "null";
  const schema = answer.content["application/json"]?.schema;
  return schema === undefined ? "string" : typeOf(schema);
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split("/").at(-1) ?? "unknown";
  if (schema.enum !== undefined)
    return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" | ");
  return PLAIN[schema.type ?? ""] ?? structureOf(schema);
}

const PLAIN: { readonly [type: string]: string } = {
  string: "string",
  integer: "number",
  number: "number",
  boolean: "boolean",
  null: "null",
};

function structureOf({ type, items, properties, required, additionalProperties }: Schema): string {
  if (type === "array") return `readonly (${typeOf(items ?? {})})[]`;
  if (type !== "object") return "unknown";
  const rest =
    typeof additionalProperties === "object"
      ? `{ readonly [key: string]: ${typeOf(additionalProperties)} }`
      : "{ readonly [key: string]: unknown }";
  if (properties === undefined || Object.keys(properties).length === 0) return rest;
  const fields = Object.entries(properties).map(([name, value]) => {
    const optional = (required ?? []).includes(name) ? "" : "?";
    return `readonly ${JSON.stringify(name)}${optional}: ${typeOf(value)}`;
  });
  const closed = `{ ${fields.join("; ")} }`;
  return additionalProperties === true ? `${closed} & { readonly [key: string]: unknown }` : closed;
}
