/** Writes what planning wants: children and status; a refusal by the API server is a problem to tell, not a failure. */
import { isDeepStrictEqual } from "node:util";
import { err, ok, type Result } from "@seam/base";
import {
  type Changes,
  APPLIER,
  type Identity,
  type Mark,
  markOf,
  type Observed,
  type Problem,
  problemWith,
} from "@seam/compose";
import {
  isConflict,
  isNotFound,
  refOf,
  type Json,
  type KubeClient,
  type KubeError,
  type KubeObject,
  type ObjectRef,
} from "@seam/kube";

/** The client's methods that writing needs. */
export type Writer = Pick<KubeClient, "get" | "list" | "apply" | "applyStatus" | "delete">;

/**
 * So many requests of one pass are under way at once: all of an experiment of a few workloads, as each StatefulSet that is there
 * makes Kubernetes' own controllers ask six times as much, and what is sent after that waits behind it.
 */
const AT_ONCE = 16;
/** What the others refer to, or must not be without. */
const FIRST: ReadonlySet<string> = new Set(["NetworkPolicy", "ClusterRole"]);

/** How children are written, and how it is found whose an object is that stands under a wanted name. */
export type Writing = {
  readonly client: Writer;
  readonly markAt: (ref: ObjectRef) => Promise<Result<Mark | null, KubeError>>;
};

/** Asks the API server whose an object is; null when there is none. */
export const askMark =
  (client: Pick<Writer, "get">): Writing["markAt"] =>
  async (ref) => {
    const found = await client.get(ref);
    if (found.ok) return ok(markOf(found.value));
    return isNotFound(found.error) ? ok(null) : found;
  };

/** Applies and removes children of `owner`; the answer tells what the server did not take. */
export async function writeChildren(
  { client, markAt }: Writing,
  owner: Identity,
  changes: Changes,
): Promise<Result<readonly Problem[], KubeError>> {
  const marks = await each(changes.create, markAt);
  if (!marks.ok) return marks;
  const strangers = marks.value.flatMap((mark) => {
    const problem = mark === null ? null : problemWith(owner, mark);
    return mark === null || problem === null ? [] : [{ ref: mark.ref, problem }];
  });
  const mine = changes.apply.filter((object) => !strangers.some(({ ref }) => isNamed(object, ref)));
  const problems = strangers.map(({ problem }) => problem);
  for (const isFirst of [true, false]) {
    const objects = mine.filter(({ kind }) => FIRST.has(kind) === isFirst);
    const applied = await each(objects, async (object) => applyObject(client, object));
    if (!applied.ok) return applied;
    problems.push(...applied.value.flatMap((problem) => problem ?? []));
  }
  const removed = await each(changes.remove, async (ref) => {
    const gone = await client.delete(ref);
    return gone.ok || isNotFound(gone.error) ? ok(null) : gone;
  });
  return removed.ok ? ok(problems) : removed;
}

/** Asks for each item, some at once; ends with a failure, or all answers in the order of the items. */
async function each<T, A>(
  items: readonly T[],
  ask: (item: T) => Promise<Result<A, KubeError>>,
): Promise<Result<readonly A[], KubeError>> {
  const answers: A[] = [];
  const left = items.entries();
  let failure: Result<never, KubeError> | null = null;
  const work = async (): Promise<void> => {
    for (const [at, item] of left) {
      const answer = await ask(item);
      if (answer.ok) answers[at] = answer.value;
      else failure ??= answer;
      if (failure !== null) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
  return failure ?? ok(answers);
}

/** Applies one object; the answer is a problem when the server refused it for good. */
export async function applyObject(
  client: Writer,
  object: KubeObject,
): Promise<Result<Problem | null, KubeError>> {
  const applied = await client.apply(object, APPLIER);
  if (applied.ok) return ok(null);
  if (!isRefusal(applied.error)) return err(applied.error);
  const message = `the API server refused ${nameOf(refOf(object))}: ${applied.error.message}; change the specification or the rule that it names`;
  return ok({ reason: "Refused", message });
}

/** An object that does not fit its schema is answered with 500 when it is applied. */
const isRefusal = ({ code, message }: KubeError): boolean =>
  [400, 403, 422].includes(code) ||
  (code === 500 && message.startsWith("failed to create typed patch object"));

const nameOf = ({ kind, name }: ObjectRef): string => `${kind} ${name}`;

const isNamed = ({ kind, metadata }: KubeObject, ref: ObjectRef): boolean =>
  kind === ref.kind && metadata.name === ref.name;

/** Writes `status` when it differs from what was read; tells whether it did. */
export async function writeStatus(
  client: Writer,
  read: Pick<Observed<unknown>, "identity" | "status">,
  status: Json,
): Promise<Result<boolean, KubeError>> {
  if (isDeepStrictEqual(read.status, status)) return ok(false);
  return writeStatusOf(read.identity, status, async (object) =>
    client.applyStatus(object, APPLIER),
  );
}

/** Writes a status that was made from this very version, and tells whether it did. */
export async function writeStatusOf(
  { apiVersion, kind, name, namespace, uid, resourceVersion }: Identity,
  status: Json,
  write: KubeClient["replaceStatus"],
): Promise<Result<boolean, KubeError>> {
  // The version makes the server refuse a status that was made from an old copy; a newer one is on its way then.
  const metadata = { name, uid, resourceVersion, ...(namespace === null ? {} : { namespace }) };
  const written = await write({ apiVersion, kind, metadata, status });
  if (written.ok) return ok(true);
  return isConflict(written.error) || isNotFound(written.error) ? ok(false) : written;
}
