/** Deletes objects and tells when they are gone. */
import type { Millis } from "@seam/base";
import { isNotFound, type KubeClient, type ObjectRef, refOf } from "@seam/kube";
import { readObjects, type Source } from "./documents.ts";
import { fromKube, nameOf, type SeamError } from "./error.ts";
import { inOrder, placeObject } from "./place.ts";
import { describeProgress, waitFor } from "./wait.ts";

/** One step of deleting; `failed` is the last one. */
export type DeleteEvent =
  | { readonly kind: "waiting"; readonly ref: ObjectRef; readonly message: string }
  | { readonly kind: "deleted" | "deleting" | "absent"; readonly ref: ObjectRef }
  | { readonly kind: "failed"; readonly error: SeamError };

/** How long to wait until an object is gone; null: do not wait. */
export type Patience = Millis | null;

/**
 * Deletes one object; `deleting` says that it was not waited for. A wait is for all that the object owns as
 * well, such as a project's namespace and everything in it.
 */
export async function* deleteObject(
  kube: KubeClient,
  ref: ObjectRef,
  patience: Patience,
): AsyncGenerator<DeleteEvent, void> {
  const asked = await kube.delete(ref, { foreground: patience !== null });
  if (!asked.ok) {
    yield isNotFound(asked.error) && asked.error.kind === "api"
      ? { kind: "absent", ref }
      : { kind: "failed", error: fromKube(`delete ${nameOf(ref)}`, asked.error) };
    return;
  }
  if (patience === null) {
    yield { kind: "deleting", ref };
    return;
  }
  for await (const event of waitFor(kube, ref, { until: "Deleted", timeout: patience })) {
    switch (event.kind) {
      case "progress":
        yield { kind: "waiting", ref, message: describeProgress(event) };
        break;
      case "done":
        yield { kind: "deleted", ref };
        break;
      case "failed":
        yield event;
    }
  }
}

/** Where objects without a namespace are, and how long to wait for each. */
export type DeleteOptions = { readonly namespace: string; readonly patience: Patience };

/** Deletes the objects of all documents, last applied first; stops at the first that fails. */
export async function* deleteObjects(
  kube: KubeClient,
  sources: readonly Source[],
  options: DeleteOptions,
): AsyncGenerator<DeleteEvent, void> {
  const read = readObjects(sources);
  if (!read.ok) {
    yield { kind: "failed", error: read.error };
    return;
  }
  for (const object of inOrder(read.value).toReversed()) {
    const place = { namespace: options.namespace, until: 0 };
    const placed = await placeObject(kube, object, place);
    if (!placed.ok) {
      const attempt = `delete ${nameOf(refOf(object))}`;
      yield { kind: "failed", error: fromKube(attempt, placed.error) };
      return;
    }
    for await (const event of deleteObject(kube, refOf(placed.value), options.patience)) {
      yield event;
      if (event.kind === "failed") return;
    }
  }
}
