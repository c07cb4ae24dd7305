/**
 * Local accounts. Whoever makes one, or sets its password, can act as its user, so they need the cluster's right to impersonate that
 * user and each of its groups beside the right on `accounts.seam.ucsd.edu`: nobody gets more by an account than they have (S12).
 */
import { err, ok, type Result } from "@seam/base";
import type { Account } from "@seam/store";
import { Answer } from "./answers.ts";
import type { App } from "./bare-app.ts";
import { auditOf, type Context, type Principal } from "./context.ts";
import { describedIn } from "./openapi.ts";
import { ofStore, type Problem } from "./problem.ts";
import { answer, principalOf, send } from "./reply.ts";
import { Body, Params, Query } from "./schemas.ts";
import { hashOfPassword, isPassword } from "./secret.ts";

const config = { scope: "accounts" } as const;
const ACCOUNTS = { group: "seam.ucsd.edu", resource: "accounts" };

/** Adds the routes. */
export function addAccountRoutes(app: App, context: Context): void {
  addList(app, context);
  addGet(app, context);
  addCreate(app, context);
  addChange(app, context);
  addRemove(app, context);
  addPassword(app, context);
}

const schemaOf = describedIn("accounts");

/** Whether somebody has the verb on accounts, and may act as the user of one and as its groups. */
async function mayOn(
  { access }: Context,
  { person }: Principal,
  wanted: { readonly verb: string; readonly name?: string; readonly groups?: readonly string[] },
): Promise<Result<null, Problem>> {
  const { verb, name, groups = [] } = wanted;
  const user =
    name === undefined ? [] : [{ verb: "impersonate", group: "", resource: "users", name }];
  const asGroups = groups.map((group) => ({
    verb: "impersonate",
    group: "",
    resource: "groups",
    name: group,
  }));
  for (const question of [{ verb, ...ACCOUNTS }, ...user, ...asGroups]) {
    const may = await access.need(person, question);
    if (!may.ok) return may;
  }
  return ok(null);
}

const shownAccount = ({ passwordHash, ...account }: Account) => ({
  ...account,
  hasPassword: passwordHash !== null,
});

function addList(app: App, context: Context): void {
  app.get(
    "/api/v1/accounts",
    {
      schema: {
        ...schemaOf("listAccounts", "Local accounts by name", { 200: Answer.accounts }),
        querystring: Query.accounts,
      },
      config,
    },
    async (request, reply) => {
      const may = await mayOn(context, principalOf(request), { verb: "list" });
      if (!may.ok) return send(request, reply, may.error);
      const page = await context.store.accounts.list({ ...request.query, sort: "name" });
      if (!page.ok) return send(request, reply, ofStore(page.error));
      const { rows, next } = page.value;
      return reply.send({ items: rows.map(shownAccount), next });
    },
  );
}

function addGet(app: App, context: Context): void {
  app.get(
    "/api/v1/accounts/:account",
    {
      schema: {
        ...schemaOf("getAccount", "A local account", { 200: Answer.account }),
        params: Params.account,
      },
      config,
    },
    async (request, reply) => {
      const may = await mayOn(context, principalOf(request), { verb: "get" });
      if (!may.ok) return send(request, reply, may.error);
      const found = await context.store.accounts.get(request.params.account);
      return found.ok
        ? reply.send(shownAccount(found.value))
        : send(request, reply, ofStore(found.error));
    },
  );
}

function addCreate(app: App, context: Context): void {
  app.post(
    "/api/v1/accounts",
    {
      schema: {
        ...schemaOf("createAccount", "A new local account", { 201: Answer.account }),
        body: Body.account,
      },
      config,
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { name, groups, password } = request.body;
      const may = await mayOn(context, principal, { verb: "create", name, groups });
      if (!may.ok) return send(request, reply, may.error);
      const passwordHash = password === undefined ? null : await hashOfPassword(password);
      const what = { action: "create-account", resource: `account/${name}`, after: { groups } };
      const audit = auditOf(principal, request.ip, what);
      const { accounts } = context.store;
      const made = await accounts.create({ name, groups, passwordHash }, audit);
      const found = made.ok ? await accounts.get(name) : made;
      return found.ok
        ? reply.code(201).send(shownAccount(found.value))
        : send(request, reply, ofStore(found.error));
    },
  );
}

