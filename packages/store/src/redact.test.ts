/** What counts as a secret in objects, and what does not. */
import { expect, test } from "vitest";
import type { JsonObject } from "./json-patch.ts";
import { redact, REDACTED } from "./redact.ts";

const env = (name: string): JsonObject => ({ env: [{ name, value: "hunter2" }] });
const secret = { kind: "Secret", data: { a: "x" }, stringData: { "b/c": "y" }, type: "Opaque" };
const annotations = {
  "kubectl.kubernetes.io/last-applied-configuration": "{hunter2}",
  note: "kept",
};

test.each([
  ["data of Secrets", secret, ["/data/a", "/stringData/b~1c"]],
  [
    "a list of Secrets",
    { kind: "List", items: [secret] },
    ["/items/0/data/a", "/items/0/stringData/b~1c"],
  ],
  ["a password", { spec: { adminPassword: "hunter2" } }, ["/spec/adminPassword"]],
  ["a key of an API", { apiKey: "hunter2", api_key: "hunter2" }, ["/apiKey", "/api_key"]],
  ["a variable called so", env("DB_PASSWORD"), ["/env/0/value"]],
  ["a password in a URL", { url: "postgres://u:hunter2@h/d" }, ["/url"]],
  ["what kubectl repeats", { metadata: { annotations } }, []],
  ["fields of managers", { metadata: { managedFields: [{ f: "hunter2" }] } }, []],
])("%s is taken out", (_, object, pointers) => {
  const kept = redact(object);
  expect(kept.pointers).toEqual(pointers);
  expect(JSON.stringify(kept.object)).not.toMatch(/hunter2|"[xy]"/);
  expect(JSON.stringify(kept.object).split(REDACTED)).toHaveLength(pointers.length + 1);
});

test.each<readonly [string, JsonObject]>([
  ["the name of a Secret", { volumes: [{ secret: { secretName: "s" } }] }],
  [
    "a reference",
    { env: [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }] },
  ],
  ["a switch", { automountServiceAccountToken: false }],
  ["a plain variable", { env: [{ name: "RATE", value: "10" }] }],
  ["a URL without a password", { url: "https://example.org/a:b@c" }],
])("%s stays", (_, object) => {
  expect(redact(object)).toEqual({ object, pointers: [] });
});
