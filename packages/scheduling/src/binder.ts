/**
 * Binding: the reservation is taken in the ledger, written into the node's `Bandwidth`, then the pod is bound; a failure takes the
 * reservation back. Two pods never have the same megabits: between looking and taking nothing else runs.
 */
import { explainMisfit, type PlacedPod } from "@seam/bandwidth";
import { err, ok, type Result } from "@seam/base";
import { type BoundPod, type KubeClient, type KubeError, textAt, child } from "@seam/kube";

import { createRequestWriter, type RequestWriter, type WriteError } from "./request-writer.ts";
import type { SeenPod } from "./seen-pod.ts";
import type { World } from "./world.ts";

/** What binding needs. */
export type BinderOptions = {
  readonly client: Pick<KubeClient, "get" | "replace" | "bind">;
  readonly world: World;
  /** What could not be taken back now; the operator does it when the pod is gone. */
  readonly onLeft: (podUid: string, error: KubeError | null) => void;
};

/** Binds a pod to a node, or says why not. */
export type Binder = (pod: SeenPod, node: string) => Promise<Result<void, string>>;

type Parts = BinderOptions & { readonly writer: RequestWriter };

/** A binding of a pod, under way or done. */
type Turn = { readonly node: string; readonly result: Promise<Result<void, string>> };

/** Bindings that are remembered until watches show them. */
const REMEMBERED = 10_000;

/** A binder. */
export function createBinder(options: BinderOptions): Binder {
  const { client, world } = options;
  const writer = createRequestWriter({
    client,
    known: world.bandwidth,
    onSeen: world.setBandwidth,
    stillFits: (uid) => takeAnew(world, uid),
  });
  const turns = new Map<string, Turn>();
  return async (pod, node) => {
    const { uid } = pod.facts;
    // kube-scheduler may ask again while an answer is late; a pod is bound once.
    const earlier = turns.get(uid);
    if (earlier !== undefined && (await earlier.result).ok) {
      return earlier.node === node
        ? ok(undefined)
        : err(`the pod is on node ${earlier.node} already`);
    }
    const result = bindHeld({ ...options, writer }, { ...pod.facts, node });
    turns.set(uid, { node, result });
    for (const oldest of turns.keys()) if (turns.size > REMEMBERED) turns.delete(oldest);
    if (!(await result).ok) turns.delete(uid);
    return result;
  };
}

async function bindHeld(parts: Parts, pod: PlacedPod): Promise<Result<void, string>> {
  parts.world.hold(pod.uid);
  try {
    return await bind(parts, pod);
  } finally {
    parts.world.letGo(pod.uid);
  }
}

async function bind(parts: Parts, pod: PlacedPod): Promise<Result<void, string>> {
  const { ledger } = parts.world;
  const before = ledger.nodeOf(pod.uid);
  const reserved = ledger.reserve(pod);
  if (!reserved.ok) return err(reserved.error.map(explainMisfit).join("; "));
  const written = await record(parts, pod);
  if (!written.ok) {
    await giveBack(parts, pod);
    return err(explainWrite(written.error, pod));
  }
  const bound = await parts.client.bind(refOf(pod), pod.node);
  const result = bound.ok ? ok(undefined) : await afterFailure(parts, pod, bound.error);
  if (before !== null && before !== pod.node) await forget(parts, before, pod.uid);
  return result;
}

const refOf = ({ namespace, name, uid }: PlacedPod): BoundPod => ({ namespace, name, uid });

/** A pod without rates has a place in the ledger, as a sibling of others, but no entry. */
async function record({ writer }: Parts, pod: PlacedPod): Promise<Result<void, WriteError>> {
  const { rates, uid, name, namespace, node } = pod;
  if (rates.ulMbps === 0 && rates.dlMbps === 0) return ok(undefined);
  return writer.add(node, { podUid: uid, podName: name, namespace, rates });
}

/** The API server may have bound the pod without saying so; only what it says now counts. */
async function afterFailure(
  parts: Parts,
  pod: PlacedPod,
  error: KubeError,
): Promise<Result<void, string>> {
  const { namespace, name, uid, node } = pod;
  const found = await parts.client.get({ apiVersion: "v1", kind: "Pod", namespace, name });
  if (!found.ok && found.error.kind !== "api") {
    parts.onLeft(uid, error);
    return err(`whether the pod is bound to node ${node} is not known yet: ${error.message}`);
  }
  const isSame = found.ok && textAt(child(found.value, "metadata"), "uid") === uid;
  const actual = isSame ? textAt(child(found.value, "spec"), "nodeName") : null;
  if (actual === node) return ok(undefined);
  await giveBack(parts, pod);
  if (actual !== null) parts.world.ledger.setClaim({ ...pod, node: actual });
  return err(`the pod could not be bound to node ${node}: ${error.message}`);
}

async function giveBack(parts: Parts, pod: PlacedPod): Promise<void> {
  parts.world.ledger.release(pod.uid);
  await forget(parts, pod.node, pod.uid);
}

async function forget({ writer, onLeft }: Parts, node: string, uid: string): Promise<void> {
  const removed = await writer.remove(node, uid);
  if (!removed.ok) onLeft(uid, removed.error.kind === "failed" ? removed.error.error : null);
}

/** Takes the reservation of a pod once more, after others' entries have become known. */
function takeAnew({ ledger }: World, uid: string): boolean {
  const node = ledger.nodeOf(uid);
  const pod = node === null ? undefined : ledger.podsOn(node).find((each) => each.uid === uid);
  if (pod !== undefined && ledger.reserve(pod).ok) return true;
  ledger.release(uid);
  return false;
}

const explainWrite = (error: WriteError, { node }: PlacedPod): string =>
  error.kind === "refused"
    ? `node ${node} has no room any more: another scheduler was faster`
    : `the reservation on node ${node} could not be written: ${error.error.message}`;
