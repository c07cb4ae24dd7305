/** Sessions and API tokens of accounts, known by the hash of their secret alone (S12). */
import { ok } from "@seam/base";
import { sql } from "kysely";
import { addAudit, type AuditEntry } from "./audit.ts";
import { type Database, inTransaction, type Queries } from "./connection.ts";
import { failure, type Outcome } from "./error.ts";
import { checkText } from "./filters.ts";

/** A `session` is a person at a browser; a `token` is a program's. */
export type CredentialKind = "session" | "token";

/** A credential to be kept. */
export type NewCredential = {
  readonly kind: CredentialKind;
  readonly account: string;
  /** What it is for, in words. */
  readonly label: string;
  /** SHA-256 of the secret, in hexadecimal. */
  readonly secretHash: string;
  /** What it may be used for; the words are the server's. */
  readonly scopes: readonly string[];
  readonly expiresAt: Date;
};

/** A credential as kept, without its hash. */
export type Credential = Omit<NewCredential, "secretHash"> & {
  readonly id: number;
  readonly createdAt: Date;
  /** To the minute; null: never. */
  readonly usedAt: Date | null;
};

/** Who comes with a credential. */
export type Bearer = Credential & {
  /** The account's groups, as they are now. */
  readonly groups: readonly string[];
};

/** The credentials of a store. */
export type Credentials = {
  /** The number of the credential. */
  readonly issue: (credential: NewCredential, audit: AuditEntry) => Outcome<number>;
  /** Who a secret belongs to; null when it is unknown or over, or its account is disabled. */
  readonly find: (kind: CredentialKind, secretHash: string) => Outcome<Bearer | null>;
  /** Those of an account that are not over, the newest first, 1,000 at most. */
  readonly list: (account: string, kind: CredentialKind) => Outcome<readonly Credential[]>;
  readonly revoke: (account: string, id: number, audit: AuditEntry) => Outcome<null>;
  /** Deletes those that are over; how many. */
  readonly expire: () => Outcome<number>;
};

const MOST = 1000;

/** The credentials of a database. */
export const createCredentials = (database: Database): Credentials => {
  const change = <T>(work: (queries: Queries) => Outcome<T>): Outcome<T> =>
    database.run((queries) => inTransaction(queries, work));
  return {
    issue: async (credential, audit) => {
      const fault = checkText("label", credential.label, { least: 0 });
      return fault.ok ? change((inside) => issue(inside, credential, audit)) : fault;
    },
    find: (kind, secretHash) => database.run((queries) => find(queries, kind, secretHash)),
    list: (account, kind) =>
      database.run(async (queries) => {
        const mine = columns(queries).where("account", "=", account).where("kind", "=", kind);
        return ok(await mine.orderBy("id", "desc").limit(MOST).execute());
      }),
    revoke: (account, id, audit) =>
      change(async (inside) => {
        const mine = inside.deleteFrom("credential").where("account", "=", account);
        const gone = await mine.where("id", "=", id).executeTakeFirst();
        if (gone.numDeletedRows !== 1n)
          return failure("not-found", `${account} has no session or token ${id}`);
        const audited = await addAudit(inside, audit);
        return audited.ok ? ok(null) : audited;
      }),
    expire: () =>
      change(async (inside) => {
        const old = inside.deleteFrom("credential").where("expires_at", "<=", now());
        return ok(Number((await old.executeTakeFirst()).numDeletedRows));
      }),
  };
};

const now = (): ReturnType<typeof sql<Date>> => sql<Date>`clock_timestamp()`;

const columns = (queries: Queries) =>
  queries
    .selectFrom("credential")
    .select(["credential.id", "kind", "account", "label", "scopes"])
    .select(["credential.created_at as createdAt", "expires_at as expiresAt", "used_at as usedAt"])
    .where("expires_at", ">", now());

async function issue(
  queries: Queries,
  credential: NewCredential,
  audit: AuditEntry,
): Outcome<number> {
  const { kind, account, label, secretHash, scopes, expiresAt } = credential;
  const { id } = await queries
    .insertInto("credential")
    .values({
      kind,
      account,
      label,
      secret_hash: secretHash,
      scopes: JSON.stringify(scopes),
      expires_at: expiresAt,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  const audited = await addAudit(queries, audit);
  return audited.ok ? ok(id) : audited;
}

async function find(
  queries: Queries,
  kind: CredentialKind,
  secretHash: string,
): Outcome<Bearer | null> {
  const row = await columns(queries)
    .innerJoin("account", "account.name", "credential.account")
    .select("account.groups")
    .where("account.is_disabled", "=", false)
    .where("kind", "=", kind)
    .where("secret_hash", "=", secretHash)
    .executeTakeFirst();
  if (row === undefined) return ok(null);
  if (row.usedAt === null || Date.now() - row.usedAt.getTime() > 60_000) {
    const mine = queries.updateTable("credential").where("id", "=", row.id);
    await mine.set({ used_at: now() }).execute();
  }
  return ok(row);
}
