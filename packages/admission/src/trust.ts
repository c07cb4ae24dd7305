/**
 * Whom the API server trusts when it asks: the authorities in the webhook configurations. Each program adds its own, and takes out those
 * that have ended, so that several can follow each other without a moment in which nobody is trusted.
 */
import { X509Certificate } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { BANDWIDTH_ADMISSION } from "@seam/api";
import { ok, type Result } from "@seam/base";
import { children, isConflict, type Json, type KubeClient, type KubeError } from "@seam/kube";

const KINDS = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] as const;
const ATTEMPTS = 10;
const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
/** More would be programs that restart without end; the newest stay. */
const MOST_AUTHORITIES = 16;

/** Adds an authority to both configurations where it lacks; says whether something was changed. */
export async function beTrusted(
  client: KubeClient,
  authority: string,
  nowMs: number,
): Promise<Result<boolean, KubeError>> {
  let isChanged = false;
  for (const kind of KINDS) {
    const done = await addTo(client, { kind, authority, nowMs });
    if (!done.ok) return done;
    isChanged ||= done.value;
  }
  return ok(isChanged);
}

type Addition = {
  readonly kind: (typeof KINDS)[number];
  readonly authority: string;
  readonly nowMs: number;
};

async function addTo(
  client: KubeClient,
  addition: Addition,
  attempt = 1,
): Promise<Result<boolean, KubeError>> {
  const { kind, authority, nowMs } = addition;
  const ref = { apiVersion: "admissionregistration.k8s.io/v1", kind, name: BANDWIDTH_ADMISSION };
  const found = await client.get(ref);
  if (!found.ok) return found;
  const before = children(found.value, "webhooks");
  const webhooks = before.map((webhook) => trusting(webhook, authority, nowMs));
  if (isDeepStrictEqual(before, webhooks)) return ok(false);
  const written = await client.replace({ ...found.value, webhooks });
  if (written.ok) return ok(true);
  return isConflict(written.error) && attempt < ATTEMPTS
    ? addTo(client, addition, attempt + 1)
    : written;
}

function trusting(webhook: Json, authority: string, nowMs: number): Json {
  const { clientConfig } = webhook;
  const config = typeof clientConfig === "object" && clientConfig !== null ? clientConfig : {};
  const found: unknown = Reflect.get(config, "caBundle");
  const bundle = bundleWith(typeof found === "string" ? found : "", authority, nowMs);
  return { ...webhook, clientConfig: { ...config, caBundle: bundle } };
}

/** A bundle, base64 of PEM, with an authority and without those that have ended. */
export function bundleWith(bundle: string, authority: string, nowMs: number): string {
  const text = Buffer.from(bundle, "base64").toString("utf8");
  const certificates = [...text.matchAll(PEM)].map(([pem]) => pem);
  const own = authority.trim();
  const lasting = certificates.filter((pem) => !hasEnded(pem, nowMs));
  const kept = lasting.includes(own) ? lasting : [...lasting, own];
  return Buffer.from(`${kept.slice(-MOST_AUTHORITIES).join("\n")}\n`).toString("base64");
}

function hasEnded(pem: string, nowMs: number): boolean {
  try {
    return new X509Certificate(pem).validToDate.getTime() <= nowMs;
  } catch {
    return true;
  }
}
