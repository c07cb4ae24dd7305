/** The library's front door: one cluster's projects and experiments, typed; every failure is a value. */
import {
  type Experiment,
  formatFieldError,
  type NetworkConfig,
  parseExperiment,
  parseNetworkConfig,
  parseProject,
  type Project,
} from "@seam/api";
import { err, ok, type Result } from "@seam/base";
import {
  createKubeClient,
  isConflict,
  type KindRef,
  type KubeClient,
  type KubeError,
  type KubeObject,
  loadConfig,
  type ObjectRef,
  serverConfig,
  type ServerOptions,
} from "@seam/kube";
import { FIELD_MANAGER } from "./apply.ts";
import { askToDelete, type DeleteHow } from "./delete.ts";
import { fromKube, nameOf, type SeamError } from "./error.ts";
import { EXPERIMENT, type KnownKind, NETWORK_CONFIG, PROJECT } from "./kinds.ts";
import { listObjects, type Reply } from "./list.ts";
import { type Plan, planObjects } from "./plan.ts";
import {
  type EnforcementAnswer,
  type EnforcementQuestion,
  policiesEnforced,
} from "./policies-enforced.ts";
import { waitFor, type WaitEvent, type WaitOptions } from "./wait.ts";
import { watchObjects } from "./watch.ts";

/** Which object; without a namespace the one of the kubeconfig's context. */
export type Place = { readonly name: string; readonly namespace?: string };

/** A change of an object, or trouble with the watch (which goes on). */
export type WatchEvent<T> =
  | { readonly kind: "set" | "deleted"; readonly object: T }
  | { readonly kind: "trouble"; readonly error: SeamError };

/** The objects of one kind. */
export type Collection<T> = {
  /** Makes an object that is not there yet. */
  readonly create: (object: T) => Reply<T>;
  /** Makes or changes an object; fields that others own (also those that `create` set) are taken over only by `force`. */
  readonly apply: (object: T, options?: { readonly force: boolean }) => Reply<T>;
  /** What applying would do, in the namespace and on the nodes; nothing is written. */
  readonly plan: (object: T, options?: { readonly force: boolean }) => Reply<Plan>;
  readonly get: (place: Place) => Reply<T>;
  /** Changes what is there; `change` is called again with what somebody else made of it meanwhile. */
  readonly update: (place: Place, change: (object: T) => T) => Reply<T>;
  /** All objects; of one namespace when it is given. */
  readonly list: (namespace?: string) => Reply<readonly T[]>;
  readonly delete: (place: Place, how?: Omit<DeleteHow, "patience">) => Reply<void>;
  /** Every object that is there, then each change, until `signal` is aborted. */
  readonly watch: (signal: AbortSignal, namespace?: string) => AsyncIterable<WatchEvent<T>>;
  readonly wait: (place: Place, options: WaitOptions) => AsyncIterable<WaitEvent>;
};

/** A connection to one cluster. */
export type Seam = Disposable & {
  readonly projects: Collection<Project>;
  readonly experiments: Collection<Experiment>;
  readonly networkConfigs: Collection<NetworkConfig>;
  /** Waits until policies are in force on all nodes whose agents report, and says which are behind when the time is over. */
  readonly policiesEnforced: (question: EnforcementQuestion) => Reply<EnforcementAnswer>;
  /** The same connection for objects of any kind. */
  readonly kube: KubeClient;
  /** The namespace of objects that name none. */
  readonly namespace: string;
};

/** Which cluster; without a kubeconfig and a server as kubectl chooses, in a pod by its service account. */
export type SeamOptions = {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** An API server by its URL and a bearer token, in place of a kubeconfig. */
  readonly server?: ServerOptions;
  readonly namespace?: string;
  /** Called with each warning of the API server. */
  readonly onWarning?: (text: string) => void;
};

/** Opens a connection; nothing is sent yet. */
export function createSeam(options: SeamOptions = {}): Result<Seam, SeamError> {
  const config = configOf(options);
  if (!config.ok) {
    return err({
      code: "BadConfig",
      message: config.error,
      hint: "Name a cluster with --kubeconfig FILE or KUBECONFIG, or start one with seam lab up.",
      details: [],
    });
  }
  const { onWarning } = options;
  const kube = createKubeClient(config.value, onWarning === undefined ? {} : { onWarning });
  const namespace = options.namespace ?? config.value.namespace;
  return ok({
    projects: collection({ kube, namespace, known: PROJECT, parse: parseProject }),
    experiments: collection({ kube, namespace, known: EXPERIMENT, parse: parseExperiment }),
    networkConfigs: collection({
      kube,
      namespace,
      known: NETWORK_CONFIG,
      parse: parseNetworkConfig,
    }),
    policiesEnforced: (question) => policiesEnforced({ kube, namespace }, question),
    kube,
    namespace,
    [Symbol.dispose]: kube.close,
  });
}

const configOf = ({ kubeconfig, context, server }: SeamOptions): ReturnType<typeof loadConfig> =>
  server === undefined
    ? loadConfig({
        ...(kubeconfig === undefined ? {} : { path: kubeconfig }),
        ...(context === undefined ? {} : { context }),
      })
    : serverConfig(server);

