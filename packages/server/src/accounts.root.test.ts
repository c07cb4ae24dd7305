/** Accounts, sessions and tokens: who gets in, for how long, and that nobody gets more than they have (S12). */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Json, textAt } from "@seam/kube";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ApiServer, must, startApiServer } from "./api-server.fixture.ts";
import { listen } from "./http/bare-app.ts";

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
});

afterAll(async () => server[Symbol.asyncDispose]());

const PASSWORD = "correct horse battery";

const makeAccount = async (name: string, groups: readonly string[] = []): Promise<void> => {
  const body = { name, groups, password: PASSWORD };
  const made = await server.ask("admin", { method: "POST", path: "/api/v1/accounts", body });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
};

const textIn = (body: Json, key: string): string => textAt(body, key) ?? "";

const signIn = (name: string, password: string) =>
  server.ask(null, { method: "POST", path: "/api/v1/session", body: { name, password } });

type Session = { readonly cookie: string; readonly csrf: string };

async function sessionOf(name: string, password = PASSWORD): Promise<Session> {
  const { status, headers, body } = await signIn(name, password);
  if (status !== 200) throw new Error(JSON.stringify(body));
  const cookie = headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(
    /^seam_session=seam_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
  );
  return { cookie: cookie.split(";")[0] ?? "", csrf: textIn(body, "csrf") };
}

const token = {
  method: "POST",
  path: "/api/v1/tokens",
  body: { label: "ci", scopes: ["read"], days: 1 },
};
const by = (secret: string) => ({ authorization: `Bearer ${secret}` });
const who = { method: "GET", path: "/api/v1/session" };

test("S12: a session changes things only with the mark that its own page knows", async () => {
  await makeAccount("cookie", ["people"]);
  const { cookie, csrf } = await sessionOf("cookie");
  const mine = await server.ask(null, { ...who, headers: { cookie } });
  expect(mine.body).toMatchObject({ user: "cookie", groups: ["people"], kind: "session", csrf });
  const forged = await server.ask(null, { ...token, headers: { cookie } });
  expect(forged.body).toMatchObject({
    status: 403,
    detail: expect.stringContaining("x-csrf-token"),
  });
  const other = await sessionOf("cookie");
  const crossed = { ...token, headers: { cookie, "x-csrf-token": other.csrf } };
  expect((await server.ask(null, crossed)).status).toBe(403);
  const allowed = { ...token, headers: { cookie, "x-csrf-token": csrf } };
  expect((await server.ask(null, allowed)).status).toBe(201);
  const out = { method: "DELETE", path: "/api/v1/session", headers: allowed.headers };
  const gone = await server.ask(null, out);
  expect(gone.status).toBe(204);
  expect(gone.headers.get("set-cookie")).toContain("Max-Age=0");
  expect((await server.ask(null, { ...who, headers: { cookie } })).status).toBe(401);
});

test("S12: wrong passwords lock an account for a while; an answer does not tell why", async () => {
  await makeAccount("locked");
  const answers = new Set<unknown>();
  for (let tries = 0; tries < 5; tries += 1)
    answers.add((await signIn("locked", "not this one")).body["detail"]);
  answers.add((await signIn("locked", PASSWORD)).body["detail"]);
  answers.add((await signIn("nobody", PASSWORD)).body["detail"]);
  expect(answers.size).toBe(1);
  const page = { limit: 20, sort: "time", direction: "ascending" } as const;
  const { rows } = must(
    await server.store.audit.list({ action: "sign-in", actor: "locked" }, page),
  );
  expect(rows.map(({ reason }) => reason)).toEqual([
    ...Array.from({ length: 5 }, () => "the password is wrong"),
    "the account is locked",
  ]);
  const set = {
    method: "PUT",
    path: "/api/v1/accounts/locked/password",
    body: { password: "another password" },
  };
  expect((await server.ask("admin", set)).status).toBe(204);
  expect((await signIn("locked", "another password")).status).toBe(200);
});

test("S12: a token has no more scopes than it was made with, and ends when it is revoked", async () => {
  const { body } = await server.ask("editor", token);
  const call = (where: string, method = "GET") =>
    server.ask(null, { method, path: where, headers: by(textIn(body, "secret")) });
  expect((await call("/api/v1/projects/lab-a/policies")).status).toBe(200);
  expect((await call("/api/v1/projects/lab-a/policies/x", "DELETE")).body).toMatchObject({
    status: 403,
    detail: expect.stringContaining('"write"'),
  });
  expect((await call("/api/v1/tokens")).status).toBe(403);
  const only = { ...token.body, scopes: ["accounts"] };
  const narrow = textIn((await server.ask("editor", { ...token, body: only })).body, "secret");
  const wider = await server.ask(null, { ...token, headers: by(narrow) });
  expect(wider.body).toMatchObject({ status: 403, detail: expect.stringContaining("body.scopes") });
  const list = await server.ask("editor", { method: "GET", path: "/api/v1/tokens" });
  expect(JSON.stringify(list.body)).not.toContain(body["secret"]);
  const revoke = { method: "DELETE", path: `/api/v1/tokens/${String(body["id"])}` };
  expect((await server.ask("viewer", revoke)).status).toBe(404);
  expect((await server.ask("editor", revoke)).status).toBe(204);
  expect((await call("/api/v1/projects/lab-a/policies")).status).toBe(401);
});