function addChange(app: App, context: Context): void {
  app.patch(
    "/api/v1/accounts/:account",
    {
      schema: {
        ...schemaOf("changeAccount", "Sets an account's groups, or whether it is disabled", {
          200: Answer.account,
        }),
        params: Params.account,
        body: Body.accountChange,
      },
      config,
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { account: name } = request.params;
      const { accounts } = context.store;
      const may = await mayOn(context, principal, {
        verb: "update",
        name,
        groups: request.body.groups ?? [],
      });
      if (!may.ok) return send(request, reply, may.error);
      const what = { action: "change-account", resource: `account/${name}`, after: request.body };
      const changed = await accounts.change(
        name,
        request.body,
        auditOf(principal, request.ip, what),
      );
      const found = changed.ok ? await accounts.get(name) : changed;
      return found.ok
        ? reply.send(shownAccount(found.value))
        : send(request, reply, ofStore(found.error));
    },
  );
}

function addRemove(app: App, context: Context): void {
  app.delete(
    "/api/v1/accounts/:account",
    {
      schema: {
        ...schemaOf("deleteAccount", "Removes an account with its sessions and tokens", {
          204: Answer.nothing,
        }),
        params: Params.account,
      },
      config,
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { account: name } = request.params;
      const may = await mayOn(context, principal, { verb: "delete", name });
      if (!may.ok) return send(request, reply, may.error);
      const audit = auditOf(principal, request.ip, {
        action: "delete-account",
        resource: `account/${name}`,
      });
      const gone = await context.store.accounts.remove(name, audit);
      return gone.ok ? reply.code(204).send() : send(request, reply, ofStore(gone.error));
    },
  );
}

function addPassword(app: App, context: Context): void {
  app.put(
    "/api/v1/accounts/:account/password",
    {
      schema: {
        ...schemaOf("setPassword", "Sets a password; all sessions of the account end", {
          204: Answer.nothing,
        }),
        params: Params.account,
        body: Body.password,
      },
      config,
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { account: name } = request.params;
      const may = await maySetPassword(context, principal, { name, ...request.body });
      if (!may.ok) return send(request, reply, may.error);
      const what = { action: "set-password", resource: `account/${name}` };
      const passwordHash = await hashOfPassword(request.body.password);
      const audit = auditOf(principal, request.ip, what);
      const set = await context.store.accounts.change(name, { passwordHash }, audit);
      if (!set.ok) return answer(request, reply, err(ofStore(set.error)));
      return reply.code(204).send();
    },
  );
}

/** One's own by the one before, if there is one; another's by the right to act as them. */
async function maySetPassword(
  context: Context,
  principal: Principal,
  { name, current = "" }: { readonly name: string; readonly current?: string },
): Promise<Result<null, Problem>> {
  const found = await context.store.accounts.get(name);
  if (principal.person.user !== name || !found.ok) {
    const groups = found.ok ? found.value.groups : [];
    return mayOn(context, principal, { verb: "update", name, groups });
  }
  const { passwordHash, lockedUntil } = found.value;
  if (passwordHash === null) return ok(null);
  const isLocked = lockedUntil !== null && lockedUntil.getTime() > Date.now();
  if (!isLocked && (await isPassword(current, passwordHash))) return ok(null);
  const counted = await context.store.accounts.failed(name);
  if (!counted.ok) return err(ofStore(counted.error));
  return err({ code: "forbidden", detail: "body.current: this is not the account's password" });
}
