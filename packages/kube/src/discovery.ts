/** Which path serves a kind: asked of the server once per group and version, and again when a kind is not known yet. */
import { err, millis, ok, type Result } from "@seam/base";
import { isNotFound, usageError, type KubeError } from "./error.ts";
import { children, isJson, textAt, type KindRef } from "./object.ts";
import type { Transport } from "./transport.ts";

type Resource = { readonly plural: string; readonly namespaced: boolean };

/** Finds paths of kinds, and whether their objects are in namespaces. */
export type Discovery = {
  readonly pathOf: (ref: KindRef) => Promise<Result<string, KubeError>>;
  readonly isNamespaced: (ref: KindRef) => Promise<Result<boolean, KubeError>>;
};

/** What the server said of its kinds. */
export type DiscoveryMemory = Map<string, Resource>;

/** A memory without a kind. */
export const createDiscoveryMemory = (): DiscoveryMemory => new Map();

/** A discovery that remembers what the server said. */
export function createDiscovery(transport: Transport, known: DiscoveryMemory): Discovery {
  const learn = async (apiVersion: string): Promise<Result<void, KubeError>> => {
    const answer = await transport.send({
      method: "GET",
      path: groupPath(apiVersion),
      inactivity: millis(30_000),
    });
    // A group that is not served at all is an unknown kind, not a missing object.
    if (!answer.ok) return isNotFound(answer.error) ? ok(undefined) : answer;
    const resources = isJson(answer.value) ? children(answer.value, "resources") : [];
    for (const resource of resources) {
      const plural = textAt(resource, "name") ?? "";
      if (plural.includes("/")) continue;
      known.set(`${apiVersion} ${textAt(resource, "kind") ?? ""}`, {
        plural,
        namespaced: resource["namespaced"] === true,
      });
    }
    return ok(undefined);
  };
  const find = async (ref: KindRef): Promise<Result<Resource, KubeError>> => {
    const key = `${ref.apiVersion} ${ref.kind}`;
    const learnt = known.has(key) ? ok(undefined) : await learn(ref.apiVersion);
    if (!learnt.ok) return learnt;
    const resource = known.get(key);
    return resource === undefined
      ? err(
          usageError(
            "UnknownKind",
            `the server serves no kind ${ref.kind} in ${ref.apiVersion}: is its CustomResourceDefinition installed?`,
          ),
        )
      : ok(resource);
  };
  return {
    pathOf: async (ref) => {
      const resource = await find(ref);
      return resource.ok ? ok(resourcePath(ref, resource.value)) : resource;
    },
    isNamespaced: async (ref) => {
      const resource = await find(ref);
      return resource.ok ? ok(resource.value.namespaced) : resource;
    },
  };
}

/** The core group has no name and another root. */
const groupPath = (apiVersion: string): string =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

function resourcePath(ref: KindRef, resource: Resource): string {
  const scope =
    resource.namespaced && ref.namespace !== undefined
      ? `/namespaces/${encodeURIComponent(ref.namespace)}`
      : "";
  return `${groupPath(ref.apiVersion)}${scope}/${resource.plural}`;
}
