/** Reading JSON that anybody may have written: what is missing or of another type is as if it were empty. */
import { isJson, type Json } from "@seam/kube";

/** The JSON object that a text is, or null. */
export function parseJson(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : null;
  } catch {
    return null;
  }
}

/** The list under `key` of a JSON object, or an empty one. */
export function listAt(value: unknown, key: string): readonly unknown[] {
  const found = isJson(value) ? value[key] : undefined;
  return Array.isArray(found) ? found : [];
}

/** The text under `key` of a JSON object, or an empty one. */
export function textAt(value: unknown, key: string): string {
  const found = isJson(value) ? value[key] : undefined;
  return typeof found === "string" ? found : "";
}