test("S12: nobody makes an account that may do more than they may", async () => {
  const rule = {
    apiGroups: ["seam.ucsd.edu"],
    resources: ["accounts"],
    verbs: ["create", "update"],
  };
  const rbac = "rbac.authorization.k8s.io";
  for (const object of [
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRole",
      metadata: { name: "clerks" },
      rules: [
        rule,
        {
          apiGroups: [""],
          resources: ["users"],
          resourceNames: ["newcomer"],
          verbs: ["impersonate"],
        },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "clerks" },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "clerks" },
      subjects: [{ apiGroup: rbac, kind: "User", name: "owner" }],
    },
  ])
    must(await server.kube.apply(object, { fieldManager: "test" }));
  const make = async (name: string, groups: readonly string[]) =>
    server.ask("owner", { method: "POST", path: "/api/v1/accounts", body: { name, groups } });
  expect((await make("newcomer", ["seam:admins"])).body).toMatchObject({
    status: 403,
    detail: expect.stringContaining("may not impersonate groups"),
  });
  expect((await make("other", [])).status).toBe(403);
  expect((await make("newcomer", [])).status).toBe(201);
  expect((await make("system:admin", [])).body).toMatchObject({ errors: [{ field: "body.name" }] });
  const takeOver = {
    method: "PUT",
    path: "/api/v1/accounts/admin/password",
    body: { password: PASSWORD },
  };
  expect((await server.ask("owner", takeOver)).status).toBe(403);
});

test("S12: one's own password takes the one before, and ends one's other sessions", async () => {
  await makeAccount("changer");
  const { cookie, csrf } = await sessionOf("changer");
  const set = (current: string) =>
    server.ask(null, {
      method: "PUT",
      path: "/api/v1/accounts/changer/password",
      body: { current, password: "a newer password" },
      headers: { cookie, "x-csrf-token": csrf },
    });
  expect((await set("wrong")).status).toBe(403);
  expect((await set(PASSWORD)).status).toBe(204);
  expect((await server.ask(null, { ...who, headers: { cookie } })).status).toBe(401);
  expect((await sessionOf("changer", "a newer password")).cookie).not.toBe(cookie);
  const disable = { method: "PATCH", path: "/api/v1/accounts/changer", body: { isDisabled: true } };
  expect((await server.ask("admin", disable)).body).toMatchObject({ isDisabled: true });
  expect((await signIn("changer", "a newer password")).status).toBe(401);
  const remove = { method: "DELETE", path: "/api/v1/accounts/changer" };
  expect((await server.ask("admin", remove)).status).toBe(204);
});

test("S12: who asks too often is told when to come again; answers tell browsers to do nothing", async () => {
  const limits = {
    address: { burst: 3, perSecond: 0.001 },
    signIn: { burst: 1, perSecond: 0.001 },
  };
  const app = await server.another({ limits });
  const ask = () => app.inject({ method: "GET", url: "/openapi.json" });
  const statuses = [await ask(), await ask(), await ask(), await ask()];
  expect(statuses.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 429]);
  expect(statuses[3]?.headers).toMatchObject({
    "retry-after": expect.stringMatching(/^\d+$/),
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "content-security-policy": expect.stringContaining("default-src 'none'"),
    "x-content-type-options": "nosniff",
  });
  const payload = { name: "nobody", password: "x" };
  const guess = () => app.inject({ method: "POST", url: "/api/v1/session", payload });
  expect([(await guess()).statusCode, (await guess()).statusCode]).toEqual([401, 429]);
  await app.close();
});

/** A certificate of 127.0.0.1 and its key. */
function newCertificate(): { readonly cert: string; readonly key: string } {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-test-tls-"));
  const [cert, key] = [path.join(folder, "tls.crt"), path.join(folder, "tls.key")];
  const subject = ["-subj", "/CN=seam", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const argv = ["req", "-x509", ...kind, ...subject, "-keyout", key, "-out", cert];
  execFileSync("openssl", argv, { stdio: "ignore" });
  const files = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  rmSync(folder, { recursive: true });
  return files;
}

test("S12: by TLS, browsers are told to come by nothing else, and to send the session by nothing else", async () => {
  await makeAccount("secure");
  const tls = newCertificate();
  const app = await server.another({ tls });
  const url = await listen(app, tls, { host: "127.0.0.1", port: 0 });
  const headers = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
    const options = {
      method: "POST",
      ca: tls.cert,
      headers: { "content-type": "application/json" },
    };
    const asked = request(`${url}/api/v1/session`, options, (answer) => {
      answer.resume();
      resolve(answer.headers);
    });
    asked.once("error", reject);
    asked.end(JSON.stringify({ name: "secure", password: PASSWORD }));
  });
  expect(url).toMatch(/^https:/);
  expect(headers["strict-transport-security"]).toBe("max-age=31536000; includeSubDomains");
  expect(headers["set-cookie"]).toEqual([expect.stringMatching(/; Secure$/)]);
  await app.close();
});
