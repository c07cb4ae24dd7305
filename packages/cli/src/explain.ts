/** `seam explain`: what a kind or one of its fields is. */
import { explain, explainedKinds, type Explanation } from "@seam/api";
import { findKind, formatError, nearest } from "@seam/client";
import { table } from "./render.ts";
import { misused, print } from "./session.ts";

/** The action of `seam explain`. */
export function explainField(word: string, flags: { readonly output: "table" | "json" }): void {
  const [kindWord = "", ...path] = word.replaceAll(/\[\w*\]/g, "").split(".");
  const kind = kindIn(kindWord);
  const found = explain(kind, path);
  if (found.ok) {
    const { value } = found;
    const whole = [kind, ...path].join(".");
    print(flags.output === "json" ? JSON.stringify(value, null, 2) : explanation(whole, value));
    return;
  }
  const { unknown, known } = found.error;
  const near = nearest(unknown, known);
  const hint = near === undefined ? "" : ` Did you mean ${near}?`;
  const list = known.length === 0 ? "it has no fields" : `known are ${known.join(", ")}`;
  misused(`${word}: no field "${unknown}": ${list}.${hint}`);
}

/** The kind's name; only Seam's own kinds have a schema here. */
function kindIn(word: string): string {
  const found = findKind(word);
  if (!found.ok) return misused(formatError(found.error));
  const { kind, plural } = found.value;
  if (explainedKinds.includes(kind)) return kind;
  return misused(
    `only ${explainedKinds.join(", ")} can be explained; for others use: kubectl explain ${plural}`,
  );
}

/** An explanation as text. Pure. */
function explanation(path: string, found: Explanation): string {
  const facts = [
    ["Field:", path],
    ["Type:", found.type],
    ["Required:", found.required ? "yes" : "no"],
    ...("default" in found ? [["Default:", JSON.stringify(found.default)]] : []),
    ...(found.allowed.length > 0 ? [["Allowed:", found.allowed.map(String).join(", ")]] : []),
    ["Expected:", found.expected],
    ["Example:", JSON.stringify(found.example)],
  ];
  const fields = found.fields.map(({ name, type, required, description }) => [
    `  ${name}`,
    type,
    required ? "required" : "",
    description,
  ]);
  return [
    ...(found.description === "" ? [] : [found.description, ""]),
    table(facts),
    ...(found.rules.length > 0 ? ["", "Rules:", ...found.rules.map((rule) => `  ${rule}`)] : []),
    ...(fields.length > 0 ? ["", "Fields:", table(fields)] : []),
  ].join("\n");
}
