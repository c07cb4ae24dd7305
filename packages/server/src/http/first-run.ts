/** The first account, and its token, which is told once. */
import { err, ok, type Result } from "@seam/base";
import { FIELD_MANAGER } from "@seam/client";
import {
  type ClusterConfig,
  createKubeClient,
  isNotFound,
  type KubeClient,
  type KubeError,
  type KubeObject,
  refOf,
} from "@seam/kube";
import { type AuditEntry, openStore, type Store, type StoreSettings } from "@seam/store";
import { SCOPES } from "./context.ts";
import { hashOfSecret, newSecret } from "./secret.ts";

const ADMIN = "admin";
const GROUP = "seam:admins";
const DAYS = 30;
const DAY_MS = 86_400_000;

/** Binds the group of the first account to the cluster's own role; whoever takes the binding away takes their rights. */
const BINDING: KubeObject = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: "seam-admins" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: GROUP }],
};

type FirstRun = {
  readonly store: Store;
  readonly kube: KubeClient;
  /** Also when there are accounts. */
  readonly force: boolean;
};

/** The token's secret when there was no account yet, or when one is asked for; otherwise null. */
export async function firstRun({
  store,
  kube,
  force,
}: FirstRun): Promise<Result<string | null, string>> {
  const some = await store.accounts.list({ limit: 1, sort: "name", direction: "ascending" });
  if (!some.ok) return err(some.error.message);
  if (some.value.rows.length > 0 && !force) return ok(null);
  const bound = await bind(kube);
  if (!bound.ok) return err(`cannot bind the group ${GROUP}: ${bound.error.message}`);
  const account = { name: ADMIN, groups: [GROUP], passwordHash: null };
  const made = await store.accounts.create(account, auditOf("create-account"));
  if (!made.ok && made.error.code !== "conflict") return err(made.error.message);
  const secret = newSecret();
  const issued = await store.credentials.issue(
    {
      kind: "token",
      account: ADMIN,
      label: "first run",
      secretHash: hashOfSecret(secret),
      scopes: SCOPES,
      expiresAt: new Date(Date.now() + DAYS * DAY_MS),
    },
    auditOf("create-token"),
  );
  return issued.ok ? ok(secret) : err(issued.error.message);
}

/** The cluster and the store of an API server. */
export type Surroundings = {
  readonly cluster: ClusterConfig;
  readonly store: StoreSettings;
};

/** A new token of the first account, beside a server that runs or without one. */
export async function newAdminToken({
  cluster,
  store: settings,
}: Surroundings): Promise<Result<string, string>> {
  const opened = await openStore(settings);
  if (!opened.ok) return err(opened.error.message);
  await using store = opened.value;
  const kube = createKubeClient(cluster);
  using _kube = { [Symbol.dispose]: kube.close };
  const made = await firstRun({ store, kube, force: true });
  if (!made.ok) return made;
  if (made.value === null) throw new Error("bug in Seam: a token was asked for, and none was made");
  return ok(made.value);
}

/** One that is there stays as it is: in a cluster the chart makes it, and the server itself may bind nobody. */
async function bind(kube: KubeClient): Promise<Result<unknown, KubeError>> {
  const found = await kube.get(refOf(BINDING));
  if (found.ok || !isNotFound(found.error)) return found;
  return kube.apply(BINDING, { fieldManager: FIELD_MANAGER, force: true });
}

const auditOf = (action: string): AuditEntry => ({
  actor: "seam server",
  action,
  project: "",
  resource: `account/${ADMIN}`,
  before: null,
  after: null,
  sourceAddress: null,
  result: "allowed",
  reason: "first run",
});
