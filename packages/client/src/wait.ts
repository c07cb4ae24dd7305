/** Waits until an object is Ready or gone, and tells how it goes; it watches, so it also survives a restart of the API server. */
import { millis, type Millis } from "@seam/base";
import {
  type KubeClient,
  type KubeError,
  type KubeObject,
  type ObjectRef,
  startReflector,
} from "@seam/kube";
import { createChannel } from "./channel.ts";
import { fromKube, nameOf, type SeamError } from "./error.ts";
import { fieldOf, itemsOf, numberOf, textOf } from "./fields.ts";

/** What to wait for. */
export type Goal = "Ready" | "Deleted";

/** What to wait for, how long, and a way to stop early. */
export type WaitOptions = {
  readonly until: Goal;
  readonly timeout: Millis;
  readonly signal?: AbortSignal;
};

/** How many pods of a workload are Ready. */
export type WorkloadProgress = {
  readonly name: string;
  readonly ready: number;
  readonly desired: number;
};

/** The state of an object that is waited for. */
export type Progress = {
  readonly phase: string;
  readonly workloads: readonly WorkloadProgress[];
  readonly message: string;
};

/** One step of waiting; `done` or `failed` is the last one. */
export type WaitEvent =
  | ({ readonly kind: "progress" } & Progress)
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: SeamError };

/** What a wait hears. */
export type Heard =
  | { readonly kind: "object"; readonly object: KubeObject }
  | { readonly kind: "absent" }
  | { readonly kind: "trouble"; readonly error: KubeError }
  | { readonly kind: "over"; readonly why: "time" | "stopped" };

/** Waits for `ref`; each change of its progress is told once. */
export async function* waitFor(
  kube: KubeClient,
  ref: ObjectRef,
  options: WaitOptions,
): AsyncGenerator<WaitEvent, void> {
  const { name, ...kindRef } = ref;
  const heard = createChannel<Heard>();
  const stop = (): void => heard.push({ kind: "over", why: "stopped" });
  await using copy = startReflector<KubeObject>({
    client: kube,
    ref: kindRef,
    selector: { fieldSelector: `metadata.name=${name}` },
    longestWait: millis(1000),
    project: (object) => object,
    onChange: (change) =>
      heard.push(
        change.kind === "set" ? { kind: "object", object: change.value } : { kind: "absent" },
      ),
    onError: (error) => heard.push({ kind: "trouble", error }),
  });
  void copy.synced.then(() => copy.entries().length === 0 && heard.push({ kind: "absent" }));
  const timer = setTimeout(() => heard.push({ kind: "over", why: "time" }), options.timeout);
  options.signal?.addEventListener("abort", stop, { once: true });
  try {
    yield* judgeAll({ ref, options }, heard.items);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", stop);
  }
}

type Wait = { readonly ref: ObjectRef; readonly options: WaitOptions };

async function* judgeAll(wait: Wait, heard: AsyncIterable<Heard>): AsyncGenerator<WaitEvent, void> {
  let last = "";
  for await (const each of heard) {
    const event = judge(wait, each, last);
    if (event === null) continue;
    const shown = event.kind === "progress" ? describeProgress(event) : "";
    if (event.kind !== "progress" || shown !== last) yield event;
    if (event.kind !== "progress") return;
    last = shown;
  }
}

/** What to say about what was heard; null: nothing. `last` is the progress told before. Pure. */
export function judge(wait: Wait, heard: Heard, last: string): WaitEvent | null {
  const { until, timeout } = wait.options;
  const subject = nameOf(wait.ref);
  switch (heard.kind) {
    case "object":
      return judgeObject(wait, heard.object);
    case "absent":
      return until === "Deleted" ? { kind: "done" } : failed("NotFound", `${subject} is not there`);
    case "trouble":
      return isHopeless(heard.error)
        ? { kind: "failed", error: fromKube(`watch ${subject}`, heard.error) }
        : null;
    case "over": {
      const tail = last === "" ? "the API server did not answer" : last;
      const why = heard.why === "time" ? `within ${timeout / 1000} s` : "before the wait was ended";
      return failed("Timeout", `${subject} was not ${until} ${why}: ${tail}`, {
        hint: `Look closer: seam describe ${wait.ref.kind.toLowerCase()} ${wait.ref.name}${wait.ref.namespace === undefined ? "" : ` -n ${wait.ref.namespace}`}`,
      });
    }
  }
}

