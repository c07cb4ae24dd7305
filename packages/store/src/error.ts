/** What can go wrong with the store, as values; and how PostgreSQL's own errors (appendix A, error codes) are read. */
import type { Result } from "@seam/base";

/**
 * - `unavailable`: the database is away or too slow. Nothing can be said about a write that was under way; one with an
 *   idempotency key can be sent again. Reads and writes succeed again by themselves when it is back.
 * - `conflict`: somebody else was faster; read again. - `invalid`: the caller's input. - `not-found`, `gone`: not (any more) there.
 * - `refused`: rights, versions or a directory in use: an operator must act. - `failed`: a fault of Seam or of the database.
 */
export type StoreErrorCode =
  | "unavailable"
  | "conflict"
  | "invalid"
  | "not-found"
  | "gone"
  | "refused"
  | "failed";

/** One failure; the message never holds a password or a value of a row. */
export type StoreError = { readonly code: StoreErrorCode; readonly message: string };

/** What every call to the store answers with. */
export type Outcome<T> = Promise<Result<T, StoreError>>;

type Failure = { readonly ok: false; readonly error: StoreError };

/** A failed result. */
export const failure = (code: StoreErrorCode, message: string): Failure => ({
  ok: false,
  error: { code, message },
});

/** Input that cannot be taken: which field, and what was expected. */
export const invalid = (field: string, expected: string): Failure =>
  failure("invalid", `${field}: expected ${expected}`);

/** A field of an error of another library, as text; empty when there is none. */
export function fieldOf(error: unknown, name: string): string {
  if (!(error instanceof Error)) return "";
  const value: unknown = Object.getOwnPropertyDescriptor(error, name)?.value;
  return typeof value === "string" ? value : "";
}

/** The words of any thrown thing. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const SOCKET = /^(E(CONN|PIPE|TIMEDOUT|NOTFOUND|AI_|HOST|NET)|ENOENT|EACCES)/;
/** Errors that pg and its pool give no code. */
const WORDS =
  /Connection terminated|is not queryable|timeout exceeded when trying to connect|Query read timeout/;
/** Class 08, shutdowns, too many connections, a server that only reads. */
const AWAY = /^(08...|57P0[1-5]|53300|25006)$/;
/** A statement or a lock that took too long, or two transactions that stood in each other's way: the database is there. */
const SLOW = /^(57014|55P03|40001|40P01)$/;
const CERTIFICATE =
  /^(ERR_TLS|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)|^The server does not support/;

/** True for errors after which the database counts as away. */
export const isAway = (error: unknown): boolean => {
  const code = fieldOf(error, "code");
  return SOCKET.test(code) || AWAY.test(code) || WORDS.test(messageOf(error));
};

const WHAT_TO_DO = new Map([
  ["28P01", "check user and password of the database's URL"],
  ["28000", "check the user of the database's URL, and pg_hba.conf of the server"],
  ["3D000", "create the database, or name another in the database's URL"],
  ["42501", "see the rights of the database's user"],
  ["42P01", "run: seam store migrate"],
  ["42703", "run: seam store migrate"],
  ["42883", "run: seam store migrate"],
  ["3F000", "run: seam store migrate"],
]);

/** An error of the database as one of ours. PostgreSQL's `detail`, which holds values of rows, is left out. */
export function storeErrorOf(error: unknown): StoreError {
  const words = messageOf(error) || fieldOf(error, "code") || "no reason given";
  if (isAway(error)) return { code: "unavailable", message: `the database is away: ${words}` };
  const code = fieldOf(error, "code");
  if (SLOW.test(code)) return { code: "unavailable", message: `the database is busy: ${words}` };
  const hint = CERTIFICATE.test(code || words)
    ? "check sslmode and sslrootcert of the database's URL"
    : WHAT_TO_DO.get(code);
  if (hint !== undefined) return { code: "refused", message: `${words}; ${hint}` };
  return { code: "failed", message: `the database failed: ${words}` };
}
