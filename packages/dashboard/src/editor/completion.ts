/** Which fields may stand at a place of a YAML text, by the schemas of the API's document; pure. */
import { at, textAt } from "../api/look.ts";

/** A field that could be written. */
export type Offer = {
  readonly name: string;
  readonly type: string;
  readonly about: string;
  readonly isRequired: boolean;
};

type Line = { readonly indent: number; readonly key: string | null };

const LINE = /^(\s*(?:- )*)(?:([\w./-]+):)?/;

/** The column where a line's key begins, which is after the dashes of a list's items. */
function lineOf(text: string): Line {
  const [, lead = "", key] = LINE.exec(text) ?? [];
  return { indent: lead.length, key: key ?? null };
}

/** The keys above a line, the outermost first, that what stands at its column belongs to. */
export function pathAt(before: string): readonly string[] {
  const lines = before.split("\n");
  const last = lines.pop() ?? "";
  let indent = lineOf(last).indent;
  const path: string[] = [];
  for (const text of lines.reverse()) {
    const line = lineOf(text);
    if (text.trim() === "" || line.key === null || line.indent >= indent) continue;
    path.unshift(line.key);
    indent = line.indent;
  }
  return path;
}

/** What is at a path of keys in a schema; lists are looked through. */
function schemaAt(schema: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    const item = itemOf(inner);
    return at(item, "properties", key) ?? at(item, "additionalProperties");
  }, schema);
}

const itemOf = (schema: unknown): unknown =>
  at(schema, "type") === "array" ? itemOf(at(schema, "items")) : schema;

/** The fields that may stand there. */
export function offersIn(schema: unknown, path: readonly string[]): readonly Offer[] {
  const place = itemOf(schemaAt(schema, path));
  const required = at(place, "required");
  return Object.entries(Object(at(place, "properties"))).map(([name, field]) => ({
    name,
    type: typeOf(field),
    about: textAt(field, "description"),
    isRequired: Array.isArray(required) && required.includes(name),
  }));
}

/** The words that a field may be, where they are counted. */
export function wordsIn(schema: unknown, path: readonly string[]): readonly string[] {
  const field = itemOf(schemaAt(schema, path));
  const words = at(field, "enum");
  if (Array.isArray(words)) return words.map(String);
  return at(field, "type") === "boolean" ? ["true", "false"] : [];
}

const typeOf = (field: unknown): string => {
  const words = at(field, "enum");
  return Array.isArray(words) ? words.join(" | ") : textAt(field, "type");
};