const failed = (
  code: SeamError["code"],
  message: string,
  more: { readonly hint: string } = { hint: "" },
): WaitEvent => ({ kind: "failed", error: { code, message, details: [], ...more } });

/** Failures that no amount of waiting repairs. */
export const isHopeless = (error: KubeError): boolean =>
  error.kind === "usage" || error.code === 401 || error.code === 403 || error.code === 404;

function judgeObject(wait: Wait, object: KubeObject): WaitEvent {
  const progress = progressOf(object);
  if (wait.options.until === "Deleted") return { kind: "progress", ...progress };
  const current = isCurrent(object);
  if (current && isReady(object)) return { kind: "done" };
  return current && (progress.phase === "Failed" || progress.phase === "Expired")
    ? failed("Failed", `${nameOf(wait.ref)} is ${progress.phase}: ${progress.message}`, {
        hint: "Change its spec and apply it again.",
      })
    : { kind: "progress", ...progress };
}

/** Whether no condition speaks of an older generation of the spec. */
function isCurrent(object: KubeObject): boolean {
  const generation = numberOf(object, "metadata", "generation") ?? 0;
  return itemsOf(object, "status", "conditions").every(
    (condition) => (numberOf(condition, "observedGeneration") ?? generation) >= generation,
  );
}

const isReady = (object: KubeObject): boolean =>
  fieldOf(object, "status", "phase") === "Ready" ||
  itemsOf(object, "status", "conditions").some(
    (each) => fieldOf(each, "type") === "Ready" && fieldOf(each, "status") === "True",
  );

/** The progress of any object that has phase, workloads or conditions in its status. */
export function progressOf(object: KubeObject): Progress {
  return {
    phase: textOf(object, "status", "phase") ?? "Pending",
    workloads: itemsOf(object, "status", "workloads").map((each) => ({
      name: textOf(each, "name") ?? "",
      ready: numberOf(each, "ready") ?? 0,
      desired: numberOf(each, "desired") ?? 0,
    })),
    message: messageOf(object),
  };
}

function messageOf(object: KubeObject): string {
  if (fieldOf(object, "metadata", "deletionTimestamp") !== undefined) {
    const finalizers = itemsOf(object, "metadata", "finalizers").map(String).join(", ");
    return finalizers === "" ? "being deleted" : `being deleted, waiting for ${finalizers}`;
  }
  const waiting = itemsOf(object, "status", "containerStatuses")
    .map((each) => fieldOf(each, "state", "waiting"))
    .find((each) => textOf(each, "message") !== undefined);
  if (waiting !== undefined) {
    return `${textOf(waiting, "reason") ?? "waiting"}: ${textOf(waiting, "message") ?? ""}`;
  }
  // Policies are no part of being Ready, and are often the last of which something is known.
  const latest = itemsOf(object, "status", "conditions")
    .filter((condition) => textOf(condition, "type") !== "PoliciesEnforced")
    .toSorted((a, b) => transitionOf(a).localeCompare(transitionOf(b)))
    .at(-1);
  return textOf(latest, "message") ?? "no condition yet";
}

const transitionOf = (condition: unknown): string => textOf(condition, "lastTransitionTime") ?? "";

/** One line: `Progressing  server 1/2, client 0/1  waiting for pods`. */
export function describeProgress(progress: Progress): string {
  const workloads = progress.workloads
    .map((each) => `${each.name} ${each.ready}/${each.desired}`)
    .join(", ");
  return [progress.phase, workloads, progress.message].filter((part) => part !== "").join("  ");
}
