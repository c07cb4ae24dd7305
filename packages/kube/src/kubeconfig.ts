/** How to reach and speak to a cluster: from a kubeconfig file, or from the files of a pod's service account. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { err, ok, type Result } from "@seam/base";
import { parse } from "yaml";
import { child, children, isJson, textAt, type Json } from "./object.ts";

/** Where a bearer token comes from; a file is read again and again, because the kubelet rotates it. */
export type Token =
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly path: string };

/** In whose name somebody else asks, who must have the verb `impersonate` for it. */
export type Person = {
  /** As the cluster's authentication gives it; printable ASCII, as it goes into a header. */
  readonly user: string;
  /** Beside `system:authenticated`, which the API server adds. */
  readonly groups: readonly string[];
};

/** What is needed to speak to a cluster. */
export type ClusterConfig = {
  readonly server: URL;
  readonly tls: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
    readonly rejectUnauthorized: boolean;
  };
  readonly token: Token;
  readonly namespace: string;
  /** In whose name every call is made; absent: in one's own. */
  readonly person?: Person;
};

/** Surroundings of the process that decide which configuration is read. */
export type ConfigOptions = {
  readonly path?: string;
  readonly context?: string;
  readonly env?: { readonly [name: string]: string | undefined };
  readonly serviceAccountFolder?: string;
  /** Only where the server is and how it is known: neither certificate nor token of anybody. */
  readonly anonymous?: boolean;
};

