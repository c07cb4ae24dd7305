/** What every route has at hand. */
import type { Log } from "@seam/daemon";
import type { KubeClient, Person } from "@seam/kube";
import type { AuditEntry, Store } from "@seam/store";
import type { Access } from "./access.ts";
import type { ChangeHub } from "./change-hub.ts";
import type { Lanes } from "./lanes.ts";
import type { Prometheus } from "./prometheus.ts";

/** What a credential may be used for: reading, changing objects, and accounts and tokens. */
export const SCOPES = ["read", "write", "accounts"] as const;
/** One of `SCOPES`. */
export type Scope = (typeof SCOPES)[number];

/** Who asks. */
export type Principal = {
  /** As the cluster knows them; what they may do is the cluster's answer. */
  readonly person: Person;
  /** Their credential's. */
  readonly scopes: readonly string[];
  readonly kind: "session" | "token";
  readonly credentialId: number;
  readonly secretHash: string;
};

/** What every route has at hand. */
export type Context = {
  /** The cluster, in the server's own name; what is asked for people is asked by `inNameOf`. */
  readonly kube: KubeClient;
  readonly store: Store;
  readonly access: Access;
  readonly hub: ChangeHub;
  /** One change of an object at a time. */
  readonly lanes: Lanes;
  /** Null: the operator named none. */
  readonly prometheus: Prometheus | null;
  readonly log: Log;
  /** Whether callers come by TLS. */
  readonly isSecure: boolean;
  /** Aborted when the server shall end. */
  readonly signal: AbortSignal;
};

/** A row of the audit for something that was done. */
export const auditOf = (
  { person }: Pick<Principal, "person">,
  source: string,
  what: Pick<AuditEntry, "action" | "resource"> & Partial<AuditEntry>,
): AuditEntry => ({
  actor: person.user,
  project: "",
  before: null,
  after: null,
  sourceAddress: addressOf(source),
  result: "allowed",
  reason: "",
  ...what,
});

/** An IPv4 address that came over an IPv6 socket, as itself (RFC 4291 section 2.5.5.2). */
const addressOf = (source: string): string => source.replace(/^::ffff:(?=\d+\.)/, "");
