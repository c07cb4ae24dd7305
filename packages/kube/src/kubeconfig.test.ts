/** What a kubeconfig must have, and the sentences for one that has not. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadConfig, readKubeconfig } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "seam-kubeconfig-"));
afterAll(() => rmSync(folder, { recursive: true }));

const config = (user: object, server = "https://10.0.0.1:6443"): object => ({
  "current-context": "x",
  contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "lab-a" } }],
  clusters: [{ name: "c", cluster: { server } }],
  users: [{ name: "u", user }],
});
const write = (value: unknown): string => {
  const path = join(folder, "config");
  writeFileSync(path, JSON.stringify(value));
  return path;
};

test("client certificates in base64 and a context's namespace are read", () => {
  const data = Buffer.from("PEM").toString("base64");
  const user = { "client-certificate-data": data, "client-key-data": data };
  expect(readKubeconfig(write(config(user)))).toMatchObject({
    ok: true,
    value: {
      namespace: "lab-a",
      tls: { cert: "PEM", key: "PEM", rejectUnauthorized: true },
      token: { kind: "none" },
    },
  });
});

test.each([
  ["no context", {}, "current-context is not set"],
  ["not a map", [], "expected a kubeconfig"],
  ["exec", config({ exec: {} }), "signs in by exec, which is not supported"],
  ["http", config({}, "http://10.0.0.1"), "expected server to be an https URL"],
  ["missing user", { ...config({}), users: [] }, 'names user "u", which is not in users'],
  ["missing file", config({ "client-key": "none.pem" }), "none.pem"],
])("%s", (_, value, message) => {
  const read = readKubeconfig(write(value));
  expect(read.ok ? "" : read.error).toContain(message);
});

test("in a pod the service account is used", () => {
  for (const [name, text] of [
    ["token", "t"],
    ["ca.crt", "CA"],
    ["namespace", "seam\n"],
  ] as const) {
    writeFileSync(join(folder, name), text);
  }
  const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "6443" };
  const found = loadConfig({ env, serviceAccountFolder: folder });
  if (!found.ok) throw new Error(found.error);
  expect(found.value.server.href).toBe("https://[fd00::1]:6443/");
  expect(found.value).toMatchObject({
    namespace: "seam",
    tls: { ca: "CA" },
    token: { kind: "file" },
  });
});

test("without an identity a kubeconfig says only where the server is, however its user signs in", () => {
  const user = { exec: {}, "client-certificate": "none.pem", token: "secret" };
  const found = loadConfig({ path: write(config(user)), anonymous: true });
  expect(found).toMatchObject({ ok: true, value: { token: { kind: "none" } } });
  expect(found.ok ? found.value.tls : {}).toEqual({ rejectUnauthorized: true });
});

test("without an identity a pod needs no token", () => {
  rmSync(join(folder, "token"), { force: true });
  const env = { KUBERNETES_SERVICE_HOST: "10.96.0.1" };
  const options = { env, serviceAccountFolder: folder };
  expect(loadConfig({ ...options, anonymous: true })).toMatchObject({
    ok: true,
    value: { token: { kind: "none" }, tls: { ca: "CA" } },
  });
  expect(loadConfig(options)).toMatchObject({ ok: false });
});
