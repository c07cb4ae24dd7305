/**
 * Why pods are not made: a quota, a limit or an admission rule refuses them (U24). A StatefulSet says so in no condition, only in
 * an Event of its own, which is asked for when pods are lacking.
 */
import { ok, type Result } from "@seam/base";
import { lacksPods, type Progress } from "@seam/compose";
import { textAt, type KubeClient, type KubeError, type KubeObject } from "@seam/kube";

/** So long a new StatefulSet may take to make its pods, in milliseconds, before somebody asks. */
const USUAL = 3000;

/** The words of the refusal, by workload; of those that lack pods for another reason nothing. */
export async function refusalsOf(
  client: Pick<KubeClient, "list">,
  progress: readonly Progress[],
  now: number,
): Promise<Result<ReadonlyMap<string, string>, KubeError>> {
  const refusals = new Map<string, string>();
  for (const { workload, set } of progress.filter(lacksPods)) {
    if (set === undefined || now - set.createdAt < USUAL) continue;
    const { namespace, uid } = set;
    const events = { apiVersion: "v1", kind: "Event", namespace };
    const listed = await client.list(events, { fieldSelector: `involvedObject.uid=${uid}` });
    if (!listed.ok) return listed;
    const refusal = refusalIn(listed.value.items);
    if (refusal !== null) refusals.set(workload.name, refusal);
  }
  return ok(refusals);
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
