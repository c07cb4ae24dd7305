/** Reads and writes Kubernetes objects as raw JSON, by apiVersion and kind; every failure is a value. */
import { err, millis, ok, type Millis, type Result } from "@seam/base";
import { type Bind, bindOver } from "./binding.ts";
import {
  createDiscovery,
  createDiscoveryMemory,
  type Discovery,
  type DiscoveryMemory,
} from "./discovery.ts";
import { transportError, type KubeError } from "./error.ts";
import { type Exec, execIn } from "./exec.ts";
import { type Interact, interactIn } from "./interact.ts";
import type { ClusterConfig, Person } from "./kubeconfig.ts";
import { type Logs, logsOver } from "./logs.ts";
import {
  child,
  children,
  isJson,
  isKubeObject,
  refOf,
  textAt,
  type Json,
  type KindRef,
  type KubeObject,
  type ObjectRef,
} from "./object.ts";
import { type PortForward, portForwardIn } from "./port-forward.ts";
import { type Table, tableCall, tableIn } from "./table.ts";
import { openTransport, type Call, type Transport, type TransportOptions } from "./transport.ts";

/** A promise of a value or of a failure of the API. */
export type Answer<T> = Promise<Result<T, KubeError>>;

/** Which objects, and which page of them. */
export type ListQuery = {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
};

/** One page; `next` continues it. */
export type Page = {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  readonly next: string | null;
};

/** Whether the server shall only say what would be. */
type DryRun = { readonly dryRun?: boolean };

/** Who applies, and whether it takes fields from other managers. */
export type ApplyOptions = DryRun & { readonly fieldManager: string; readonly force?: boolean };

/** What becomes of the objects that a deleted object owns: they go after it, before it, or stay. */
export type DeleteOptions = DryRun & {
  readonly dependents?: "Background" | "Foreground" | "Orphan";
};

/** A patch by its media type. */
export type Patch =
  | { readonly kind: "merge" | "strategic"; readonly value: Json }
  | { readonly kind: "json"; readonly value: readonly Json[] };

/** A watch from a resourceVersion. */
export type WatchQuery = Pick<ListQuery, "labelSelector" | "fieldSelector"> & {
  readonly resourceVersion: string;
  readonly inactivity: Millis;
  readonly signal: AbortSignal;
};

/** Speaks to one cluster. */
export type KubeClient = {
  readonly get: (ref: ObjectRef) => Answer<KubeObject>;
  readonly list: (ref: KindRef, query?: ListQuery) => Answer<Page>;
  /** All objects, as the server itself prints them. */
  readonly table: (ref: KindRef, query?: ListQuery) => Answer<Table>;
  readonly watch: (
    ref: KindRef,
    query: WatchQuery,
    onEvent: (event: unknown) => void,
  ) => Answer<void>;
  readonly create: (object: KubeObject, options?: DryRun) => Answer<KubeObject>;
  readonly replace: (object: KubeObject) => Answer<KubeObject>;
  /** Writes `status` alone, whole, of a kind that has that subresource; the resourceVersion must be the latest. */
  readonly replaceStatus: (object: KubeObject) => Answer<KubeObject>;
  readonly apply: (object: KubeObject, options: ApplyOptions) => Answer<KubeObject>;
  readonly applyStatus: (object: KubeObject, options: ApplyOptions) => Answer<KubeObject>;
  readonly patch: (ref: ObjectRef, patch: Patch) => Answer<KubeObject>;
  /** Asks for deletion. */
  readonly delete: (ref: ObjectRef, options?: DeleteOptions) => Answer<void>;
  /** Puts a pod on a node, as a scheduler does. */
  readonly bind: Bind;
  /** Runs a command in a container to its end. */
  readonly exec: Exec;
  /** Runs a command in a container and talks to it. */
  readonly interact: Interact;
  /** Joins a connection with a port of a pod. */
  readonly forward: PortForward;
  readonly logs: Logs;
  /** The answer at any path of the API server that is no object, such as /version. */
  readonly read: (path: string) => Answer<unknown>;
  /** The answer to what is sent to a path that keeps no object, such as that of access reviews. */
  readonly ask: (path: string, body: Json) => Answer<unknown>;
  readonly isNamespaced: (ref: KindRef) => Answer<boolean>;
  /** The same cluster, over the same connections, in the name of the token's owner; closed with the client that it is of. */
  readonly as: (token: string) => KubeClient;
  /** The same cluster, over the same connections and by the same token, in the name of somebody else (user impersonation). */
  readonly inNameOf: (person: Person) => KubeClient;
  readonly close: () => void;
};

const PATIENCE = millis(60_000);
/** A field that the kind does not have is an error; applying says so by itself. */
const STRICT = { fieldValidation: "Strict" };

/** A client of the cluster that `config` names. */
export function createKubeClient(
  config: ClusterConfig,
  options: TransportOptions = {},
): KubeClient {
  return clientOver(config, openTransport(config, options), createDiscoveryMemory());
}

