/** Signing in by an account's password, and out again. */
import { err, ok, type Result } from "@seam/base";
import type { Account, AuditEntry } from "@seam/store";
import { Answer } from "./answers.ts";
import type { App } from "./bare-app.ts";
import { auditOf, type Context, SCOPES } from "./context.ts";
import { presentedBy, sessionCookie } from "./identity.ts";
import { described } from "./openapi.ts";
import { ofStore, type Problem } from "./problem.ts";
import { principalOf, send } from "./reply.ts";
import { Body } from "./schemas.ts";
import { csrfOf, hashOfSecret, isPassword, newSecret } from "./secret.ts";

const SESSION_SECONDS = 12 * 3600;

/** Adds the routes. */
export function addSessionRoutes(app: App, context: Context): void {
  addSignIn(app, context);
  addSignOut(app, context);
  app.get(
    "/api/v1/session",
    {
      schema: {
        ...described({
          operationId: "getSession",
          summary: "Who you are, and the mark that a session's changes carry",
          tag: "session",
          answers: { 200: Answer.identity },
        }),
      },
      config: { scope: null },
    },
    (request) => {
      const { person, scopes, kind } = principalOf(request);
      const presented = presentedBy(request);
      const csrf = kind === "session" && presented !== null ? csrfOf(presented.secret) : null;
      return { ...person, scopes, kind, csrf };
    },
  );
}

function addSignIn(app: App, context: Context): void {
  app.post(
    "/api/v1/session",
    {
      schema: {
        ...described({
          operationId: "signIn",
          summary: "Sign in; the answer sets the session's cookie",
          tag: "session",
          answers: { 200: Answer.identity },
        }),
        body: Body.login,
      },
      config: { scope: "public", isSignIn: true },
    },
    async (request, reply) => {
      const signed = await signIn(context, request.body, request.ip);
      if (!signed.ok) return send(request, reply, signed.error);
      const { account, secret } = signed.value;
      const { isSecure } = context;
      reply.header(
        "set-cookie",
        sessionCookie(secret, { isSecure, maxAgeSeconds: SESSION_SECONDS }),
      );
      const { name: user, groups } = account;
      return reply.send({ user, groups, scopes: SCOPES, kind: "session", csrf: csrfOf(secret) });
    },
  );
}

type SignedIn = { readonly account: Account; readonly secret: string };

/** The same words whether there is no such account, it is locked, or the password is wrong. */
const REFUSED: Problem = {
  code: "unauthenticated",
  detail: "the name or the password is wrong, or the account is disabled or locked for a while",
};

async function signIn(
  context: Context,
  { name, password }: { readonly name: string; readonly password: string },
  source: string,
): Promise<Result<SignedIn, Problem>> {
  const found = await context.store.accounts.get(name);
  if (!found.ok && found.error.code !== "not-found") return err(ofStore(found.error));
  const account = found.ok ? found.value : null;
  // Tried also when nothing can come of it, so that the time tells nothing.
  const isRight = await isPassword(password, account?.passwordHash ?? null);
  const attempt = { name, source };
  return account !== null && isRight && !isShut(account)
    ? open(context, account, attempt)
    : refuse(context, attempt, { account, isRight });
}

type Attempt = { readonly name: string; readonly source: string };

const auditIn = (
  { name, source }: Attempt,
  result: "allowed" | "denied",
  reason: string,
): AuditEntry =>
  auditOf({ person: { user: name, groups: [] } }, source, {
    action: "sign-in",
    resource: `account/${name}`,
    result,
    reason,
  });

async function open(
  { store }: Context,
  account: Account,
  attempt: Attempt,
): Promise<Result<SignedIn, Problem>> {
  const opened = await store.accounts.succeeded(account.name);
  if (!opened.ok) return err(ofStore(opened.error));
  const secret = newSecret();
  const session = {
    kind: "session",
    account: account.name,
    label: "",
    secretHash: hashOfSecret(secret),
    scopes: SCOPES,
    expiresAt: new Date(Date.now() + SESSION_SECONDS * 1000),
  } as const;
  const issued = await store.credentials.issue(session, auditIn(attempt, "allowed", ""));
  return issued.ok ? ok({ account, secret }) : err(ofStore(issued.error));
}

type Refused = { readonly account: Account | null; readonly isRight: boolean };

async function refuse(
  { store }: Context,
  attempt: Attempt,
  { account, isRight }: Refused,
): Promise<Result<never, Problem>> {
  if (account !== null && !isShut(account)) {
    const counted = await store.accounts.failed(account.name);
    if (!counted.ok) return err(ofStore(counted.error));
  }
  const audit = auditIn(attempt, "denied", reasonOf(account, isRight));
  const kept = await store.audit.append(audit);
  return err(kept.ok ? REFUSED : ofStore(kept.error));
}

const isShut = ({ isDisabled, lockedUntil }: Account): boolean =>
  isDisabled || (lockedUntil !== null && lockedUntil.getTime() > Date.now());

function reasonOf(account: Account | null, isRight: boolean): string {
  if (account === null) return "there is no such account";
  if (account.isDisabled) return "the account is disabled";
  return isShut(account) || isRight ? "the account is locked" : "the password is wrong";
}

function addSignOut(app: App, { store, isSecure }: Context): void {
  app.delete(
    "/api/v1/session",
    {
      schema: {
        ...described({
          operationId: "signOut",
          summary: "Sign out: this session, or this token, is over",
          tag: "session",
          answers: { 204: Answer.nothing },
        }),
      },
      config: { scope: null },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { user } = principal.person;
      const what = { action: "sign-out", resource: `account/${user}` };
      const audit = auditOf(principal, request.ip, what);
      const gone = await store.credentials.revoke(user, principal.credentialId, audit);
      if (!gone.ok) return send(request, reply, ofStore(gone.error));
      reply.header("set-cookie", sessionCookie(null, { isSecure, maxAgeSeconds: 0 }));
      return reply.code(204).send();
    },
  );
}
