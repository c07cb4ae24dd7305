/** Every object that is there, then each change, of any kind; through every fault until its signal is aborted. */
import { millis } from "@seam/base";
import type { KindRef, KubeClient, KubeError, KubeObject, ListQuery } from "@seam/kube";
import { objectKey, startReflector } from "@seam/kube";
import { createChannel } from "./channel.ts";

/** Which objects. */
export type Watched = {
  readonly ref: KindRef;
  readonly selector?: Pick<ListQuery, "labelSelector" | "fieldSelector">;
};

/** A change of an object; that all that was there has been told; or trouble with the watch, which goes on. */
export type ObjectEvent =
  | { readonly kind: "added" | "changed" | "deleted"; readonly object: KubeObject }
  | { readonly kind: "complete" }
  | { readonly kind: "trouble"; readonly error: KubeError };

const LONGEST_WAIT = millis(5000);

/** Watches the objects; objects that are there already are `added`. */
export async function* watchObjects(
  kube: KubeClient,
  { ref, selector }: Watched,
  signal: AbortSignal,
): AsyncGenerator<ObjectEvent, void> {
  const channel = createChannel<ObjectEvent>();
  const known = new Set<string>();
  const tell = (kind: "set" | "deleted", object: KubeObject): void => {
    const key = objectKey(object);
    const isNew = !known.has(key);
    if (kind === "deleted") known.delete(key);
    else known.add(key);
    const set = isNew ? "added" : "changed";
    channel.push({ kind: kind === "deleted" ? kind : set, object });
  };
  await using copy = startReflector<KubeObject>({
    client: kube,
    ref,
    ...(selector === undefined ? {} : { selector }),
    longestWait: LONGEST_WAIT,
    project: (object) => object,
    onChange: ({ kind, value }) => tell(kind, value),
    onError: (error) => channel.push({ kind: "trouble", error }),
  });
  void copy.synced.then(() => channel.push({ kind: "complete" }));
  if (signal.aborted) channel.end();
  signal.addEventListener("abort", channel.end, { once: true });
  yield* channel.items;
}