/** What the server serves is the same for all who ask. */
function clientOver(
  config: ClusterConfig,
  transport: Transport,
  memory: DiscoveryMemory,
): KubeClient {
  const wire = { transport, discovery: createDiscovery(transport, memory) };
  const write = writeTo(wire);
  const at = (ref: ObjectRef): ReturnType<typeof write> => write(ref, ref.name);
  return {
    get: (ref) => at(ref)({ method: "GET" }),
    list: (ref, query) => listPage(wire, ref, query ?? {}),
    watch: (ref, query, onEvent) => watch(wire, { ref, query }, onEvent),
    create: (object, { dryRun } = {}) =>
      write(
        refOf(object),
        null,
      )({
        method: "POST",
        body: object,
        suffix: search({ ...STRICT, ...dry(dryRun) }),
      }),
    replace: (object) => at(refOf(object))({ method: "PUT", body: object, suffix: search(STRICT) }),
    replaceStatus: (object) =>
      at(refOf(object))({ method: "PUT", body: object, suffix: `/status${search(STRICT)}` }),
    apply: (object, how) => at(refOf(object))(applyCall(object, how, "")),
    applyStatus: (object, how) => at(refOf(object))(applyCall(object, how, "/status")),
    patch: (ref, patch) =>
      at(ref)({ method: "PATCH", body: patch.value, contentType: patchType(patch) }),
    delete: async (ref, how) => remove(wire, ref, how),
    table: (ref, query) => readTable(wire, ref, query ?? {}),
    bind: bindOver(transport),
    exec: execIn(config),
    interact: interactIn(config),
    forward: portForwardIn(config),
    logs: logsOver(transport),
    read: (path) => transport.send({ method: "GET", path, inactivity: PATIENCE }),
    ask: (path, body) => transport.send({ method: "POST", path, body, inactivity: PATIENCE }),
    isNamespaced: wire.discovery.isNamespaced,
    as: (text) => {
      const token = { kind: "text", text } as const;
      return clientOver({ ...config, token }, transport.as(token), memory);
    },
    inNameOf: (person) => clientOver({ ...config, person }, transport.inNameOf(person), memory),
    close: transport.close,
  };
}

type Wire = { readonly transport: Transport; readonly discovery: Discovery };

/** Sends a request to the kind, or to the object with the name, that answers with an object. */
const writeTo =
  ({ transport, discovery }: Wire) =>
  (ref: KindRef, name: string | null) =>
  async (call: Omit<Call, "path" | "inactivity"> & { suffix?: string }): Answer<KubeObject> => {
    const path = await discovery.pathOf(ref);
    if (!path.ok) return path;
    const { suffix, ...rest } = call;
    const item = name === null ? "" : `/${encodeURIComponent(name)}`;
    return objectIn(
      await transport.send({
        ...rest,
        path: `${path.value}${item}${suffix ?? ""}`,
        inactivity: PATIENCE,
      }),
    );
  };

async function remove(
  { transport, discovery }: Wire,
  ref: ObjectRef,
  { dependents = "Background", dryRun }: DeleteOptions = {},
): Answer<void> {
  const path = await discovery.pathOf(ref);
  if (!path.ok) return path;
  const gone = await transport.send({
    method: "DELETE",
    path: `${path.value}/${encodeURIComponent(ref.name)}`,
    body: {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: dependents,
      ...(dryRun === true ? { dryRun: ["All"] } : {}),
    },
    inactivity: PATIENCE,
  });
  return gone.ok ? ok(undefined) : gone;
}

const applyCall = (
  object: KubeObject,
  options: ApplyOptions,
  subresource: string,
): Pick<Call, "method" | "body" | "contentType"> & { suffix: string } => ({
  method: "PATCH",
  body: object,
  contentType: "application/apply-patch+yaml",
  suffix: `${subresource}${search({
    fieldManager: options.fieldManager,
    force: options.force === true ? "true" : undefined,
    ...dry(options.dryRun),
  })}`,
});

const dry = (dryRun = false): { readonly dryRun?: string } => (dryRun ? { dryRun: "All" } : {});

function patchType(patch: Patch): string {
  switch (patch.kind) {
    case "merge":
      return "application/merge-patch+json";
    case "strategic":
      return "application/strategic-merge-patch+json";
    case "json":
      return "application/json-patch+json";
  }
}

async function listPage(wire: Wire, ref: KindRef, query: ListQuery): Answer<Page> {
  const path = await wire.discovery.pathOf(ref);
  if (!path.ok) return path;
  const answer = await wire.transport.send({
    method: "GET",
    path: path.value + search(query),
    inactivity: PATIENCE,
  });
  if (!answer.ok) return answer;
  if (!isJson(answer.value)) return err(transportError(new Error("the list is not a JSON object")));
  const metadata = child(answer.value, "metadata");
  // Items of a list carry neither apiVersion nor kind.
  const items = children(answer.value, "items").map((item) => ({
    ...item,
    apiVersion: ref.apiVersion,
    kind: ref.kind,
  }));
  return ok({
    items: items.filter(isKubeObject),
    resourceVersion: textAt(metadata, "resourceVersion") ?? "",
    next: textAt(metadata, "continue"),
  });
}

async function readTable(wire: Wire, ref: KindRef, query: ListQuery): Answer<Table> {
  const path = await wire.discovery.pathOf(ref);
  if (!path.ok) return path;
  const answer = await wire.transport.send(tableCall(path.value + search(query)));
  if (!answer.ok) return answer;
  return isJson(answer.value)
    ? ok(tableIn(answer.value))
    : err(transportError(new Error("the table is not a JSON object")));
}

async function watch(
  wire: Wire,
  what: { ref: KindRef; query: WatchQuery },
  onEvent: (event: unknown) => void,
): Answer<void> {
  const path = await wire.discovery.pathOf(what.ref);
  if (!path.ok) return path;
  const { inactivity, signal, ...query } = what.query;
  const full = path.value + search({ ...query, watch: "true", allowWatchBookmarks: "true" });
  return wire.transport.lines({ method: "GET", path: full, inactivity, signal }, onEvent);
}

const objectIn = (answer: Result<unknown, KubeError>): Result<KubeObject, KubeError> => {
  if (!answer.ok) return answer;
  return isKubeObject(answer.value)
    ? ok(answer.value)
    : err(transportError(new Error("the answer is not a Kubernetes object")));
};

function search(query: { readonly [key: string]: string | number | undefined }): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] as const],
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(Object.fromEntries(pairs)).toString()}`;
}
