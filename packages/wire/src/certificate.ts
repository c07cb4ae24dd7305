/** A certificate in two files that are replaced while the server runs, as those of a Secret are. */
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { err, type Millis, ok, type Result } from "@seam/base";
import { experimental, type ServerCredentials } from "@grpc/grpc-js";

/** Files in PEM form. */
export type CertificateFiles = { readonly cert: string; readonly key: string };

/** How files are followed. */
export type FollowOptions = {
  /** Time between two looks at the files. */
  readonly interval: Millis;
  /** A pair that cannot be used; the one before stays in use. */
  readonly onRefused: (message: string) => void;
  readonly onReplaced: () => void;
};

/** Credentials that are always those of the files; dispose of them after the server. */
export type FollowedCredentials = Disposable & { readonly credentials: ServerCredentials };

type Pair = { readonly certificate: Buffer; readonly privateKey: Buffer };
type Told = (pair: Pair | null) => void;

/** Credentials from the files as they are, or why they cannot be used. */
export function followCertificate(
  files: CertificateFiles,
  options: FollowOptions,
): Result<FollowedCredentials, string> {
  const first = readPair(files);
  if (!first.ok) return first;
  const state = { pair: first.value, refused: "" };
  const listeners = new Set<Told>();
  const look = (): void => {
    const read = readPair(files);
    const refused = read.ok ? "" : read.error;
    if (refused !== "" && refused !== state.refused) options.onRefused(refused);
    state.refused = refused;
    if (!read.ok || isSame(read.value, state.pair)) return;
    state.pair = read.value;
    for (const tell of listeners) tell(read.value);
    options.onReplaced();
  };
  const timer = setInterval(look, options.interval).unref();
  const provider = {
    addCaCertificateListener: () => undefined,
    removeCaCertificateListener: () => undefined,
    addIdentityCertificateListener: (tell: Told) => {
      listeners.add(tell);
      // The server that is told begins to listen to this only after it has asked.
      process.nextTick(() => tell(state.pair));
    },
    removeIdentityCertificateListener: (tell: Told) => void listeners.delete(tell),
  };
  return ok({
    // The first is the one of the server, whatever the parameter is called; callers need no certificate.
    credentials: experimental.createCertificateProviderServerCredentials(provider, null, false),
    [Symbol.dispose]: () => clearInterval(timer),
  });
}

/** Both files, which must belong together: while they are replaced they may not. */
function readPair({ cert, key }: CertificateFiles): Result<Pair, string> {
  try {
    const pair = { certificate: readFileSync(cert), privateKey: readFileSync(key) };
    createSecureContext({ cert: pair.certificate, key: pair.privateKey });
    return ok(pair);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(`cannot use certificate ${cert} with key ${key}: ${why}`);
  }
}

const isSame = (one: Pair, other: Pair): boolean =>
  one.certificate.equals(other.certificate) && one.privateKey.equals(other.privateKey);
