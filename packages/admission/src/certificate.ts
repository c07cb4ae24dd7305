/**
 * Certificates for the API server's calls, made in memory: an authority that signs one certificate and is then forgotten, so there is no
 * key to keep or to steal. Who trusts it is `trust.ts`' matter.
 */
// Before the library, which asks for it.
import "reflect-metadata";
import { webcrypto } from "node:crypto";

import {
  BasicConstraintsExtension,
  type X509CertificateCreateSelfSignedParams,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** What a TLS server needs, and the certificate of its authority; PEM. */
export type Identity = {
  readonly cert: string;
  readonly key: string;
  readonly authority: string;
  /** When it ends; ms since 1970. */
  readonly endsAtMs: number;
};

/** What a certificate is for. */
export type IdentityWish = {
  /** Common name of the authority: who made it. */
  readonly maker: string;
  /** DNS names of the server. */
  readonly names: readonly string[];
  readonly nowMs: number;
  readonly validMs: number;
};

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Clocks of machines differ. */
const SKEW_MS = 300_000;

/** Makes an authority and a certificate (RFC 5280; ECDSA on P-256). */
export async function makeIdentity(wish: IdentityWish): Promise<Identity> {
  const [roots, keys] = await Promise.all([newKeys(), newKeys()]);
  const endsAtMs = wish.nowMs + wish.validMs;
  const valid = {
    notBefore: new Date(wish.nowMs - SKEW_MS),
    notAfter: new Date(endsAtMs),
    signingAlgorithm: ALGORITHM,
  };
  const authority = await X509CertificateGenerator.createSelfSigned(
    { ...valid, ...AUTHORITY, name: `CN=${wish.maker}`, keys: roots },
    webcrypto,
  );
  const names = wish.names.map((value) => ({ type: "dns" as const, value }));
  const certificate = await X509CertificateGenerator.create(
    {
      ...valid,
      subject: `CN=${wish.names[0] ?? wish.maker}`,
      issuer: authority.subject,
      publicKey: keys.publicKey,
      signingKey: roots.privateKey,
      extensions: [
        new BasicConstraintsExtension(false),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new SubjectAlternativeNameExtension(names),
      ],
    },
    webcrypto,
  );
  return {
    cert: certificate.toString("pem"),
    key: await pemOf(keys.privateKey),
    authority: authority.toString("pem"),
    endsAtMs,
  };
}

const AUTHORITY: Pick<X509CertificateCreateSelfSignedParams, "extensions"> = {
  extensions: [
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
  ],
};

const newKeys = async (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
}
