/** P4Info and entries in protobuf's text format (protobuf.dev, Text Format Language Specification) and as JSON, as controllers read them. */
import type { WriteRequest } from "./entries.ts";
import type { P4Info } from "./p4info.ts";

/** Fields whose texts are names of an enum. */
const ENUMS: ReadonlySet<string> = new Set([
  "type",
  "match_type",
  "scope",
  "unit",
  "idle_timeout_behavior",
]);
/** Fields that are maps by name. */
const MAPS: ReadonlySet<string> = new Set([
  "structs",
  "headers",
  "header_unions",
  "enums",
  "serializable_enums",
  "new_types",
]);

/** The text, two blanks a level. */
export const protoText = (message: P4Info | WriteRequest): string => messageText(message, "");

function messageText(message: object, indent: string): string {
  return Object.entries(message)
    .map(([name, value]) => fieldText(name, value, indent))
    .join("");
}

function fieldText(name: string, value: unknown, indent: string): string {
  if (Array.isArray(value)) return value.map((each) => fieldText(name, each, indent)).join("");
  if (value instanceof Uint8Array) return `${indent}${name}: "${escapedBytes(value)}"\n`;
  if (typeof value === "object" && value !== null) {
    if (MAPS.has(name))
      return Object.entries(value)
        .map(([key, each]) => nested(name, { key, value: each }, indent))
        .join("");
    return nested(name, value, indent);
  }
  const text =
    typeof value === "string" && !ENUMS.has(name) ? `"${escaped(value)}"` : String(value);
  return `${indent}${name}: ${text}\n`;
}

const nested = (name: string, message: object, indent: string): string =>
  `${indent}${name} {\n${messageText(message, `${indent}  `)}${indent}}\n`;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\\", String.raw`\\`],
  ['"', String.raw`\"`],
  ["\n", String.raw`\n`],
  ["\t", String.raw`\t`],
  ["\r", String.raw`\r`],
]);

const escaped = (text: string): string =>
  text.replaceAll(/["\\\n\t\r]/g, (each) => ESCAPES.get(each) ?? each);

const escapedBytes = (bytes: Uint8Array): string =>
  [...bytes].map((each) => `\\${each.toString(8).padStart(3, "0")}`).join("");

/** The same as JSON (proto3's mapping, with the fields' own names): bytes are in base64, empty lists are left out. */
export const protoJson = (message: P4Info | WriteRequest): string =>
  JSON.stringify(
    message,
    (_, value: unknown) => {
      if (value instanceof Uint8Array) return base64(value);
      return Array.isArray(value) && value.length === 0 ? undefined : value;
    },
    2,
  );

const base64 = (bytes: Uint8Array): string => btoa(String.fromCodePoint(...bytes));
