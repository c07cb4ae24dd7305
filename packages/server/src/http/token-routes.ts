/** API tokens of one's own account. */
import { type App } from "./bare-app.ts";
import { Answer } from "./answers.ts";
import { auditOf, type Context } from "./context.ts";
import { described } from "./openapi.ts";
import { ofStore, type Problem } from "./problem.ts";
import { principalOf, send } from "./reply.ts";
import { Body, Params } from "./schemas.ts";
import { hashOfSecret, newSecret } from "./secret.ts";

const DAY_MS = 86_400_000;

/** Adds the routes. */
export function addTokenRoutes(app: App, context: Context): void {
  addList(app, context);
  addIssue(app, context);
  addRevoke(app, context);
}

function addList(app: App, { store }: Context): void {
  app.get(
    "/api/v1/tokens",
    {
      schema: {
        ...described({
          operationId: "listTokens",
          summary: "Your tokens that are not over, the newest first",
          tag: "tokens",
          answers: { 200: Answer.tokens },
        }),
      },
      config: { scope: "accounts" },
    },
    async (request, reply) => {
      const { user } = principalOf(request).person;
      const found = await store.credentials.list(user, "token");
      if (!found.ok) return send(request, reply, ofStore(found.error));
      const items = found.value.map(({ id, label, scopes, createdAt, expiresAt, usedAt }) => ({
        id,
        label,
        scopes,
        createdAt,
        expiresAt,
        usedAt,
      }));
      return reply.send({ items });
    },
  );
}

function addIssue(app: App, { store }: Context): void {
  app.post(
    "/api/v1/tokens",
    {
      schema: {
        ...described({
          operationId: "createToken",
          summary: "A new token of your account, with no more scopes than you came with",
          tag: "tokens",
          answers: { 201: Answer.newToken },
        }),
        body: Body.token,
      },
      config: { scope: "accounts" },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { label, scopes, days } = request.body;
      const beyond = scopes.find((scope) => !principal.scopes.includes(scope));
      if (beyond !== undefined) return send(request, reply, beyondOwn(beyond));
      const secret = newSecret();
      const { user } = principal.person;
      const what = {
        action: "create-token",
        resource: `account/${user}`,
        after: { label, scopes },
      };
      const issued = await store.credentials.issue(
        {
          kind: "token",
          account: user,
          label,
          secretHash: hashOfSecret(secret),
          scopes,
          expiresAt: new Date(Date.now() + days * DAY_MS),
        },
        auditOf(principal, request.ip, what),
      );
      if (!issued.ok) return send(request, reply, ofStore(issued.error));
      return reply.code(201).send({ id: issued.value, secret });
    },
  );
}

const beyondOwn = (scope: string): Problem => ({
  code: "forbidden",
  detail: `body.scopes: you came without "${scope}", so you cannot give it`,
});

function addRevoke(app: App, { store }: Context): void {
  app.delete(
    "/api/v1/tokens/:id",
    {
      schema: {
        ...described({
          operationId: "revokeToken",
          summary: "Ends one of your tokens",
          tag: "tokens",
          answers: { 204: Answer.nothing },
        }),
        params: Params.id,
      },
      config: { scope: "accounts" },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { user } = principal.person;
      const { id } = request.params;
      const what = { action: "revoke-token", resource: `account/${user}`, before: { id } };
      const audit = auditOf(principal, request.ip, what);
      const gone = await store.credentials.revoke(user, id, audit);
      return gone.ok ? reply.code(204).send() : send(request, reply, ofStore(gone.error));
    },
  );
}
