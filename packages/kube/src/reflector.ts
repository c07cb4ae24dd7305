/** Keeps a local copy of all objects of a kind: list in pages, then watch; through every fault, without ever giving up. */
import { err, millis, ok, type Millis, type Result } from "@seam/base";
import { backoff, sleep } from "./backoff.ts";
import type { KubeClient, ListQuery } from "./client.ts";
import { apiError, isGone, transportError, type KubeError } from "./error.ts";
import {
  isJson,
  isKubeObject,
  objectKey,
  textAt,
  type KindRef,
  type KubeObject,
  withoutManagers,
} from "./object.ts";

/** A change of the copy; `value` is the last known one when the object was deleted. */
export type Change<T> = {
  readonly kind: "set" | "deleted";
  readonly key: string;
  readonly value: T;
  /** The resourceVersion of this very change; null when a new list lacks the object, as nobody knows when it went. */
  readonly version: string | null;
};

/** What to copy and what to tell. */
export type ReflectorOptions<T> = {
  readonly client: Pick<KubeClient, "list" | "watch">;
  readonly ref: KindRef;
  readonly selector?: Pick<ListQuery, "labelSelector" | "fieldSelector">;
  /** Reduces an object to what is kept in memory, without its managedFields unless they are wanted; `before` is what is kept of it until now. */
  readonly project: (object: KubeObject, before: T | undefined) => T;
  readonly wantsManagedFields?: boolean;
  readonly onChange?: (change: Change<T>) => void;
  readonly onError?: (error: KubeError) => void;
  /** A watch that is silent this long is made anew; the server sends bookmarks about once a minute. */
  readonly inactivity?: Millis;
  readonly pageLimit?: number;
  readonly longestWait?: Millis;
};

/** A running copy; end it with `await using` or by disposing of it. */
export type Reflector<T> = AsyncDisposable & {
  readonly get: (key: string) => T | undefined;
  readonly entries: () => readonly (readonly [string, T])[];
  /** The resourceVersion up to which all changes were told; null until a list is complete. */
  readonly version: () => string | null;
  /** Resolves when the first list is complete. */
  readonly synced: Promise<void>;
};

type Entry<T> = { readonly version: string; readonly value: T };
type State<T> = {
  readonly cache: Map<string, Entry<T>>;
  readonly options: ReflectorOptions<T>;
  readonly signal: AbortSignal;
  version: string | null;
  failures: number;
};

/** Starts a copy. */
export function startReflector<T>(options: ReflectorOptions<T>): Reflector<T> {
  const stop = new AbortController();
  const synced = Promise.withResolvers<void>();
  const state: State<T> = {
    cache: new Map(),
    options,
    signal: stop.signal,
    version: null,
    failures: 0,
  };
  const running = run(state, synced.resolve);
  return {
    get: (key) => state.cache.get(key)?.value,
    entries: () => [...state.cache].map(([key, entry]) => [key, entry.value] as const),
    version: () => state.version,
    synced: synced.promise,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

async function run<T>(state: State<T>, onSynced: () => void): Promise<void> {
  while (!state.signal.aborted) {
    const step = state.version === null ? await relist(state) : await follow(state, state.version);
    if (step.ok && state.version !== null) onSynced();
    if (!step.ok && !state.signal.aborted) await recover(state, step.error);
  }
}

async function recover<T>(state: State<T>, error: KubeError): Promise<void> {
  if (isGone(error)) state.version = null;
  state.failures += 1;
  guarded(state, () => state.options.onError?.(error));
  await sleep(
    backoff(state.failures, {
      first: millis(100),
      longest: state.options.longestWait ?? millis(30_000),
    }),
    state.signal,
  );
}

async function relist<T>(state: State<T>): Promise<Result<void, KubeError>> {
  const { client, ref, selector, pageLimit } = state.options;
  const seen = new Set<string>();
  let next: string | null = null;
  do {
    const query: ListQuery = {
      ...selector,
      limit: pageLimit ?? 500,
      ...(next === null ? {} : { continue: next }),
    };
    const page = await client.list(ref, query);
    if (!page.ok) return page;
    for (const item of page.value.items) {
      seen.add(objectKey(item));
      store(state, item);
    }
    next = page.value.next;
    if (next === null) state.version = page.value.resourceVersion;
  } while (next !== null && !state.signal.aborted);
  if (state.version !== null) forgetUnseen(state, seen);
  state.failures = 0;
  return ok(undefined);
}

function forgetUnseen<T>(state: State<T>, seen: ReadonlySet<string>): void {
  for (const key of state.cache.keys()) if (!seen.has(key)) remove(state, key, null);
}

/** Watches until the server ends it; the answer is an error when it ended badly. */
async function follow<T>(
  state: State<T>,
  resourceVersion: string,
): Promise<Result<void, KubeError>> {
  const { client, ref, selector, inactivity } = state.options;
  const broken = new AbortController();
  let failure: KubeError | null = null;
  let events = 0;
  const signal = AbortSignal.any([state.signal, broken.signal]);
  const ended = await client.watch(
    ref,
    { ...selector, resourceVersion, inactivity: inactivity ?? millis(150_000), signal },
    (event) => {
      const error = failure === null ? accept(state, event) : null;
      if (failure !== null) return;
      if (error === null) {
        events += 1;
        state.failures = 0;
        return;
      }
      failure = error;
      broken.abort();
    },
  );
  if (failure !== null) return err(failure);
  // A server that ends every watch at once without an event must not be asked in a tight loop.
  return ended.ok && events === 0
    ? err(transportError(new Error("the watch ended without an event")))
    : ended;
}

/** Takes in one event; the answer is the error that it carries or is. */
function accept<T>(state: State<T>, event: unknown): KubeError | null {
  if (!isJson(event)) return transportError(new Error("an event of the watch is cut or not JSON"));
  const { type, object } = event;
  if (type === "ERROR") return apiError(500, object);
  if (!isJson(object) || !isJson(object["metadata"]))
    return transportError(new Error("an event has no object"));
  const version = textAt(object["metadata"], "resourceVersion");
  if (type !== "BOOKMARK") {
    if (!isKubeObject(object)) return transportError(new Error("an event has no object"));
    if (type === "DELETED") remove(state, objectKey(object), version);
    else store(state, object);
  }
  if (version !== null) state.version = version;
  return null;
}

function store<T>(state: State<T>, object: KubeObject): void {
  const key = objectKey(object);
  const version = object.metadata.resourceVersion ?? "";
  const before = state.cache.get(key);
  if (before?.version === version) return;
  const { project, wantsManagedFields = false } = state.options;
  guarded(state, () => {
    const value = project(wantsManagedFields ? object : withoutManagers(object), before?.value);
    state.cache.set(key, { version, value });
    state.options.onChange?.({ kind: "set", key, value, version });
  });
}

function remove<T>(state: State<T>, key: string, version: string | null): void {
  const entry = state.cache.get(key);
  if (entry === undefined) return;
  state.cache.delete(key);
  const { value } = entry;
  guarded(state, () => state.options.onChange?.({ kind: "deleted", key, value, version }));
}

/** A handler that throws must not end the copy; what it threw is told. */
function guarded<T>(state: State<T>, handler: () => void): void {
  try {
    handler();
  } catch (error) {
    state.options.onError?.({ ...transportError(error), kind: "usage", reason: "HandlerFailed" });
  }
}
