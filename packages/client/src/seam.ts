/** The library's front door: one cluster's projects and experiments, typed; every failure is a value. */
import {
  type Experiment,
  formatFieldError,
  parseExperiment,
  parseProject,
  type Project,
} from "@seam/api";
import { err, ok, type Result } from "@seam/base";
import {
  createKubeClient,
  type KindRef,
  type KubeClient,
  type KubeError,
  type KubeObject,
  loadConfig,
  type ObjectRef,
  startReflector,
} from "@seam/kube";
import { FIELD_MANAGER } from "./apply.ts";
import { createChannel } from "./channel.ts";
import { fromKube, nameOf, type SeamError } from "./error.ts";
import { EXPERIMENT, type KnownKind, PROJECT } from "./kinds.ts";
import { waitFor, type WaitEvent, type WaitOptions } from "./wait.ts";

/** Which object; without a namespace the one of the kubeconfig's context. */
export type Place = { readonly name: string; readonly namespace?: string };

/** A value or why there is none. */
export type Reply<T> = Promise<Result<T, SeamError>>;

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
  readonly get: (place: Place) => Reply<T>;
  /** All objects; of one namespace when it is given. */
  readonly list: (namespace?: string) => Reply<readonly T[]>;
  readonly delete: (place: Place) => Reply<void>;
  /** Every object that is there, then each change, until `signal` is aborted. */
  readonly watch: (signal: AbortSignal, namespace?: string) => AsyncIterable<WatchEvent<T>>;
  readonly wait: (place: Place, options: WaitOptions) => AsyncIterable<WaitEvent>;
};

/** A connection to one cluster. */
export type Seam = Disposable & {
  readonly projects: Collection<Project>;
  readonly experiments: Collection<Experiment>;
  /** The same connection for objects of any kind. */
  readonly kube: KubeClient;
  /** The namespace of objects that name none. */
  readonly namespace: string;
};

/** Which cluster; without a kubeconfig as kubectl chooses. */
export type SeamOptions = {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
};

/** Opens a connection; nothing is sent yet. */
export function createSeam(options: SeamOptions = {}): Result<Seam, SeamError> {
  const config = loadConfig({
    ...(options.kubeconfig === undefined ? {} : { path: options.kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
  });
  if (!config.ok) {
    return err({
      code: "BadConfig",
      message: config.error,
      hint: "Name a cluster with --kubeconfig FILE or KUBECONFIG, or start one with seam lab up.",
      details: [],
    });
  }
  const kube = createKubeClient(config.value);
  const namespace = options.namespace ?? config.value.namespace;
  return ok({
    projects: collection({ kube, namespace, known: PROJECT, parse: parseProject }),
    experiments: collection({ kube, namespace, known: EXPERIMENT, parse: parseExperiment }),
    kube,
    namespace,
    [Symbol.dispose]: kube.close,
  });
}

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
    get: (place) => reply(`get ${nameOf(refAt(typed, place))}`, kube.get(refAt(typed, place))),
    list: (namespace) => listAll(typed, namespace),
    delete: async (place) => {
      const ref = refAt(typed, place);
      const gone = await kube.delete(ref);
      return gone.ok ? gone : err(fromKube(`delete ${nameOf(ref)}`, gone.error));
    },
    watch: (signal, namespace) => watchAll(typed, signal, namespace),
    wait: (place, options) => waitFor(kube, refAt(typed, place), options),
  };
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

/** All objects of a kind, page by page. */
export async function listObjects(kube: KubeClient, ref: KindRef): Reply<readonly KubeObject[]> {
  const items: KubeObject[] = [];
  let next: string | null = null;
  do {
    const query = next === null ? { limit: 500 } : { limit: 500, continue: next };
    const page = await kube.list(ref, query);
    if (!page.ok) return err(fromKube(`list ${ref.kind.toLowerCase()}s`, page.error));
    items.push(...page.value.items);
    next = page.value.next;
  } while (next !== null);
  return ok(items);
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
  const channel = createChannel<WatchEvent<T>>();
  await using _copy = startReflector<Result<T, SeamError>>({
    client: typed.kube,
    ref: kindIn(typed, namespace),
    project: (object) => read(typed, object),
    onChange: ({ kind, value }) =>
      channel.push(
        value.ok ? { kind, object: value.value } : { kind: "trouble", error: value.error },
      ),
    onError: (error) =>
      channel.push({ kind: "trouble", error: fromKube(`watch ${typed.known.plural}`, error) }),
  });
  if (signal.aborted) channel.end();
  signal.addEventListener("abort", channel.end, { once: true });
  yield* channel.items;
}
