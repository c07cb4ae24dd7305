/** Local accounts: who they are in the cluster, the hash of their password, and their lock-out (S12). Every change is audited with it. */
import { ok, type Result } from "@seam/base";
import { type Selectable, sql } from "kysely";
import { addAudit, type AuditEntry } from "./audit.ts";
import { type Database, inTransaction, type Queries } from "./connection.ts";
import { failure, type Outcome, type StoreError } from "./error.ts";
import { checkText, firstFault } from "./filters.ts";
import { keysetOf, type Page, type PageRequest } from "./page.ts";
import type { Tables } from "./tables.ts";

/** An account as its maker describes it. */
export type NewAccount = {
  /** The user's name in the cluster. */
  readonly name: string;
  /** The user's groups in the cluster. */
  readonly groups: readonly string[];
  /** As the server's hash function writes it, with its parameters; null: no password opens it. */
  readonly passwordHash: string | null;
};

/** An account as kept. */
export type Account = NewAccount & {
  readonly createdAt: Date;
  /** Nothing of a disabled account is let in. */
  readonly isDisabled: boolean;
  /** No password is tried until then; null: any time. */
  readonly lockedUntil: Date | null;
};

/** What can be changed of an account; absent fields stay. A new password ends its sessions and its lock-out. */
export type AccountChange = {
  readonly groups?: readonly string[];
  readonly isDisabled?: boolean;
  readonly passwordHash?: string;
};

/** The accounts of a store. */
export type Accounts = {
  /** `conflict` when there is one of this name. */
  readonly create: (account: NewAccount, audit: AuditEntry) => Outcome<null>;
  readonly get: (name: string) => Outcome<Account>;
  readonly list: (page: PageRequest<"name">) => Outcome<Page<Account>>;
  readonly change: (name: string, change: AccountChange, audit: AuditEntry) => Outcome<null>;
  /** With all its sessions and tokens. */
  readonly remove: (name: string, audit: AuditEntry) => Outcome<null>;
  /** A wrong password: from the fifth on in a row the account is locked, for 1 minute and twice as long each time, 1 hour at most. */
  readonly failed: (name: string) => Outcome<null>;
  /** A right one: the count begins anew. */
  readonly succeeded: (name: string) => Outcome<null>;
};

const MOST_GROUPS = 64;

/** The accounts of a database. */
export const createAccounts = (database: Database): Accounts => {
  const change = <T>(work: (queries: Queries) => Outcome<T>): Outcome<T> =>
    database.run((queries) => inTransaction(queries, work));
  return {
    create: async (account, audit) => {
      const fault = faultOf(account);
      return fault.ok ? change((inside) => create(inside, account, audit)) : fault;
    },
    get: (name) => database.run((queries) => get(queries, name)),
    list: async (request) => {
      const keyset = keysetOf(request, { name: ["name"] }, {});
      if (!keyset.ok) return keyset;
      const { after, order, limit, page } = keyset.value;
      return database.run(async (queries) => {
        const found = queries.selectFrom("account").selectAll().where(after).orderBy(order);
        const { rows, next } = page(await found.limit(limit).execute());
        return ok({ rows: rows.map(accountOf), next });
      });
    },
    change: async (name, wanted, audit) => {
      const fault = faultOf({ name, groups: wanted.groups ?? [] });
      return fault.ok ? change((inside) => update(inside, { name, wanted, audit })) : fault;
    },
    remove: (name, audit) =>
      change(async (inside) => {
        const gone = await inside.deleteFrom("account").where("name", "=", name).execute();
        return gone[0]?.numDeletedRows === 1n ? audited(inside, audit) : absent(name);
      }),
    failed: (name) =>
      change(async (inside) => {
        await sql`update seam.account set failures = failures + 1, locked_until =
          case when failures + 1 < ${FREE_TRIES} then null else clock_timestamp() +
            least(interval '1 hour', interval '1 minute' * 2 ^ least(failures + 1 - ${FREE_TRIES}, 10)) end
          where name = ${name}`.execute(inside);
        return ok(null);
      }),
    succeeded: (name) =>
      change(async (inside) => {
        await unlock(inside, name);
        return ok(null);
      }),
  };
};

const FREE_TRIES = 5;

const absent = (name: string): ReturnType<typeof failure> =>
  failure("not-found", `there is no account ${name}`);

function faultOf({ name, groups }: Pick<NewAccount, "name" | "groups">): Result<null, StoreError> {
  if (groups.length > MOST_GROUPS) return failure("invalid", `groups: at most ${MOST_GROUPS}`);
  const checks = groups.map((group, index) => checkText(`groups[${index}]`, group));
  return firstFault(checkText("name", name), ...checks);
}

async function audited(queries: Queries, audit: AuditEntry): Outcome<null> {
  const added = await addAudit(queries, audit);
  return added.ok ? ok(null) : added;
}

async function create(queries: Queries, account: NewAccount, audit: AuditEntry): Outcome<null> {
  const { name, groups, passwordHash } = account;
  const made = await queries
    .insertInto("account")
    .values({ name, groups: JSON.stringify(groups), password_hash: passwordHash })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (made.numInsertedOrUpdatedRows !== 1n)
    return failure("conflict", `there is an account ${name} already`);
  return audited(queries, audit);
}

async function get(queries: Queries, name: string): Outcome<Account> {
  const row = await queries
    .selectFrom("account")
    .selectAll()
    .where("name", "=", name)
    .executeTakeFirst();
  return row === undefined ? absent(name) : ok(accountOf(row));
}

const accountOf = (row: Selectable<Tables["account"]>): Account => ({
  name: row.name,
  groups: row.groups,
  passwordHash: row.password_hash,
  createdAt: row.created_at,
  isDisabled: row.is_disabled,
  lockedUntil: row.locked_until,
});

type Update = {
  readonly name: string;
  readonly wanted: AccountChange;
  readonly audit: AuditEntry;
};

async function update(queries: Queries, { name, wanted, audit }: Update): Outcome<null> {
  const { groups, isDisabled, passwordHash } = wanted;
  const changed = await queries
    .updateTable("account")
    .set({
      ...(groups === undefined ? {} : { groups: JSON.stringify(groups) }),
      ...(isDisabled === undefined ? {} : { is_disabled: isDisabled }),
      ...(passwordHash === undefined ? {} : { password_hash: passwordHash }),
      name,
    })
    .where("name", "=", name)
    .executeTakeFirst();
  if (changed.numUpdatedRows !== 1n) return absent(name);
  if (passwordHash !== undefined) {
    await unlock(queries, name);
    const sessions = queries.deleteFrom("credential").where("account", "=", name);
    await sessions.where("kind", "=", "session").execute();
  }
  return audited(queries, audit);
}

const unlock = (queries: Queries, name: string): Promise<unknown> =>
  queries
    .updateTable("account")
    .set({ failures: 0, locked_until: null })
    .where("name", "=", name)
    .execute();
