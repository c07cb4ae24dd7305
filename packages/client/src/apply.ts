/** Applies objects in an order that works: definitions, then projects and namespaces, then what lives in them. */
import { setTimeout as sleep } from "node:timers/promises";
import { err, millis, ok, type Millis, type Result } from "@seam/base";
import type { KubeClient, KubeError, KubeObject, ObjectRef } from "@seam/kube";
import { isNotFound, refOf } from "@seam/kube";
import { fromKube, nameOf, type SeamError } from "./error.ts";
import { readObjects, type Source } from "./documents.ts";
import { fieldOf, textOf } from "./fields.ts";
import { inOrder, placeObject, rank } from "./place.ts";

/** What happened to an object. */
export type ApplyOutcome = "created" | "changed" | "unchanged";

/** An object that was applied; `version` is the resourceVersion that it has now. */
export type Applied = {
  readonly ref: ObjectRef;
  readonly outcome: ApplyOutcome;
  readonly version: string;
};

/** One step of applying; `failed` is the last one. */
export type ApplyEvent =
  | { readonly kind: "waiting"; readonly message: string }
  | ({ readonly kind: "applied" } & Applied)
  | { readonly kind: "failed"; readonly error: SeamError };

/** Where objects without a namespace go, how long a project may take to get its namespace, and whether to take fields over. */
export type ApplyOptions = {
  readonly namespace: string;
  readonly patience?: Millis;
  readonly force?: boolean;
};

/** The name under which Seam owns the fields that it applies. */
export const FIELD_MANAGER = "seam";

const PATIENCE = millis(60_000);

/** Checks all documents, then applies them one by one; stops at the first that fails. */
export async function* applyObjects(
  kube: KubeClient,
  sources: readonly Source[],
  options: ApplyOptions,
): AsyncGenerator<ApplyEvent, void> {
  const read = readObjects(sources);
  if (!read.ok) {
    yield { kind: "failed", error: read.error };
    return;
  }
  const run: Run = { kube, options, deadline: Date.now() + (options.patience ?? PATIENCE) };
  const pending = new Set<string>();
  const defined = read.value.some((object) => rank(object) === 0);
  for (const object of inOrder(read.value)) {
    const namespace = textOf(object, "metadata", "namespace") ?? options.namespace;
    if (rank(object) === 2 && pending.delete(namespace)) {
      yield { kind: "waiting", message: `waiting for namespace ${namespace} of its project` };
      const there = await untilNamespace(run, namespace);
      if (!there.ok) {
        yield { kind: "failed", error: there.error };
        return;
      }
    }
    const applied = await applyOne(run, object, defined);
    yield applied;
    if (applied.kind === "failed") return;
    if (object.kind === "Project") pending.add(object.metadata.name);
  }
}

type Run = {
  readonly kube: KubeClient;
  readonly options: ApplyOptions;
  readonly deadline: number;
};

async function applyOne(run: Run, object: KubeObject, retry: boolean): Promise<ApplyEvent> {
  const attempt = `apply ${nameOf(refOf(object))}`;
  const until = retry ? run.deadline : 0;
  const placed = await placeObject(run.kube, object, { namespace: run.options.namespace, until });
  if (!placed.ok) return { kind: "failed", error: fromKube(attempt, placed.error) };
  const ref = refOf(placed.value);
  const before = await run.kube.get(ref);
  const after = await run.kube.apply(placed.value, {
    fieldManager: FIELD_MANAGER,
    force: run.options.force === true,
  });
  if (!after.ok) return { kind: "failed", error: fromKube(`apply ${nameOf(ref)}`, after.error) };
  const version = after.value.metadata.resourceVersion ?? "";
  return { kind: "applied", ref, outcome: outcomeOf(before, after.value), version };
}

function outcomeOf(before: Result<KubeObject, KubeError>, after: KubeObject): ApplyOutcome {
  if (!before.ok) return "created";
  return before.value.metadata.resourceVersion === after.metadata.resourceVersion
    ? "unchanged"
    : "changed";
}

async function untilNamespace(run: Run, name: string): Promise<Result<void, SeamError>> {
  const ref = { apiVersion: "v1", kind: "Namespace", name };
  for (;;) {
    const found = await run.kube.get(ref);
    if (found.ok && fieldOf(found.value, "status", "phase") === "Active") return ok(undefined);
    if (!found.ok && !isNotFound(found.error)) {
      return err(fromKube(`read ${nameOf(ref)}`, found.error));
    }
    if (Date.now() > run.deadline) {
      return err({
        code: "Timeout",
        message: `namespace ${name} of project ${name} did not become Active in time`,
        hint: `See what the project says: seam describe project ${name}. Does the controller run?`,
        details: [],
      });
    }
    await sleep(200);
  }
}
