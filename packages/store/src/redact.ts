/**
 * Secrets taken out of objects before they are kept; pure. Taken are: data of Secrets, values of keys and of environment variables
 * that are called like a secret, passwords in URLs, and what kubectl and the API server repeat of the whole object.
 */
import { isObject, type Json, type JsonObject, pointer } from "./json-patch.ts";

/** What stands where a secret was. */
export const REDACTED = "<redacted>";

/** An object without its secrets. */
export type Redacted = {
  readonly object: JsonObject;
  /** JSON pointers (RFC 6901) of what was taken. */
  readonly pointers: readonly string[];
};

const SECRET_NAME =
  /(pass(word|wd|phrase)|secret(_?key)?|token|api_?key|private_?key|credentials?|authorization)$/i;
/** Keys that end like a secret and name one instead of holding it; their text stays. */
const REFERENCE = /^(secretName|imagePullSecrets?|automountServiceAccountToken|tokenName)$/;
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s/@]+(?=@)/gi;
const REPEATED = new Set(["kubectl.kubernetes.io/last-applied-configuration", "managedFields"]);

/** The object without secrets and `metadata.managedFields`. */
export function redact(object: JsonObject): Redacted {
  const pointers: string[] = [];
  const walked = walk(object, { path: "", all: false }, pointers);
  return { object: isObject(walked) ? walked : {}, pointers };
}

type Place = { readonly path: string; /** Every text below is secret. */ readonly all: boolean };

function walk(value: Json, place: Place, taken: string[]): Json {
  if (typeof value === "string") return textOf(value, place, taken);
  if (Array.isArray(value)) {
    return value.map((item: Json, index) =>
      walk(item, { ...place, path: pointer(place.path, index) }, taken),
    );
  }
  if (!isObject(value)) return place.all && value !== null ? hide(place, taken) : value;
  const entries = Object.entries(value).filter(([key]) => !REPEATED.has(key));
  return Object.fromEntries(
    entries.map(([key, item]) => {
      const all = place.all || isSecretField(value, key);
      return [key, walk(item, { path: pointer(place.path, key), all }, taken)];
    }),
  );
}

function isSecretField(holder: JsonObject, key: string): boolean {
  const { kind, name } = holder;
  if (kind === "Secret" && (key === "data" || key === "stringData")) return true;
  if (key === "value") return typeof name === "string" && SECRET_NAME.test(name);
  return typeof holder[key] === "string" && SECRET_NAME.test(key) && !REFERENCE.test(key);
}

function textOf(text: string, place: Place, taken: string[]): string {
  if (place.all) return hide(place, taken);
  const clean = text.replaceAll(URL_PASSWORD, `$1${REDACTED}`);
  if (clean !== text) taken.push(place.path);
  return clean;
}

function hide({ path }: Place, taken: string[]): string {
  taken.push(path);
  return REDACTED;
}