type Typed<T> = {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly known: KnownKind;
  readonly parse: (value: unknown) => Result<T, readonly Parameters<typeof formatFieldError>[0][]>;
};

function collection<T extends KubeObject>(typed: Typed<T>): Collection<T> {
  const { kube } = typed;
  const placed = (object: T): KubeObject => {
    const { name, namespace } = refAt(typed, object.metadata);
    return namespace === undefined
      ? object
      : { ...object, metadata: { ...object.metadata, name, namespace } };
  };
  const reply = async (
    attempt: string,
    answer: Promise<Result<KubeObject, KubeError>>,
  ): Reply<T> => {
    const object = await answer;
    return object.ok ? read(typed, object.value) : err(fromKube(attempt, object.error));
  };
  return {
    create: (object) =>
      reply(`create ${nameOf(refAt(typed, object.metadata))}`, kube.create(placed(object))),
    apply: (object, options) =>
      reply(
        `apply ${nameOf(refAt(typed, object.metadata))}`,
        kube.apply(placed(object), { fieldManager: FIELD_MANAGER, force: options?.force === true }),
      ),
    plan: (object, options) =>
      planObjects(kube, [{ name: "object", text: JSON.stringify(object) }], {
        namespace: typed.namespace,
        force: options?.force === true,
      }),
    get: (place) => reply(`get ${nameOf(refAt(typed, place))}`, kube.get(refAt(typed, place))),
    update: (place, change) => update(typed, place, change),
    list: (namespace) => listAll(typed, namespace),
    delete: async (place, how) => {
      const ref = refAt(typed, place);
      const gone = await askToDelete(kube, ref, { ...how, patience: null });
      return gone.ok ? gone : err(fromKube(`delete ${nameOf(ref)}`, gone.error));
    },
    watch: (signal, namespace) => watchAll(typed, signal, namespace),
    wait: (place, options) => waitFor(kube, refAt(typed, place), options),
  };
}

/** So often somebody else may come before. */
const TRIES = 10;

async function update<T extends KubeObject>(
  typed: Typed<T>,
  place: Place,
  change: (object: T) => T,
): Reply<T> {
  const ref = refAt(typed, place);
  const failed = (error: KubeError): Result<T, SeamError> =>
    err(fromKube(`update ${nameOf(ref)}`, error));
  for (let tries = 1; ; tries += 1) {
    const found = await typed.kube.get(ref);
    if (!found.ok) return failed(found.error);
    const before = read(typed, found.value);
    if (!before.ok) return before;
    // With the version that was read, the server refuses what was made from an old copy.
    const { resourceVersion } = found.value.metadata;
    const wanted = change(before.value);
    const metadata = { ...wanted.metadata, resourceVersion };
    const replaced = await typed.kube.replace({ ...wanted, metadata });
    if (replaced.ok) return read(typed, replaced.value);
    if (!isConflict(replaced.error) || tries === TRIES) return failed(replaced.error);
  }
}

function refAt<T>(typed: Typed<T>, place: { name: string; namespace?: string }): ObjectRef {
  const { apiVersion, kind, namespaced } = typed.known;
  const ref = { apiVersion, kind, name: place.name };
  return namespaced ? { ...ref, namespace: place.namespace ?? typed.namespace } : ref;
}

function kindIn<T>({ known }: Typed<T>, namespace: string | undefined): KindRef {
  const ref = { apiVersion: known.apiVersion, kind: known.kind };
  return namespace === undefined ? ref : { ...ref, namespace };
}

/** An object of the server; one that this version cannot read is an error that says so. */
function read<T>(typed: Typed<T>, object: KubeObject): Result<T, SeamError> {
  const parsed = typed.parse(object);
  return parsed.ok
    ? parsed
    : err({
        code: "BadInput",
        message: `the server's ${nameOf(object.metadata.namespace === undefined ? { kind: object.kind, name: object.metadata.name } : { kind: object.kind, name: object.metadata.name, namespace: object.metadata.namespace })} is not as this version of Seam expects`,
        hint: "Use the version of Seam that is installed in the cluster.",
        details: parsed.error.map(formatFieldError),
      });
}

async function listAll<T>(typed: Typed<T>, namespace: string | undefined): Reply<readonly T[]> {
  const objects = await listObjects(typed.kube, kindIn(typed, namespace));
  if (!objects.ok) return objects;
  const items: T[] = [];
  for (const object of objects.value) {
    const item = read(typed, object);
    if (!item.ok) return item;
    items.push(item.value);
  }
  return ok(items);
}

async function* watchAll<T>(
  typed: Typed<T>,
  signal: AbortSignal,
  namespace: string | undefined,
): AsyncGenerator<WatchEvent<T>, void> {
  const ref = kindIn(typed, namespace);
  for await (const event of watchObjects(typed.kube, { ref }, signal)) {
    if (event.kind === "complete") continue;
    if (event.kind === "trouble") {
      yield { kind: "trouble", error: fromKube(`watch ${typed.known.plural}`, event.error) };
      continue;
    }
    const object = read(typed, event.object);
    const kind = event.kind === "deleted" ? "deleted" : "set";
    yield object.ok ? { kind, object: object.value } : { kind: "trouble", error: object.error };
  }
}
