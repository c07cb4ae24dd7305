/**
 * Binding: the reservation is taken in the ledger, then the pod is bound, and its object is the record from which the next leader knows;
 * a failure takes the reservation back. Two pods never have the same megabits: between looking and taking nothing else runs.
 */
import { explainMisfit, type PlacedPod } from "@seam/bandwidth";
import { err, type Millis, millis, ok, type Result } from "@seam/base";
import { type BoundPod, child, type KubeClient, type KubeError, sleep, textAt } from "@seam/kube";

import type { RequestWriter } from "./request-writer.ts";
import type { SeenPod } from "./seen-pod.ts";
import type { World } from "./world.ts";

/** What binding needs. */
export type BinderOptions = {
  readonly client: Pick<KubeClient, "get" | "bind">;
  readonly world: World;
  /** Writes what was bound into the node's `Bandwidth`, behind. */
  readonly writer: Pick<RequestWriter, "add">;
  /** Aborted when this process no longer leads: a binding that the next one's ledger does not know must not begin. */
  readonly signal: AbortSignal;
  /** The API server does not act on a binding later than this after it was asked. */
  readonly within: Millis;
};

/** Binds a pod to a node, or says why not. */
export type Binder = (pod: SeenPod, node: string) => Promise<Result<void, string>>;

/** A binding of a pod, under way or done. It is under way until it is known where the pod is. */
type Turn = { readonly node: string; readonly result: Promise<Result<void, string>> };

/** Bindings that are remembered until watches show them. */
const REMEMBERED = 10_000;
const LOOK_AGAIN = millis(250);
const STANDS_BACK = "this process no longer answers: its lease is over";

/** A binder. */
export function createBinder(options: BinderOptions): Binder {
  const turns = new Map<string, Turn>();
  return async (pod, node) => {
    const { uid } = pod.facts;
    // kube-scheduler may ask again while an answer is late; a pod is bound once.
    for (let earlier = turns.get(uid); earlier !== undefined; earlier = turns.get(uid)) {
      if ((await earlier.result).ok) {
        return earlier.node === node
          ? ok(undefined)
          : err(`the pod is on node ${earlier.node} already`);
      }
      if (turns.get(uid) === earlier) turns.delete(uid);
    }
    const result = bindHeld(options, { ...pod.facts, node });
    turns.set(uid, { node, result });
    for (const oldest of turns.keys()) if (turns.size > REMEMBERED) turns.delete(oldest);
    return result;
  };
}

async function bindHeld(options: BinderOptions, pod: PlacedPod): Promise<Result<void, string>> {
  options.world.hold(pod.uid);
  try {
    const bound = await bind(options, pod);
    if (bound.ok) record(options, pod);
    return bound;
  } finally {
    options.world.letGo(pod.uid);
  }
}

async function bind(options: BinderOptions, pod: PlacedPod): Promise<Result<void, string>> {
  const { client, world, signal, within } = options;
  if (signal.aborted) return err(STANDS_BACK);
  const reserved = world.ledger.reserve(pod);
  if (!reserved.ok) return err(reserved.error.map(explainMisfit).join("; "));
  const asked = performance.now();
  const bound = await client.bind(refOf(pod), pod.node, within);
  if (bound.ok) return ok(undefined);
  const { error } = bound;
  const actual = await whereabouts(options, pod, isRefusal(error) ? 0 : asked + within);
  if (!actual.ok || actual.value === pod.node) return actual.ok ? ok(undefined) : actual;
  if (actual.value === null) world.ledger.release(pod.uid);
  else world.ledger.setClaim({ ...pod, node: actual.value });
  return err(`the pod could not be bound to node ${pod.node}: ${error.message}`);
}

const refOf = ({ namespace, name, uid }: PlacedPod): BoundPod => ({ namespace, name, uid });

/** The API server has looked at the binding and not acted on it. */
const isRefusal = ({ kind, code }: KubeError): boolean => kind === "api" && code < 500;

/** A pod without rates has a place in the ledger, as a sibling of others, but no entry. */
function record({ writer }: BinderOptions, pod: PlacedPod): void {
  const { rates, uid, name, namespace, node } = pod;
  if (rates.ulMbps === 0 && rates.dlMbps === 0) return;
  writer.add(node, { podUid: uid, podName: name, namespace, rates });
}

/**
 * The node of the pod by its object, null for none, or when it is gone. The API server may have bound it without saying so, and until
 * `finalAt` (ms of `performance.now()`) may still do it; meanwhile the reservation stays.
 */
async function whereabouts(
  { client, signal }: BinderOptions,
  { namespace, name, uid }: PlacedPod,
  finalAt: number,
): Promise<Result<string | null, string>> {
  for (;;) {
    const isFinal = performance.now() >= finalAt;
    const found = await client.get({ apiVersion: "v1", kind: "Pod", namespace, name });
    const isSame = found.ok && textAt(child(found.value, "metadata"), "uid") === uid;
    const actual = isSame ? textAt(child(found.value, "spec"), "nodeName") : null;
    const isTold = found.ok || found.error.kind === "api";
    if (actual !== null || (isTold && isFinal)) return ok(actual);
    if (signal.aborted) return err(STANDS_BACK);
    await sleep(LOOK_AGAIN, signal);
  }
}
