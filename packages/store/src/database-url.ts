/**
 * Where an external PostgreSQL is, read from a URL of libpq's form (PostgreSQL 15 manual, sections 34.1.1.2 and 34.19). Two things
 * are stricter than in libpq: a parameter that has no effect here is refused, and TLS is the rule: without `sslmode`, a server on another
 * machine must show a certificate that is right for its name. No message holds the URL, as passwords are in it.
 */
import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { err, ok, type Result } from "@seam/base";
import { failure, invalid, messageOf, type StoreError } from "./error.ts";

/** How to reach a database. */
export type DatabaseTarget = {
  /** Name or address, or the directory of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  readonly ssl: false | ConnectionOptions;
};

const NO_HOST = "no-host.invalid";
const FIELD = "database URL";
const EXAMPLE =
  "postgres://USER:PASSWORD@HOST:5432/DATABASE, or postgres://USER@/DATABASE?host=DIR";
const KNOWN = ["host", "port", "user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey"];
const MODES = ["disable", "require", "verify-ca", "verify-full"] as const;
type Mode = (typeof MODES)[number];

/** Reads a URL and the certificates that it names. */
export function readDatabaseUrl(text: string): Result<DatabaseTarget, StoreError> {
  // libpq allows a user without a host, before a socket's directory; the URL standard does not.
  const url = URL.parse(
    text.trim().replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=\/)/, `$1${NO_HOST}`),
  );
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) return invalid(FIELD, EXAMPLE);
  const unknown = [...url.searchParams.keys()].find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) {
    return invalid(`parameter ${unknown} of the ${FIELD}`, `one of ${KNOWN.join(", ")}`);
  }
  const place = placeOf(url);
  if (place === null) return invalid(FIELD, EXAMPLE);
  const mode = modeOf(url.searchParams.get("sslmode"), place.host);
  if (mode === null) return invalid(`sslmode of the ${FIELD}`, `one of ${MODES.join(", ")}`);
  const ssl = mode === "disable" ? ok(false as const) : tlsOf(url, mode, place.host);
  return ssl.ok ? ok({ ...place, ssl: ssl.value }) : ssl;
}

function placeOf(url: URL): Omit<DatabaseTarget, "ssl"> | null {
  const said = (name: string, part: string): string =>
    url.searchParams.get(name) ?? decoded(part) ?? "";
  const host = said("host", url.hostname.replaceAll(/^\[|\]$/g, "")).replace(NO_HOST, "");
  const user = said("user", url.username);
  const database = decoded(url.pathname.slice(1)) ?? "";
  const password = said("password", url.password);
  const port = Number(said("port", url.port) || "5432");
  const isWhole = Number.isInteger(port) && port > 0 && port < 65_536;
  if (host === "" || user === "" || database === "" || !isWhole) return null;
  return { host, port, user, database, ...(password === "" ? {} : { password }) };
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

const isHere = (host: string): boolean =>
  host.startsWith("/") || host === "localhost" || host === "::1" || host.startsWith("127.");

function modeOf(text: string | null, host: string): Mode | null {
  if (text === null) return isHere(host) ? "disable" : "verify-full";
  return MODES.find((mode) => mode === text) ?? null;
}

function tlsOf(url: URL, mode: Mode, host: string): Result<ConnectionOptions, StoreError> {
  const read = (name: string): string | undefined => {
    const file = url.searchParams.get(name);
    return file === null ? undefined : readFileSync(file, "utf8");
  };
  try {
    const ca = read("sslrootcert");
    const cert = read("sslcert");
    const key = read("sslkey");
    return ok({
      host,
      rejectUnauthorized: mode !== "require",
      ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  } catch (error) {
    return err(failure("refused", `certificate of the ${FIELD}: ${messageOf(error)}`).error);
  }
}