/** The headers of Kubernetes' user impersonation; none without a person. */
export function impersonation({
  person,
}: Pick<ClusterConfig, "person">): Readonly<Record<string, string | string[]>> {
  if (person === undefined) return {};
  const { user, groups } = person;
  const group = groups.length === 0 ? {} : { "impersonate-group": [...groups] };
  return { "impersonate-user": user, ...group };
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Reads the configuration: the given path, else `KUBECONFIG`, else the pod's service account, else `~/.kube/config`. */
export function loadConfig(options: ConfigOptions = {}): Result<ClusterConfig, string> {
  const env = options.env ?? process.env;
  const named = options.path ?? env["KUBECONFIG"]?.split(delimiter).find((part) => part !== "");
  if (named === undefined && env["KUBERNETES_SERVICE_HOST"] !== undefined)
    return inCluster(options);
  const file = named ?? join(homedir(), ".kube/config");
  return readKubeconfig(file, options.context, options);
}

/** An API server without a kubeconfig. */
export type ServerOptions = {
  /** Such as https://10.0.0.1:6443. */
  readonly url: string;
  /** Bearer token. */
  readonly token: string;
  /** Certificates of the authority that signed the server's, in PEM; without them those of the system count. */
  readonly certificateAuthority?: string;
};

/** The configuration for an API server that is named with a token. */
export function serverConfig(options: ServerOptions): Result<ClusterConfig, string> {
  const server = httpsUrl(options.url);
  if (server === null)
    return err(
      `server.url: expected an https URL, for example https://10.0.0.1:6443; found "${options.url}"`,
    );
  const ca = options.certificateAuthority;
  return ok({
    server,
    tls: { ...(ca === undefined ? {} : { ca }), rejectUnauthorized: true },
    token: { kind: "text", text: options.token },
    namespace: "default",
  });
}

/** Reads one kubeconfig file; every error names the file, what was expected and what to do. */
export function readKubeconfig(
  path: string,
  context?: string,
  { anonymous = false }: Pick<ConfigOptions, "anonymous"> = {},
): Result<ClusterConfig, string> {
  try {
    const parsed: unknown = parse(readFileSync(path, "utf8"));
    if (!isJson(parsed))
      return err(`${path}: expected a kubeconfig (a YAML map with clusters, users and contexts)`);
    const named = context ?? textAt(parsed, "current-context");
    return fromKubeconfig(parsed, { path, context: named, anonymous });
  } catch (error) {
    return err(
      `cannot read kubeconfig ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

type Source = {
  readonly path: string;
  readonly context: string | null;
  readonly anonymous: boolean;
};

function fromKubeconfig(config: Json, source: Source): Result<ClusterConfig, string> {
  if (source.context === null)
    return err(`${source.path}: current-context is not set; run kubectl config use-context NAME`);
  const context = entryOf(config, { list: "contexts", name: source.context, inner: "context" });
  if (context === null) return err(`${source.path}: no context named "${source.context}"`);
  const clusterName = textAt(context, "cluster") ?? "";
  const cluster = entryOf(config, { list: "clusters", name: clusterName, inner: "cluster" });
  if (cluster === null)
    return err(
      `${source.path}: context "${source.context}" names cluster "${clusterName}", which is not in clusters`,
    );
  const userName = source.anonymous ? "" : (textAt(context, "user") ?? "");
  const user =
    userName === "" ? {} : entryOf(config, { list: "users", name: userName, inner: "user" });
  if (user === null)
    return err(
      `${source.path}: context "${source.context}" names user "${userName}", which is not in users`,
    );
  const unsupported = ["exec", "auth-provider"].find((key) => key in user);
  if (unsupported !== undefined) {
    return err(
      `${source.path}: user "${userName}" signs in by ${unsupported}, which is not supported; use a client certificate or a token`,
    );
  }
  return connect({ cluster, user, context }, source.path, clusterName);
}

function connect(
  parts: { cluster: Json; user: Json; context: Json },
  path: string,
  clusterName: string,
): Result<ClusterConfig, string> {
  const server = httpsUrl(textAt(parts.cluster, "server") ?? "");
  if (server === null) {
    return err(
      `${path}: cluster "${clusterName}": expected server to be an https URL, for example https://10.0.0.1:6443`,
    );
  }
  const folder = dirname(resolve(path));
  return ok({
    server,
    tls: tlsOf({ cluster: parts.cluster, user: parts.user, folder }),
    token: tokenOf(parts.user, folder),
    namespace: textAt(parts.context, "namespace") ?? "default",
  });
}

function entryOf(config: Json, wanted: { list: string; name: string; inner: string }): Json | null {
  const entry = children(config, wanted.list).find((item) => item["name"] === wanted.name);
  return entry === undefined ? null : child(entry, wanted.inner);
}

function httpsUrl(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url?.protocol === "https:" ? url : null;
}

function tlsOf(from: { cluster: Json; user: Json; folder: string }): ClusterConfig["tls"] {
  const ca = pem(from.cluster, "certificate-authority", from.folder);
  const cert = pem(from.user, "client-certificate", from.folder);
  const key = pem(from.user, "client-key", from.folder);
  const servername = textAt(from.cluster, "tls-server-name");
  return {
    rejectUnauthorized: from.cluster["insecure-skip-tls-verify"] !== true,
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    ...(servername === null ? {} : { servername }),
  };
}

/** `NAME-data` holds base64 and wins over `NAME`, a path relative to the kubeconfig, as in kubectl. */
function pem(from: Json, name: string, folder: string): string | null {
  const data = textAt(from, `${name}-data`);
  if (data !== null) return Buffer.from(data, "base64").toString("utf8");
  const path = textAt(from, name);
  return path === null ? null : readFileSync(resolve(folder, path), "utf8");
}

function tokenOf(user: Json, folder: string): Token {
  const path = textAt(user, "tokenFile");
  if (path !== null) return { kind: "file", path: resolve(folder, path) };
  const text = textAt(user, "token");
  return text === null ? { kind: "none" } : { kind: "text", text };
}

function inCluster(options: ConfigOptions): Result<ClusterConfig, string> {
  const env = options.env ?? process.env;
  const folder = options.serviceAccountFolder ?? SERVICE_ACCOUNT;
  const path = join(folder, "token");
  const anonymous = options.anonymous === true;
  if (!anonymous && !existsSync(path)) {
    return err(
      `in a pod, but ${path} does not exist: set automountServiceAccountToken: true, or KUBECONFIG`,
    );
  }
  const server = inClusterUrl(env);
  if (!server.ok) return server;
  try {
    return ok({
      server: server.value,
      tls: { ca: readFileSync(join(folder, "ca.crt"), "utf8"), rejectUnauthorized: true },
      token: anonymous ? { kind: "none" } : { kind: "file", path },
      namespace: readFileSync(join(folder, "namespace"), "utf8").trim(),
    });
  } catch (error) {
    return err(
      `cannot read the service account in ${folder}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function inClusterUrl(env: { readonly [name: string]: string | undefined }): Result<URL, string> {
  const host = env["KUBERNETES_SERVICE_HOST"] ?? "";
  const named = host.includes(":") ? `[${host}]` : host;
  const server = httpsUrl(`https://${named}:${env["KUBERNETES_SERVICE_PORT"] ?? "443"}`);
  return server === null
    ? err(`KUBERNETES_SERVICE_HOST: expected an IP address, for example 10.96.0.1; found "${host}"`)
    : ok(server);
}
