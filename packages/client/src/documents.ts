/** YAML text into objects, all of it checked before anything is sent; each error names the file and the document. */
import {
  API_VERSION,
  type FieldError,
  formatFieldError,
  parseExperiment,
  parseNetworkConfig,
  parseProject,
} from "@seam/api";
import { err, ok, type Result } from "@seam/base";
import { isKubeObject, type KubeObject } from "@seam/kube";
import { parseAllDocuments } from "yaml";
import type { SeamError } from "./error.ts";

/** A text and what it is called in error messages, such as the file's name. */
export type Source = { readonly name: string; readonly text: string };

/** The objects of all sources in order, or every error in them. */
export function readObjects(sources: readonly Source[]): Result<readonly KubeObject[], SeamError> {
  const read = sources.map(readSource);
  const details = read.flatMap((each) => each.errors);
  const objects = read.flatMap((each) => each.objects);
  if (details.length > 0) {
    const count = details.length === 1 ? "1 error" : `${details.length} errors`;
    const hint = "Nothing was sent. Correct the fields that are named and try again.";
    return err({ code: "BadInput", message: `${count} in what should be applied`, hint, details });
  }
  const names = sources.map((source) => source.name).join(", ");
  return objects.length > 0
    ? ok(objects)
    : err({
        code: "BadInput",
        message: `no object in ${names}`,
        hint: "Expected YAML documents with apiVersion, kind and metadata.name.",
        details: [],
      });
}

type Read = { readonly objects: readonly KubeObject[]; readonly errors: readonly string[] };

function readSource(source: Source): Read {
  const documents = [...parseAllDocuments(source.text)];
  const read = documents.map((document, index): Read => {
    const where = `${source.name}, document ${index + 1}`;
    if (document.errors.length > 0) {
      const first = document.errors[0]?.message.split("\n")[0] ?? "";
      return { objects: [], errors: [`${where}: not YAML: ${first}`] };
    }
    return readDocument(where, document.toJS());
  });
  return {
    objects: read.flatMap((each) => each.objects),
    errors: read.flatMap((each) => each.errors),
  };
}

function readDocument(where: string, value: unknown): Read {
  if (value === null) return { objects: [], errors: [] };
  if (!isKubeObject(value)) {
    const expected = "expected an object with apiVersion, kind and metadata.name";
    return { objects: [], errors: [`${where}: ${expected}, for example kind: Experiment`] };
  }
  const errors = complaints(value).map(
    (each) => `${where} (${value.kind} ${value.metadata.name}): ${each}`,
  );
  return { objects: errors.length === 0 ? [value] : [], errors };
}

function complaints(object: KubeObject): readonly string[] {
  const parse = PARSERS[object.kind];
  if (parse === undefined || !object.apiVersion.startsWith("seam.ucsd.edu/")) return [];
  if (object.apiVersion !== API_VERSION) {
    return [`apiVersion: expected ${API_VERSION}; found ${object.apiVersion}`];
  }
  const parsed = parse(object);
  return parsed.ok ? [] : parsed.error.map(formatFieldError);
}

type Parser = (value: unknown) => Result<unknown, readonly FieldError[]>;

const PARSERS: { readonly [kind: string]: Parser } = {
  Project: parseProject,
  Experiment: parseExperiment,
  NetworkConfig: parseNetworkConfig,
};
