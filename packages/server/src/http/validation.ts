/** Checks requests by their schemas: bodies as they are, parameters, queries and headers with texts read as numbers and booleans. */
import { type FieldError, parseExperiment, parseProject } from "@seam/api";
import { isJson } from "@seam/kube";
import type { Result } from "@seam/base";
import { Ajv, type ErrorObject } from "ajv";
import type { FastifySchemaCompiler } from "fastify";
import type { TSchema } from "typebox";
import { badField, invalidFields, type Problem } from "./problem.ts";
import { COMPONENTS } from "./answers.ts";
import { stepsOf } from "./json-pointer.ts";
import { InvalidRequest } from "./reply.ts";

type Parser = (value: unknown) => Result<unknown, readonly FieldError[]>;

/** Kinds that have checks beyond their schema, as `seam apply` makes them. */
const PARSERS: { readonly [name: string]: Parser } = {
  "Project#": parseProject,
  "Experiment#": parseExperiment,
};

const options = { allErrors: false, strict: false, useDefaults: true, validateFormats: false };

/** Makes the checks of a route. */
export function createValidators(): FastifySchemaCompiler<TSchema> {
  const exact = new Ajv(options);
  const lenient = new Ajv({ ...options, coerceTypes: true });
  for (const [$id, schema] of Object.entries(COMPONENTS)) exact.addSchema({ ...schema, $id });
  return ({ schema, httpPart }) => {
    const part = httpPart === "querystring" ? "query" : (httpPart ?? "body");
    const name: unknown = isJson(schema) ? schema["$ref"] : undefined;
    const parse = typeof name === "string" ? PARSERS[name] : undefined;
    if (parse !== undefined) return (value: unknown) => parsed(parse(value));
    const check = (part === "body" ? exact : lenient).compile({ ...schema });
    return (value: unknown) =>
      check(value) ? { value } : { error: new InvalidRequest(problemOf(part, check.errors?.[0])) };
  };
}

const parsed = (result: ReturnType<Parser>): { value: unknown } | { error: Error } =>
  result.ok ? { value: result.value } : { error: new InvalidRequest(invalidFields(result.error)) };

function problemOf(part: string, error: ErrorObject | undefined): Problem {
  if (error === undefined) return badField(part, "not as the schema says");
  const steps = stepsOf(error.instancePath);
  const path = [part, ...steps, ...namedIn(error)].reduce((all, each) =>
    /^\d+$/.test(each) ? `${all}[${each}]` : `${all}.${each}`,
  );
  return badField(path, wordsOf(error));
}

/** The property that the error is about, which is not in its path. */
function namedIn({ params }: ErrorObject): readonly string[] {
  const values: unknown = params;
  if (!isJson(values)) return [];
  const named = values["additionalProperty"] ?? values["missingProperty"];
  return typeof named === "string" ? [named] : [];
}

function wordsOf({ keyword, message = "not as the schema says", params }: ErrorObject): string {
  const values: unknown = params;
  if (keyword === "additionalProperties") return "there is no such field; leave it out";
  if (keyword === "required") return "expected this field; it is missing";
  if (keyword === "enum" && isJson(values) && Array.isArray(values["allowedValues"]))
    return `expected one of ${values["allowedValues"].join(", ")}`;
  return message;
}
