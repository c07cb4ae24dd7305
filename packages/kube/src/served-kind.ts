/** Objects of a kind that a CustomResourceDefinition brings: followed while the API server serves it, in the version that it serves. */
import type { KubeClient } from "./client.ts";
import type { KubeError } from "./error.ts";
import { child, children, type KubeObject, textAt } from "./object.ts";
import { type Change, startReflector } from "./reflector.ts";

/** Which kind, and who is told. */
export type ServedKindOptions<T> = {
  readonly client: Pick<KubeClient, "list" | "watch">;
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  /** Those that are understood, the best first. */
  readonly versions: readonly string[];
  readonly project: (object: KubeObject) => T;
  /** Null: the object is gone, or its kind is. */
  readonly set: (key: string, value: T | null) => void;
  readonly onError: (kind: string, error: KubeError) => void;
};

/** Follows until disposed of, after which nothing is told any more. */
export type ServedKind = AsyncDisposable & {
  /** Resolves when it is known that the kind is not served, or when its objects were listed once. */
  readonly synced: Promise<void>;
  /** The resourceVersion up to which all objects were told; null while there are none to tell of. */
  readonly version: () => string | null;
};

/** What a definition says about who reads it. */
type Definition = { readonly served: readonly string[] };

const DEFINITION = "CustomResourceDefinition";

/** Starts to follow. */
export function followServedKind<T>(options: ServedKindOptions<T>): ServedKind {
  const { client, group, plural, versions, onError } = options;
  const objects = createObjects(options);
  let last: Promise<void> = Promise.resolve();
  const definition = startReflector<Definition>({
    client,
    ref: { apiVersion: "apiextensions.k8s.io/v1", kind: DEFINITION },
    selector: { fieldSelector: `metadata.name=${plural}.${group}` },
    project: definitionOf,
    onChange: ({ kind, value }: Change<Definition>) => {
      const served = kind === "set" ? value.served : [];
      const version = versions.find((each) => served.includes(each)) ?? null;
      last = last.then(async () => objects.follow(version));
    },
    onError: (error) => onError(DEFINITION, error),
  });
  const synced = definition.synced.then(async () => {
    await last;
    return objects.synced();
  });
  return {
    synced,
    version: objects.version,
    [Symbol.asyncDispose]: async () => {
      await definition[Symbol.asyncDispose]();
      await last;
      await objects.stop();
    },
  };
}

type Objects = {
  /** Follows this version in place of another; null: none is served. */
  readonly follow: (version: string | null) => Promise<void>;
  readonly synced: () => Promise<void>;
  readonly version: () => string | null;
  readonly stop: () => Promise<void>;
};

function createObjects<T>(options: ServedKindOptions<T>): Objects {
  const { client, group, kind, project, set, onError } = options;
  const known = new Set<string>();
  let followed: string | null = null;
  let running: ReturnType<typeof startReflector<T>> | null = null;
  const stop = async (): Promise<void> => {
    await running?.[Symbol.asyncDispose]();
    running = null;
  };
  const forget = (isGone: (key: string) => boolean): void => {
    for (const key of [...known].filter(isGone)) {
      known.delete(key);
      set(key, null);
    }
  };
  const start = (version: string): void => {
    const started = startReflector<T>({
      client,
      ref: { apiVersion: `${group}/${version}`, kind },
      project,
      onChange: ({ kind: what, key, value }) => {
        if (what === "set") known.add(key);
        else known.delete(key);
        set(key, what === "set" ? value : null);
      },
      onError: (error) => onError(kind, error),
    });
    running = started;
    // What another version had told of and this one does not have.
    void started.synced.then(() => forget((key) => started.get(key) === undefined));
  };
  return {
    follow: async (version) => {
      if (version === followed) return;
      followed = version;
      await stop();
      if (version === null) forget(() => true);
      else start(version);
    },
    synced: async () => running?.synced,
    version: () => running?.version() ?? null,
    stop,
  };
}

/** Versions that are served, once the definition is established. */
function definitionOf({ spec, status }: KubeObject): Definition {
  const isEstablished = children(child({ status }, "status"), "conditions").some(
    (each) => each["type"] === "Established" && each["status"] === "True",
  );
  return {
    served: isEstablished
      ? children(child({ spec }, "spec"), "versions").flatMap((each) =>
          each["served"] === true ? (textAt(each, "name") ?? []) : [],
        )
      : [],
  };
}
