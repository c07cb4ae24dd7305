/** An object from and to YAML. */
import { err, ok, type Result } from "@seam/base";
import { parseDocument, stringify } from "yaml";
import type { Manifest } from "../api/kinds.ts";
import { at } from "../api/look.ts";
import { texts } from "../texts.ts";

/** What is wrong, and where: offsets in the text. */
export type YamlFault = { readonly message: string; readonly from: number; readonly to: number };

/** The object that a text says; whether it is a good one is the server's answer. */
export function readManifest(text: string): Result<Manifest, YamlFault> {
  const document = parseDocument(text, { prettyErrors: true });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const [from, to] = fault.pos;
    return err({ message: fault.message, from, to });
  }
  const value: unknown = document.toJS();
  return isManifest(value)
    ? ok(value)
    : err({ message: texts.objects.notObject, from: 0, to: text.length });
}

const isManifest = (value: unknown): value is Manifest =>
  typeof at(value, "apiVersion") === "string" &&
  typeof at(value, "kind") === "string" &&
  typeof at(value, "metadata", "name") === "string" &&
  typeof at(value, "spec") === "object" &&
  at(value, "spec") !== null;

export const yamlOf = (manifest: Manifest): string => stringify(manifest, { lineWidth: 0 });
