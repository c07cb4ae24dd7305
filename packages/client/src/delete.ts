/** Deletes objects and tells when they are gone. */
import { setTimeout as sleep } from "node:timers/promises";
import { GROUP } from "@seam/api";
import type { Millis, Result } from "@seam/base";
import {
  type DeleteOptions as KubeDeleteOptions,
  isNotFound,
  type KubeClient,
  type KubeError,
  type ObjectRef,
  refOf,
} from "@seam/kube";
import { readObjects, type Source } from "./documents.ts";
import { fromKube, nameOf, type SeamError } from "./error.ts";
import { EXPERIMENT, PROJECT } from "./kinds.ts";
import { inOrder, placeObject } from "./place.ts";
import { describeProgress, waitFor } from "./wait.ts";

/** One step of deleting; `failed` is the last one. */
export type DeleteEvent =
  | { readonly kind: "waiting"; readonly ref: ObjectRef; readonly message: string }
  | { readonly kind: "deleted" | "deleting" | "absent"; readonly ref: ObjectRef }
  | { readonly kind: "failed"; readonly error: SeamError };

/** How long to wait until an object is gone; null: do not wait. */
export type Patience = Millis | null;

/** What is deleted with an object. */
export type DeleteHow = {
  readonly patience: Patience;
  /** Leaves what the object owns, such as a project's namespace with all inside. */
  readonly orphan?: boolean;
  /** Deletes a project also while experiments live in it. */
  readonly withExperiments?: boolean;
};

/**
 * Deletes one object; `deleting` says that it was not waited for. A wait is for all that the object owns as
 * well, such as a project's namespace and everything in it.
 */
export async function* deleteObject(
  kube: KubeClient,
  ref: ObjectRef,
  how: DeleteHow,
): AsyncGenerator<DeleteEvent, void> {
  const { patience } = how;
  const asked = await askToDelete(kube, ref, how);
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

/** Asks for deletion. A project counts its experiments a moment late, so the refusal of one that has none left is asked again. */
export async function askToDelete(
  kube: KubeClient,
  ref: ObjectRef,
  how: DeleteHow,
): Promise<Result<void, KubeError>> {
  if (how.withExperiments === true && ref.kind === PROJECT.kind) {
    const value = { metadata: { annotations: { [DELETION]: "with-experiments" } } };
    const agreed = await kube.patch(ref, { kind: "merge", value });
    if (!agreed.ok) return agreed;
  }
  const dependents = dependentsOf(how);
  for (let tries = 0; ; tries += 1) {
    const asked = await kube.delete(ref, { dependents });
    if (asked.ok || tries === TRIES || !(await isLate(kube, ref, asked.error))) return asked;
    await sleep(AGAIN_MS);
  }
}

function dependentsOf({ orphan, patience }: DeleteHow): Required<KubeDeleteOptions>["dependents"] {
  if (orphan === true) return "Orphan";
  return patience === null ? "Background" : "Foreground";
}

const DELETION = `${GROUP}/deletion`;
const TRIES = 50;
const AGAIN_MS = 100;

/** Whether a project was not deleted for experiments that are gone by now. */
async function isLate(kube: KubeClient, ref: ObjectRef, { code }: KubeError): Promise<boolean> {
  if (ref.kind !== PROJECT.kind || code !== 403) return false;
  const { apiVersion, kind } = EXPERIMENT;
  const left = await kube.list({ apiVersion, kind, namespace: ref.name }, { limit: 1 });
  return left.ok && left.value.items.length === 0;
}

/** Where objects without a namespace are, and how each is deleted. */
export type DeleteOptions = DeleteHow & { readonly namespace: string };

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
    for await (const event of deleteObject(kube, refOf(placed.value), options)) {
      yield event;
      if (event.kind === "failed") return;
    }
  }
}
