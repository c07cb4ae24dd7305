/**
 * Why pods are not made: a quota, a limit or an admission rule refuses them (U24). A StatefulSet says so in no condition, only in
 * an Event of its own, which is asked for when pods are lacking.
 */
import { ok, type Result } from "@seam/base";
import { lacksPods, type Progress } from "@seam/compose";
import { child, textAt, type KubeClient, type KubeError, type KubeObject } from "@seam/kube";

/** So long a new StatefulSet may take to make its pods, in milliseconds, before somebody asks. */
const USUAL = 3000;

/** So long an answer about a whole namespace is good enough, in milliseconds. */
const KEPT = 2000;

/** Asks why pods are lacking. */
export type Refusals = {
  /** The words of the refusal, by workload; of those that lack pods for another reason nothing. */
  readonly ask: (
    progress: readonly Progress[],
    now: number,
  ) => Promise<Result<ReadonlyMap<string, string>, KubeError>>;
};

/**
 * Answers about namespaces are kept for a moment: an API server looks through every Event of the namespace for each answer, and when
 * it is slow many StatefulSets lack pods.
 */
export function createRefusals(client: Pick<KubeClient, "list">): Refusals {
  const failing = failingSets(client);
  return {
    ask: async (progress, now) => {
      const refusals = new Map<string, string>();
      for (const { workload, set } of progress.filter(lacksPods)) {
        if (set === undefined || now - set.createdAt < USUAL) continue;
        const sets = await failing(set.namespace, now);
        if (!sets.ok) return sets;
        if (!sets.value.has(set.uid)) continue;
        const listed = await eventsIn(client, set.namespace, `involvedObject.uid=${set.uid}`);
        if (!listed.ok) return listed;
        const refusal = refusalIn(listed.value);
        if (refusal !== null) refusals.set(workload.name, refusal);
      }
      return ok(refusals);
    },
  };
}

type Uids = Promise<Result<ReadonlySet<string>, KubeError>>;

/** The uids of StatefulSets of a namespace that have failed to make a pod. */
function failingSets(client: Pick<KubeClient, "list">): (namespace: string, now: number) => Uids {
  const kept = new Map<string, { readonly at: number; readonly sets: Uids }>();
  return async (namespace, now) => {
    for (const [name, { at }] of kept) if (Math.abs(now - at) >= KEPT) kept.delete(name);
    const sets = kept.get(namespace)?.sets ?? askForSets(client, namespace);
    if (!kept.has(namespace)) kept.set(namespace, { at: now, sets });
    const answer = await sets;
    if (!answer.ok) kept.delete(namespace);
    return answer;
  };
}

async function askForSets(client: Pick<KubeClient, "list">, namespace: string): Uids {
  const failures = "involvedObject.kind=StatefulSet,reason=FailedCreate";
  const listed = await eventsIn(client, namespace, failures);
  return listed.ok
    ? ok(
        new Set(
          listed.value.flatMap((event) => textAt(child(event, "involvedObject"), "uid") ?? []),
        ),
      )
    : listed;
}

async function eventsIn(
  client: Pick<KubeClient, "list">,
  namespace: string,
  fieldSelector: string,
): Promise<Result<readonly KubeObject[], KubeError>> {
  const listed = await client.list(
    { apiVersion: "v1", kind: "Event", namespace },
    { fieldSelector },
  );
  return listed.ok ? ok(listed.value.items) : listed;
}

/** The last failure to make a pod, unless one was made after it. */
export function refusalIn(events: readonly KubeObject[]): string | null {
  const last = (reason: string): KubeObject | undefined =>
    events
      .filter((event) => event["reason"] === reason)
      .toSorted((one, other) => timeOf(one).localeCompare(timeOf(other)))
      .at(-1);
  const [failed, made] = [last("FailedCreate"), last("SuccessfulCreate")];
  if (failed === undefined) return null;
  if (made !== undefined && timeOf(made) > timeOf(failed)) return null;
  const message = String(failed["message"]);
  // "Create Pod NAME in StatefulSet NAME failed error: WORDS"
  return message.replace(/^Create Pod .* failed error: /, "");
}

const timeOf = (event: KubeObject): string =>
  textAt(event, "lastTimestamp") ?? textAt(event, "eventTime") ?? "";
