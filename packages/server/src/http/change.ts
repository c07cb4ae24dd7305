/**
 * A change of an object: tried on the cluster in the caller's name, recorded with its author, and then made (decision 36). It is recorded
 * first, so that nothing happens that is not in the history and the audit; when the cluster then refuses after all, that is recorded too.
 */
import { err, ok, type Result } from "@seam/base";
import { asWritten, FIELD_MANAGER, planObjects } from "@seam/client";
import {
  isKubeObject,
  type KubeClient,
  type KubeError,
  type KubeObject,
  withoutManagers,
} from "@seam/kube";
import type { JsonObject, NewRevision, ObjectName } from "@seam/store";
import { auditOf, type Context, type Principal } from "./context.ts";
import { stepsOf } from "./json-pointer.ts";
import { ofKube, ofSeam, ofStore, type Problem } from "./problem.ts";
import { historyOf, type Place, refAt, type Resource } from "./resources.ts";

/** What somebody wants. */
export type Wish = {
  readonly principal: Principal;
  /** Address of the caller. */
  readonly source: string;
  readonly resource: Resource;
  readonly place: Place;
  /** The manifest; null: the object shall go. */
  readonly manifest: KubeObject | null;
  /** A verb for the audit. */
  readonly action: string;
  readonly dryRun: boolean;
  readonly force: boolean;
  /** The revision that the change was made from; null: whichever there is. */
  readonly expected: number | null;
  readonly idempotencyKey: string | null;
};

/** What became of it. */
export type Outcome =
  | {
      readonly isDryRun: false;
      readonly object: KubeObject | null;
      readonly revision: number;
      readonly replayed: boolean;
    }
  | { readonly isDryRun: true; readonly plan: object };

/** Tries, records and makes a change; those of one object one after another. */
export async function change(context: Context, wish: Wish): Promise<Result<Outcome, Problem>> {
  const kube = context.kube.inNameOf(wish.principal.person);
  const name = historyOf(wish.resource, wish.place);
  const run: Run = { context, kube, wish, name };
  if (wish.dryRun) return tryOnly(run);
  const lane = JSON.stringify(name);
  return context.lanes(lane, () => make(run));
}

type Run = {
  readonly context: Context;
  readonly kube: KubeClient;
  readonly wish: Wish;
  readonly name: ObjectName;
};

async function tryOnly({ kube, wish, name }: Run): Promise<Result<Outcome, Problem>> {
  const { manifest, force } = wish;
  if (manifest === null) {
    const tried = await kube.delete(refAt(wish.resource, wish.place), { dryRun: true });
    if (!tried.ok) return err(ofKube(tried.error));
    const going = { ref: refAt(wish.resource, wish.place), action: "delete" };
    return ok({ isDryRun: true, plan: { objects: [going], nodes: [], notes: [] } });
  }
  const source = { name: "body", text: JSON.stringify(manifest) };
  const plan = await planObjects(kube, [source], { namespace: name.namespace, force });
  return plan.ok ? ok({ isDryRun: true, plan: plan.value }) : err(ofSeam(plan.error));
}

async function make(run: Run): Promise<Result<Outcome, Problem>> {
  const earlier = await earlierOf(run);
  if (!earlier.ok) return earlier;
  const before = await liveOf(run);
  if (!before.ok) return before;
  // What was recorded once was tried then.
  const tried = earlier.value === null ? await onCluster(run, { dryRun: true }) : ok(null);
  if (!tried.ok) return err(ofKube(tried.error));
  const recorded = await record(run, before.value);
  if (!recorded.ok) return recorded;
  const isPast = recorded.value.replayed && earlier.value?.isNewest !== true;
  return isPast
    ? past(run, before.value, recorded.value)
    : carryOut(run, before.value, recorded.value);
}

/** No caller's key has a space. */
const undoneKey = (key: string): string => `undone ${key}`;

/** A request that was sent before, and after which something came: another change, or the cluster's refusal. */
async function past(
  { context, wish }: Run,
  before: KubeObject | null,
  recorded: Recorded,
): Promise<Result<Outcome, Problem>> {
  const { user } = wish.principal.person;
  const undone = await context.store.revisions.withKey(user, undoneKey(wish.idempotencyKey ?? ""));
  if (!undone.ok) return err(ofStore(undone.error));
  if (undone.value === null) return ok(outcomeOf(recorded, before));
  const detail = `the change of revision ${recorded.number} was refused by the cluster`;
  return err({ code: "conflict", detail, hint: "Send it again with another idempotency key." });
}

async function liveOf({ kube, wish }: Run): Promise<Result<KubeObject | null, Problem>> {
  const live = await kube.get(refAt(wish.resource, wish.place));
  if (live.ok) return live;
  return live.error.code === 404 ? ok(null) : err(ofKube(live.error));
}

async function carryOut(
  run: Run,
  before: KubeObject | null,
  recorded: Recorded,
): Promise<Result<Outcome, Problem>> {
  const made = await onCluster(run, { dryRun: false });
  if (made.ok) return ok(outcomeOf(recorded, made.value));
  // Deleted by the first of two equal requests.
  const isGone = recorded.replayed && run.wish.manifest === null && made.error.code === 404;
  return isGone ? ok(outcomeOf(recorded, null)) : undo(run, before, made.error);
}

