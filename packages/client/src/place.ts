/** In which order and in which namespace the objects of documents go. */
import { setTimeout as sleep } from "node:timers/promises";
import { ok, type Result } from "@seam/base";
import { type KubeClient, type KubeError, type KubeObject, refOf } from "@seam/kube";

/** The objects in an order that works; the order of the documents otherwise. */
export const inOrder = (objects: readonly KubeObject[]): readonly KubeObject[] =>
  objects.toSorted((a, b) => rank(a) - rank(b));

/** Definitions (0) come before projects and namespaces (1), and these before all else (2). */
export function rank(object: KubeObject): 0 | 1 | 2 {
  if (object.kind === "CustomResourceDefinition") return 0;
  return object.kind === "Project" || object.kind === "Namespace" ? 1 : 2;
}

/** The namespace of objects that name none, and until when (ms since 1970) an unknown kind may still come. */
export type PlaceOptions = { readonly namespace: string; readonly until: number };

/** The object with its namespace; a kind whose definition was applied just now may take a moment to be served. */
export async function placeObject(
  kube: KubeClient,
  object: KubeObject,
  options: PlaceOptions,
): Promise<Result<KubeObject, KubeError>> {
  for (;;) {
    const scope = await kube.isNamespaced(refOf(object));
    if (scope.ok) {
      const bare = scope.value && object.metadata.namespace === undefined;
      const metadata = { ...object.metadata, namespace: options.namespace };
      return ok(bare ? { ...object, metadata } : object);
    }
    if (scope.error.reason !== "UnknownKind" || Date.now() > options.until) return scope;
    await sleep(200);
  }
}
