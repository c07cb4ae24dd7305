/** Secrets: made, hashed and compared. Passwords by Argon2id (RFC 9106), random secrets by SHA-256. */
import { argon2, createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(argon2);

/** OWASP's choice for a server that signs people in: 19 MiB, two passes, one lane. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const SECRET_BYTES = 32;

/** A new random secret of 256 bits behind a prefix by which scanners of repositories know it. */
export const newSecret = (): string => `seam_${randomBytes(SECRET_BYTES).toString("base64url")}`;

/** What is kept of a random secret: it cannot be guessed, so a fast hash is enough. */
export const hashOfSecret = (secret: string): string =>
  createHash("sha256").update(secret).digest("hex");

/** What a page must send back with each change of a session; it tells nothing of the session's secret. */
export const csrfOf = (sessionSecret: string): string =>
  createHash("sha256").update(`csrf:${sessionSecret}`).digest("base64url");

/** Compares without telling by its time where texts differ. */
export function isSame(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHash("sha256").update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}

/** A password as it is kept: parameters, salt and key in PHC's string format. */
export async function hashOfPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await keyOf(password, salt, COST);
  const { memory, passes, parallelism } = COST;
  const parameters = `m=${memory},t=${passes},p=${parallelism}`;
  return `$argon2id$v=19$${parameters}$${base64(salt)}$${base64(key)}`;
}

const FORM = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/;

/** Whether a password is the one that was kept; a null hash takes as long and is never right. */
export async function isPassword(password: string, kept: string | null): Promise<boolean> {
  const [, memory, passes, parallelism, salt, key] = FORM.exec(kept ?? NOBODY) ?? [];
  if (salt === undefined || key === undefined) return false;
  const cost = {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
  };
  const found = await keyOf(password, Buffer.from(salt, "base64"), cost);
  return kept !== null && timingSafeEqual(found, Buffer.from(key, "base64"));
}

/** No password has this key. */
const NOBODY = `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${"A".repeat(22)}$${"A".repeat(43)}`;

const keyOf = (password: string, nonce: Buffer, cost: typeof COST): Promise<Buffer> =>
  derive("argon2id", { message: password.normalize("NFKC"), nonce, ...cost, tagLength: KEY_BYTES });

const base64 = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");