const outcomeOf = ({ number, replayed }: Recorded, object: KubeObject | null): Outcome => ({
  isDryRun: false,
  object: object === null ? null : withoutManagers(object),
  revision: number,
  replayed,
});

type Earlier = { readonly isNewest: boolean };

/** The write that had this key; null when there was none. */
async function earlierOf({ context, wish, name }: Run): Promise<Result<Earlier | null, Problem>> {
  const { idempotencyKey, principal } = wish;
  if (idempotencyKey === null) return ok(null);
  const { revisions } = context.store;
  const found = await revisions.withKey(principal.person.user, idempotencyKey);
  if (!found.ok) return err(ofStore(found.error));
  if (found.value === null) return ok(null);
  const last = await revisions.list(name, { limit: 1, sort: "time", direction: "descending" });
  if (!last.ok) return err(ofStore(last.error));
  return ok({ isNewest: last.value.rows[0]?.id === found.value.id });
}

async function onCluster(
  { kube, wish }: Run,
  { dryRun }: { readonly dryRun: boolean },
): Promise<Result<KubeObject | null, KubeError>> {
  const { manifest, force } = wish;
  if (manifest !== null)
    return kube.apply(manifest, { fieldManager: FIELD_MANAGER, force, dryRun });
  const gone = await kube.delete(refAt(wish.resource, wish.place), { dryRun });
  return gone.ok ? ok(null) : gone;
}

type Recorded = { readonly number: number; readonly replayed: boolean };

async function record(run: Run, before: KubeObject | null): Promise<Result<Recorded, Problem>> {
  const { context, wish, name } = run;
  const object = wish.manifest === null ? null : plain(wish.manifest);
  const { expected, idempotencyKey } = wish;
  const revision: NewRevision = {
    ...name,
    author: wish.principal.person.user,
    object,
    expected,
    ...(idempotencyKey === null ? {} : { idempotencyKey }),
    audit: auditIn(run, { before: writtenOf(before), after: object }),
  };
  const put = await context.store.revisions.put(revision);
  return put.ok ? put : err(ofStore(put.error));
}

const auditIn = (
  { wish, name }: Run,
  more: Partial<Parameters<typeof auditOf>[2]>,
): ReturnType<typeof auditOf> =>
  auditOf(wish.principal, wish.source, {
    action: wish.action,
    resource: [name.kind, name.namespace, name.name].filter((part) => part !== "").join("/"),
    project: name.project,
    ...more,
  });

const writtenOf = (object: KubeObject | null): JsonObject | null =>
  object === null ? null : plain(asWritten(object));

/** What is JSON already, as the store's type of it. */
const plain = (object: KubeObject): JsonObject => JSON.parse(JSON.stringify(object));

/** The cluster agreed to the trial and refused the change: the history says that the object is as it was. */
async function undo(
  run: Run,
  before: KubeObject | null,
  error: KubeError,
): Promise<Result<Outcome, Problem>> {
  const { context, wish, name } = run;
  const object = writtenOf(before);
  const put = await context.store.revisions.put({
    ...name,
    author: wish.principal.person.user,
    object,
    expected: null,
    ...(wish.idempotencyKey === null ? {} : { idempotencyKey: undoneKey(wish.idempotencyKey) }),
    audit: auditIn(run, { after: object, result: "failed", reason: error.message.slice(0, 1000) }),
  });
  if (!put.ok)
    context.log.error(
      { error: put.error.message, name },
      "a change that failed is not in the history",
    );
  return err(ofKube(error));
}

/** The manifest of an earlier revision, with the live object's values where secrets were taken out. */
export function withSecrets(
  object: JsonObject,
  redacted: readonly string[],
  live: KubeObject | null,
): Result<KubeObject, Problem> {
  const copy: unknown = structuredClone(object);
  const lost = redacted.filter((pointer) => !fill(copy, live, pointer));
  if (lost.length > 0)
    return err({
      code: "conflict",
      detail: `secrets are not in the history, and the live object has none at ${lost.join(", ")}`,
      hint: "Apply the revision's object yourself, with the values filled in.",
    });
  return isKubeObject(copy)
    ? ok(copy)
    : err({ code: "internal", detail: "the revision does not hold an object" });
}

/** Copies the text at a pointer (RFC 6901); whether there was one. */
function fill(into: unknown, from: unknown, pointer: string): boolean {
  const steps = stepsOf(pointer);
  const last = steps.at(-1);
  const holder = at(into, steps.slice(0, -1));
  const value = at(from, steps);
  if (last === undefined || typeof holder !== "object" || holder === null) return false;
  if (typeof value !== "string") return false;
  return Reflect.set(holder, last, value);
}

const at = (value: unknown, steps: readonly string[]): unknown =>
  steps.reduce<unknown>(
    (inner, step) =>
      typeof inner === "object" && inner !== null && Object.hasOwn(inner, step)
        ? Reflect.get(inner, step)
        : undefined,
    value,
  );
